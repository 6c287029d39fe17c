#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

#include "cli/cli_private.h"

enum { WORDS_MAX = 32 };

/* A line of words, split at blanks, as main() gets it. */
struct line {
    char text[512];
    char *argv[WORDS_MAX + 1];
    int argc;
    struct arguments args;
    struct error err;
    bool good;
};

static void parse(struct line *line, const char *text)
{
    *line = (struct line){.argc = 0};
    snprintf(line->text, sizeof line->text, "%s", text);
    char *save = NULL, *word = strtok_r(line->text, " ", &save);
    for (; word && line->argc < WORDS_MAX; word = strtok_r(NULL, " ", &save))
        line->argv[line->argc++] = word;
    line->good = arguments_parse(line->argc, line->argv, &line->args, &line->err);
}

static void assert_list(const char *const *list, const char *joined)
{
    struct str all;
    str_init(&all, STR_SMALL);
    for (size_t i = 0; list && list[i]; i++)
        str_addf(&all, "%s%s", i ? " " : "", list[i]);
    assert_string_equal(all.data, joined);
    str_done(&all);
}

/* Lines that are taken: the command, its words, the namespaces. */
static const struct {
    const char *text, *command, *words, *namespaces;
    bool all;
} taken[] = {
    {"brdeck", NULL, "", "", false},
    {"brdeck -A", NULL, "", "", true},
    {"brdeck -n orders,billing -n audit", NULL, "", "orders billing audit", false},
    {"brdeck -n=orders", NULL, "", "orders", false},
    {"brdeck -norders", NULL, "", "orders", false},
    {"brdeck --namespace=orders", NULL, "", "orders", false},
    {"brdeck -n ,", NULL, "", "", false},
    {"brdeck get backups -Aw", "get", "backups", "", true},
    {"brdeck get backups -wAo name", "get", "backups", "", true},
    {"brdeck -n orders get backups a b", "get", "backups a b", "orders", false},
    {"brdeck get -n orders backups a -l x=y b", "get", "backups a b", "orders", false},
    {"brdeck pause --yes -- -strange-name", "pause", "-strange-name", "", false},
    {"brdeck start -f - -y", "start", "", "", false},
    {"brdeck --all-namespaces=false", NULL, "", "", false},
    {"brdeck nonsense --help", "nonsense", "", "", false},
};

static void test_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(taken); i++) {
        struct line line;
        parse(&line, taken[i].text);
        if (!line.good)
            fail_msg("%s: %s", taken[i].text, line.err.text);
        if (taken[i].command)
            assert_string_equal(line.args.command, taken[i].command);
        else
            assert_null(line.args.command);
        assert_list(line.args.words, taken[i].words);
        assert_list(line.args.namespaces, taken[i].namespaces);
        assert_int_equal(line.args.all_namespaces, taken[i].all);
        arguments_done(&line.args);
    }
}

/* Lines that are refused, with what the sentence names. */
static const struct {
    const char *text, *says;
} refused[] = {
    {"brdeck nonsense", "there is no command \"nonsense\""},
    {"brdeck -A=false", "there is no flag -="},
    {"brdeck --nonsense", "there is no flag --nonsense"},
    {"brdeck --nonsense=1 get backups", "there is no flag --nonsense"},
    {"brdeck -q", "there is no flag -q"},
    {"brdeck get backups -n", "-n needs NAME"},
    {"brdeck get backups --selector", "--selector needs LABELS"},
    {"brdeck runs --sort lag", "--sort is of the screen and of get: it does not go with runs"},
    {"brdeck describe backup a --wide", "--wide is of the screen and of get: it does not go with describe"},
    {"brdeck --yes", "--yes does not go with the screen"},
    {"brdeck get backups --yes", "--yes does not go with get"},
    {"brdeck get backups -wy", "--yes does not go with get"},
    {"brdeck describe backup x -w", "--watch does not go with describe"},
    {"brdeck describe -o json backup x", "--output does not go with describe"},
    {"brdeck pause x -l a=b", "--selector does not go with pause"},
    {"brdeck stop x -Al a=b", "--selector does not go with stop"},
    {"brdeck pause x --until -7d", "--until does not go with pause"},
    {"brdeck truncate x --clear-truncate", "--clear-truncate does not go with truncate"},
    {"brdeck start x --from y --clear-truncate", "--clear-truncate does not go with start"},
    {"brdeck pause x --timeout soon", "--timeout soon: want a length of time"},
    {"brdeck pause x --timeout 9999999999999999999", "--timeout 9999999999999999999: want"},
    {"brdeck pause x --timeout 100000h", "want 0 to 366 days"},
    {"brdeck pause x --timeout=-5m", "want 0 to 366 days"},
    {"brdeck pause x --yes=perhaps", "want true or false"},
    {"brdeck --read-only=perhaps", "--read-only"},
};

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        struct line line;
        parse(&line, refused[i].text);
        if (line.good || !strstr(line.err.text, refused[i].says))
            fail_msg("%s: wanted \"%s\", got \"%s\"", refused[i].text, refused[i].says,
                     line.good ? "nothing" : line.err.text);
        assert_int_equal(line.err.code, ERROR_USAGE);
        assert_int_equal(exit_code_of(line.err.code), EXIT_USAGE);
        arguments_done(&line.args);
    }
}

static void test_spans(void **state)
{
    static const struct { const char *text; int64_t ms; } spans[] = {
        {"30s", 30000}, {"10m", 600000}, {"1h30m", 5400000}, {"45", 45000}, {"0", 0}, {"300ms", 300}, {"2d", 172800000},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(spans); i++) {
        struct line line;
        char text[64];
        snprintf(text, sizeof text, "brdeck pause x --timeout %s", spans[i].text);
        parse(&line, text);
        assert_true(line.good);
        assert_true(line.args.timeout_ms == spans[i].ms);
        arguments_done(&line.args);
    }
    struct line line;
    parse(&line, "brdeck pause x");
    assert_true(line.args.timeout_ms == -1);
    arguments_done(&line.args);
}

