#include <config.h>

#include "describe_private.h"

#include <stdio.h>
#include <string.h>

#include <brdeck/base/alloc.h>

void describe_sub(struct str *out, const struct backup_sub *sub, const struct describe_context *ctx)
{
    char at[TSO_TEXT_MAX];
    if (sub->phase == PHASE_NONE) {
        str_add(out, "-");
        return;
    }
    /* the two times are of the run before until this one ends well; Repeatable is a success of before */
    bool ended = sub->phase == PHASE_COMPLETE || sub->phase == PHASE_REPEATABLE;
    int64_t when = ended && sub->completed_ms ? sub->completed_ms : sub->changed_ms;
    str_add(out, sub->phase == PHASE_REPEATABLE ? "Complete" : phase_name(sub->phase));
    if (when)
        str_addf(out, " %s", tso_format_ms(when, ctx->style == TSO_NUMBER ? TSO_RFC3339 : ctx->style, ctx->now_ms, at));
}

static void brief_title(struct description *d, const struct backup_record *r, const struct describe_context *ctx)
{
    const char *dot = ctx->ascii ? "-" : "·";
    struct str text;
    str_init(&text, DESCRIBE_TEXT_MAX);
    str_addf(&text, "%s/%s    ", r->ns, r->name);
    if (*r->cluster)
        str_addf(&text, "cluster %s %s ", r->cluster, dot);
    str_add(&text, *r->storage ? r->storage : "no storage");
    if (r->secret)
        str_addf(&text, " %s secret %s", dot, r->secret);
    else if (r->service_account)
        str_addf(&text, " %s service account %s", dot, r->service_account);
    if (r->managed_by)
        str_addf(&text, " %s managed by %s", dot, r->managed_by);
    description_add(d, ROLE_TITLE, 0, NULL, "%s", text.data);
    str_done(&text);
}

/* br notes how far it truncates before it deletes: a truncate that failed, or runs, may have taken that already. */
static void add_broken_truncate(struct str *text, const struct backup_record *r, const struct describe_context *ctx)
{
    const struct backup_sub *sub = record_sub(r, LOG_COMMAND_TRUNCATE);
    tso_t until = tso_from_status(sub->until);
    char at[TSO_TEXT_MAX];
    bool ended = sub->phase == PHASE_NONE || sub->phase == PHASE_COMPLETE || sub->phase == PHASE_REPEATABLE;
    if (!ended && until > window_log_start(r))
        str_addf(text, "; log-truncate %s: what lies before %s may be gone already",
                 phase_is_active(sub->phase) ? "is under way" : "failed",
                 tso_format(until, ctx->style, ctx->now_ms, at));
}

static void add_window(struct description *d, const struct backup_record *r, const struct window *w,
                       const struct describe_context *ctx)
{
    char from[TSO_TEXT_MAX], to[TSO_TEXT_MAX];
    enum tso_style style = ctx->style;
    struct str text;
    str_init(&text, DESCRIBE_TEXT_MAX);
    str_addf(&text, "%s (%s) %s %s%s, no holes", tso_format(w->from, style, ctx->now_ms, from), w->base->name,
             ctx->ascii ? "to" : "…", tso_format(w->to, style, ctx->now_ms, to), w->to_from_pd ? " as PD says" : "");
    if (w->filter)
        str_addf(&text, "; only the tables %s", w->filter);
    add_broken_truncate(&text, r, ctx);
    if (w->maybe_other_cluster)
        str_add(&text, "; the snapshot is older than the Cluster object, maybe of another cluster");
    if (!ctx->window_known)
        str_add(&text, "; more snapshots may come: not all are listed yet");
    description_add(d, ROLE_TEXT, 2, "restorable", "%s", text.data);
    str_done(&text);
}

