#include <config.h>

#include "follow_private.h"

#include <stdio.h>
#include <string.h>

/* -- gone ------------------------------------------------------------------------- */

/* With the object its Jobs go, too: what was not seen of the stop is not known. */
static void add_task(struct str *text, const struct follow *follow)
{
    const struct backup_record *r = follow->before;
    if (r->mode != BACKUP_LOG || !r->has_finalizer || !r->has_commit_ts || r->phase == PHASE_STOPPED)
        return;
    if (follow->stop_failed)
        str_addf(text, "; its Job stop-%s failed, so the log task may live on in PD: see br log status", r->name);
    else
        str_add(text, follow->stop_done ? "; the log task was stopped" :
                "; whether its log task was stopped was not seen: br log status tells");
}

/* The operator looks at cleanPolicy when it comes to it: Argo and the like can set it back after the delete. */
static bool is_broken(const struct follow *follow) { return follow->set_back || follow->cleaned; }

static void add_what_is_left(struct str *text, const struct follow *follow)
{
    if (follow->action != ACTION_DELETE || !follow->before)
        return;
    if (is_broken(follow))
        str_add(text, follow->cleaned ?
                ", and what lay under its prefix was removed: somebody set its cleanPolicy back" :
                "; somebody set its cleanPolicy back before: see in the storage what is left of its data");
    else if (follow->before->clean_policy == CLEAN_RETAIN)
        str_add(text, "; its data stays in the storage");
    add_task(text, follow);
}

void follow_gone(const struct follow *follow, bool replaced, struct follow_sight *sight)
{
    *sight = (struct follow_sight){.progress = -1};
    const char *other = replaced ? ", and another of that name is there now" : "";
    bool wanted = follow->action == ACTION_DELETE || follow->action == ACTION_REMOVE_FINALIZER;
    struct str text;
    str_init(&text, sizeof sight->text - 1);
    if (wanted)
        str_addf(&text, "the object is gone%s", other);
    else
        str_addf(&text, "it was deleted%s", replaced ? other : " before it was done");
    add_what_is_left(&text, follow);
    follow_take(sight, !wanted ? BR_GONE : is_broken(follow) ? BR_REVERTED : BR_DONE, &text);
}

/* -- a delete ------------------------------------------------------------------------ */

static void look_at_promise(struct follow *follow, const struct backup_record *record)
{
    if (!follow->before || follow->before->clean_policy != CLEAN_RETAIN || !record->deleting_ms)
        return;
    follow->cleaned = follow->cleaned || record->phase == PHASE_CLEAN;
    follow->set_back = record->clean_policy != CLEAN_RETAIN;
}

/* The Job that cleans has six Pods more (backoffLimit), in some ten minutes: what one of them could not remove, the
 * next may. The phase says CleanFailed from the first on. */
static bool cleans_again(const struct follow *follow, const struct backup_facts *own)
{
    return own->job.present ? !own->job.failed && !own->job.complete : follow->jobs_unread;
}

static void look_at_clean_failed(const struct follow *follow, const struct backup_record *record,
                                 const struct backup_facts *own, struct follow_sight *sight)
{
    bool again = cleans_again(follow, own);
    struct str text;
    char words[200];
    str_init(&text, sizeof sight->text - 1);
    sight->cause = cause_find(&(struct cause_signs){.reason = record->reason, .message = record->message,
                                                    .facts = own});
    str_addf(&text, "%swhat is under its prefix was not removed%s: %s", again ? "delete: " : "", again ? " yet" : "",
             cause_text(record->reason, record->message, words, sizeof words));
    follow_add_cause(&text, sight->cause);
    if (again)
        str_addf(&text, " The Job clean-%s tries again, six times in some ten minutes.", record->name);
    else
        str_addf(&text, " Then delete the Job clean-%s; or keep the data: remove-finalizer lets the object go.",
                 record->name);
    sight->stuck = again;
    follow_take(sight, again ? BR_FOLLOWING : BR_FAILED, &text);
}

