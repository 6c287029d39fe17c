#include <config.h>

#include "run_finder.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/log.h>
#include <brdeck/br/facts.h>
#include <brdeck/br/job.h>

#include "br_private.h"
#include "objects.h"

enum {
    FOUND_MAX = 200,     /* followed at once that others began */
    ROWS_A_TURN = 4096,
    SETTLES_MS = 100,    /* until the first lists are there: a look whether they are */
    SINCE_S = 30 * 24 * 60 * 60, /* what is older in the journal is looked up no more */
};

struct jobs_ask {
    struct run_finder *finder;
    struct kube_request *request;
    struct jobs_ask *next;
};
struct run_finder {
    struct br *br;
    struct store_feed *feed;
    struct loop_timer settles;
    bool journal_read, rows_seen;
    slot_t next;             /* of the first look at all rows */
    struct jobs_ask *asks;   /* for Jobs of brdeck's */
};

/* -- what is followed already ---------------------------------------------------------------- */

static bool is_known(const struct br *br, bool v1, const char *ns, const char *name)
{
    for (size_t i = 0; i < br->count; i++) {
        const struct br_run *run = &br->runs[i]->pub;
        if (!br_outcome_is_end(run->outcome) && run->driver == BR_DRIVER_OPERATOR && run->v1 == v1 &&
            strcmp(run->ns, ns) == 0 && strcmp(run->name, name) == 0)
            return true;
    }
    return false;
}

static bool has_run_id(const struct br *br, const char *run_id)
{
    for (size_t i = 0; i < br->count; i++)
        if (strcmp(br->runs[i]->pub.run_id, run_id) == 0)
            return true;
    return false;
}

static size_t found_count(const struct br *br)
{
    size_t n = 0;
    for (size_t i = 0; i < br->count; i++)
        n += br->runs[i]->pub.origin == BR_ORIGIN_CLUSTER && br->runs[i]->pub.outcome == BR_FOLLOWING;
    return n;
}

/* -- rows ------------------------------------------------------------------------------------ */

static void look_at_row(struct run_finder *finder, slot_t slot)
{
    struct br *br = finder->br;
    const struct store_row *row = store_get(fleet_store(br->fleet), slot);
    if (!row)
        return;
    struct sighting seen = found_look(row->record, fleet_now_ms(br->fleet));
    if (seen.how == FOUND_NOTHING || is_known(br, row->record->v1, row->record->ns, row->record->name) ||
        found_count(br) >= FOUND_MAX)
        return;
    found_follow(br, row->record, row->facts, seen);
}

static void look_at_rows(struct run_finder *finder)
{
    slot_t slots[256], left = ROWS_A_TURN;
    const struct store *store = fleet_store(finder->br->fleet);
    for (; finder->next < store_slots(store) && left; finder->next++, left--)
        look_at_row(finder, finder->next);
    finder->rows_seen = finder->next >= store_slots(store);
    for (size_t n = ARRAY_LEN(slots); n == ARRAY_LEN(slots) && left >= n; left -= (slot_t)n) {
        n = store_feed_drain(finder->feed, slots, ARRAY_LEN(slots));
        for (size_t i = 0; i < n; i++)
            look_at_row(finder, slots[i]);
        if (!n)
            break;
    }
    if (!finder->rows_seen || left < ARRAY_LEN(slots))
        br_wake(finder->br); /* more in the next turn */
}

/* -- the journal ----------------------------------------------------------------------------- */

static bool of_this_cluster(const struct br *br, const struct journal_entry *entry)
{
    const char *uid = fleet_cluster_uid(br->fleet);
    if (uid[0] && entry->cluster_uid[0])
        return strcmp(uid, entry->cluster_uid) == 0;
    return str_same(entry->server, kube_client_target(fleet_client(br->fleet))->server);
}

static bool is_orphan(const struct br *br, const struct journal_entry *entry)
{
    return entry->open && !entry->lives && of_this_cluster(br, entry) && !has_run_id(br, entry->run);
}

static void read_journal(struct run_finder *finder)
{
    struct br *br = finder->br;
    struct journal_entries entries;
    struct error err = {0};
    int64_t since_ms = clock_wall_ms() - SINCE_S * INT64_C(1000);
    finder->journal_read = true;
    if (!journal_read(br->journal_path, since_ms, &entries, &err)) {
        log_warn("%s", err.text);
        return;
    }
    for (size_t i = 0; i < entries.count; i++) {
        if (!is_orphan(br, &entries.items[i]))
            continue;
        if (!br->journal && !(br->journal = journal_open(br->journal_path, &err))) {
            log_warn("what an earlier brdeck left is not looked up: %s", err.text);
            break;
        }
        revive_intent(br, &entries.items[i]);
    }
    journal_entries_done(&entries);
}

/* -- Jobs of brdeck's ------------------------------------------------------------------------ */

/* Its owner tells; it may have none. */
static bool job_is_of_v1(const struct br *br, const struct json *metadata, const char *ns, const char *backup)
{
    JSON_EACH (owner, json_get(metadata, "ownerReferences"))
        if (str_same(json_string(owner, "kind"), "Backup") && json_string(owner, "apiVersion"))
            return str_starts(json_string(owner, "apiVersion"), "pingcap.com/");
    return !find_row(fleet_store(br->fleet), false, ns, backup) && find_row(fleet_store(br->fleet), true, ns, backup);
}

