/* manpage.c - prints doc/brdeck.1 out of the tables that the program runs on; tests/tools/manpage.sh compares. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/backup/kind.h>
#include <brdeck/base/alloc.h>
#include <brdeck/conf/options.h>
#include <brdeck/conf/theme.h>
#include <brdeck/tui/keymap.h>

#include "cli/cli_private.h"
#include "tui/app.h"

/* Text for troff: hyphens as they are typed, no line that looks like a request. */
static void put(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '-')
            fputs("\\-", stdout);
        else if (*text == '\\')
            fputs("\\e", stdout);
        else
            putchar(*text);
    }
}

static void line(const char *text)
{
    put(text);
    putchar('\n');
}

/* A tagged paragraph: @tag in bold, @argument behind it, then @text. */
static void tag(const char *name, const char *argument, const char *text)
{
    fputs(".TP\n\\fB", stdout);
    put(name);
    fputs("\\fR", stdout);
    if (argument) {
        putchar(' ');
        put(argument);
    }
    putchar('\n');
    line(text);
}

static void print_head(void)
{
    printf(".\\\" Made by \"make doc\" from the program's tables: do not change it by hand.\n.TH BRDECK 1 \"\" "
           "\"brdeck %s\" \"User Commands\"\n.SH NAME\nbrdeck \\- TiDB backups from the keyboard\n.SH SYNOPSIS\n.B "
           "brdeck\n[\\fIFLAGS\\fR]\n", PACKAGE_VERSION);
    for (size_t i = 0; i < cli_command_count; i++) {
        fputs(".br\n.B brdeck\n", stdout);
        line(cli_commands[i].synopsis);
    }
    fputs(".SH DESCRIPTION\n", stdout);
    line("brdeck lists the Backup custom resources of TiDB Operator, v2 (br.pingcap.com) and v1 (pingcap.com), as "
         "they are and not only as their phase says, and starts, pauses, resumes, stops and truncates log backups. "
         "Without a command it opens the screen. Every action looks at the object again, is tried with dry-run, is "
         "shown with all that the operator will do in answer, is confirmed, and is followed to its end.");
}

static void print_flags(bool of_command)
{
    for (size_t i = 0; i < flag_count; i++) {
        char name[80];
        if (flag_table[i].of_command != of_command)
            continue;
        if (flag_table[i].letter)
            snprintf(name, sizeof name, "-%c, --%s", flag_table[i].letter, flag_table[i].name);
        else
            snprintf(name, sizeof name, "--%s", flag_table[i].name);
        tag(name, flag_table[i].argument, flag_table[i].help);
    }
}

static void print_commands(void)
{
    fputs(".SH COMMANDS\n", stdout);
    for (size_t i = 0; i < cli_command_count; i++) {
        struct str text;
        str_init(&text, 4096);
        str_addf(&text, "%s.", cli_commands[i].help);
        if (*cli_commands[i].flags)
            str_add(&text, " Flags:");
        for (const char *flag = cli_commands[i].flags; *flag; flag += strcspn(flag, " "), flag += *flag == ' ')
            str_addf(&text, " --%.*s", (int)strcspn(flag, " "), flag);
        tag(cli_commands[i].synopsis, NULL, text.data);
        str_done(&text);
    }
    fputs(".SH FLAGS OF COMMANDS\n", stdout);
    print_flags(true);
    fputs(".SH FLAGS\n", stdout);
    print_flags(false);
}

/* @text with {command} as the key that does it in the list. */
static void line_with_keys(const struct keymap *map, const char *text)
{
    for (const char *open; (open = strchr(text, '{')); text = strchr(open, '}') + 1) {
        char *before = xstrndup(text, (size_t)(open - text)), *name = xstrndup(open + 1, strcspn(open + 1, "}"));
        const char *key = keymap_key(map, "deck", ui_command_find(name));
        if (!*key)
            die("manpage: a command that a task names has no key in the list");
        put(before);
        fputs("\\fB", stdout);
        put(key);
        fputs("\\fR", stdout);
        free(before);
        free(name);
    }
    line(text);
}

