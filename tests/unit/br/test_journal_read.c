#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>
#include <brdeck/br/journal.h>

#include "br/br_private.h"
#include "br_fixture.h"

static void add(struct bed *bed, const char *text)
{
    FILE *file = fopen(bed->journal, "a");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void read_it(struct bed *bed, int64_t since_ms, struct journal_entries *entries)
{
    struct error err = {0};
    if (!journal_read(bed->journal, since_ms, entries, &err))
        fail_msg("%s", err.text);
}

static struct br_run run_named(const char *id, enum br_outcome outcome)
{
    struct br_run run = {.action = action_get(ACTION_PAUSE), .ns = (char *)"orders", .name = (char *)"log-orders",
                         .outcome = outcome};
    snprintf(run.run_id, sizeof run.run_id, "%s", id);
    snprintf(run.text, sizeof run.text, "paused");
    return run;
}

static bool write_intent(const char *path, const char *id)
{
    struct error err;
    struct journal *journal = journal_open(path, &err);
    struct br_run run = run_named(id, BR_SENDING);
    struct json *patch = json_new_object();
    struct br_plan plan = {.action = run.action, .patch = patch, .context = "prod-eu",
                           .server = "https://10.2.0.4:6443",
                           .user = "admin", .cluster_uid = "u-k"};
    bool good = journal && journal_intent(journal, &run, &plan, &err);
    json_free(&patch);
    journal_close(&journal);
    return good;
}

static bool write_end(const char *path, const char *id, bool left)
{
    struct error err;
    struct journal *journal = journal_open(path, &err);
    struct br_run run = run_named(id, left ? BR_UNKNOWN : BR_DONE);
    bool good = journal && (left ? journal_left : journal_outcome)(journal, &run, &err);
    journal_close(&journal);
    return good;
}

static bool settle(const char *path, const char *id)
{
    struct error err;
    struct journal *journal = journal_open(path, &err);
    struct br_run run = run_named(id, BR_DONE);
    enum journal_settled settled = journal ? JOURNAL_BUSY : JOURNAL_FAILED;
    for (int i = 0; settled == JOURNAL_BUSY && i < 10 * 1000; i++) {
        settled = journal_settle(journal, &run, false, &err);
        if (settled == JOURNAL_BUSY)
            poll(NULL, 0, 1);
    }
    journal_close(&journal);
    return settled == JOURNAL_SETTLED;
}

/* -- what is read ------------------------------------------------------------------------ */

static void no_file_is_an_empty_journal(void **state)
{
    struct journal_entries entries;
    read_it(*state, 0, &entries);
    assert_int_equal(entries.count, 0);
    assert_int_equal(entries.bad, 0);
    journal_entries_done(&entries);
}

static void a_folder_is_an_error(void **state)
{
    struct journal_entries entries;
    struct error err = {0};
    (void)state;
    assert_false(journal_read("/", 0, &entries, &err));
    assert_has(err.text, "cannot be read");
    assert_int_equal(entries.count, 0);
}

static void intent_and_outcome_are_one_entry(void **state)
{
    struct bed *bed = *state;
    struct journal_entries entries;
    assert_true(write_intent(bed->journal, "a-1"));
    assert_true(write_intent(bed->journal, "b-2"));
    assert_true(write_intent(bed->journal, "a-1")); /* sent again after a 409 */
    assert_true(write_end(bed->journal, "a-1", false));
    read_it(bed, 0, &entries);
    assert_int_equal(entries.count, 2);
    const struct journal_entry *a = &entries.items[0], *b = &entries.items[1];
    assert_string_equal(a->run, "a-1");
    assert_string_equal(a->action, "pause");
    assert_string_equal(a->ns, "orders");
    assert_string_equal(a->name, "log-orders");
    assert_string_equal(a->context, "prod-eu");
    assert_string_equal(a->server, "https://10.2.0.4:6443");
    assert_string_equal(a->user, "admin");
    assert_string_equal(a->cluster_uid, "u-k");
    assert_string_equal(a->driver, "operator");
    assert_string_equal(a->group, "br.pingcap.com");
    assert_string_equal(a->uid, "");
    assert_string_equal(a->outcome, "done");
    assert_string_equal(a->text, "paused");
    assert_true(a->at_ms > 0 && a->ended_ms >= a->at_ms);
    assert_false(a->open || a->lives);
    assert_non_null(a->intent);
    assert_null(b->outcome);
    assert_true(b->open && b->lives);
    journal_entries_done(&entries);
    read_it(bed, INT64_MAX, &entries);
    assert_int_equal(entries.count, 0);
    journal_entries_done(&entries);
}

static void foreign_half_and_huge_lines_are_passed_over(void **state)
{
    struct bed *bed = *state;
    struct journal_entries entries;
    add(bed, "\n{}\n[1]\n\"x\"\nnull\n{\"what\":\"intent\"}\n{\"what\":\"intent\",\"run\":7}\n"
        "{\"what\":\"outcome\",\"run\":\"of nobody\",\"outcome\":\"done\"}\n{\"what\":\"dance\",\"run\":\"a\"}\n");
    char *huge = xmalloc(JOURNAL_LINE_MAX + 100);
    memset(huge, 'x', JOURNAL_LINE_MAX + 98);
    memcpy(huge + JOURNAL_LINE_MAX + 98, "\n", 2);
    add(bed, huge);
    free(huge);
    assert_true(write_intent(bed->journal, "a-1"));
    add(bed, "{\"what\":\"outcome\",\"run\":\"a-1\",\"outc");
    read_it(bed, 0, &entries);
    assert_int_equal(entries.count, 1);
    assert_int_equal(entries.bad, 1); /* the huge one; the half one may just be being written */
    assert_null(entries.items[0].outcome);
    journal_entries_done(&entries);
    assert_true(write_end(bed->journal, "a-1", false)); /* begins a line of its own */
    read_it(bed, 0, &entries);
    assert_int_equal(entries.count, 1);
    assert_int_equal(entries.bad, 2);
    assert_string_equal(entries.items[0].outcome, "done");
    journal_entries_done(&entries);
}

static void wrong_types_are_not_there(void **state)
{
    struct bed *bed = *state;
    struct journal_entries entries;
    add(bed, "{\"what\":\"intent\",\"run\":\"r\",\"action\":1,\"namespace\":null,\"name\":[],\"time\":{},"
        "\"process\":\"me\"}\n{\"what\":\"intent\",\"run\":\"r\",\"process\":{\"pid\":\"1\"}}\n"
        "{\"what\":\"outcome\",\"run\":\"r\",\"outcome\":3,\"text\":false,\"left\":\"yes\"}");
    read_it(bed, 0, &entries);
    assert_int_equal(entries.count, 1);
    const struct journal_entry *entry = &entries.items[0];
    assert_string_equal(entry->action, "");
    assert_string_equal(entry->name, "");
    assert_string_equal(entry->outcome, "");
    assert_false(entry->open || entry->lives);
    journal_entries_done(&entries);
}

/* While one process appends, another reads: whole lines, or not yet. */
static void read_while_others_append(void **state)
{
    struct bed *bed = *state;
    enum { LINES = 100 };
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < LINES; i++) {
            char id[24];
            snprintf(id, sizeof id, "c-%d", i);
            if (!write_intent(bed->journal, id) || !write_end(bed->journal, id, false))
                _exit(1);
        }
        _exit(0);
    }
    assert_true(child > 0);
    size_t last = 0;
    int status = -1;
    for (bool over = false; !over;) {
        struct journal_entries entries;
        over = waitpid(child, &status, WNOHANG) == child;
        read_it(bed, 0, &entries);
        assert_int_equal(entries.bad, 0);
        assert_true(entries.count >= last);
        last = entries.count;
        journal_entries_done(&entries);
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(last, LINES);
}

