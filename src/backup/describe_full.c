#include <config.h>

#include "describe_private.h"

#include <stdio.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

static void head(struct description *d, const struct backup_record *r, const struct describe_context *ctx)
{
    struct finding findings[FINDINGS_MAX];
    size_t count = check_record(r, ctx->facts, &check_of_state, ctx->now_ms, findings);
    description_add(d, ROLE_TITLE, 0, NULL, "%s/%s", r->ns, r->name);
    for (size_t i = 0; i < count; i++) {
        const struct finding *f = &findings[i];
        bool is_told = i == 0 || f->needs_you || !str_same(f->id, "running"); /* beside trouble that says nothing */
        if (!is_told)
            continue;
        description_add(d, f->role, 2, i ? "also" : "state", "%s %s", state_mark_text(f->mark, ctx->ascii), f->word);
        describe_finding(d, f, NULL);
    }
    describe_restorable(d, r, ctx);
}

static void object_part(struct description *d, const struct backup_record *r)
{
    static const char *const policies[] = {
        [CLEAN_RETAIN] = "Retain: deleting the object leaves the data",
        [CLEAN_ON_FAILURE] = "OnFailure: deleting a failed one removes the data",
        [CLEAN_DELETE] = "Delete: deleting the object removes the data",
    };
    char cluster[RECORD_CLUSTER_MAX];
    describe_heading(d, "Backup");
    describe_text(d, "API",
                  r->v1 ? "pingcap.com/v1alpha1 (TiDB Operator v1)" : "br.pingcap.com/v1alpha1 (TiDB Operator v2)");
    describe_text(d, "mode", r->mode == BACKUP_LOG ? "log"
                             : r->mode == BACKUP_SNAPSHOT ? "snapshot" : "volume-snapshot or other");
    describe_text(d, "type", r->type);
    describe_text(d, "cluster", record_cluster(r, cluster));
    describe_text(d, "storage", r->storage);
    if (!str_same(r->path, r->storage))
        describe_text(d, "path", r->path);
    describe_text(d, "secret", r->secret);
    describe_text(d, "service account", r->service_account);
    describe_text(d, "table filter", r->filter);
    if (r->incremental)
        describe_text(d, "incremental", "yes: it needs the backup before it");
    describe_text(d, "cleanPolicy", policies[r->clean_policy]);
    describe_text(d, "managed by", r->managed_by);
    describe_text(d, "labels", r->labels);
    describe_text(d, "uid", r->uid);
    describe_time(d, "created", r->created_ms);
    describe_time(d, "deleting since", r->deleting_ms);
}

static void spec_part(struct description *d, const struct backup_record *r)
{
    if (r->mode != BACKUP_LOG)
        return;
    describe_text(d, "logSubcommand", r->subcommand_text);
    if (r->log_stop != LOG_STOP_ABSENT)
        describe_text(d, "logStop", r->log_stop == LOG_STOP_TRUE ? "true (old form)" : "false (old form)");
    describe_text(d, "logTruncateUntil", r->until);
}

static void status_part(struct description *d, const struct backup_record *r, const struct describe_context *ctx)
{
    char buf[CLOCK_TEXT_MAX];
    int64_t lag;
    bool pd = false;
    describe_heading(d, "Status");
    if (!r->has_status)
        description_add(d, ROLE_DIM, 2, NULL, "empty: the operator has written nothing yet");
    describe_text(d, "phase", r->phase_text ? r->phase_text : phase_name(r->phase));
    describe_text(d, "reason", r->reason);
    spec_part(d, r);
    describe_tso(d, "COMMITTS", r->commit_ts);
    describe_tso(d, "checkpoint", r->checkpoint);
    if (state_lag(r, ctx->facts, ctx->now_ms, &lag, &pd))
        description_add(d, lag >= LAG_CRIT_MS ? ROLE_CRIT : lag >= LAG_WARN_MS ? ROLE_WARN : ROLE_TEXT, 2, "lag",
                        "%s%s",
                        clock_format_span(lag < 0 ? 0 : lag, buf),
                        pd ? ", by PD's checkpoint, which is fresher (* in the list)" : "");
    describe_time(d, "pause holds until", state_pause_deadline_ms(r, ctx->facts));
    if (tso_from_status(r->success_until))
        describe_tso(d, "truncated until", tso_from_status(r->success_until));
    else
        describe_text(d, "truncated until", r->success_until);
    describe_time(d, "started", r->started_ms);
    describe_time(d, "completed", r->completed_ms);
    describe_text(d, "taken", r->taken);
    describe_text(d, "size", r->size);
    if (r->progress >= 0)
        description_add(d, ROLE_TEXT, 2, "progress", "%s %.1f%%", r->step ? r->step : "", (double)r->progress);
    if (r->retries > 0)
        description_add(d, ROLE_WARN, 2, "retries", "%d of %d", r->retries, r->max_retries);
    if (r->phase == PHASE_RETRY_FAILED)
        describe_time(d, "next try", r->retry_at_ms);
}

