/* What may stand under the cursor, by line; what the cluster adds is in tests/e2e/completion.sh. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "cli/completion.h"

enum { WORDS_MAX = 16 };

/* "|" parts the words of a line; a candidate that must be there, or with ! must not; "" none at all. */
static const struct row {
    const char *line, *wanted;
    bool files;
    enum completion_names names;
} rows[] = {
    {"", "get describe pause resume completion help !next", false, COMPLETION_NO_NAMES},
    {"re", "resume retry retain remove-finalizer !pause", false, COMPLETION_NO_NAMES},
    {"xy", "", false, COMPLETION_NO_NAMES},
    {"-", "--namespace --context --demo --theme --read-only !--until !--yes", false, COMPLETION_NO_NAMES},
    {"pause|--", "--namespace --yes --dry-run !--until !--watch", false, COMPLETION_NO_NAMES},
    {"get|", "backups", false, COMPLETION_NO_NAMES},
    {"get|backups|", "", false, COMPLETION_BACKUPS},
    {"get|backups|-o|", "table wide json yaml name !prometheus", false, COMPLETION_NO_NAMES},
    {"get|backups|-o|j", "json !table", false, COMPLETION_NO_NAMES},
    {"get|backups|-oj", "-ojson", false, COMPLETION_NO_NAMES},
    {"get|backups|-wo|j", "json", false, COMPLETION_NO_NAMES},
    {"get|backups|-w|", "", false, COMPLETION_BACKUPS},
    {"get|backups|--output=j", "--output=json !json", false, COMPLETION_NO_NAMES},
    {"check|-o|", "text json prometheus !yaml", false, COMPLETION_NO_NAMES},
    {"runs|--output|", "text json !prometheus", false, COMPLETION_NO_NAMES},
    {"stop|a|--dry-run|", "client server", false, COMPLETION_NO_NAMES},
    {"pause|", "", false, COMPLETION_BACKUPS},
    {"-n|orders|pause|a|b", "", false, COMPLETION_BACKUPS},
    {"retry|", "!pause", false, COMPLETION_BACKUPS},
    {"retry|a|", "pause resume stop truncate", false, COMPLETION_BACKUPS},
    {"logs|", "", false, COMPLETION_BACKUPS},
    {"logs|a|", "", false, COMPLETION_NO_NAMES},
    {"logs|-f|", "", false, COMPLETION_BACKUPS},          /* a switch of logs */
    {"create|-f|", "", true, COMPLETION_NO_NAMES},        /* and a file of create */
    {"create|", "", false, COMPLETION_NO_NAMES},
    {"create|--filename=a", "", true, COMPLETION_NO_NAMES},
    {"start|a|--from|", "", false, COMPLETION_BACKUPS},
    {"br|", "status metadata truncate-dry-run decode", false, COMPLETION_NO_NAMES},
    {"br|status|", "", false, COMPLETION_BACKUPS},
    {"br|status|a|--driver|", "print job local", false, COMPLETION_NO_NAMES},
    {"br|status|a|--|", "", false, COMPLETION_NO_NAMES},
    {"wait|a|--for|", "complete delete phase=Paused !phase=Restart", false, COMPLETION_NO_NAMES},
    {"wait|a|--for|phase=P", "phase=Paused phase=Prepare !phase=Running", false, COMPLETION_NO_NAMES},
    {"wait|a|--for=phase=P", "--for=phase=Paused", false, COMPLETION_NO_NAMES},
    {"help|pa", "pause", false, COMPLETION_NO_NAMES},
    {"completion|", "bash zsh fish", false, COMPLETION_NO_NAMES},
    {"-n|", "", false, COMPLETION_NAMESPACES},
    {"get|backups|--namespace=orders,b", "", false, COMPLETION_NAMESPACES},
    {"--kubeconfig|", "", true, COMPLETION_NO_NAMES},
    {"--config|", "", true, COMPLETION_NO_NAMES},
    {"--log-file|", "", true, COMPLETION_NO_NAMES},
    {"--color|", "auto never 8 16 256 rgb", false, COMPLETION_NO_NAMES},
    {"--read-only=", "--read-only=true --read-only=false", false, COMPLETION_NO_NAMES},
    {"--read-only|", "get pause", false, COMPLETION_NO_NAMES}, /* a switch takes no word */
    {"--sort|", "namespace lag !-lag", false, COMPLETION_NO_NAMES},
    {"--sort|-l", "-lag", false, COMPLETION_NO_NAMES},
    {"nothing|", "", false, COMPLETION_NO_NAMES},
    {"pause|--no-such-flag|", "", false, COMPLETION_BACKUPS},
    {"-x", "", false, COMPLETION_NO_NAMES},
};

