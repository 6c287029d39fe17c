/* wait.c - `brdeck wait NAME --for CONDITION`: until it is so, by the watch. */
#include <config.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/secret.h>
#include <brdeck/base/text.h>
#include <brdeck/br/facts.h>

#include "cli_private.h"

enum { WAIT_MS = 10 * 60 * 1000, WANT_EACH_MS = 5000 };

enum aim { AIM_PHASE, AIM_LAG, AIM_COMPLETE, AIM_DELETE };

struct condition {
    enum aim aim;
    enum phase phase;
    int64_t lag_ms;
};

/* One Backup that is waited for: known by its uid, as another may take its name. */
struct awaited {
    char *ns, *name, *uid;
    bool v1, is_true;
    char never[300];   /* why it can never be; "" it may */
    char told[STATE_WORD_MAX];
};

struct waiting {
    struct session session;
    struct condition condition;
    struct awaited *items;
    size_t count;
    struct loop_timer want; /* of a lag: PD is asked, too, which no watch can tell of */
};

/* -- the condition ------------------------------------------------------------------------- */

/* Those that a Backup can be in: Restart is none, Repeatable is of sub-commands. */
bool wait_has_phase(enum phase phase) { return phase != PHASE_RESTART && phase != PHASE_REPEATABLE; }

static bool parse_phase(const char *word, enum phase *phase, struct error *err)
{
    struct str names;
    for (int i = PHASE_SCHEDULED; i < PHASE_OTHER; i++)
        if (wait_has_phase((enum phase)i) && strcasecmp(word, phase_name((enum phase)i)) == 0) {
            *phase = (enum phase)i;
            return true;
        }
    if (phase_parse(word) == PHASE_PAUSED) { /* "Pause", as the docs have it */
        *phase = PHASE_PAUSED;
        return true;
    }
    str_init(&names, 400);
    for (int i = PHASE_SCHEDULED; i < PHASE_OTHER; i++)
        if (wait_has_phase((enum phase)i))
            str_addf(&names, "%s%s", names.len ? ", " : "", phase_name((enum phase)i));
    error_set(err, ERROR_USAGE, "--for phase=%s: there is no such phase; there are %s", word, names.data);
    str_done(&names);
    return false;
}

static bool parse_condition(const char *text, struct condition *condition, struct error *err)
{
    *condition = (struct condition){.aim = AIM_COMPLETE};
    if (!text)
        return error_set(err, ERROR_USAGE, "wait for what? want --for phase=PHASE, 'lag<SPAN', complete or delete");
    if (strncasecmp(text, "phase=", 6) == 0) {
        condition->aim = AIM_PHASE;
        return parse_phase(text + 6, &condition->phase, err);
    }
    if (strncasecmp(text, "lag<", 4) == 0) {
        condition->aim = AIM_LAG;
        return (clock_parse_span(text + 4, &condition->lag_ms) && condition->lag_ms > 0) ||
               error_set(err, ERROR_USAGE, "--for %s: want a length of time behind the <, such as 5m", text);
    }
    if (strcasecmp(text, "delete") == 0)
        condition->aim = AIM_DELETE;
    else if (strcasecmp(text, "complete") != 0)
        return error_set(err, ERROR_USAGE, "--for %s: want phase=PHASE, 'lag<SPAN', complete or delete", text);
    return true;
}

static void add_condition(struct str *out, const struct condition *condition)
{
    char span[CLOCK_TEXT_MAX];
    if (condition->aim == AIM_PHASE)
        str_addf(out, "phase %s", phase_name(condition->phase));
    else if (condition->aim == AIM_LAG)
        str_addf(out, "a lag below %s", clock_format_span(condition->lag_ms, span));
    else
        str_add(out, condition->aim == AIM_DELETE ? "its end" : "phase Complete");
}

/* -- what is true, and what can never be ---------------------------------------------------- */

/* Phases that nothing leads out of (reference D): a log backup's failed start is final, as Stopped is. */
static bool is_final(const struct backup_record *record)
{
    if (record->mode == BACKUP_LOG)
        return record->phase == PHASE_STOPPED || record->phase == PHASE_FAILED || record->phase == PHASE_INVALID;
    return record->phase == PHASE_COMPLETE || record->phase == PHASE_FAILED || record->phase == PHASE_INVALID;
}

static bool is_deleting(const struct backup_record *record)
{
    return record->deleting_ms || record->phase == PHASE_CLEAN || record->phase == PHASE_CLEAN_FAILED;
}

static bool holds(const struct waiting *waiting, const struct backup_record *record, const struct backup_facts *facts)
{
    const struct condition *want = &waiting->condition;
    int64_t lag;
    switch (want->aim) {
    case AIM_PHASE: return record->phase == want->phase;
    case AIM_LAG:
        return state_lag(record, facts, fleet_now_ms(waiting->session.fleet), &lag, NULL) && lag < want->lag_ms;
    case AIM_COMPLETE: return record->mode != BACKUP_LOG && record->phase == PHASE_COMPLETE;
    case AIM_DELETE: return false; /* it is there */
    }
    return false;
}

