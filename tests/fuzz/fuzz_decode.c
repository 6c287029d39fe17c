/* Any bytes: where they are JSON, they are a Backup; all that is asked of it holds together. */
#include <config.h>

#include "target.h"

#include <string.h>

#include <brdeck/backup/action.h>
#include <brdeck/backup/command.h>
#include <brdeck/backup/describe.h>
#include <brdeck/backup/kind.h>
#include <brdeck/backup/window.h>

#define NOW INT64_C(1795356000000) /* 2026-11-22T14:00:00Z */

static void check_state(const struct backup_record *r)
{
    struct backup_state now, then;
    state_of(r, NULL, NOW, true, &now);
    MUST(now.word[0] && now.until_ms > NOW);
    state_of(r, NULL, now.until_ms == INT64_MAX ? NOW + 1 : now.until_ms - 1, true, &then);
    MUST(strcmp(now.word, then.word) == 0 && strcmp(now.sentence, then.sentence) == 0 && now.role == then.role);
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

static void check_words(const struct json *object, const struct backup_record *r)
{
    struct window window;
    struct truncate_effect effect;
    const struct backup_record *records[] = {r};
    struct backup_state state;
    struct description d;
    window_of(r, records, 1, NOW, &window);
    window_truncate(r, records, 1, 0, false, tso_from_ms(NOW), &effect);
    MUST(effect.verdict == TRUNCATE_OK || effect.why[0]);
    struct describe_context ctx = {.window = &window, .now_ms = NOW, .style = TSO_SHORT};
    description_init(&d);
    describe_brief(&d, r, &ctx);
    describe_full(&d, r, object, &ctx);
    MUST(d.count > 0);
    description_done(&d);
    state_of(r, NULL, NOW, false, &state);
    for (size_t i = 0; i < kind_backup.column_count; i++) {
        struct column_context column = {NOW, TSO_SHORT, false};
        struct cell cell = {.holds_ms = INT64_MAX};
        str_init(&cell.text, 4096);
        kind_backup.columns[i].print(&column, r, NULL, &state, &cell);
        MUST(cell.text.len > 0 && cell.holds_ms > 0);
        MUST(kind_backup.columns[i].compare(r, &state, r, &state) == 0);
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
    check_state(r);
    check_commands(r);
    check_actions(object, r, pool);
    check_words(object, r);
    record_free(&r);
    record_free(&again);
    json_free(&object);
    intern_free(&pool);
    return 0;
}