static bool has_candidate(const char *out, const char *word, size_t len)
{
    for (const char *line = out; *line; line += strcspn(line, "\n") + 1)
        if (strncmp(line, word, len) == 0 && (line[len] == '\t' || line[len] == '\n'))
            return true;
    return false;
}

static void assert_candidates(const struct row *row, const char *out)
{
    if (!*row->wanted && *out)
        fail_msg("\"%s\": %s", row->line, out);
    for (const char *word = row->wanted; *word;) {
        size_t len = strcspn(word, " ");
        bool not = *word == '!';
        if (has_candidate(out, word + not, len - not) == not)
            fail_msg("\"%s\": %.*s in:\n%s", row->line, (int)len, word, out);
        word += len + (word[len] == ' ');
    }
}

static void look(const struct row *row)
{
    const char *words[WORDS_MAX];
    char text[256];
    size_t count = 0;
    struct completion c;
    struct str out;
    snprintf(text, sizeof text, "%s", row->line);
    for (char *at = text; at; count++) {
        words[count] = at;
        at = strchr(at, '|');
        if (at)
            *at++ = '\0';
    }
    str_init(&out, STR_SMALL);
    completion_from_tables(&c, words, count, &out);
    assert_candidates(row, out.data);
    if (c.files != row->files || c.names != row->names)
        fail_msg("\"%s\": files %d, names %d", row->line, c.files, (int)c.names);
    str_done(&out);
}

static void test_lines(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        look(&rows[i]);
}

/* Every command, flag and option of the tables is offered where it may stand. */
static void test_all_of_the_tables(void **state)
{
    (void)state;
    struct completion c;
    struct str out;
    str_init(&out, STR_SMALL);
    for (size_t i = 0; i < cli_command_count; i++) {
        const char *words[] = {cli_commands[i].name, "--"};
        str_clear(&out);
        completion_from_tables(&c, words, 2, &out);
        for (size_t f = 0; f < flag_count; f++) {
            char *name = xasprintf("--%s", flag_table[f].name);
            bool taken = !flag_table[f].of_command || cli_command_takes(&cli_commands[i], &flag_table[f]);
            if (has_candidate(out.data, name, strlen(name)) != taken)
                fail_msg("%s %s", cli_commands[i].name, name);
            free(name);
        }
        str_clear(&out);
        completion_from_tables(&c, words, 1, &out);
        assert_true(has_candidate(out.data, words[0], strlen(words[0])));
    }
    str_done(&out);
}

/* What a cluster says is cleaned on its way to the terminal. */
static void test_hostile(void **state)
{
    (void)state;
    const char *words[] = {"pause", ""};
    struct completion c;
    struct str out;
    str_init(&out, STR_SMALL);
    completion_from_tables(&c, words, 2, &out);
    completion_offer(&c, "a\033[2Jb\nc", "x\ty\n:0");
    assert_null(strchr(out.data, '\033'));
    assert_int_equal(strcspn(out.data, "\n") + 1, out.len);
    str_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines), cmocka_unit_test(test_all_of_the_tables), cmocka_unit_test(test_hostile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