static enum role phase_role(enum phase phase)
{
    if (phase == PHASE_FAILED || phase == PHASE_INVALID || phase == PHASE_CLEAN_FAILED)
        return ROLE_CRIT;
    if (phase == PHASE_RETRY_FAILED)
        return ROLE_WARN;
    return phase_is_active(phase) ? ROLE_BUSY : ROLE_TEXT;
}

/* Each condition with its time, reason and whole message; @conditions of the object or of a sub-status. */
static void conditions_of(struct description *d, const struct json *conditions, unsigned indent)
{
    JSON_EACH(condition, conditions) {
        const char *type = json_string(condition, "type"), *status = json_string(condition, "status");
        const char *reason = json_string(condition, "reason"), *message = json_string(condition, "message");
        int64_t at = 0;
        char local[TSO_TEXT_MAX];
        clock_parse_rfc3339(json_string(condition, "lastTransitionTime"), &at);
        bool told = reason && !str_same(reason, type);
        description_add(d, phase_role(phase_parse(type)), indent, type ? type : "?", "%s%s%s%s", tso_format_ms(at,
                                                            TSO_LOCAL, 0, local),
                        str_same(status, "True") ? "" : " (not so any more)", told ? "   " : "", told ? reason : "");
        if (!str_empty(message))
            description_add(d, ROLE_TEXT, indent + 2, NULL, "%s", message);
    }
}

static void subs_part(struct description *d, const struct backup_record *r, const struct json *object,
                      const struct describe_context *ctx)
{
    if (r->mode != BACKUP_LOG)
        return;
    describe_heading(d, "Sub-commands");
    size_t before = d->count;
    for (int c = LOG_COMMAND_START; c < LOG_COMMAND_COUNT; c++) {
        const struct backup_sub *sub = record_sub(r, (enum log_command)c);
        const char *name = log_command_name((enum log_command)c);
        struct str text;
        if (sub->phase == PHASE_NONE)
            continue;
        str_init(&text, DESCRIBE_TEXT_MAX);
        describe_sub(&text, sub, ctx);
        if (sub->until)
            str_addf(&text, ", until %s", sub->until);
        if (sub->phase == PHASE_REPEATABLE)
            str_add(&text, " (its opposite has run since: it may run again)");
        description_add(d, phase_role(sub->phase), 2, name, "%s", text.data);
        str_done(&text);
        const struct json *conditions = json_at(object, "status", "logSubCommandStatuses", name, "conditions", NULL);
        if (conditions)
            conditions_of(d, conditions, 4);
        else if (sub->message)
            description_add(d, ROLE_TEXT, 4, sub->reason, "%s", sub->message);
    }
    if (d->count == before)
        description_add(d, ROLE_DIM, 2, NULL, "none has run");
}

static void conditions_part(struct description *d, const struct backup_record *r, const struct json *object)
{
    const struct json *conditions = json_at(object, "status", "conditions", NULL);
    if (json_count(conditions) == 0 && !r->message)
        return;
    describe_heading(d, "Conditions");
    if (conditions)
        conditions_of(d, conditions, 2);
    else
        description_add(d, phase_role(r->phase), 2, r->reason, "%s", r->message);
}

static void actions_part(struct description *d, const struct backup_record *r, const struct describe_context *ctx)
{
    describe_heading(d, "What can be done");
    if (ctx->read_only)
        description_add(d, ROLE_DIM, 2, NULL, "nothing: brdeck is read-only");
    for (int id = 0; id <= ACTION_REMOVE_FINALIZER && !ctx->read_only; id++) {
        const struct action *action = action_get((enum action_id)id);
        struct action_verdict verdict;
        struct str label;
        if (r->mode != BACKUP_LOG && action->command) /* it runs once: these are not of it */
            continue;
        action_may((enum action_id)id, r, ctx->facts, ctx->has_status_sub, ctx->now_ms, &verdict);
        str_init(&label, 64);
        if (*action->key)
            str_addf(&label, "%s %s", action->key, action->name);
        else
            str_addf(&label, ":%s", action->name);
        if (verdict.allowed && ctx->no_right & 1u << id) {
            verdict.allowed = false;
            snprintf(verdict.why, sizeof verdict.why, "You have no right to do it in namespace %s.", r->ns);
        }
        description_add(d, !verdict.allowed ? ROLE_DIM : verdict.why[0] ? ROLE_WARN : ROLE_TEXT, 2, label.data, "%s%s",
                        verdict.allowed ? "" : "not now: ", verdict.why[0] ? verdict.why : action->help);
        str_done(&label);
    }
}

void describe_full(struct description *d, const struct backup_record *record, const struct json *object,
                   const struct describe_context *ctx)
{
    head(d, record, ctx);
    object_part(d, record);
    status_part(d, record, ctx);
    subs_part(d, record, object, ctx);
    conditions_part(d, record, object);
    describe_facts(d, ctx->facts);
    actions_part(d, record, ctx);
}
