#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#include "plan_exec.h"

/* A plan as labelled lines: what the dialog and --dry-run print. */

static const struct words {
    const char *title, *again, *means;
} words[ACTION_COUNT] = {
    [ACTION_PAUSE] = {"Pause", "Try again to pause", NULL},
    [ACTION_RESUME] = {"Resume", "Try again to resume", "the log is backed up from where it was paused"},
    [ACTION_START] = {"Start", "Start", "a new log task in TiKV; PITR needs a full backup taken after it runs"},
    [ACTION_STOP] = {"Stop", "Try again to stop",
                     "final: a stopped log backup cannot be resumed; what is backed up stays, and truncate still "
                     "works"},
    [ACTION_TRUNCATE] = {"Truncate the log of", "Try again to truncate the log of",
                         "log data is deleted from the storage; nothing brings it back"},
    [ACTION_DELETE] = {"Delete", "Delete", NULL},
    [ACTION_RETAIN] = {"Keep the data of", "Keep the data of",
                       "cleanPolicy Retain: whoever deletes it then, its data stays in the storage"},
    [ACTION_REMOVE_FINALIZER] = {"Take the finalizer off", "Take the finalizer off",
                                 "the operator does nothing more for it: a log task that runs is not stopped, and no "
                                 "data is removed"},
    [ACTION_CREATE] = {"Create", "Create", NULL},
    [ACTION_PROBE] = {"Ask br about", "Ask br about", NULL},
};

static const char *time_text(tso_t ts, const struct describe_context *ctx, char buf[TSO_TEXT_MAX])
{
    enum tso_style style = ctx->style == TSO_SHORT ? TSO_LOCAL : ctx->style;
    return tso_format(ts, style, ctx->now_ms, buf);
}

static void add_head(const struct br_plan *p, struct description *d)
{
    const struct words *w = &words[p->action->id];
    description_add(d, ROLE_TITLE, 0, NULL, "%s %s/%s", p->verdict.is_retry ? w->again : w->title, p->ns, p->name);
    description_add(d, ROLE_TEXT, 0, "context", "%s%s%s", p->context, *p->context ? ", " : "", p->server);
    if (p->state.word[0])
        description_add(d, p->state.role, 0, "now", "%s. %s", p->state.word, p->state.sentence);
}

/* -- a truncate ------------------------------------------------------------------------- */

static void add_loses(const struct truncate_effect *e, struct description *d)
{
    struct str names;
    str_init(&names, 1024);
    for (size_t i = 0; i < ARRAY_LEN(e->lost) && e->lost[i]; i++)
        str_addf(&names, "%s%s", i ? ", " : "", e->lost[i]->name);
    if (e->loses > ARRAY_LEN(e->lost))
        str_addf(&names, " and %zu more", e->loses - ARRAY_LEN(e->lost));
    const char *unknown = e->snapshots_known ? "" : "; not all snapshots are known, there may be more";
    if (e->loses)
        description_add(d, ROLE_WARN, 0, "loses", "PITR on %s: %s only %s own instant%s", names.data,
                        e->loses == 1 ? "it restores" : "they restore", e->loses == 1 ? "its" : "their", unknown);
    else if (e->snapshots_known)
        description_add(d, ROLE_OK, 0, "loses", "no snapshot loses PITR");
    else
        description_add(d, ROLE_WARN, 0, "loses",
                        "unknown: the snapshots of this cluster are not completely and freshly listed");
    str_done(&names);
}

static void add_stays(const struct truncate_effect *e, const struct describe_context *ctx, struct description *d)
{
    char from[TSO_TEXT_MAX];
    if (e->after.base)
        description_add(d, ROLE_TEXT, 0, "stays", "restorable from %s (%s) to the checkpoint%s%s%s",
                        time_text(e->after.from, ctx, from), e->after.base->name,
                        e->after.maybe_other_cluster ?
                            "; the snapshot is older than the Cluster object: maybe another cluster" : "",
                        e->after.filter ? "; only tables " : "", e->after.filter ? e->after.filter : "");
    else if (e->verdict == TRUNCATE_LOSES_PITR)
        description_add(d, ROLE_CRIT, 0, "stays", "%s", e->why);
    else
        description_add(d, ROLE_WARN, 0, "stays", "nothing can be restored by PITR before a new full backup, as now");
}

