#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <brdeck/backup/phase.h>
#include <brdeck/base/alloc.h>

static void phases_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum phase phase;
    } cases[] = {
        {NULL, PHASE_NONE},         {"", PHASE_NONE},           {"Scheduled", PHASE_SCHEDULED},
        {"Prepare", PHASE_PREPARE}, {"Running", PHASE_RUNNING}, {"Complete", PHASE_COMPLETE},
        {"Failed", PHASE_FAILED},   {"Paused", PHASE_PAUSED},   {"RetryFailed", PHASE_RETRY_FAILED},
        {"Pause", PHASE_PAUSED},    {"PAUSE", PHASE_PAUSED},    {"Stopped", PHASE_STOPPED},
        {"Clean", PHASE_CLEAN},     {"Invalid", PHASE_INVALID}, {"CleanFailed", PHASE_CLEAN_FAILED},
        {"Restart", PHASE_RESTART}, {"Repeatable", PHASE_REPEATABLE},
        {"running", PHASE_OTHER},   {"VolumeBackupComplete", PHASE_OTHER}, {"?", PHASE_OTHER},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_int_equal(phase_parse(cases[i].text), cases[i].phase);
    for (int p = PHASE_SCHEDULED; p < PHASE_OTHER; p++)
        assert_int_equal(phase_parse(phase_name((enum phase)p)), p);
    assert_string_equal(phase_name(PHASE_NONE), "");
    assert_string_equal(phase_name(PHASE_OTHER), "?");
    assert_true(phase_is_active(PHASE_PREPARE) && !phase_is_active(PHASE_COMPLETE) && !phase_is_active(PHASE_NONE));
}

static void commands_are_read(void **state)
{
    (void)state;
    for (int c = LOG_COMMAND_START; c < LOG_COMMAND_COUNT; c++)
        assert_int_equal(log_command_parse(log_command_name((enum log_command)c)), c);
    assert_int_equal(log_command_parse(NULL), LOG_COMMAND_NONE);
    assert_int_equal(log_command_parse(""), LOG_COMMAND_NONE);
    assert_int_equal(log_command_parse("pause"), LOG_COMMAND_UNKNOWN);
    assert_string_equal(log_command_word(LOG_COMMAND_PAUSE), "pause");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(phases_are_read), cmocka_unit_test(commands_are_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
