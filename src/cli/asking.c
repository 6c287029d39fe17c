/* asking.c - what a command wants to know beside the objects, from one place for all commands. */
#include <config.h>

#include "asking.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/br/facts.h>

enum { WANT_EACH_MS = 1000, NAMES_TOLD = 3 };

void asking_init(struct asking *asking, struct session *s)
{
    *asking = (struct asking){.s = s};
    if (!s->br)
        session_runner(s, true);
}

static void forget(struct asking *asking)
{
    free(asking->spaces);
    free(asking->of_clusters);
    asking->spaces = NULL;
    asking->of_clusters = NULL;
    asking->space_count = asking->refused_count = asking->cluster_count = asking->clusters_left = 0;
    asking->again_ms = 0;
}

void asking_done(struct asking *asking) { forget(asking); }

/* -- the clusters --------------------------------------------------------------------------------- */

struct cluster_row {
    const char *key; /* interned: record_cluster's */
    bool v1;         /* a cluster in migration may be of both groups, each with its own */
    slot_t slot;
};

static int compare_rows(const void *a, const void *b)
{
    const struct cluster_row *x = a, *y = b;
    int order = x->key == y->key ? 0 : strcmp(x->key, y->key);
    return order ? order : x->v1 != y->v1 ? x->v1 - y->v1 : (x->slot > y->slot) - (x->slot < y->slot);
}

enum whose { OF_RUNNING, OF_LOGS, OF_ALL }; /* log backups that run or are paused, log backups, Backups */

/* Any Backup of a cluster will do to ask its PD for a task that none knows; that is told only where all are listed. */
static bool asks_pd(const struct fleet *fleet, const struct backup_record *record, enum whose whose)
{
    if (record->mode != BACKUP_LOG)
        return whose == OF_ALL && fleet_is_complete(fleet);
    return whose != OF_RUNNING || record->phase == PHASE_RUNNING || record->phase == PHASE_PAUSED;
}

static void keep_one_each(struct asking *asking, struct cluster_row *rows, size_t count)
{
    qsort(rows, count, sizeof *rows, compare_rows);
    asking->of_clusters = xcalloc(count + 1, sizeof *asking->of_clusters);
    for (size_t i = 0; i < count; i++)
        if (!i || rows[i].key != rows[i - 1].key || rows[i].v1 != rows[i - 1].v1)
            asking->of_clusters[asking->cluster_count++] = rows[i].slot;
    if (asking->clusters_max && asking->cluster_count > asking->clusters_max) {
        asking->clusters_left = asking->cluster_count;
        asking->cluster_count = 0;
    }
}

/* @slots NULL: all. */
static void find_clusters(struct asking *asking, const slot_t *slots, size_t count, enum whose whose)
{
    struct store *store = fleet_store(asking->s->fleet);
    struct cluster_row *rows = xcalloc(count + 1, sizeof *rows);
    size_t found = 0;
    char key[RECORD_CLUSTER_MAX];
    for (size_t i = 0; i < count; i++) {
        slot_t slot = slots ? slots[i] : (slot_t)i;
        const struct store_row *row = store_get(store, slot);
        if (row && asks_pd(asking->s->fleet, row->record, whose) && *record_cluster(row->record, key))
            rows[found++] = (struct cluster_row){intern(store_pool(store), key), row->record->v1, slot};
    }
    keep_one_each(asking, rows, found);
    free(rows);
}

/* -- the namespaces ------------------------------------------------------------------------------- */

static void add_space(struct asking *asking, const char *ns)
{
    asking->spaces = xreallocarray(asking->spaces, asking->space_count + 1, sizeof *asking->spaces);
    asking->spaces[asking->space_count++] = (struct asking_space){.ns = ns};
}

static bool lists_all(const struct fleet *fleet)
{
    for (size_t i = 0; i < fleet_sources(fleet); i++)
        if (!fleet_source(fleet, i)->ns)
            return true;
    return false;
}

static bool is_finished(const struct backup_record *record)
{
    return !record->deleting_ms && record->phase == (record->mode == BACKUP_LOG ? PHASE_STOPPED : PHASE_COMPLETE);
}

/* Many namespaces are one watch, where all may be listed. */
static void find_spaces(struct asking *asking, const slot_t *slots, size_t count, bool unfinished)
{
    struct store *store = fleet_store(asking->s->fleet);
    const char *last = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct store_row *row = store_get(store, slots[i]);
        if (!row || (unfinished && is_finished(row->record)) || (last && str_same(last, row->record->ns)))
            continue;
        last = intern(store_pool(store), row->record->ns);
        add_space(asking, last);
    }
    if (asking->space_count > BR_FACTS_NAMESPACES_MAX && lists_all(asking->s->fleet)) {
        asking->space_count = 0;
        add_space(asking, NULL);
    }
}

/* The namespaces that were listed: each, or all in one. */
static void find_listed(struct asking *asking)
{
    const struct fleet *fleet = asking->s->fleet;
    if (lists_all(fleet)) {
        add_space(asking, NULL);
        return;
    }
    for (size_t i = 0; i < fleet_sources(fleet); i++) {
        const char *ns = fleet_source(fleet, i)->ns;
        bool known = false;
        for (size_t k = 0; k < asking->space_count; k++)
            known = known || str_same(asking->spaces[k].ns, ns);
        if (!known)
            add_space(asking, ns);
    }
}

static bool is_named(const char *const *words, const char *name)
{
    for (; *words; words++)
        if (str_same(cli_name_in(*words), name))
            return true;
    return false;
}