/* Its data is cleaned first, a log backup's task is stopped before that. */
static void look_at_delete(const struct follow *follow, const struct backup_record *record,
                           const struct backup_facts *own, struct follow_sight *sight)
{
    if (record->phase == PHASE_CLEAN_FAILED) {
        look_at_clean_failed(follow, record, own, sight);
        return;
    }
    struct str text;
    str_init(&text, sizeof sight->text - 1);
    if (!record->deleting_ms)
        str_add(&text, "delete: waits for the server");
    else if (record->phase == PHASE_CLEAN)
        str_addf(&text, "delete: Job clean-%s removes what is under its prefix%s", record->name, follow->cleaned ?
                 ", which was to stay: somebody set its cleanPolicy back" : "");
    else if (follow->set_back)
        str_addf(&text, "delete: somebody%s%s%s set its cleanPolicy back: what is under its prefix goes, unless it is "
                 "Retain again before the operator comes to it (brdeck retain %s -n %s)",
                 record->managed_by ? " (" : "", record->managed_by ? record->managed_by : "",
                 record->managed_by ? " manages it)" : "", record->name, record->ns);
    else if (own->job.present)
        str_addf(&text, "delete: Job %s is at work", own->job.name);
    else
        str_add(&text, "delete: waits for the operator");
    if (record->phase == PHASE_CLEAN) /* the others are of the time before */
        sight->phase = PHASE_CLEAN;
    sight->untouched = record->phase != PHASE_CLEAN && !own->job.present;
    follow_tell_stuck(follow, record, own, sight->untouched ? STEP_WAITS : STEP_BUSY, NULL, NULL, &text, sight);
    follow_take(sight, BR_FOLLOWING, &text);
}

static void look_at_finalizer(const struct backup_record *record, struct follow_sight *sight)
{
    if (!record->has_finalizer && !record->deleting_ms)
        follow_tell(sight, BR_DONE, "the finalizer is off");
    else if (!record->has_finalizer)
        follow_tell(sight, BR_FOLLOWING, "the operator's finalizer is off; another one holds the object");
    else
        follow_tell(sight, BR_FOLLOWING, "the operator has put its finalizer on again");
}

static void look_at_policy(const struct backup_record *record, struct follow_sight *sight)
{
    if (record->deleting_ms)
        follow_tell(sight, BR_GONE, "it is being deleted: the policy of before counts");
    else if (record->clean_policy == CLEAN_RETAIN)
        follow_tell(sight, BR_DONE, "cleanPolicy is Retain: a delete leaves the data");
    else
        follow_tell(sight, BR_REVERTED, "somebody wrote cleanPolicy back");
}

/* -- a snapshot ------------------------------------------------------------------------- */

static void snapshot_done(const struct backup_record *record, struct follow_sight *sight)
{
    char at[TSO_TEXT_MAX];
    struct str text;
    str_init(&text, sizeof sight->text - 1);
    str_add(&text, "complete");
    if (record->commit_ts)
        str_addf(&text, "; COMMITTS %s", tso_format(record->commit_ts, TSO_LOCAL, 0, at));
    if (record->size)
        str_addf(&text, "; %s", record->size);
    if (record->taken)
        str_addf(&text, "; took %s", record->taken);
    follow_take(sight, BR_DONE, &text);
}

static void snapshot_failed(const struct backup_record *record, const struct backup_facts *own, const char *errors,
                            struct follow_sight *sight)
{
    char words[300];
    struct str text;
    str_init(&text, sizeof sight->text - 1);
    sight->cause = cause_find(&(struct cause_signs){.reason = record->reason, .message = record->message, .facts = own,
                                                    .log = errors});
    str_addf(&text, "the backup failed: %s", cause_text(record->reason, record->message, words, sizeof words));
    follow_add_cause(&text, sight->cause);
    str_add(&text, sight->cause ? " It is not tried again: then create a new one." :
                                  " It is not tried again: mend the cause, then create a new one.");
    follow_take(sight, BR_FAILED, &text);
}

