/* logs.c - `brdeck logs NAME`: what br says, or said, of a Backup. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/log.h>
#include <brdeck/base/text.h>
#include <brdeck/br/log.h>

#include "cli_private.h"

struct logs {
    struct session session;
    struct br_log *log;
    struct str line;
    char *said;           /* what stderr was told last of what is waited for; NULL */
    bool over;
    int broken;           /* the errno of a stdout that is gone; 0 */
};

/* -- lines ------------------------------------------------------------------------------------ */

static void add_stamp(struct str *out, int64_t ms)
{
    char text[CLOCK_TEXT_MAX];
    clock_format_rfc3339(ms, text);
    text[strcspn(text, ".Z")] = '\0';
    str_addf(out, "%s.%03dZ ", text, (int)(ms % 1000));
}

static void on_line(void *arg, int64_t at_ms, const char *line, size_t len)
{
    struct logs *logs = arg;
    (void)len;
    if (logs->broken)
        return;
    str_clear(&logs->line);
    if (logs->session.args->timestamps && at_ms)
        add_stamp(&logs->line, at_ms);
    text_add_clean(&logs->line, line);
    str_addc(&logs->line, '\n');
    if (fputs(logs->line.data, stdout) == EOF)
        logs->broken = errno;
}

/* What a turn brought is seen at once, and the end of a pipe is noticed. */
static void on_turn(void *arg)
{
    struct logs *logs = arg;
    if (!logs->broken && fflush(stdout) == EOF)
        logs->broken = errno;
}

static void on_phase(void *arg)
{
    struct logs *logs = arg;
    const char *text = br_log_text(logs->log);
    enum br_log_phase phase = br_log_phase(logs->log);
    bool waits = phase == BR_LOG_WAITING || phase == BR_LOG_BETWEEN ||
                 (phase == BR_LOG_LOOKING && logs->session.args->follow);
    logs->over = phase >= BR_LOG_ENDED || (phase == BR_LOG_WAITING && !logs->session.args->follow);
    if (!waits || logs->over || (logs->said && strcmp(logs->said, text) == 0) || strncmp(text, "looks for", 9) == 0)
        return;
    cli_say("%s", text);
    free(logs->said);
    logs->said = xstrdup(text);
}

/* -- the end ------------------------------------------------------------------------------------ */

/* A log that failed outlives its Pod, which the operator deletes (rule 22). */
static void keep(const struct logs *logs)
{
    char path[512];
    struct error err;
    if (br_log_phase(logs->log) == BR_LOG_ENDED && br_log_has_failed(logs->log) && !logs->session.args->tail &&
        !br_log_keep(logs->log, path, sizeof path, &err))
        log_warn("%s", err.text);
}

static int tell_end(const struct logs *logs)
{
    const struct error *err = br_log_error(logs->log);
    switch (br_log_phase(logs->log)) {
    case BR_LOG_KEPT: cli_say("the Pod is gone; this was %s", br_log_text(logs->log)); return EXIT_DONE;
    case BR_LOG_WAITING: cli_say("%s; --follow waits for it", br_log_text(logs->log)); return EXIT_ERROR;
    case BR_LOG_NONE:
    case BR_LOG_FAILED: return cli_fail(err);
    default: return EXIT_DONE;
    }
}

static bool is_over(void *arg)
{
    const struct logs *logs = arg;
    return logs->over || logs->broken;
}

static int read_log(struct logs *logs, const char *ns, const char *name, bool v1, bool known)
{
    struct session *s = &logs->session;
    const struct arguments *args = s->args;
    session_runner(s, true);
    logs->log = br_log_new(s->br, &(struct br_log_spec){
        .ns = ns, .name = name, .v1 = v1, .job = args->job, .follow = args->follow && (known || args->job),
        .onward = true, .previous = args->previous, .tail_lines = args->tail, .on_line = on_line, .on_phase = on_phase,
        .arg = logs});
    loop_on_turn(s->loop, on_turn, logs);
    bool ended = session_wait(s, is_over, logs);
    loop_on_turn(s->loop, NULL, NULL);
    on_turn(logs);
    keep(logs);
    if (!ended)
        return session_code(s, EXIT_ERROR);
    if (logs->broken && logs->broken != EPIPE) {
        cli_say("the output cannot be written: %s", strerror(logs->broken));
        return EXIT_ERROR;
    }
    if (!known && br_log_phase(logs->log) == BR_LOG_NONE && !args->job) {
        cli_say("there is no backup \"%s\" in %s, and no log of one was kept", name, ns);
        return EXIT_ERROR;
    }
    return tell_end(logs);
}

/* A Backup that is deleted may have left a log: it need not be there. */
static int find_and_read(struct logs *logs, const char *word)
{
    struct session *s = &logs->session;
    const struct store *store = fleet_store(s->fleet);
    int code = EXIT_USAGE;
    const char *name = cli_name(word), *ns = session_namespace(s);
    if (!name)
        return code;
    if (store_find(store, ns, name) == SLOT_NONE)
        return read_log(logs, ns, name, false, false);
    slot_t slot = session_find(s, word, &code);
    const struct store_row *row = store_get(store, slot);
    return row ? read_log(logs, row->record->ns, name, row->record->v1, true) : code;
}

int run_logs(struct loop *loop, const struct arguments *args)
{
    struct logs logs = {.over = false};
    struct fleet_options options = {.once = !args->follow}; /* whether another Pod is to come the Backup tells */
    size_t first = args->word_count > 1 && cli_is_kind(args->words[0]) ? 1 : 0;
    int code = EXIT_DONE;
    if (args->word_count != first + 1) {
        cli_say("logs of what? want \"brdeck logs NAME\", one name");
        return EXIT_USAGE;
    }
    if (args->all_namespaces || (args->namespaces && args->namespaces[0] && args->namespaces[1])) {
        cli_say("logs takes a name in one namespace: neither -A nor several");
        return EXIT_USAGE;
    }
    if (args->previous && args->follow) {
        cli_say("--previous is of a run that has ended: it cannot be followed");
        return EXIT_USAGE;
    }
    str_init(&logs.line, STR_LARGE);
    if (session_open(&logs.session, loop, args, &options, &code) && session_settle(&logs.session, &code))
        code = find_and_read(&logs, args->words[first]);
    br_log_free(&logs.log);
    session_done(&logs.session);
    str_done(&logs.line);
    free(logs.said);
    return code;
}