/* What TiDB Operator's documents have one do with kubectl and an editor, in their order. */
static const struct { const char *task, *text; } tasks[] = {
    {"Before the first backup",
     "The ServiceAccount tidb-backup-manager, its Role and the Secret of the storage are made by kubectl apply, "
     "once a namespace. Where one is missing, STATUS of the backup that waits for it says which."},
    {"A full snapshot",
     "{create} makes one like the backup under the cursor: its cluster, storage, secret and service account, and a "
     "prefix of its own. :create FILE, or brdeck create -f FILE, makes any Backup out of a manifest: the first of a "
     "namespace, one of some tables (tableFilter), an incremental one (--lastbackupts in spec.br.options)."},
    {"Start a log backup",
     "{start} opens a form; on a log backup it is filled from that one, and the new one needs a prefix of its own. "
     "Or brdeck start -f FILE, or :create FILE. It is followed until the task runs; TiDB takes one log task a "
     "cluster."},
    {"How a backup is",
     "STATUS, COMMITTS, CHECKPOINT and LAG in the list; the lines below it say why, what can be restored, and what "
     "can be done now. {describe} tells everything, {yaml} shows the object, {wide} more columns (SIZE, TRUNCATED "
     "UNTIL, CLUSTER, PATH), {time-style} the times as TSO. {need-you} leaves only what needs somebody."},
    {"Pause, resume",
     "{pause} and {resume} (logSubcommand: log-pause, log-start). STATUS of a paused one counts down to when GC may "
     "take what resume needs."},
    {"Stop", "{stop} (logSubcommand: log-stop). It is final, so the name is typed; a new log backup needs a new "
     "full snapshot."},
    {"Clean log data",
     "{truncate} (logTruncateUntil) takes an age or a point in time and says what can be restored afterwards. It is "
     "done when TRUNCATED UNTIL ({wide}, {describe}) is what was asked for."},
    {"Retry",
     "The operator runs no sub-command again that failed. The action's own key does it once more; so do :retry and "
     "brdeck retry NAME pause."},
    {"Delete",
     "{delete} says what goes with the object: with cleanPolicy Delete all data under its path. {clear-truncate} in "
     "its dialog keeps the data. :remove-finalizer lets go of an object whose delete hangs."},
    {"Why it failed",
     "{describe} has the cause and what to do; {logs} is the log of the Job, followed ({logs}, then e: errors "
     "only); {ask} asks br itself; {runs} shows what is under way, {notices} what became of what was done, "
     "{journal} all that was ever done from here."},
};

static void print_tasks(const struct keymap *map)
{
    fputs(".SH TASKS\n", stdout);
    line("What TiDB Operator's documents do by kubectl and an editor. On the command line each action has its "
         "command, see above. What a dialog would do can be copied as a kubectl line from there (ctrl-k).");
    for (size_t i = 0; i < ARRAY_LEN(tasks); i++) {
        fputs(".TP\n.B ", stdout);
        line(tasks[i].task);
        line_with_keys(map, tasks[i].text);
    }
}

static void print_text(void *arg, const char *what, const char *means)
{
    (void)arg;
    tag(what, NULL, means);
}

static void print_line_command(void *arg, const char *name, const char *arguments, const char *help)
{
    char colon[48];
    (void)arg;
    snprintf(colon, sizeof colon, ":%s", name);
    tag(colon, arguments, help);
}

static bool has_no_key(struct keymap *map, enum ui_command command)
{
    struct str keys;
    str_init(&keys, 256);
    for (size_t i = 0; i < view_count; i++)
        keymap_keys(map, view_table[i]->name, command, &keys);
    bool none = keys.len == 0;
    str_done(&keys);
    return none;
}

static void print_keys(struct keymap *map)
{
    fputs(".SH KEYS\n", stdout);
    line("In the list, by default. [keys] and [keys.VIEW] of config.ini change them, a line each: \"ctrl-p = "
         "pause\", \"x = none\". Each command can also be typed after a colon.");
    for (int i = UI_NONE + 1; i < UI_COMMAND_COUNT; i++) {
        struct str keys;
        str_init(&keys, 256);
        keymap_keys(map, "deck", (enum ui_command)i, &keys);
        if (keys.len)
            tag(keys.data, ui_command_table[i].name, ui_command_table[i].help);
        else if (has_no_key(map, (enum ui_command)i))
            print_line_command(NULL, ui_command_table[i].name, NULL, ui_command_table[i].help);
        str_done(&keys);
    }
    for (size_t v = 1; v < view_count; v++) {
        fputs(".SS ", stdout);
        printf("In the view \"%s\"\n", view_table[v]->name);
        for (size_t k = 0; k < view_table[v]->key_count; k++) {
            const struct ui_command_info *info = &ui_command_table[view_table[v]->keys[k].command];
            tag(view_table[v]->keys[k].keys, info->name, info->help);
        }
    }
    fputs(".SH COLUMNS\n", stdout);
    line("As sort takes them, and :sort. Those that find no room are shown by w.");
    for (size_t i = 0; i < kind_backup.column_count; i++)
        tag(kind_backup.columns[i].name, NULL, kind_backup.columns[i].help);
    fputs(".SH FILTERS\n", stdout);
    line("Several terms must all hold.");
    help_filters_each(print_text, NULL);
    fputs(".SH MARKS\n", stdout);
    help_marks_each(false, print_text, NULL);
}

static void print_options(void)
{
    fputs(".SH OPTIONS\n", stdout);
    line("In section [brdeck] of config.ini, as BRDECK_NAME in the environment (upper case, _ for -), or as --NAME "
         "on the command line, which wins over the environment, which wins over the file. theme, ascii, color, "
         "confirm-timeout and esc-delay are of the screen alone; so are sort and wide, but where brdeck get has them "
         "on the command line.");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        struct str text;
        str_init(&text, 1024);
        str_addf(&text, "%s", option_table[i].text);
        for (const char *const *c = option_table[i].choices; c && *c; c++)
            str_addf(&text, "%s%s", c == option_table[i].choices ? " One of " : ", ", *c);
        str_addf(&text, "%s Default: "
            "%s.", option_table[i].choices ? "." : "", *option_table[i].standard ? option_table[i].standard : "none");
        tag(option_table[i].name, NULL, text.data);
        str_done(&text);
    }
}