static bool needs_log(const struct condition *want)
{
    return want->aim == AIM_LAG ||
           (want->aim == AIM_PHASE && (want->phase == PHASE_PAUSED || want->phase == PHASE_STOPPED));
}

/* The operator hides a log backup's Complete: it stays Running. */
static bool needs_snapshot(const struct condition *want)
{
    return want->aim == AIM_COMPLETE || (want->aim == AIM_PHASE && want->phase == PHASE_COMPLETE);
}

static bool is_of_cleaning(const struct condition *want)
{
    return want->aim == AIM_PHASE && (want->phase == PHASE_CLEAN || want->phase == PHASE_CLEAN_FAILED);
}

/* "" it may be still. */
static void see_never(const struct condition *want, const struct backup_record *record, char *why, size_t size)
{
    bool log = record->mode == BACKUP_LOG;
    const char *word = record->phase == PHASE_OTHER ? record->phase_text : phase_name(record->phase);
    why[0] = '\0';
    if (want->aim == AIM_DELETE || is_of_cleaning(want))
        return;
    if (needs_log(want) && !log)
        snprintf(why, size, "it is a snapshot backup: it has neither a checkpoint nor a pause");
    else if (needs_snapshot(want) && log)
        snprintf(why, size, "it is a log backup, which runs until it is stopped and is never Complete");
    else if (is_deleting(record))
        snprintf(why, size, "it is being deleted");
    else if (is_final(record) && record->reason && record->phase != PHASE_STOPPED && record->phase != PHASE_COMPLETE)
        snprintf(why, size, "it is %s, which is final: %s", word, record->message ? record->message : record->reason);
    else if (is_final(record))
        snprintf(why, size, "it is %s, which is final", word);
    secret_blot_buffer(why, size); /* what br says is quoted */
}

/* The row of @item; NULL: it is gone, or another has its name. */
static const struct store_row *find(const struct waiting *waiting, const struct awaited *item)
{
    const struct store *store = fleet_store(waiting->session.fleet);
    for (slot_t slot = 0; slot < store_slots(store); slot++) {
        const struct store_row *row = store_get(store, slot);
        if (row && row->record->v1 == item->v1 && strcmp(row->record->name, item->name) == 0 &&
            strcmp(row->record->ns, item->ns) == 0)
            return strcmp(row->record->uid, item->uid) == 0 ? row : NULL;
    }
    return NULL;
}

/* Past a length of time of one unit, "111s" or "2m"; @text where there is none. */
static const char *past_age(const char *text)
{
    const char *end = text + strspn(text, "0123456789");
    return end > text && *end && strchr("smhd", *end) && !isalnum((unsigned char)end[1]) ? end + 1 : text;
}

/* "not picked up, 61s" and "not picked up, 62s": nothing has come of it meanwhile. */
static bool only_aged(const char *a, const char *b)
{
    for (;;) {
        const char *a_end = past_age(a), *b_end = past_age(b);
        if (a_end > a && b_end > b) {
            a = a_end;
            b = b_end;
        } else if (*a != *b) {
            return false;
        } else if (!*a) {
            return true;
        } else {
            a++;
            b++;
        }
    }
}

static void look(struct waiting *waiting, struct awaited *item)
{
    const struct store_row *row = find(waiting, item);
    item->is_true = row ? holds(waiting, row->record, row->facts) : waiting->condition.aim == AIM_DELETE;
    item->never[0] = '\0';
    if (item->is_true)
        return;
    if (!row)
        snprintf(item->never, sizeof item->never, "it was deleted");
    else
        see_never(&waiting->condition, row->record, item->never, sizeof item->never);
    if (row && !item->never[0] && !only_aged(item->told, row->state.word)) {
        snprintf(item->told, sizeof item->told, "%s", row->state.word);
        cli_say("%s/%s: %s", item->ns, item->name, item->told);
    }
}

/* Where PD may be asked its checkpoint counts, as on the screen; where not, the object's alone. */
static void want_pd(void *arg)
{
    struct waiting *waiting = arg;
    for (size_t i = 0; i < waiting->count; i++) {
        const struct store_row *row = find(waiting, &waiting->items[i]);
        if (row && row->record->mode == BACKUP_LOG)
            br_pd_want(waiting->session.br, row->record);
    }
    loop_timer_set(&waiting->want, WANT_EACH_MS);
}

static bool is_over(void *arg)
{
    struct waiting *waiting = arg;
    bool all = true;
    session_tell_link(&waiting->session);
    if (fleet_error(waiting->session.fleet)->code != ERROR_NONE)
        return true;
    for (size_t i = 0; i < waiting->count; i++) {
        struct awaited *item = &waiting->items[i];
        if (item->is_true && waiting->condition.aim == AIM_DELETE)
            continue;
        look(waiting, item);
        if (item->never[0])
            return true;
        all = all && item->is_true;
    }
    return all;
}

