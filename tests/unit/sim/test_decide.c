#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <brdeck/base/alloc.h>

#include "sim/decide.h"

/* Every row of the operator's table. */
static void test_command(void **state)
{
    (void)state;
    static const struct row {
        struct log_view view;
        enum log_command base, command;
    } rows[] = {
        {{"", "", false, "", "", "", false}, LOG_START, LOG_START},
        {{"", "", true, "Running", "5", "", false}, LOG_STOP, LOG_STOP},
        {{"", "", false, "Stopped", "5", "", false}, LOG_STOP, LOG_STOP},
        {{"", "", false, "Paused", "5", "", false}, LOG_START, LOG_START},
        {{"", "", false, "Paused", "5", "", true}, LOG_RESUME, LOG_RESUME},
        {{"log-start", "", false, "Paused", "5", "", false}, LOG_RESUME, LOG_RESUME},
        {{"log-start", "", false, "Running", "5", "", false}, LOG_START, LOG_START},
        {{"log-stop", "", false, "Running", "5", "", false}, LOG_STOP, LOG_STOP},
        {{"log-pause", "", false, "Running", "5", "", false}, LOG_PAUSE, LOG_PAUSE},
        {{"log-resume", "", false, "Paused", "5", "", false}, LOG_UNKNOWN, LOG_UNKNOWN},
        {{"log-truncate", "9", false, "Running", "5", "", false}, LOG_UNKNOWN, LOG_UNKNOWN},
        /* In sync and something to truncate. */
        {{"", "9", false, "Running", "5", "", false}, LOG_START, LOG_TRUNCATE},
        {{"log-stop", "9", false, "Stopped", "5", "7", false}, LOG_STOP, LOG_TRUNCATE},
        {{"log-pause", "9", false, "Paused", "5", "", false}, LOG_PAUSE, LOG_TRUNCATE},
        {{"log-start", "9", false, "Running", "5", "9", false}, LOG_START, LOG_START},
        /* Out of sync: the truncate waits. */
        {{"log-pause", "9", false, "Running", "5", "", false}, LOG_PAUSE, LOG_PAUSE},
        {{"log-start", "9", false, "Paused", "5", "", false}, LOG_RESUME, LOG_RESUME},
        {{"", "9", false, "", "", "", false}, LOG_START, LOG_START},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (decide_base(&rows[i].view) != rows[i].base || decide_command(&rows[i].view) != rows[i].command)
            fail_msg("row %zu: %s, %s", i, log_command_name(decide_base(&rows[i].view)),
                     log_command_name(decide_command(&rows[i].view)));
    }
}

static void test_decision(void **state)
{
    (void)state;
    static const struct row {
        struct log_view view;
        enum log_command command;
        const char *sub_phase, *sub_until;
        enum decision decision;
    } rows[] = {
        {{"", "", false, "", "", "", false}, LOG_START, "", "", DECISION_RUN},
        {{"", "", false, "Running", "5", "", false}, LOG_START, "Complete", "", DECISION_NOTHING},
        {{"log-pause", "", false, "Running", "5", "", false}, LOG_PAUSE, "", "", DECISION_RUN},
        {{"log-pause", "", false, "Running", "5", "", false}, LOG_PAUSE, "Repeatable", "", DECISION_RUN},
        {{"log-pause", "", false, "Running", "5", "", false}, LOG_PAUSE, "Failed", "", DECISION_NOTHING},
        {{"log-pause", "", false, "Running", "", "", false}, LOG_PAUSE, "", "", DECISION_WAIT},
        {{"log-pause", "", false, "Paused", "5", "", false}, LOG_PAUSE, "", "", DECISION_NOTHING},
        {{"log-stop", "", false, "Stopped", "5", "", false}, LOG_STOP, "", "", DECISION_NOTHING},
        {{"log-resume", "", false, "Paused", "5", "", false}, LOG_UNKNOWN, "", "", DECISION_NOTHING},
        {{"", "9", false, "Running", "5", "", false}, LOG_TRUNCATE, "", "", DECISION_RUN},
        {{"", "9", false, "Running", "5", "8", false}, LOG_TRUNCATE, "Failed", "9", DECISION_NOTHING},
        {{"", "10", false, "Running", "5", "8", false}, LOG_TRUNCATE, "Failed", "9", DECISION_RUN},
        {{"", "5", false, "Running", "5", "", false}, LOG_TRUNCATE, "", "", DECISION_TRUNCATE_DONE},
        {{"", "10", false, "Running", "5", "11", false}, LOG_TRUNCATE, "Complete", "11", DECISION_TRUNCATE_DONE},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (decide(&rows[i].view, rows[i].command, rows[i].sub_phase, rows[i].sub_until) != rows[i].decision)
            fail_msg("row %zu", i);
}

static void test_tso(void **state)
{
    (void)state;
    assert_true(decide_tso("470642140817653760") == UINT64_C(470642140817653760));
    assert_true(decide_tso("2022-10-10T15:21:00+08:00") == UINT64_C(1665386460000) << 18);
    assert_true(decide_tso("2022-10-10 15:21:00") > 0);
    assert_true(decide_tso("") == 0);
    assert_true(decide_tso("soon") == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_command), cmocka_unit_test(test_decision),
                                       cmocka_unit_test(test_tso)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
