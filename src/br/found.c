#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "br_private.h"
#include "run_finder.h"

/* What following needs of a record, kept after the store has another one: shallow, with strings of its own. */
struct found {
    struct backup_record record;
    struct backup_sub subs[LOG_COMMAND_COUNT];
    char *strings[3 + 3 * LOG_COMMAND_COUNT];
    size_t count;
};

static const char *keep(struct found *found, const char *text)
{
    return text ? (found->strings[found->count++] = xstrdup(text)) : NULL;
}

static struct found *found_new(const struct backup_record *record)
{
    struct found *found = xcalloc(1, sizeof *found);
    struct backup_record *r = &found->record;
    *r = (struct backup_record){
        .ns = "", .name = "", .uid = "", .resource_version = "", .generation = record->generation, .v1 = record->v1,
        .mode = record->mode, .log_stop = record->log_stop, .subcommand = record->subcommand, .phase = record->phase,
        .commit_ts = record->commit_ts, .has_commit_ts = record->has_commit_ts, .has_status = record->has_status,
        .clean_policy = record->clean_policy, .cluster = "", .storage = "", .subs = found->subs};
    r->subcommand_text = keep(found, record->subcommand_text);
    r->until = keep(found, record->until);
    r->success_until = keep(found, record->success_until);
    for (int c = 0; c < LOG_COMMAND_COUNT; c++) {
        const struct backup_sub *sub = record_sub(record, (enum log_command)c);
        found->subs[c] = *sub;
        found->subs[c].until = keep(found, sub->until);
        found->subs[c].reason = keep(found, sub->reason);
        found->subs[c].message = keep(found, sub->message);
        r->sub_at[c] = (unsigned char)(c + 1);
    }
    return found;
}

void found_free(struct found **found)
{
    for (size_t i = 0; *found && i < (*found)->count; i++)
        free((*found)->strings[i]);
    free(*found);
    *found = NULL;
}

static const enum action_id actions_of[LOG_COMMAND_COUNT] = {
    [LOG_COMMAND_START] = ACTION_START, [LOG_COMMAND_STOP] = ACTION_STOP, [LOG_COMMAND_PAUSE] = ACTION_PAUSE,
    [LOG_COMMAND_RESUME] = ACTION_RESUME, [LOG_COMMAND_TRUNCATE] = ACTION_TRUNCATE,
};

/* Old and new work look alike in phases that end: only what goes on is at work. */
static enum found_how work(enum phase phase)
{
    return phase_is_active(phase) || phase == PHASE_RETRY_FAILED ? FOUND_AT_WORK : FOUND_NOTHING;
}

/* The operator begins within seconds: what has just been asked for is not worth a run. */
static enum found_how asked(int64_t asked_ms, int64_t now_ms)
{
    return asked_ms && now_ms - asked_ms >= NOT_PICKED_UP_MS ? FOUND_ASKED : FOUND_NOTHING;
}

static struct sighting look_at_snapshot(const struct backup_record *record, int64_t now_ms)
{
    enum found_how how = record->phase == PHASE_NONE ? asked(record->created_ms, now_ms) : work(record->phase);
    return (struct sighting){.how = how, .action = ACTION_CREATE, .since_ms = record->created_ms};
}

static struct sighting look_at_log(const struct backup_record *record, int64_t now_ms)
{
    enum log_command command = command_effective(record);
    const struct backup_sub *sub = record_sub(record, command);
    struct sighting seen = {.how = work(sub->phase), .action = actions_of[command], .since_ms = sub->changed_ms};
    /* whether v1 resumes without being told depends on its version: nobody asked */
    bool by_itself = command == LOG_COMMAND_RESUME && record->subcommand == LOG_COMMAND_NONE;
    if (seen.how == FOUND_NOTHING && !by_itself) {
        seen.since_ms = command == LOG_COMMAND_START ? record->created_ms : record->asked_ms;
        seen.how = asked(seen.since_ms, now_ms);
    }
    return seen;
}

struct sighting found_look(const struct backup_record *record, int64_t now_ms)
{
    if (record->deleting_ms)
        return (struct sighting){FOUND_AT_WORK, ACTION_DELETE, record->deleting_ms};
    if (record->mode == BACKUP_SNAPSHOT)
        return look_at_snapshot(record, now_ms);
    if (record->mode == BACKUP_LOG && command_verdict(record) == COMMAND_RUNS)
        return look_at_log(record, now_ms);
    return (struct sighting){.how = FOUND_NOTHING};
}

struct run *found_follow(struct br *br, const struct backup_record *record, const struct backup_facts *facts,
                         struct sighting seen)
{
    struct plan *plan = plan_bare(br, seen.action, record->v1, record->ns, record->name);
    struct found *found = found_new(record);
    if (record->mode == BACKUP_LOG && seen.action != ACTION_DELETE)
        plan->pub.step_count = command_steps(&found->record, plan->pub.steps);
    struct run *run = run_add(br, plan, BR_ORIGIN_CLUSTER, 0);
    run->found = found;
    if (seen.since_ms)
        run->pub.begun_ms = seen.since_ms;
    if (seen.action == ACTION_TRUNCATE)
        run->pub.until = tso_from_status(record->until);
    run_follow_found(run, record, facts, &found->record, seen.how == FOUND_AT_WORK);
    return run;
}