static void look_at_job(struct br *br, const struct json *job)
{
    const struct json *metadata = json_get(job, "metadata"), *labels = json_get(metadata, "labels");
    const char *name = json_string(metadata, "name"), *ns = json_string(metadata, "namespace");
    const char *backup = json_string(labels, BR_JOB_BACKUP_LABEL);
    const char *run_id = json_string(labels, BR_JOB_RUN_LABEL);
    const char *word = json_string(labels, BR_JOB_COMMAND_LABEL);
    enum br_command command = word ? br_command_find(word) : BR_COMMAND_COUNT;
    if (!name || !ns || !backup || str_empty(run_id) || command == BR_COMMAND_COUNT || job_is_over(job) ||
        has_run_id(br, run_id))
        return;
    struct plan *plan = plan_bare(br, br_command_table[command].action, job_is_of_v1(br, metadata, ns, backup), ns,
                                  backup);
    plan->pub.driver = BR_DRIVER_JOB;
    plan->pub.command = command;
    struct run *run = run_add(br, plan, BR_ORIGIN_CLUSTER, 0);
    snprintf(run->pub.run_id, sizeof run->pub.run_id, "%s", run_id);
    snprintf(run->pub.job, sizeof run->pub.job, "%s", name);
    int64_t created_ms = object_time(metadata, "creationTimestamp");
    if (created_ms)
        run->pub.begun_ms = created_ms;
    run_exec_start(run);
}

static void on_jobs(void *arg, const struct json *object, const struct kube_response *response)
{
    struct jobs_ask *ask = arg;
    ask->request = NULL;
    if (response->error.code)
        log_info("Jobs of brdeck's are not looked for: %s", response->error.text);
    JSON_EACH (job, json_get(object, "items"))
        look_at_job(ask->finder->br, job);
    br_wake(ask->finder->br);
}

static void ask_for_jobs(struct run_finder *finder, const char *ns)
{
    struct str query;
    str_init(&query, 256);
    str_add(&query, "labelSelector=");
    str_add_escaped(&query, "app.kubernetes.io/managed-by=" BR_JOB_MANAGED_BY);
    struct jobs_ask *ask = xcalloc(1, sizeof *ask);
    *ask = (struct jobs_ask){.finder = finder, .next = finder->asks};
    finder->asks = ask;
    ask->request = kube_get(fleet_client(finder->br->fleet),
                            &(struct kube_call_spec){.resource = &kube_jobs, .ns = ns, .query = query.data,
                                                     .what = "list Jobs of brdeck's"}, on_jobs, ask);
    str_done(&query);
}

/* Where Backups are looked for; both groups may look in the same namespace. */
static void ask_everywhere(struct run_finder *finder)
{
    const struct fleet *fleet = finder->br->fleet;
    for (size_t i = 0; i < fleet_sources(fleet); i++) {
        const char *ns = fleet_source(fleet, i)->ns;
        bool asked = false;
        for (size_t k = 0; k < i; k++)
            asked = asked || str_same(fleet_source(fleet, k)->ns, ns);
        if (!asked)
            ask_for_jobs(finder, ns);
    }
}

/* -- the whole --------------------------------------------------------------------------------- */

static bool jobs_are_asked(const struct run_finder *finder)
{
    for (const struct jobs_ask *ask = finder->asks; ask; ask = ask->next)
        if (ask->request)
            return false;
    return true;
}

/* The first look at what it is at has been had: its object, and the facts beside. */
static bool is_looked_at(struct br *br, const struct run *run)
{
    if (run->pub.origin == BR_ORIGIN_JOURNAL && run->request && !run->looks)
        return false;
    if (run->held_ms && run->pub.outcome == BR_FOLLOWING) /* it has failed, and its log is being read */
        return false;
    return !br->pace.want_ms || !run->following || br_outcome_is_end(run->pub.outcome) ||
           run->facts == RUN_FACTS_REFUSED ||
           (run->facts == RUN_FACTS_WANTED && br_facts_are_there(br, run->pub.ns, NULL));
}

bool run_finder_is_done(const struct run_finder *finder)
{
    struct br *br = finder->br;
    if (!finder->journal_read || !finder->rows_seen || !jobs_are_asked(finder) || !fleet_is_settled(br->fleet))
        return false;
    for (size_t i = 0; i < br->count; i++)
        if (!is_looked_at(br, br->runs[i]))
            return false;
    return true;
}

void run_finder_turn(struct run_finder *finder)
{
    if (!finder->journal_read) {
        if (!fleet_is_settled(finder->br->fleet)) {
            loop_timer_set(&finder->settles, SETTLES_MS);
            return;
        }
        read_journal(finder);
        ask_everywhere(finder);
    }
    look_at_rows(finder);
}

static void on_settles(void *arg)
{
    struct run_finder *finder = arg;
    br_wake(finder->br);
}

static void on_feed(void *arg)
{
    struct run_finder *finder = arg;
    br_wake(finder->br);
}

struct run_finder *run_finder_new(struct br *br)
{
    struct run_finder *finder = xcalloc(1, sizeof *finder);
    finder->br = br;
    finder->feed = store_feed_new(fleet_store(br->fleet), on_feed, finder);
    loop_timer_init(&finder->settles, br->loop, on_settles, finder);
    br_wake(br);
    return finder;
}

void run_finder_free(struct run_finder **pfinder)
{
    struct run_finder *finder = *pfinder;
    *pfinder = NULL;
    if (!finder)
        return;
    loop_timer_cancel(&finder->settles);
    store_feed_free(&finder->feed);
    while (finder->asks) {
        struct jobs_ask *next = finder->asks->next;
        kube_request_cancel(&finder->asks->request);
        free(finder->asks);
        finder->asks = next;
    }
    free(finder);
}