/* -- the command --------------------------------------------------------------------------------- */

static int tell_end(struct waiting *waiting, bool over)
{
    const struct error *error = fleet_error(waiting->session.fleet);
    struct str want;
    int code = EXIT_DONE;
    str_init(&want, 200);
    add_condition(&want, &waiting->condition);
    for (size_t i = 0; i < waiting->count; i++) {
        const struct awaited *item = &waiting->items[i];
        struct str name;
        str_init(&name, 1024);
        text_add_clean(&name, item->name);
        if (item->is_true) {
            printf("backup.%s/%s: %s\n", fleet_resource(item->v1)->group, name.data, want.data);
        } else if (item->never[0]) {
            cli_say("%s/%s will never have %s: %s", item->ns, item->name, want.data, item->never);
            code = EXIT_FAILED;
        } else if (!over && !waiting->session.signal) {
            cli_say("%s/%s does not have %s in the time given; it is %s", item->ns, item->name, want.data,
                    item->told[0] ? item->told : "not known");
            code = code ? code : EXIT_TIMED_OUT;
        }
        str_done(&name);
    }
    str_done(&want);
    if (over && code == EXIT_DONE && error->code != ERROR_NONE)
        code = cli_fail(error);
    return over || code ? code : session_code(&waiting->session, EXIT_ERROR);
}

/* What is not there is an error, but for those who wait until it is gone. */
static int find_all(struct waiting *waiting)
{
    const struct session *s = &waiting->session;
    const struct arguments *args = s->args;
    int code = EXIT_DONE;
    for (size_t i = 0; i < args->word_count; i++) {
        int one = EXIT_DONE;
        const char *name = cli_name(args->words[i]);
        if (name && waiting->condition.aim == AIM_DELETE &&
            store_find(fleet_store(s->fleet), session_namespace(s), name) == SLOT_NONE) {
            cli_say("%s/%s is not there", session_namespace(s), name);
            continue;
        }
        slot_t slot = session_find(s, args->words[i], &one);
        code = code ? code : one;
        if (slot == SLOT_NONE)
            continue;
        const struct backup_record *record = store_get(fleet_store(s->fleet), slot)->record;
        waiting->items[waiting->count++] = (struct awaited){.ns = xstrdup(record->ns), .name = xstrdup(record->name),
                                                            .uid = xstrdup(record->uid), .v1 = record->v1};
    }
    return code;
}

static int wait_for(struct waiting *waiting)
{
    struct session *s = &waiting->session;
    struct str want;
    char span[CLOCK_TEXT_MAX];
    int64_t limit = s->args->timeout_ms >= 0 ? s->args->timeout_ms : WAIT_MS;
    waiting->items = xcalloc(s->args->word_count, sizeof *waiting->items);
    int code = find_all(waiting);
    if (code != EXIT_DONE || !waiting->count)
        return code;
    s->deadline_ms = clock_mono_ms() + limit;
    str_init(&want, 200);
    add_condition(&want, &waiting->condition);
    cli_say("waiting for %s, at most %s", want.data, clock_format_span(limit, span));
    str_done(&want);
    if (waiting->condition.aim == AIM_LAG) {
        session_runner(s, true);
        loop_timer_init(&waiting->want, s->loop, want_pd, waiting);
        want_pd(waiting);
    }
    bool over = session_wait(s, is_over, waiting);
    if (waiting->condition.aim == AIM_LAG)
        loop_timer_cancel(&waiting->want);
    return tell_end(waiting, over);
}

int run_wait(struct loop *loop, const struct arguments *args)
{
    struct waiting waiting = {.count = 0};
    struct error err;
    int code = EXIT_DONE;
    if (!args->word_count) {
        cli_say("wait for whom? want \"brdeck wait NAME... --for CONDITION\"");
        return EXIT_USAGE;
    }
    if (args->all_namespaces || (args->namespaces && args->namespaces[0] && args->namespaces[1])) {
        cli_say("wait takes names in one namespace: neither -A nor several");
        return EXIT_USAGE;
    }
    if (!parse_condition(args->wait_for, &waiting.condition, &err))
        return cli_fail(&err);
    for (size_t i = 0; i < args->word_count; i++)
        if (!cli_name(args->words[i]))
            return EXIT_USAGE;
    struct fleet_options options = {.name = args->word_count == 1 ? cli_name(args->words[0]) : NULL};
    if (session_open(&waiting.session, loop, args, &options, &code) && session_settle(&waiting.session, &code))
        code = wait_for(&waiting);
    session_done(&waiting.session);
    for (size_t i = 0; i < waiting.count; i++) {
        free(waiting.items[i].ns);
        free(waiting.items[i].name);
        free(waiting.items[i].uid);
    }
    free(waiting.items);
    return cli_end_of_output(code);
}
