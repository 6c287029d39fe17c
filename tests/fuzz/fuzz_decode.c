/* Any bytes: where they are JSON, they are a Backup; all that is asked of it holds together. */
#include <config.h>

#include "target.h"

#include <string.h>

#include <brdeck/backup/action.h>
#include <brdeck/backup/cause.h>
#include <brdeck/backup/check.h>
#include <brdeck/backup/command.h>
#include <brdeck/backup/describe.h>
#include <brdeck/backup/kind.h>
#include <brdeck/backup/window.h>

#define NOW INT64_C(1795356000000) /* 2026-11-22T14:00:00Z */

/* The input once more, as what is known beside the object: a byte decides about each fact. */
struct bytes {
    const uint8_t *data;
    size_t size, at;
};

static uint8_t next_byte(struct bytes *in) { return in->size ? in->data[in->at++ % in->size] : 0; }

static void take_text(struct bytes *in, char *to, size_t size)
{
    size_t len = next_byte(in) % size, i = 0;
    for (; i < len; i++)
        to[i] = (char)next_byte(in);
    to[i] = '\0';
}

/* Up to 18 hours before and after. */
static int64_t take_time(struct bytes *in)
{
    int64_t value = next_byte(in);
    return value == 0 ? 0 : NOW + (value - 128) * 512000 - next_byte(in);
}

#define TAKE_TEXT(field) take_text(&in, field, sizeof field)

static void facts_of(const uint8_t *data, size_t size, struct backup_facts *f)
{
    struct bytes in = {data, size, size / 2};
    uint8_t flags = next_byte(&in), more = next_byte(&in);
    memset(f, 0, sizeof *f);
    f->pd.reach = (enum pd_reach)(next_byte(&in) % (PD_NO_ANSWER + 1));
    f->pd.read_ms = take_time(&in);
    f->pd.task_missing = flags & 1;
    f->pd.paused = flags & 2;
    f->pd.paused_by_error = flags & 4;
    f->pd.paused_at_ms = take_time(&in);
    f->pd.checkpoint = tso_from_ms(take_time(&in));
    f->pd.start_ts = next_byte(&in);
    f->pd.error_count = next_byte(&in);
    f->pd.error_at_ms = take_time(&in);
    f->cluster.read_ms = take_time(&in);
    f->cluster.missing = flags & 8;
    f->cluster.paused = flags & 16;
    f->cluster.suspended = flags & 32;
    f->job.present = flags & 64;
    f->job.failed = more & 1;
    f->job.ended_ms = take_time(&in);
    f->pod.present = more & 2;
    f->pod.exit_code = next_byte(&in);
    f->event.at_ms = take_time(&in);
    f->event.count = next_byte(&in);
    TAKE_TEXT(f->pd.paused_by);
    TAKE_TEXT(f->pd.paused_why);
    TAKE_TEXT(f->pd.error);
    TAKE_TEXT(f->job.name);
    TAKE_TEXT(f->pod.phase);
    TAKE_TEXT(f->pod.waiting);
    TAKE_TEXT(f->pod.ended);
    TAKE_TEXT(f->pod.message);
    TAKE_TEXT(f->event.reason);
    TAKE_TEXT(f->event.message);
    TAKE_TEXT(f->log_error);
}

static void check_state(const struct backup_record *r, const struct backup_facts *facts)
{
    struct backup_state now, then;
    struct finding findings[FINDINGS_MAX];
    state_of(r, facts, NOW, true, &now);
    MUST(now.word[0] && now.until_ms > NOW);
    state_of(r, facts, now.until_ms == INT64_MAX ? NOW + 1 : now.until_ms - 1, true, &then);
    MUST(strcmp(now.word, then.word) == 0 && strcmp(now.sentence, then.sentence) == 0 && now.role == then.role);
    size_t count = check_record(r, facts, &check_of_state, NOW, findings);
    MUST(count > 0 && strcmp(findings[0].id, now.id) == 0 && strcmp(findings[0].word, now.word) == 0);
    for (size_t i = 1; i < count; i++)
        MUST(findings[i - 1].severity >= findings[i].severity);
    cause_of_record(r, facts);
}

static void check_commands(const struct backup_record *r)
{
    struct command_step steps[COMMAND_STEPS_MAX];
    size_t count = command_steps(r, steps);
    MUST(count <= COMMAND_STEPS_MAX);
    MUST((count > 0) <= (command_verdict(r) == COMMAND_RUNS || command_verdict(r) == COMMAND_WAITS));
    MUST(count == 0 || r->mode == BACKUP_LOG);
}

static void check_actions(const struct json *object, const struct backup_record *r, struct intern *pool)
{
    for (int id = 0; id < ACTION_OF_LOG_COUNT; id++) {
        struct action_verdict verdict;
        action_may((enum action_id)id, r, NULL, true, NOW, &verdict);
        MUST(verdict.allowed || (verdict.why[0] && verdict.brief[0] && !verdict.is_retry));
        if (action_get((enum action_id)id)->makes_new || json_type(object) != JSON_OBJECT)
            continue;
        struct json *patch = action_patch((enum action_id)id, r, verdict.is_retry, tso_from_ms(NOW));
        struct backup_record *after = action_after(object, patch, pool);
        /* what it is done for is what the operator then runs */
        struct command_step steps[COMMAND_STEPS_MAX];
        if (verdict.is_retry)
            MUST(command_steps(after, steps) > 0 && steps[0].command == action_get((enum action_id)id)->command);
        record_free(&after);
        json_free(&patch);
    }
}

static void check_words(const struct json *object, const struct backup_record *r, const struct backup_facts *facts)
{
    struct window window;
    struct truncate_effect effect;
    const struct backup_record *records[] = {r};
    struct backup_state state;
    struct description d;
    window_shown(r, facts, records, 1, NOW, &window);
    window_truncate(r, records, 1, 0, false, tso_from_ms(NOW), &effect);
    MUST(effect.verdict == TRUNCATE_OK || effect.why[0]);
    struct describe_context ctx = {.facts = facts, .window = &window, .now_ms = NOW, .style = TSO_SHORT};
    description_init(&d);
    describe_brief(&d, r, &ctx);
    describe_full(&d, r, object, &ctx);
    MUST(d.count > 0);
    description_done(&d);
    state_of(r, facts, NOW, false, &state);
    const struct column_row same = {r, facts, &state};
    for (size_t i = 0; i < kind_backup.column_count; i++) {
        struct column_context column = {NOW, TSO_SHORT, false};
        struct cell cell = {.holds_ms = INT64_MAX};
        str_init(&cell.text, 4096);
        kind_backup.columns[i].print(&column, r, facts, &state, &cell);
        MUST(cell.text.len > 0 && cell.holds_ms > 0);
        MUST(kind_backup.columns[i].compare(&same, &same) == 0);
        str_done(&cell.text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json *object = json_parse((const char *)data, size, NULL);
    if (!object)
        return 0;
    struct intern *pool = intern_new();
    struct backup_record *r = record_decode(object, pool);
    struct backup_record *again = record_decode_text((const char *)data, size, pool, NULL);
    MUST(r && again);
    struct backup_facts facts;
    facts_of(data, size, &facts);
    check_state(r, NULL);
    check_state(r, &facts);
    check_commands(r);
    check_actions(object, r, pool);
    check_words(object, r, NULL);
    check_words(object, r, &facts);
    record_free(&r);
    record_free(&again);
    json_free(&object);
    intern_free(&pool);
    return 0;
}