static void snapshot_busy(const struct follow *follow, const struct backup_record *record, enum step_state state,
                          const struct backup_facts *own, struct follow_sight *sight)
{
    char words[200];
    struct str text;
    str_init(&text, sizeof sight->text - 1);
    if (state == STEP_WAITS)
        str_add(&text, "waits for the operator");
    else if (state == STEP_RETRIES && record->retries)
        str_addf(&text, "Retrying %d/%d: %s", record->retries, record->max_retries,
                 cause_text(record->reason, record->message, words, sizeof words));
    else if (state == STEP_RETRIES)
        str_addf(&text, "cannot begin: %s", cause_text(record->reason, record->message, words, sizeof words));
    else if (sight->progress >= 0)
        str_addf(&text, "%s %.0f%%", phase_name(record->phase), (double)sight->progress);
    else
        str_add(&text, phase_name(record->phase));
    sight->untouched = state == STEP_WAITS;
    follow_tell_stuck(follow, record, own, state, record->reason, record->message, &text, sight);
    follow_take(sight, BR_FOLLOWING, &text);
}

static enum step_state snapshot_state(const struct backup_record *record)
{
    switch (record->phase) {
    case PHASE_NONE:
        return STEP_WAITS;
    case PHASE_COMPLETE:
        return STEP_DONE;
    case PHASE_FAILED:
    case PHASE_INVALID:
        return STEP_FAILED;
    case PHASE_RETRY_FAILED:
        return STEP_RETRIES;
    default:
        return STEP_BUSY;
    }
}

static void look_at_snapshot(const struct follow *follow, const struct backup_record *record,
                             const struct backup_facts *facts, const char *errors, struct follow_sight *sight)
{
    enum step_state state = snapshot_state(record);
    struct backup_facts own;
    sight->phase = record->phase;
    if (record->phase == PHASE_RUNNING)
        sight->progress = record->progress;
    follow_own_facts(follow, record, state, record->phase, facts, &own);
    if (record->phase == PHASE_RUNNING && sight->progress < 0 && own.log_progress > 0)
        sight->progress = own.log_progress;
    snprintf(sight->job, sizeof sight->job, "%s", own.job.name);
    snprintf(sight->pod, sizeof sight->pod, "%s", own.pod.name);
    if (record->deleting_ms)
        follow_tell(sight, BR_GONE, "it is being deleted: the operator only cleans up now");
    else if (state == STEP_DONE)
        snapshot_done(record, sight);
    else if (state == STEP_FAILED)
        snapshot_failed(record, &own, errors, sight);
    else
        snapshot_busy(follow, record, state, &own, sight);
}

void follow_look_whole(struct follow *follow, const struct backup_record *record,
                       const struct backup_facts *facts, const char *errors, struct follow_sight *sight)
{
    struct backup_facts own;
    switch (follow->action) {
    case ACTION_DELETE:
        follow_own_facts(follow, record, record->phase == PHASE_CLEAN ? STEP_BUSY : STEP_WAITS, PHASE_NONE, facts,
                         &own);
        snprintf(sight->job, sizeof sight->job, "%s", own.job.name);
        snprintf(sight->pod, sizeof sight->pod, "%s", own.pod.name);
        if (str_starts(own.job.name, "stop-")) {
            follow->stop_failed = follow->stop_failed || own.job.failed;
            follow->stop_done = follow->stop_done || own.job.complete;
        }
        look_at_promise(follow, record);
        look_at_delete(follow, record, &own, sight);
        break;
    case ACTION_REMOVE_FINALIZER:
        look_at_finalizer(record, sight);
        break;
    case ACTION_RETAIN:
        look_at_policy(record, sight);
        break;
    default:
        look_at_snapshot(follow, record, facts, errors, sight);
        break;
    }
}
