#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/log.h>
#include <brdeck/base/str.h>

static char path[] = "/tmp/brdeck-test-log-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    setenv("BRDECK_NOW", "2026-10-02T12:45:32Z", 1);
    int fd = mkstemp(path);
    if (fd < 0)
        return -1;
    close(fd);
    return unlink(path);
}

static int tear_down(void **state)
{
    (void)state;
    log_close();
    return unlink(path);
}

static void open_log(enum log_level level)
{
    struct error err = {0};
    unlink(path);
    if (!log_open(path, level, &err))
        fail_msg("%s", err.text);
}

/* What was logged; the caller frees. */
static char *logged(void)
{
    struct str text;
    str_init(&text, STR_LARGE);
    assert_true(file_read(path, &text, NULL));
    return str_take(&text);
}

static void assert_logged(const char *want)
{
    char *text = logged();
    assert_string_equal(text, want);
    free(text);
}

static void test_levels(void **state)
{
    (void)state;
    log_error("before it is open: %d", 1);
    assert_false(file_exists(path));
    open_log(LOG_LEVEL_INFO);
    log_debug("not told");
    log_info("list %s: %d rows", "backups", 12);
    log_warn("w");
    log_error("e");
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    log_close();
    log_error("after it is closed");
    log_close();
    assert_logged("2026-10-02T12:45:32Z info  list backups: 12 rows\n"
                  "2026-10-02T12:45:32Z warn  w\n"
                  "2026-10-02T12:45:32Z error e\n");
    assert_true(log_open(path, LOG_LEVEL_ERROR, NULL)); /* appends */
    log_error("more");
    char *text = logged();
    assert_true(str_ends(text, "error e\n2026-10-02T12:45:32Z error more\n"));
    free(text);
    log_close();
}

static void test_level_names(void **state)
{
    (void)state;
    static const char *const names[] = {"error", "warn", "info", "debug"};
    enum log_level level = LOG_LEVEL_WARN;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_true(log_level_parse(names[i], &level));
        assert_int_equal(level, i);
    }
    assert_false(log_level_parse("loud", &level));
    assert_false(log_level_parse(NULL, &level));
    assert_int_equal(level, LOG_LEVEL_DEBUG);
}

static void test_redaction(void **state)
{
    (void)state;
    static const char *const secrets[] = {"hunter2hunter2", "hunter2", "abcXYZ", "XYZdef", "line one\nline two",
                                          "short", "eyJhbGciOi==", "eyJhbGciOi==", NULL, ""};
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"Bearer hunter2.", "Bearer <redacted>."},
        {"a hunter2hunter2 b", "a <redacted> b"},
        {"hunter2hunter2hunter2", "<redacted>"},
        {"-abcXYZdef-", "-<redacted>-"}, /* overlapping */
        {"-abcXYdef-", "-abcXYdef-"},
        {"k=line one\nline two;", "k=<redacted>;"},
        {"short stays", "short stays"},
        {"t: eyJhbGciOi==", "t: <redacted>"},
        {"password: aHVudGVyMg==", "password: <redacted>"}, /* hunter2 in base64 */
    };
    log_redact("before it is open");
    open_log(LOG_LEVEL_INFO);
    for (size_t i = 0; i < ARRAY_LEN(secrets); i++)
        log_redact(secrets[i]);
    struct str want;
    str_init(&want, STR_LARGE);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        log_info("%s", cases[i].text);
        str_addf(&want, "2026-10-02T12:45:32Z info  %s\n", cases[i].want);
    }
    log_info("is it told before it is open?");
    str_add(&want, "2026-10-02T12:45:32Z info  is it told <redacted>?\n");
    assert_logged(want.data);
    str_done(&want);
    log_close();
}

static void test_hostile_text(void **state)
{
    (void)state;
    open_log(LOG_LEVEL_DEBUG);
    log_debug("%s", "a\x1b[2Jb\nc\td\x7f \xc2\x9b \xe2\x80\xae");
    log_close();
    assert_logged("2026-10-02T12:45:32Z debug a\\x1b[2Jb\\x0ac\\x09d\\x7f \\xc2\\x9b \\xe2\\x80\\xae\n");
}

/* A long line is cut, after what is secret in it was taken out. */
static void test_long_line(void **state)
{
    (void)state;
    struct str text;
    open_log(LOG_LEVEL_INFO);
    log_redact("topsecret-topsecret");
    str_init(&text, STR_LARGE);
    for (int i = 0; i < 200000; i++)
        str_add(&text, i % 7 ? "x" : "topsecret-topsecret");
    log_info("%s", text.data);
    log_info("next");
    str_done(&text);
    log_close();
    char *all = logged();
    assert_true(strlen(all) < 9000);
    assert_null(strstr(all, "topsecret"));
    assert_non_null(strstr(all, "...\n2026-10-02T12:45:32Z info  next\n"));
    free(all);
}

static void test_not_opened(void **state)
{
    (void)state;
    struct error err = {0};
    assert_false(log_open("/nonexistent/log", LOG_LEVEL_INFO, &err));
    assert_string_equal(err.text, "log file /nonexistent/log: No such file or directory");
    assert_int_equal(err.code, ERROR_SYSTEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_levels),       cmocka_unit_test(test_level_names), cmocka_unit_test(test_redaction),
        cmocka_unit_test(test_hostile_text), cmocka_unit_test(test_long_line),   cmocka_unit_test(test_not_opened),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