/* Of the clusters of those that are named nothing is said but what their own rows tell. */
static void find_named(struct asking *asking, const char *const *words)
{
    const struct store *store = fleet_store(asking->s->fleet);
    slot_t *slots = xcalloc(store_slots(store) + 1, sizeof *slots);
    size_t count = 0;
    for (slot_t slot = 0; slot < store_slots(store); slot++) {
        const struct store_row *row = store_get(store, slot);
        if (row && is_named(words, row->record->name))
            slots[count++] = slot;
    }
    find_clusters(asking, slots, count, OF_LOGS);
    free(slots);
}

void asking_about_listed(struct asking *asking, const char *const *words)
{
    forget(asking);
    find_listed(asking);
    if (words)
        find_named(asking, words);
    else
        find_clusters(asking, NULL, store_slots(fleet_store(asking->s->fleet)), OF_ALL);
}

void asking_about(struct asking *asking, const slot_t *slots, size_t count, bool unfinished)
{
    forget(asking);
    find_spaces(asking, slots, count, unfinished);
    find_clusters(asking, slots, count, unfinished ? OF_RUNNING : OF_ALL);
}

/* -- asking --------------------------------------------------------------------------------------- */

void asking_again(struct asking *asking)
{
    const struct store *store = fleet_store(asking->s->fleet);
    if (clock_mono_ms() < asking->again_ms)
        return;
    asking->again_ms = clock_mono_ms() + WANT_EACH_MS;
    for (size_t i = 0; i < asking->space_count; i++) {
        struct asking_space *space = &asking->spaces[i];
        if (!space->refused && !br_facts_want(asking->s->br, space->ns)) {
            space->refused = true;
            asking->refused_count++;
        }
    }
    for (size_t i = 0; i < asking->cluster_count; i++) {
        const struct store_row *row = store_get(store, asking->of_clusters[i]);
        if (row)
            br_pd_want(asking->s->br, row->record);
    }
}

static bool are_there(void *arg)
{
    struct asking *asking = arg;
    asking_again(asking);
    for (size_t i = 0; i < asking->space_count; i++)
        if (!asking->spaces[i].refused && !br_facts_are_there(asking->s->br, asking->spaces[i].ns, NULL))
            return false;
    return br_pd_are_there(asking->s->br);
}

bool asking_wait(struct asking *asking, int64_t most_ms)
{
    struct session *s = asking->s;
    int64_t deadline = s->deadline_ms, most = clock_mono_ms() + most_ms;
    s->deadline_ms = deadline < most ? deadline : most;
    bool there = session_wait(s, are_there, asking);
    s->deadline_ms = deadline;
    return there;
}

/* -- what was not had ----------------------------------------------------------------------------- */

void asking_add_notes(const struct asking *asking, struct str *notes)
{
    if (asking->refused_count)
        str_addf(notes, "the Jobs, Pods and Events of %zu namespaces were not looked at: %d at most, or -A\n",
                 asking->refused_count, BR_FACTS_NAMESPACES_MAX);
    for (size_t i = 0; i < asking->space_count; i++) {
        const struct asking_space *space = &asking->spaces[i];
        if (space->refused)
            continue;
        const char *why = NULL, *ns = space->ns ? space->ns : "all namespaces";
        bool there = br_facts_are_there(asking->s->br, space->ns, &why);
        if (there && why)
            str_addf(notes, "not everything of the Jobs, Pods and Events of %s is known: %s\n", ns, why);
        else if (!there)
            str_addf(notes, "the Jobs, Pods and Events of %s were not had in time\n", ns);
    }
}

/* "a, b, c and 4 more": @nth counts from 0. */
static void add_name(struct str *out, size_t nth, const char *before, const char *ns, const char *name)
{
    if (nth < NAMES_TOLD)
        str_addf(out, "%s%s%s%s", nth ? ", " : before, ns ? ns : "all namespaces", name ? "/" : "", name ? name : "");
}

static void add_more(struct str *out, size_t count)
{
    if (count > NAMES_TOLD)
        str_addf(out, " and %zu more", count - NAMES_TOLD);
}

bool asking_add_late(const struct asking *asking, struct str *out)
{
    size_t spaces = 0, clusters = 0;
    for (size_t i = 0; i < asking->space_count; i++) {
        const struct asking_space *space = &asking->spaces[i];
        if (!space->refused && !br_facts_are_there(asking->s->br, space->ns, NULL))
            add_name(out, spaces++, "the Jobs, Pods and Events of ", space->ns, NULL);
    }
    add_more(out, spaces);
    for (size_t i = 0; i < br_pd_clusters(asking->s->br); i++) {
        const struct br_pd_cluster *cluster = br_pd_cluster_at(asking->s->br, i);
        if (cluster->reach == PD_NOT_ASKED)
            add_name(out, clusters++, spaces ? "; what PD says of " : "what PD says of ", cluster->ns, cluster->name);
    }
    add_more(out, clusters);
    return spaces || clusters;
}

bool asking_add_silent(const struct asking *asking, struct str *out)
{
    size_t count = 0;
    const char *why = "";
    for (size_t i = 0; i < br_pd_clusters(asking->s->br); i++) {
        const struct br_pd_cluster *cluster = br_pd_cluster_at(asking->s->br, i);
        if (cluster->reach != PD_NO_ANSWER)
            continue;
        why = *why ? why : cluster->why ? cluster->why : "";
        add_name(out, count++, "PD of ", cluster->ns, cluster->name);
    }
    add_more(out, count);
    if (count)
        str_addf(out, " gave no answer%s%s%s", *why ? " (" : "", why, *why ? ")" : "");
    return count > 0;
}