void plan_describe_truncate(const struct br_plan *p, const struct describe_context *ctx, struct description *d)
{
    const struct truncate_effect *e = &p->effect;
    char a[TSO_TEXT_MAX], b[TSO_TEXT_MAX], n[TSO_TEXT_MAX], span[CLOCK_TEXT_MAX];
    if (!p->truncates)
        return;
    if (p->waiting_truncate)
        description_add(d, ROLE_CRIT, 0, "waits",
                        "logTruncateUntil is set in the spec and fires as soon as this is done: this deletes log "
                        "data%s",
                        p->sub ? "" : "; it can be taken out with the same patch (clear the waiting truncate)");
    description_add(d, ROLE_TEXT, 0, "until", "%s = %s, TSO %s", tso_format(e->until, TSO_LOCAL, 0, a),
                    tso_format(e->until, TSO_RFC3339, 0, b), tso_format(e->until, TSO_NUMBER, 0, n));
    if (e->verdict != TRUNCATE_OK && e->verdict != TRUNCATE_LOSES_PITR)
        return; /* it does not come to that */
    if (e->log_from && e->until > e->log_from)
        description_add(d, ROLE_TEXT, 0, "goes", "log from %s to there; %s", time_text(e->log_from, ctx, a),
                        clock_format_span(tso_to_ms(e->until) - tso_to_ms(e->log_from), span));
    add_loses(e, d);
    add_stays(e, ctx, d);
}

/* -- what is sent, and what the operator does ----------------------------------------------- */

void plan_describe_tried(const struct br_plan *p, struct description *d)
{
    if (p->dry_run == BR_DRY_RUN_ACCEPTED)
        description_add(d, ROLE_OK, 0, "tried", "accepted");
    else if (p->dry_run == BR_DRY_RUN_REFUSED)
        description_add(d, ROLE_CRIT, 0, "tried", "refused: %s", p->dry_run_error.text);
    else if (p->phase == BR_PLAN_READY)
        description_add(d, ROLE_WARN, 0, "tried", "not tried: %s", p->dry_run_error.text);
    if (p->changes_nothing)
        description_add(d, ROLE_WARN, 0, "but", "this changes nothing: the spec says so already");
    if (p->warning)
        description_add(d, ROLE_WARN, 0, "warns", "%s", p->warning);
}

static void add_sends(const struct br_plan *p, struct description *d)
{
    if (!p->patch)
        return;
    struct json *body = plan_redacted(p->patch);
    char *json = json_print(body);
    bool new = p->action->makes_new;
    if (p->removes.keeps_data)
        description_add(d, ROLE_OK, 0, "first", "PATCH %s/%s {\"spec\":{\"cleanPolicy\":\"Retain\"}}; the delete is "
                        "sent only when that is done", fleet_resource(p->v1)->plural, p->name);
    if (p->action->id == ACTION_DELETE) /* its preconditions stand below */
        description_add(d, ROLE_TEXT, 0, "sends", "DELETE %s/%s, propagationPolicy Background",
                        fleet_resource(p->v1)->plural, p->name);
    else
        description_add(d, ROLE_TEXT, 0, "sends", "%s %s%s%s%s%s %s", new ? "POST" : "PATCH",
                        fleet_resource(p->v1)->plural, new ? "" : "/",
                        new ? "" : p->name, p->sub ? "/" : "", p->sub ? p->sub : "", json);
    plan_describe_tried(p, d);
    free(json);
    json_free(&body);
}

/* By what it is known how it went, and that it is sent to nothing but what was looked at. */
static void add_signs(const struct br_plan *p, struct description *d)
{
    char *success, *failure;
    br_plan_signs(p, &success, &failure);
    description_add(d, ROLE_DIM, 0, "done", "when %s; failed when %s", success, failure);
    if (p->record)
        description_add(d, ROLE_DIM, 0, "only if", "it is unchanged since resourceVersion %s (uid %s)",
                        p->record->resource_version, p->record->uid);
    free(success);
    free(failure);
}