/* Each of kubectl's global flags arrives where the client looks for it. */
static void test_overrides(void **state)
{
    struct line line;
    (void)state;
    parse(&line, "brdeck --context c --cluster=k --user u -s https://h:1 --token t --as a "
          "--as-group g,h --as-group i --kubeconfig f");
    assert_true(line.good);
    assert_string_equal(line.args.over.context, "c");
    assert_string_equal(line.args.over.cluster, "k");
    assert_string_equal(line.args.over.user, "u");
    assert_string_equal(line.args.over.server, "https://h:1");
    assert_string_equal(line.args.over.token, "t");
    assert_string_equal(line.args.over.as, "a");
    assert_list(line.args.over.as_groups, "g h i");
    assert_string_equal(line.args.kubeconfig, "f");
    arguments_done(&line.args);
    parse(&line, "brdeck -n one --insecure-skip-tls-verify --request-timeout 5");
    assert_true(line.args.over.insecure_skip_tls_verify);
    assert_string_equal(line.args.over.namespace_, "one");
    assert_true(line.args.request_timeout_ms == 5000);
    arguments_done(&line.args);
    parse(&line, "brdeck -n one,two");
    assert_null(line.args.over.namespace_);
    arguments_done(&line.args);
}

/* One letter, two flags: the command that stands before it says which. */
static void test_letters(void **state)
{
    struct line line;
    (void)state;
    parse(&line, "brdeck logs -fp log-orders --tail 20 --job j --timestamps");
    assert_true(line.good);
    assert_true(line.args.follow && line.args.previous && line.args.timestamps);
    assert_null(line.args.file);
    assert_int_equal(line.args.tail, 20);
    assert_string_equal(line.args.job, "j");
    arguments_done(&line.args);
    parse(&line, "brdeck start -f new.yaml");
    assert_true(line.good);
    assert_string_equal(line.args.file, "new.yaml");
    assert_false(line.args.follow);
    arguments_done(&line.args);
    parse(&line, "brdeck logs --tail=-1 x");
    assert_true(line.good);
    assert_int_equal(line.args.tail, 0);
    arguments_done(&line.args);
    static const char *const wrong[] = {"brdeck logs x --tail 0", "brdeck logs x --tail ten", "brdeck logs x --tail",
                                          "brdeck get backups --follow", "brdeck logs x --filename f"};
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        parse(&line, wrong[i]);
        assert_false(line.good);
        assert_int_equal(line.err.code, ERROR_USAGE);
        arguments_done(&line.args);
    }
}

/* Dispatch, parser and help read the same tables: each flag that a command names is in the table of flags. */
static void test_tables(void **state)
{
    (void)state;
    for (size_t i = 0; i < cli_command_count; i++) {
        size_t found = 0, words = *cli_commands[i].flags ? 1 : 0;
        for (const char *p = cli_commands[i].flags; *p; p++)
            words += *p == ' ';
        for (size_t k = 0; k < flag_count; k++)
            if (cli_command_takes(&cli_commands[i], &flag_table[k])) {
                assert_true(flag_table[k].of_command);
                found++;
            }
        assert_int_equal(found, words);
        assert_ptr_equal(cli_command_find(cli_commands[i].name), &cli_commands[i]);
    }
    for (size_t k = 0; k < flag_count; k++)
        for (size_t i = 0; i < k; i++) {
            assert_string_not_equal(flag_table[i].name, flag_table[k].name);
            bool same = flag_table[k].letter && flag_table[i].letter == flag_table[k].letter;
            for (size_t c = 0; same && c < cli_command_count; c++)
                assert_false(cli_command_takes(&cli_commands[c], &flag_table[i]) &&
                             cli_command_takes(&cli_commands[c], &flag_table[k]));
            assert_true(!same || (flag_table[i].of_command && flag_table[k].of_command));
        }
}

static void test_names(void **state)
{
    static const struct { const char *word, *name; } names[] = {
        {"log-orders", "log-orders"}, {"backup/log-orders", "log-orders"}, {"bk/x", "x"},
        {"backup.br.pingcap.com/x", "x"},
        {"backups.pingcap.com/x", "x"}, {"restore/x", NULL}, {"/x", NULL}, {"backup/", NULL}, {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const char *name = cli_name(names[i].word);
        if (names[i].name)
            assert_string_equal(name, names[i].name);
        else
            assert_null(name);
    }
    assert_true(cli_is_kind("bk"));
    assert_false(cli_is_kind("backupschedules"));
}

static void test_exit_codes(void **state)
{
    (void)state;
    assert_int_equal(exit_code_of(ERROR_NONE), 0);
    assert_int_equal(exit_code_of(ERROR_DENIED), 1);
    assert_int_equal(exit_code_of(ERROR_NETWORK), 1);
    assert_int_equal(exit_code_of(ERROR_USAGE), 2);
    assert_int_equal(exit_code_of(ERROR_REFUSED), 3);
    assert_int_equal(exit_code_of(ERROR_FAILED), 4);
    assert_int_equal(exit_code_of(ERROR_TIMEOUT), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken),  cmocka_unit_test(test_refused), cmocka_unit_test(test_spans),
        cmocka_unit_test(test_overrides), cmocka_unit_test(test_letters),
        cmocka_unit_test(test_tables), cmocka_unit_test(test_names),   cmocka_unit_test(test_exit_codes),
    };
    setenv("BRDECK_CONFIG_DIR", "/nonexistent", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
