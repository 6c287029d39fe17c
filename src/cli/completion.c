/* completion.c - `brdeck completion`: what the shells ask while a line is typed. */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <brdeck/backup/kind.h>
#include <brdeck/base/alloc.h>
#include <brdeck/base/text.h>
#include <brdeck/conf/theme.h>

#include "completion.h"

/* What may follow a command: words of its own, and names from the word @names_from on, @names_most of them at most. */
static const struct word_rule {
    const char *command, *first;
    size_t names_from, names_most;
} word_rules[] = {
    {"get", "backups", 1, SIZE_MAX}, {"describe", "backup", 1, SIZE_MAX}, {"pause", "", 0, SIZE_MAX},
    {"resume", "", 0, SIZE_MAX}, {"stop", "", 0, SIZE_MAX}, {"truncate", "", 0, SIZE_MAX}, {"retry", "", 0, SIZE_MAX},
    {"retain", "", 0, SIZE_MAX}, {"delete", "", 0, SIZE_MAX}, {"remove-finalizer", "", 0, SIZE_MAX},
    {"check", "", 0, SIZE_MAX}, {"wait", "", 0, SIZE_MAX}, {"journal", "", 0, SIZE_MAX}, {"logs", "", 0, 1},
    {"br", "", 1, 1},
};

/* The words a flag takes; of a command only, or of all that are not named here. */
static const struct { const char *flag, *command, *words; } value_rules[] = {
    {"output", "get", "table wide json yaml name"}, {"output", "check", "text json prometheus"},
    {"output", "runs", "text json"}, {"output", "journal", "text json"}, {"output", NULL, "json"},
    {"dry-run", NULL, "client server"}, {"driver", NULL, "print job local"}, {"for", NULL, "complete delete"},
};

/* -- candidates ------------------------------------------------------------------------------- */

void completion_offer(struct completion *c, const char *text, const char *help)
{
    const char *last = c->words[c->count - 1];
    if (!str_starts(text, c->typed))
        return;
    struct str line;
    str_init(&line, STR_SMALL);
    str_addf(&line, "%.*s%s", (int)(c->typed - last), last, text);
    text_add_clean(c->out, line.data);
    if (!str_empty(help)) {
        str_addc(c->out, '\t');
        text_add_clean(c->out, help);
    }
    str_addc(c->out, '\n');
    str_done(&line);
}

bool completion_has(const struct completion *c, const char *word)
{
    for (size_t i = 0; i + 1 < c->count; i++)
        if (strcmp(c->words[i], word) == 0)
            return true;
    return false;
}

/* Each of the words of @list, which blanks part. */
static void offer_words(struct completion *c, const char *list)
{
    while (*list) {
        size_t len = strcspn(list, " ");
        char *word = xstrndup(list, len);
        completion_offer(c, word, NULL);
        free(word);
        list += len + (list[len] == ' ');
    }
}

static void offer_commands(struct completion *c)
{
    for (size_t i = 0; i < cli_command_count; i++)
        completion_offer(c, cli_commands[i].name, cli_commands[i].help);
}

/* Short flags are offered by their long names only: those say what they are. */
static void offer_flags(struct completion *c)
{
    for (size_t i = 0; i < flag_count; i++) {
        char *name = xasprintf("--%s", flag_table[i].name);
        if (!flag_table[i].of_command || (c->command && cli_command_takes(c->command, &flag_table[i])))
            completion_offer(c, name, flag_table[i].help);
        free(name);
    }
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        char *name = xasprintf("--%s", option_table[i].name);
        completion_offer(c, name, option_table[i].text);
        free(name);
    }
}

static void offer_lines(struct completion *c, const char *text, size_t len)
{
    size_t at = 0, size;
    for (const char *line; (line = str_next_line(text, len, &at, &size));) {
        char *word = xstrndup(line, size);
        completion_offer(c, word, NULL);
        free(word);
    }
}

