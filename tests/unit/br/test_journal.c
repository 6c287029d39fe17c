#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>

#include "br_fixture.h"
#include <brdeck/br/journal.h>

static struct br_run a_run(void)
{
    struct br_run run = {.run_id = "1-2", .action = action_get(ACTION_STOP), .ns = (char *)"orders",
                         .name = (char *)"log-orders",
                         .outcome = BR_FAILED};
    strcpy(run.text, "two\nlines \x1b[31m \"quoted\"");
    return run;
}

static struct json *line_at(const char *path, size_t n)
{
    struct str text;
    str_init(&text, STR_SMALL);
    assert_true(file_read(path, &text, NULL));
    const char *line = text.data;
    while (n--) {
        line = strchr(line, '\n');
        assert_non_null(line);
        line++;
    }
    struct json *json = json_parse(line, strcspn(line, "\n"), NULL);
    assert_non_null(json);
    str_done(&text);
    return json;
}

/* A disk that was full left half a line: the next one is whole all the same. */
static void half_a_line_spoils_no_other(void **state)
{
    struct bed *bed = *state;
    struct error err = {0};
    struct br_run run = a_run();
    struct journal *journal = journal_open(bed->journal, &err);
    assert_non_null(journal);
    assert_true(file_append(bed->journal, "{}\n{\"time\":\"2026", 0600, false, &err));
    int fd = open(bed->journal, O_WRONLY);
    assert_true(fd >= 0 && ftruncate(fd, 15) == 0);
    close(fd);
    assert_true(journal_outcome(journal, &run, &err));
    assert_true(journal_outcome(journal, &run, &err));
    for (size_t n = 2; n < 4; n++) {
        struct json *json = line_at(bed->journal, n);
        assert_string_equal(json_string(json, "what"), "outcome");
        json_free(&json);
    }
    journal_close(&journal);
}

static void a_pipe_that_nobody_reads_is_no_journal(void **state)
{
    struct bed *bed = *state;
    struct error err = {0};
    char *path = xasprintf("%s.pipe", bed->journal);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_null(journal_open(path, &err)); /* at once, without waiting for a reader */
    assert_non_null(strstr(err.text, "nothing is sent without it"));
    unlink(path);
    free(path);
}

static void lines_are_json_and_say_who_did_what_to_whom(void **state)
{
    struct bed *bed = *state;
    struct error err = {0};
    struct journal *journal = journal_open(bed->journal, &err);
    assert_non_null(journal);
    assert_string_equal(journal_path(journal), bed->journal);
    struct stat st;
    assert_int_equal(stat(bed->journal, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    const char *text = backup_text(bed, &(struct backup_spec){0});
    struct backup_record *record = record_decode_text(text, strlen(text), store_pool(bed->fleet.store), &err);
    struct json *patch = action_patch(ACTION_STOP, record, false, 0);
    struct br_plan plan = {.action = action_get(ACTION_STOP), .record = record, .patch = patch, .context = "prod-eu",
                           .server = "https://10.2.0.4:6443", .user = "admin", .cluster_uid = "u-k"};
    struct br_run run = a_run();
    assert_true(journal_intent(journal, &run, &plan, &err));
    assert_true(journal_outcome(journal, &run, &err));
    journal_close(&journal);
    assert_null(journal);

    struct json *intent = line_at(bed->journal, 0), *outcome = line_at(bed->journal, 1);
    static const char *const members[][2] = {
        {"what", "intent"}, {"run", "1-2"}, {"action", "stop"}, {"namespace", "orders"}, {"name", "log-orders"},
        {"context", "prod-eu"}, {"server", "https://10.2.0.4:6443"}, {"user", "admin"}, {"clusterUid", "u-k"},
        {"group", "br.pingcap.com"}, {"uid", "uid-1"}, {"resourceVersion", "100"},
    };
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        assert_string_equal(json_string(intent, members[i][0]), members[i][1]);
    int64_t ms;
    assert_true(clock_parse_rfc3339(json_string(intent, "time"), &ms));
    assert_string_equal(json_text(json_at(intent, "patch", "spec", "logSubcommand", NULL)), "log-stop");
    assert_string_equal(json_string(outcome, "what"), "outcome");
    assert_string_equal(json_string(outcome, "outcome"), "failed");
    assert_string_equal(json_string(outcome, "text"), run.text);
    json_free(&intent);
    json_free(&outcome);
    json_free(&patch);
    record_free(&record);
}

static void it_is_appended_to_and_made_private(void **state)
{
    struct bed *bed = *state;
    struct error err = {0};
    assert_true(file_write(bed->journal, "{\"old\":1}\n", 10, 0644, &err));
    struct journal *journal = journal_open(bed->journal, &err);
    assert_non_null(journal);
    struct stat st;
    assert_int_equal(stat(bed->journal, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    struct br_run run = a_run();
    assert_true(journal_outcome(journal, &run, &err));
    struct json *old = line_at(bed->journal, 0), *new = line_at(bed->journal, 1);
    assert_non_null(json_get(old, "old"));
    assert_string_equal(json_string(new, "run"), "1-2");
    json_free(&old);
    json_free(&new);
    journal_close(&journal);
}

static void a_place_that_can_not_be_written_is_told(void **state)
{
    struct bed *bed = *state;
    struct error err = {0};
    char *path = xasprintf("%s/below-a-file", bed->journal);
    assert_true(file_write(bed->journal, "", 0, 0600, &err));
    assert_null(journal_open(path, &err));
    assert_int_equal(err.code, ERROR_SYSTEM);
    free(path);
    /* it went away meanwhile, with its folder: the line cannot be written, and that is told */
    struct journal *journal = journal_open(bed->journal, &err);
    assert_non_null(journal);
    assert_int_equal(unlink(bed->journal), 0);
    char *folder = xstrndup(bed->journal, (size_t)(strrchr(bed->journal, '/') - bed->journal));
    assert_int_equal(rmdir(folder), 0);
    struct br_run run = a_run();
    err = (struct error){0};
    assert_false(journal_outcome(journal, &run, &err));
    assert_int_not_equal(err.code, ERROR_NONE);
    free(folder);
    journal_close(&journal);
}

static void the_state_folder_is_the_usual_place(void **state)
{
    struct bed *bed = *state;
    struct error err = {0};
    char *folder = xstrndup(bed->journal, (size_t)(strrchr(bed->journal, '/') - bed->journal));
    setenv("XDG_STATE_HOME", folder, 1);
    struct journal *journal = journal_open(NULL, &err);
    assert_non_null(journal);
    char *path = xasprintf("%s/brdeck/journal.jsonl", folder);
    assert_string_equal(journal_path(journal), path);
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
    unsetenv("XDG_STATE_HOME");
    free(path);
    free(folder);
    journal_close(&journal);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, bed_setup, bed_teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_are_json_and_say_who_did_what_to_whom), TEST(it_is_appended_to_and_made_private),
        TEST(a_place_that_can_not_be_written_is_told), TEST(the_state_folder_is_the_usual_place),
        TEST(half_a_line_spoils_no_other), TEST(a_pipe_that_nobody_reads_is_no_journal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
