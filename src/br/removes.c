#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/backup/place.h>
#include <brdeck/base/alloc.h>

#include "br_private.h"
#include "sharers.h"

/* What deleting a Backup comes to (rule 11): the log task, the window, the data, and who else keeps data there. */

enum { SENTENCE_MAX = 2000 };

void plan_forget_removal(struct br_plan *p)
{
    free(p->removes.shared_by);
    free(p->removes.busy);
    free(p->removes.users);
    free(p->removes.pitr);
    free(p->removes.notes);
    memset(&p->removes, 0, sizeof p->removes);
}

/* -- the task and the data --------------------------------------------------------------- */

/* As the operator decides it: a log backup at work gets a Job stop-NAME. */
static bool stops_task(const struct backup_record *r)
{
    return r->has_finalizer && r->mode == BACKUP_LOG && (r->phase == PHASE_SCHEDULED || r->phase == PHASE_PREPARE ||
                                                         r->phase == PHASE_RUNNING || r->phase == PHASE_PAUSED);
}

static bool cleans(const struct backup_record *r)
{
    return r->has_finalizer && (r->clean_policy == CLEAN_DELETE ||
                                (r->clean_policy == CLEAN_ON_FAILURE && r->phase == PHASE_FAILED));
}

/* OnFailure looks at the phase when it comes to it: what is at work may fail by then, by its own Job being ended. */
static bool may_clean(const struct backup_record *r)
{
    return r->has_finalizer && r->clean_policy == CLEAN_ON_FAILURE && r->phase != PHASE_FAILED &&
           r->phase != PHASE_COMPLETE && r->phase != PHASE_STOPPED;
}

/* -- who else ------------------------------------------------------------------------------ */

/* Every Backup of every namespace is listed, now. */
static bool all_seen(const struct fleet *fleet)
{
    bool all = fleet_sources(fleet) > 0 && fleet_is_complete(fleet);
    for (size_t i = 0; i < fleet_sources(fleet); i++)
        all = all && !fleet_source(fleet, i)->ns;
    return all;
}

static size_t find_sharers(const struct plan *plan, struct str *out)
{
    const struct store *store = fleet_store(plan->br->fleet);
    size_t count = 0;
    for (slot_t i = 0; i < store_slots(store); i++) {
        const struct store_row *row = store_get(store, i);
        if (row)
            sharers_add(out, &count, plan->pub.record, row->record);
    }
    sharers_add_rest(out, count);
    return count;
}

struct sharers *plan_ask_sharers(const struct plan *plan, void (*done)(void *arg), void *arg)
{
    const struct backup_record *r = plan->pub.record;
    if (plan->pub.action->id != ACTION_DELETE || plan->keep_data || r->deleting_ms || !(cleans(r) || may_clean(r)))
        return NULL;
    return sharers_look(plan->br, r, !all_seen(plan->br->fleet), done, arg);
}

const char *plan_sharers_moved(const struct plan *plan, const struct sharers *sharers, char *buf, size_t size)
{
    const struct br_plan *p = &plan->pub;
    if (*sharers_names(sharers))
        snprintf(buf, size, "others keep data under that path now: %s", sharers_names(sharers));
    else if (*sharers_busy(sharers))
        snprintf(buf, size, "%s", sharers_busy(sharers));
    else if (p->removes.all_seen && !all_seen(plan->br->fleet) && !sharers_saw_backups(sharers))
        snprintf(buf, size, "the Backups of all namespaces cannot be listed now, so that nobody knows whether others "
                            "have come to keep data under that path");
    else if (p->removes.users_seen && !sharers_saw_users(sharers))
        snprintf(buf, size, "Restores, BackupSchedules and CompactBackups cannot be listed now, so that nobody knows "
                            "whether one has come to work with that path");
    else
        return NULL;
    return buf;
}

const char *plan_removal_moved(struct plan *plan)
{
    const struct br_plan *p = &plan->pub;
    struct str words;
    if (!p->removes.cleans && !p->removes.may_clean)
        return NULL;
    str_init(&words, SENTENCE_MAX);
    const char *why = NULL;
    if (find_sharers(plan, &words) > 0)
        why = "another Backup keeps its data under that path now";
    else if (!p->removes.loses_pitr && !plan->allow_pitr_loss && plan_pitr_of_removal(plan, &words))
        why = "it would take what the last window of PITR begins with or lies in, and did not when you looked";
    str_done(&words);
    return why;
}