void describe_restorable(struct description *d, const struct backup_record *r, const struct describe_context *ctx)
{
    char at[TSO_TEXT_MAX];
    const struct window *w = ctx->window;
    if (r->mode != BACKUP_LOG) {
        if (r->phase == PHASE_COMPLETE && r->commit_ts)
            description_add(d, ROLE_TEXT, 2, "restorable", "%s%s", tso_format(r->commit_ts, ctx->style,
                                                            ctx->now_ms, at),
                            r->filtered ? ", only the tables of its filter" : "");
        return;
    }
    if (r->phase == PHASE_CLEAN || r->phase == PHASE_CLEAN_FAILED)
        description_add(d, ROLE_WARN, 2, "restorable", "nothing: its data is being removed from storage");
    else if (w && w->base)
        add_window(d, r, w, ctx);
    else if (!w || !ctx->window_known)
        description_add(d, ROLE_DIM, 2, "restorable", "unknown: the snapshots of the cluster are not completely "
                        "listed");
    else if (w->points > 0 && (r->commit_ts == 0 || r->checkpoint == 0))
        description_add(d, ROLE_DIM, 2, "restorable", "unknown: how far the log reaches is not told yet (%s)",
                        r->commit_ts == 0 ? "no COMMITTS" : "no checkpoint");
    else if (w->points > 0)
        description_add(d, ROLE_WARN, 2, "restorable", "no PITR: no full backup lies in the log; %zu restore%s only "
                        "%s own instant",
                        w->points, w->points == 1 ? "s" : "", w->points == 1 ? "its" : "their");
    else
        description_add(d, ROLE_WARN, 2, "restorable", "nothing: there is no full backup to begin from");
}

/* The three that always matter, and the others once they ran. */
static void brief_subs(struct description *d, const struct backup_record *r, const struct describe_context *ctx)
{
    static const struct {
        enum log_command command;
        bool always;
    } shown[] = {
        {LOG_COMMAND_START, true},   {LOG_COMMAND_PAUSE, true}, {LOG_COMMAND_RESUME, false},
        {LOG_COMMAND_STOP, false},   {LOG_COMMAND_TRUNCATE, true},
    };
    struct str text;
    str_init(&text, DESCRIBE_TEXT_MAX);
    for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
        const struct backup_sub *sub = record_sub(r, shown[i].command);
        if (!shown[i].always && sub->phase == PHASE_NONE)
            continue;
        str_addf(&text, "%s%s ", text.len ? "   " : "", log_command_name(shown[i].command));
        describe_sub(&text, sub, ctx);
    }
    description_add(d, ROLE_TEXT, 2, "commands", "%s", text.data);
    str_done(&text);
}

enum { BRIEF_ACTIONS = ACTION_REMOVE_FINALIZER + 1 };

/* What stands against an action now, in two or three words; "" nothing. */
static const char *brief_hurdle(const struct backup_record *r, const struct describe_context *ctx, enum action_id id,
                                struct action_verdict *verdict)
{
    action_may(id, r, ctx->facts, ctx->has_status_sub, ctx->now_ms, verdict);
    if (verdict->allowed && ctx->no_right & 1u << id)
        return "no right";
    return verdict->allowed ? "" : verdict->brief;
}

/* A new one is only offered where the selected one is over: elsewhere it is not about this backup. What is done to an
 * object as a whole, where it can be. */
static bool is_about(const struct backup_record *r, const struct action *action)
{
    switch (action->id) {
    case ACTION_DELETE: return true;
    case ACTION_RETAIN: return r->clean_policy != CLEAN_RETAIN;
    case ACTION_REMOVE_FINALIZER: return r->deleting_ms && r->has_finalizer;
    default: break;
    }
    if (r->mode != BACKUP_LOG || action->id >= ACTION_OF_LOG_COUNT)
        return false;
    return !action->makes_new || r->phase == PHASE_STOPPED || r->phase == PHASE_FAILED || r->phase == PHASE_INVALID;
}