static void offer_columns(struct completion *c)
{
    for (size_t i = 0; i < kind_backup.column_count; i++) {
        char *down = xasprintf("-%s", kind_backup.columns[i].name);
        completion_offer(c, down + 1, kind_backup.columns[i].help);
        if (c->typed[0] == '-')
            completion_offer(c, down, kind_backup.columns[i].help);
        free(down);
    }
}

/* -- values --------------------------------------------------------------------------------------- */

static void offer_option_values(struct completion *c, const struct option *option)
{
    for (const char *const *choice = option->choices; choice && *choice; choice++)
        completion_offer(c, *choice, NULL);
    if (option->type == OPTION_BOOL)
        offer_words(c, "true false");
    if (option->id == OPTION_THEME) {
        struct str names;
        str_init(&names, STR_SMALL);
        theme_names(&names);
        offer_lines(c, names.data, names.len);
        str_done(&names);
    }
    if (option->id == OPTION_SORT)
        offer_columns(c);
    c->files = option->id == OPTION_JOURNAL || option->id == OPTION_LOG_FILE || option->id == OPTION_THEME;
}

static void offer_phases(struct completion *c)
{
    for (int i = PHASE_SCHEDULED; i < PHASE_OTHER; i++) {
        char *word = xasprintf("phase=%s", phase_name((enum phase)i));
        if (wait_has_phase((enum phase)i))
            completion_offer(c, word, NULL);
        free(word);
    }
}

static void offer_flag_values(struct completion *c, const struct flag *flag)
{
    bool done = false;
    for (size_t i = 0; i < ARRAY_LEN(value_rules) && !done; i++) {
        bool fits = !value_rules[i].command || (c->command && strcmp(value_rules[i].command, c->command->name) == 0);
        done = fits && strcmp(value_rules[i].flag, flag->name) == 0;
        if (done)
            offer_words(c, value_rules[i].words);
    }
    if (flag->type == FLAG_BOOL)
        offer_words(c, "true false");
    if (strcmp(flag->name, "for") == 0)
        offer_phases(c);
    else if (strcmp(flag->name, "context") == 0)
        completion_from_kubeconfig(c);
    else if (strcmp(flag->name, "namespace") == 0)
        c->names = COMPLETION_NAMESPACES;
    else if (strcmp(flag->name, "from") == 0)
        c->names = COMPLETION_BACKUPS;
    c->files = flag->argument && strcmp(flag->argument, "FILE") == 0;
    if (flag->type == FLAG_LIST && strrchr(c->typed, ','))
        c->typed = strrchr(c->typed, ',') + 1;
}

static void offer_values(struct completion *c, const struct flag *flag, const struct option *option)
{
    if (flag)
        offer_flag_values(c, flag);
    else
        offer_option_values(c, option);
}

/* -- words ---------------------------------------------------------------------------------------- */

/* @nth: how many words of the command stand before. */
static void offer_word(struct completion *c, size_t nth)
{
    const char *name = c->command->name;
    if (strcmp(name, "help") == 0 && nth == 0)
        offer_commands(c);
    for (size_t i = 0; completion_shells[i] && strcmp(name, "completion") == 0 && nth == 0; i++)
        completion_offer(c, completion_shells[i], NULL);
    if (strcmp(name, "retry") == 0 && nth > 0)
        offer_words(c, "pause resume stop truncate");
    for (enum br_command b = 0; b < BR_COMMAND_COUNT && strcmp(name, "br") == 0 && nth == 0; b++)
        completion_offer(c, br_command_table[b].id, br_command_table[b].title);
    for (size_t i = 0; i < ARRAY_LEN(word_rules); i++) {
        const struct word_rule *rule = &word_rules[i];
        if (strcmp(rule->command, name) != 0)
            continue;
        if (nth == 0)
            offer_words(c, rule->first);
        if ((nth >= rule->names_from && nth - rule->names_from < rule->names_most) || strchr(c->typed, '/'))
            c->names = COMPLETION_BACKUPS;
    }
}

/* Which flag or option the word @text is, and where its value begins in it; NULL: the next word is the value. False:
 * it has none. */