static void print_tail(void)
{
    static const struct { const char *code, *text; } codes[] = {
        {"0", "Done: what was asked for is so."},
        {"1", "An error: no answer, no right, a file that cannot be read, an object that is not there."},
        {"2", "Usage: a flag, a word or a time that is not understood; or nothing to confirm with (no terminal and "
         "no --yes)."},
        {"3", "Refused by the state: it cannot be done to this Backup now, or nothing would change. The sentence "
         "says what can be done."},
        {"4", "The action was begun and failed. The sentence says why."},
        {"5", "It was not at its end in the time that --timeout gives; the operator goes on."},
        {"128+N", "Ended by signal N, as shells count: 130 by Ctrl-C, 143 by SIGTERM. What was sent goes on."},
    }, checks[] = {
        {"0", "OK: nothing is the matter."},
        {"1", "WARNING: a limit is passed, or something wants looking at."},
        {"2", "CRITICAL: a log backup stands still or lags too far, a backup failed. It wins over 3."},
        {"3", "UNKNOWN: no connection, no login, no right to list, a list that is not whole, nothing to check, a "
         "name that is not there, a signal, or a command line that is not understood: nothing of that may pass for "
         "OK."},
    };
    fputs(".SH EXIT STATUS\n", stdout);
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        tag(codes[i].code, NULL, codes[i].text);
    fputs(".SS Of brdeck check\n", stdout);
    line("As monitoring plugins have them (Nagios, Icinga, Checkmk), the same with every form of output. The first "
         "line says what is the matter, with numbers behind a bar; each further line is a finding. What could not "
         "be had, such as PD without the right to its service proxy, is a note and no trouble. The limits are "
         "PingCAP's recommended alerts (LogBackupRunningRPOMoreThan10m and 30m, LogBackupPausingMoreThan2h and 12h, "
         "LogBackupFailed) and one full backup a day.");
    for (size_t i = 0; i < ARRAY_LEN(checks); i++)
        tag(checks[i].code, NULL, checks[i].text);
    line("A full backup that failed is critical until a full backup of the same cluster that began after it is "
         "Complete: then it is a note, the finding failed-made-good of severity ok, and does not need you on the "
         "screen either. One of some tables only, and an incremental one, stay critical for as long as they are "
         "there, and so does a log backup.");
    line("For Prometheus' textfile collector: brdeck check -A -o prometheus >$DIR/brdeck.tmp; mv $DIR/brdeck.tmp "
         "$DIR/brdeck.prom");
    fputs(".SH STYLES OF A THEME\n", stdout);
    struct str styles;
    str_init(&styles, 1024);
    for (int i = 0; i < STYLE_COUNT; i++)
        str_addf(&styles, "%s%s", i ? ", " : "", style_name((enum style)i));
    str_add(&styles, ". A theme is NAME.ini with a section [style]; each is \"[fg] [on bg] [bold] [dim] [underline] "
        "[reverse]\".");
    line(styles.data);
    str_done(&styles);
    fputs(".SH FILES\n", stdout);
    tag("$XDG_CONFIG_HOME/brdeck/config.ini", NULL, "Options and keys (~/.config/brdeck; BRDECK_CONFIG_DIR names "
        "another folder).");
    tag("$XDG_CONFIG_HOME/brdeck/themes/NAME.ini", NULL, "Themes of one's own.");
    tag("$XDG_STATE_HOME/brdeck/journal.jsonl", NULL, "The journal (~/.local/state/brdeck): a line of intent before "
        "each write and one of outcome after, mode 0600.");
    tag("$XDG_STATE_HOME/brdeck/logs/", NULL, "The ends of logs whose Job failed, kept because the operator deletes "
        "Jobs; mode 0600, the oldest go.");
    fputs(".SH ENVIRONMENT\n", stdout);
    tag("KUBECONFIG", NULL, "A list of kubeconfig files, as kubectl reads it.");
    tag("HTTPS_PROXY, NO_PROXY", NULL, "A proxy to the API server.");
    tag("NO_COLOR", NULL, "Set and not empty: no colours.");
    tag("BRDECK_CONFIG_DIR", NULL, "The folder of config.ini and themes/, instead of the one above.");
    tag("BRDECK_THEMES", NULL, "A folder of themes that is looked into before the installed ones.");
    tag("TMPDIR", NULL, "Where --demo puts its kubeconfig.");
    tag("TZ", NULL, "The zone in which times are shown and, where they name none, read.");
    fputs(".SH SEE ALSO\n.BR kubectl (1)\n", stdout);
}

int main(void)
{
    struct keymap *map = keymap_new();
    for (size_t i = 0; i < view_count; i++)
        keymap_add(map, view_table[i]->name, view_table[i]->keys, view_table[i]->key_count);
    print_head();
    print_commands();
    print_tasks(map);
    print_keys(map);
    fputs(".SH COMMANDS AFTER A COLON\n", stdout);
    line_commands_each(print_line_command, NULL);
    print_options();
    print_tail();
    keymap_free(&map);
    return 0;
}