/* -- who settles it ------------------------------------------------------------------------- */

struct other {
    pid_t pid;
    int stop; /* closing it ends the process */
};

/* A process that writes one line and lives on. */
static struct other other_process(struct bed *bed, const char *id, bool (*write_one)(const char *path, const char *id))
{
    int wrote[2], stop[2];
    assert_int_equal(pipe(wrote), 0);
    assert_int_equal(pipe(stop), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char byte = write_one(bed->journal, id) ? 'y' : 'n';
        close(stop[1]);
        if (write(wrote[1], &byte, 1) != 1)
            _exit(1);
        _exit(read(stop[0], &byte, 1) < 0);
    }
    char byte = 0;
    assert_true(pid > 0);
    close(stop[0]);
    assert_int_equal(read(wrote[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    close(wrote[0]);
    close(wrote[1]);
    return (struct other){pid, stop[1]};
}

static void end_other(struct other *other)
{
    int status;
    kill(other->pid, SIGKILL);
    waitpid(other->pid, &status, 0);
    close(other->stop);
}

static void assert_entry(struct bed *bed, bool open, bool lives)
{
    struct journal_entries entries;
    read_it(bed, 0, &entries);
    assert_int_equal(entries.count, 1);
    assert_int_equal(entries.items[0].open, open);
    assert_int_equal(entries.items[0].lives, lives);
    journal_entries_done(&entries);
}

static void a_living_run_is_its_process_s(void **state)
{
    struct bed *bed = *state;
    struct other a = other_process(bed, "a-1", write_intent);
    assert_entry(bed, true, true);
    end_other(&a);
    assert_entry(bed, true, false);
}

static void what_was_left_is_open_and_nobody_s(void **state)
{
    struct bed *bed = *state;
    assert_true(write_intent(bed->journal, "a-1"));
    assert_true(write_end(bed->journal, "a-1", true));
    assert_entry(bed, true, false);
    assert_true(settle(bed->journal, "a-1"));
    assert_entry(bed, false, false);
}

/* Many brdecks come to know the outcome at the same time: one line of it. */
static void it_is_settled_once(void **state)
{
    struct bed *bed = *state;
    enum { BRDECKS = 8 };
    pid_t pids[BRDECKS];
    assert_true(write_intent(bed->journal, "a-1"));
    for (int i = 0; i < BRDECKS; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(!settle(bed->journal, "a-1"));
        assert_true(pids[i] > 0);
    }
    for (int i = 0; i < BRDECKS; i++) {
        int status;
        assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_int_equal(journal_lines(bed, "outcome"), 1);
    assert_entry(bed, false, false);
}

/* Another brdeck holds it: that is told at once, and in the end nobody waits. */
static void it_is_settled_when_it_is_free(void **state)
{
    struct bed *bed = *state;
    struct error err = {0};
    assert_true(write_intent(bed->journal, "a-1"));
    struct journal *journal = journal_open(bed->journal, &err);
    struct br_run run = run_named("a-1", BR_DONE);
    int fd = open(bed->journal, O_RDWR | O_CLOEXEC);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    assert_int_equal(journal_settle(journal, &run, false, &err), JOURNAL_BUSY);
    assert_int_equal(journal_lines(bed, "outcome"), 0);
    assert_int_equal(journal_settle(journal, &run, true, &err), JOURNAL_SETTLED);
    assert_int_equal(journal_lines(bed, "outcome"), 1);
    close(fd);
    assert_int_equal(journal_settle(journal, &run, false, &err), JOURNAL_SETTLED); /* it is: nothing is written */
    assert_int_equal(journal_lines(bed, "outcome"), 1);
    journal_close(&journal);
}

/* br was ended: the line stands between intent and outcome, or alone, where somebody else began it. */
static void a_cancel_is_told(void **state)
{
    struct bed *bed = *state;
    struct error err = {0};
    struct journal_entries entries;
    struct br_plan plan = {.context = "prod", .server = "https://k", .user = "u", .cluster_uid = "c",
                           .driver = BR_DRIVER_JOB};
    struct journal *journal = journal_open(bed->journal, &err);
    struct br_run mine = run_named("a-1", BR_FAILED), other = run_named("b-1", BR_FAILED);
    assert_true(write_intent(bed->journal, "a-1"));
    assert_true(journal_cancel(journal, &mine, &plan, &err));
    assert_true(journal_cancel(journal, &other, &plan, &err));
    assert_true(journal_outcome(journal, &mine, &err));
    read_it(bed, 0, &entries);
    assert_int_equal(entries.count, 2);
    assert_true(entries.items[0].cancelled_ms && !entries.items[0].open);
    assert_string_equal(json_string(entries.items[0].intent, "what"), "intent");
    assert_true(entries.items[1].cancelled_ms && entries.items[1].open && entries.items[1].lives);
    assert_string_equal(entries.items[1].context, "prod");
    assert_string_equal(entries.items[1].driver, "job");
    journal_entries_done(&entries);
    journal_close(&journal);
}

/* A pid that is used again, another boot, another host. */
static void a_pid_alone_is_no_process(void **state)
{
    struct bed *bed = *state;
    char host[256] = "", time[CLOCK_TEXT_MAX];
    gethostname(host, sizeof host - 1);
    static const struct {
        const char *host, *boot, *began;
        int64_t age_ms;
        bool lives;
    } rows[] = {
        {NULL, "", "", 0, true},
        {NULL, "", "1", 0, false},
        {NULL, "another-boot", "", 0, false},
        {"another host", "", "", 0, true}, /* who knows */
        {"another host", "", "", JOURNAL_FOREIGN_MS + 5000, false},
    };
    if (access("/proc/self/stat", R_OK) != 0)
        skip();
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        unlink(bed->journal);
        char *line = xasprintf("{\"what\":\"intent\",\"run\":\"r\",\"time\":\"%s\",\"process\":{\"pid\":%ld,"
                               "\"host\":\"%s\",\"boot\":\"%s\",\"began\":\"%s\"}}\n",
                               clock_format_rfc3339(clock_wall_ms() - rows[i].age_ms, time), (long)getpid(),
                               rows[i].host ? rows[i].host : host, rows[i].boot, rows[i].began);
        add(bed, line);
        free(line);
        struct journal_entries entries;
        read_it(bed, 0, &entries);
        if (entries.count != 1 || entries.items[0].lives != rows[i].lives)
            fail_msg("row %zu", i);
        journal_entries_done(&entries);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_file_is_an_empty_journal, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(a_folder_is_an_error, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(intent_and_outcome_are_one_entry, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(foreign_half_and_huge_lines_are_passed_over, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(wrong_types_are_not_there, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(read_while_others_append, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(a_living_run_is_its_process_s, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(it_is_settled_once, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(it_is_settled_when_it_is_free, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(a_cancel_is_told, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(what_was_left_is_open_and_nobody_s, bed_setup, bed_teardown),
        cmocka_unit_test_setup_teardown(a_pid_alone_is_no_process, bed_setup, bed_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