static void add_then(const struct br_plan *p, struct description *d)
{
    char job[128];
    if (p->action->id == ACTION_CREATE && p->after->mode != BACKUP_LOG) {
        command_job_name(p->name, LOG_COMMAND_NONE, job, sizeof job);
        description_add(d, ROLE_TEXT, 0, "then", "the operator runs Job %s", job);
    }
    if (!p->step_count && p->action->command)
        description_add(d, ROLE_WARN, 0, "then",
                        "the operator does nothing yet: its last run failed, and %s once more has it run "
                        "again", p->action->key);
    for (size_t i = 0; i < p->step_count; i++) {
        bool truncate = p->steps[i].command == LOG_COMMAND_TRUNCATE;
        command_job_name(p->name, p->steps[i].command, job, sizeof job);
        description_add(d, truncate ? ROLE_WARN : ROLE_TEXT, 0, i ? "and then" : "then", "the operator runs Job %s%s",
                        job,
                        truncate ? ", which deletes log data" : "");
    }
}

static void add_means(const struct br_plan *p, struct description *d)
{
    const struct words *w = &words[p->action->id];
    char span[CLOCK_TEXT_MAX];
    if (p->action->id == ACTION_PAUSE) {
        int64_t ttl_ms = p->after && p->after->gc_ttl_ms ? p->after->gc_ttl_ms : PAUSE_GC_TTL_MS;
        description_add(d, ROLE_WARN, 0, "means",
                        "BR keeps what resume needs for about %s: resume before that, or the chain is lost and a new "
                        "full backup is needed", ttl_ms == PAUSE_GC_TTL_MS ? "24 h" : clock_format_span(ttl_ms, span));
    } else if (w->means) {
        description_add(d, p->action->danger == DANGER_TYPE_NAME ? ROLE_WARN : ROLE_TEXT, 0, "means", "%s", w->means);
    }
    if (p->verdict.allowed && p->verdict.why[0])
        description_add(d, ROLE_WARN, 0, "note", "%s", p->verdict.why);
    if (p->job_unknown)
        description_add(d, ROLE_WARN, 0, "note",
                        "whether a Job of the failed run is still active could not be read; the operator waits for one "
                        "that is");
    const struct backup_record *record = p->record ? p->record : p->after;
    if (record && record->managed_by)
        description_add(d, ROLE_WARN, 0, "note", "may be reverted by %s, which manages this object",
                        record->managed_by);
}

void plan_describe_confirm(const struct br_plan *p, const struct describe_context *ctx, struct description *d)
{
    if (ctx->read_only)
        description_add(d, ROLE_WARN, 0, NULL, "read-only: nothing is sent");
    else if (p->confirm == BR_CONFIRM_TYPE)
        description_add(d, ROLE_TITLE, 0, NULL, "Type %s to do it, Esc to leave all as it is", p->confirm_text);
    else
        description_add(d, ROLE_TITLE, 0, NULL, "y to do it, Esc to leave all as it is");
}

void br_plan_describe(const struct br_plan *p, const struct describe_context *ctx, struct description *d)
{
    if (p->driver != BR_DRIVER_OPERATOR) {
        plan_exec_describe(p, ctx, d);
        return;
    }
    add_head(p, d);
    if (p->phase == BR_PLAN_LOOKING) {
        description_add(d, ROLE_DIM, 0, NULL, "looking at it, and trying it with dry-run...");
        return;
    }
    if (p->phase == BR_PLAN_FAILED) {
        description_add(d, ROLE_CRIT, 0, "no answer", "%s", p->error.text);
        return;
    }
    plan_describe_truncate(p, ctx, d);
    plan_describe_object(p, d);
    if (p->phase == BR_PLAN_REFUSED) {
        description_add(d, ROLE_CRIT, 0, "refused", "%s", p->error.text);
        return;
    }
    add_sends(p, d);
    add_then(p, d);
    add_means(p, d);
    add_signs(p, d);
    plan_describe_confirm(p, ctx, d);
}