/* What stands in the palette only, as it is typed there. */
static void add_key(struct str *out, const struct action *action)
{
    if (*action->key)
        str_add(out, action->key);
    else
        str_addf(out, ":%s", action->name);
}

/* "p r S T not picked up": the keys that one hurdle stands against. */
static void add_hurdle(struct str *out, const struct backup_record *r, char hurdles[][64], int first)
{
    str_add(out, out->len ? "   " : "");
    for (int id = first; id < BRIEF_ACTIONS; id++)
        if (is_about(r, action_get((enum action_id)id)) && strcmp(hurdles[id], hurdles[first]) == 0) {
            add_key(out, action_get((enum action_id)id));
            str_addc(out, ' ');
        }
    str_add(out, hurdles[first]);
}

/* "now: r resume   S stop (final)", "not now: p already paused" */
static void brief_actions(struct description *d, const struct backup_record *r, const struct describe_context *ctx)
{
    struct str can, cannot;
    char hurdles[BRIEF_ACTIONS][64];
    if (ctx->read_only) {
        description_add(d, ROLE_DIM, 2, "now", "nothing: brdeck is read-only");
        return;
    }
    str_init(&can, DESCRIBE_TEXT_MAX);
    str_init(&cannot, DESCRIBE_TEXT_MAX);
    for (int id = 0; id < BRIEF_ACTIONS; id++) {
        const struct action *action = action_get((enum action_id)id);
        struct action_verdict verdict;
        snprintf(hurdles[id], sizeof hurdles[id], "%s", brief_hurdle(r, ctx, (enum action_id)id, &verdict));
        if (hurdles[id][0] || !is_about(r, action))
            continue;
        str_add(&can, can.len ? "   " : "");
        add_key(&can, action);
        if (*action->key)
            str_addf(&can, " %s%s", action->makes_new ? "new log backup" : action->name,
                     verdict.is_retry ? " again" : action->id == ACTION_STOP ? " (final)" : "");
    }
    for (int id = 0; id < BRIEF_ACTIONS; id++) {
        bool told = !hurdles[id][0] || !is_about(r, action_get((enum action_id)id));
        for (int before = 0; before < id; before++)
            told = told || (strcmp(hurdles[before], hurdles[id]) == 0 && is_about(r,
                                                                                  action_get((enum action_id)before)));
        if (!told)
            add_hurdle(&cannot, r, hurdles, id);
    }
    description_add(d, can.len ? ROLE_TEXT : ROLE_DIM, 2, "now", "%s", can.len ? can.data : "nothing");
    if (cannot.len)
        description_add(d, ROLE_DIM, 2, "not now", "%s", cannot.data);
    str_done(&can);
    str_done(&cannot);
}

void describe_finding(struct description *d, const struct finding *f, const char *label)
{
    description_add(d, f->role, 2, label, "%s%s%s", f->sentence, f->sentence[0] && f->action[0] ? " " : "", f->action);
    if (f->evidence[0])
        description_add(d, ROLE_DIM, 2, "known by", "%s", f->evidence);
}

void describe_brief(struct description *d, const struct backup_record *record, const struct describe_context *ctx)
{
    struct finding findings[FINDINGS_MAX];
    size_t count = check_record(record, ctx->facts, &check_of_state, ctx->now_ms, findings);
    brief_title(d, record, ctx);
    for (size_t i = 0; i < count && (i == 0 || findings[i].needs_you); i++)
        describe_finding(d, &findings[i], i ? "also" : NULL);
    describe_restorable(d, record, ctx);
    if (record->mode == BACKUP_LOG)
        brief_subs(d, record, ctx);
    brief_actions(d, record, ctx);
    for (size_t i = 0; i < count; i++) /* no trouble, but then this is not all there is to know */
        if (strcmp(findings[i].id, "pd-not-asked") == 0)
            description_add(d, ROLE_DIM, 2, NULL, "%s %s", findings[i].sentence, findings[i].action);
}