static bool refuse_shared(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    const char *policy = p->record->clean_policy == CLEAN_DELETE ? "Delete" : "OnFailure";
    if (p->removes.shared_by)
        return error_set(&p->error, ERROR_REFUSED,
                         "its cleanPolicy is %s, and everything under %s would go, which others use too: %s. Set it to "
                         "Retain first (brdeck retain %s), then delete it", policy, p->removes.prefix,
                         p->removes.shared_by, p->name);
    return error_set(&p->error, ERROR_REFUSED,
                     "its cleanPolicy is %s, and everything under %s would go: %s. Wait for its end, or keep the data "
                     "(brdeck delete %s --keep-data)", policy, p->removes.prefix, p->removes.busy, p->name);
}

/* Who else keeps data there, and who works with it. */
static void take_sharers(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    const struct sharers *s = plan->sharers;
    struct str shared;
    p->removes.all_seen = all_seen(plan->br->fleet) || (s && sharers_saw_backups(s));
    p->removes.users_seen = s && sharers_saw_users(s);
    if (!p->removes.cleans && !p->removes.may_clean)
        return;
    str_init(&shared, SENTENCE_MAX);
    if (s && *sharers_names(s)) /* it sees what the fleet sees, and more */
        str_add(&shared, sharers_names(s));
    else
        find_sharers(plan, &shared);
    p->removes.shared_by = shared.len ? str_take(&shared) : NULL;
    p->removes.busy = s && *sharers_busy(s) ? xstrdup(sharers_busy(s)) : NULL;
    p->removes.users = s && *sharers_facts(s) ? xstrdup(sharers_facts(s)) : NULL;
    str_done(&shared);
}

/* -- the whole ---------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3)))
static void add_note(struct str *notes, const char *format, ...)
{
    va_list args;
    if (notes->len)
        str_addc(notes, '\n');
    va_start(args, format);
    str_vaddf(notes, format, args);
    va_end(args);
}

static void take_notes(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    const struct backup_record *r = p->record;
    struct str notes;
    str_init(&notes, SENTENCE_MAX);
    if (!r->has_finalizer && !(r->mode == BACKUP_LOG && r->has_commit_ts)) /* of that the verdict warns */
        add_note(&notes, "The operator's finalizer is not on it: the object goes at once, nothing is stopped or "
                         "removed.");
    if (p->removes.stops_task && plan->cluster_tls && !r->v1)
        add_note(&notes, "The cluster speaks TLS, where the operator's Job stop-%s fails: stop the log backup first, "
                         "or its task lives on in PD.", p->name);
    else if (p->removes.stops_task && !p->removes.cleans)
        add_note(&notes, "Should the Job stop-%s fail, the object goes all the same, and its task may live on in PD: "
                         "to be sure, stop it first.", p->name);
    if (r->mode == BACKUP_SNAPSHOT && phase_is_active(r->phase))
        add_note(&notes, "It is being taken just now: its Job ends, and what is written so far is of no use.");
    if (p->removes.may_clean)
        add_note(&notes, "cleanPolicy is OnFailure: should it fail before it is gone, everything under its path "
                         "goes, too.");
    p->removes.notes = notes.len ? str_take(&notes) : NULL;
    str_done(&notes);
}

bool plan_look_at_removal(struct plan *plan)
{
    struct br_plan *p = &plan->pub;
    const struct backup_record *r = p->record;
    struct str pitr;
    plan_forget_removal(p);
    p->removes.retain_offered = r->clean_policy != CLEAN_RETAIN;
    p->removes.keeps_data = plan->keep_data && p->removes.retain_offered;
    p->removes.stops_task = stops_task(r);
    p->removes.cleans = !p->removes.keeps_data && cleans(r);
    p->removes.may_clean = !p->removes.keeps_data && may_clean(r);
    /* the operator cleans by the spec, which may have been written since the path was told */
    bool moved = r->path && *r->storage && place_relation(r->storage, r->path) != PLACE_SAME;
    snprintf(p->removes.prefix, sizeof p->removes.prefix, "%s%s%s", moved ? r->storage : "", moved ? " or " : "",
             r->path ? r->path : r->storage);
    str_init(&pitr, SENTENCE_MAX);
    p->removes.loses_pitr = plan_pitr_of_removal(plan, &pitr);
    p->removes.ends_pitr = pitr.len && (p->removes.cleans || p->removes.stops_task);
    p->removes.pitr = pitr.len ? str_take(&pitr) : NULL;
    str_done(&pitr);
    take_notes(plan);
    take_sharers(plan);
    return !(p->removes.shared_by || p->removes.busy) || refuse_shared(plan);
}