static bool find_value(const struct completion *c, const char *text, const struct flag **flag,
                       const struct option **option, const char **value)
{
    *flag = NULL;
    *option = NULL;
    *value = NULL;
    if (text[0] == '-' && text[1] == '-') {
        size_t len = strcspn(text + 2, "=");
        *value = text[2 + len] ? text + 2 + len + 1 : NULL;
        *flag = flag_find(text + 2, len);
        *option = *flag ? NULL : flag_option(text + 2, len);
        bool is_switch = *flag ? (*flag)->type == FLAG_BOOL : *option && (*option)->type == OPTION_BOOL;
        return (*flag || *option) && (!is_switch || *value);
    }
    for (const char *letter = text + 1; *letter; letter++) {
        *flag = flag_of_letter(c->command, *letter);
        if (!*flag)
            return false;
        if ((*flag)->type != FLAG_BOOL) {
            *value = letter[1] ? letter + 1 + (letter[1] == '=') : NULL;
            return true;
        }
    }
    return false;
}

/* The words before the last are gone through as the parser does; then it is known what the last one is. */
void completion_from_tables(struct completion *c, const char *const *words, size_t count, struct str *out)
{
    const struct flag *flag = NULL;
    const struct option *option = NULL;
    const char *value = NULL, *last = words[count - 1];
    bool only_words = false;
    size_t nth = 0;
    *c = (struct completion){.words = words, .count = count, .out = out, .typed = last, .before = count - 1};
    for (size_t i = 0; i + 1 < count; i++) {
        const char *text = words[i];
        if (only_words || text[0] != '-' || !text[1]) {
            if (c->command)
                nth++;
            else if (!(c->command = cli_command_find(text)))
                return;
        } else if (strcmp(text, "--") == 0) {
            only_words = true;
        } else if (find_value(c, text, &flag, &option, &value) && !value && ++i + 1 == count) {
            c->before = i - 1;
            offer_values(c, flag, option);
            return;
        }
    }
    if (only_words)
        return; /* words of br's own */
    if (last[0] != '-') {
        if (c->command)
            offer_word(c, nth);
        else
            offer_commands(c);
    } else if (find_value(c, last, &flag, &option, &value) && value) {
        c->typed = value;
        offer_values(c, flag, option);
    } else {
        offer_flags(c);
    }
}

/* -- the command ------------------------------------------------------------------------------------ */

enum { ANSWER_S = 6 /* names have their own limit, of two */ };

static void on_alarm(int signo)
{
    static const char nothing[] = ":4\n";
    (void)signo;
    _exit(write(STDOUT_FILENO, nothing, sizeof nothing - 1) < 0 ? EXIT_ERROR : EXIT_DONE);
}

/* A line may name a file that is a pipe, or lies where nobody answers: the shell's user waits, and cannot interrupt. */
static void limit_time(void)
{
    struct sigaction action = {.sa_handler = on_alarm};
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    alarm(ANSWER_S);
}

/* As kubectl wants it of its plugins, too: the candidates, then :0 (files may be added) or :4 (not). */
static int answer(struct loop *loop, const char *const *words, size_t count)
{
    static const char *const nothing[] = {""};
    struct completion c;
    struct str out;
    limit_time();
    str_init(&out, STR_LARGE);
    completion_from_tables(&c, count ? words : nothing, count ? count : 1, &out);
    if (c.names != COMPLETION_NO_NAMES)
        completion_from_cluster(&c, loop);
    alarm(0);
    printf("%s:%d\n", out.data, c.files ? 0 : 4);
    str_done(&out);
    return EXIT_DONE;
}

int run_completion(struct loop *loop, const struct arguments *args)
{
    const char *word = args->word_count ? args->words[0] : "";
    if (strcmp(word, "next") == 0 && args->dashes_at == 2)
        return answer(loop, (const char *const *)args->words + 1, args->word_count - 1);
    const char *script = args->word_count == 1 ? completion_script(word) : NULL;
    if (!script) {
        cli_say("completion for which shell? want \"brdeck completion bash\", zsh or fish");
        return EXIT_USAGE;
    }
    fputs(script, stdout);
    return cli_end_of_output(EXIT_DONE);
}
