#include <config.h>

#include <brdeck/br/journal.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <uthash.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>

#include "journal_process.h"

/* -- entries ----------------------------------------------------------------------------- */

/* Where the entry of a run is, while the file is read. */
struct place {
    UT_hash_handle hh;
    size_t at;
    bool lives;        /* the process that wrote it */
    char run[];
};
struct reading {
    struct journal_entries *entries;
    struct place *places;
    int64_t since_ms;
};

static char *copy_of(const struct json *line, const char *key)
{
    const char *text = json_string(line, key);
    return xstrdup(text ? text : "");
}

static int64_t time_of(const struct json *line)
{
    int64_t ms = 0;
    clock_parse_rfc3339(json_string(line, "time"), &ms);
    return ms;
}

static void free_entry(struct journal_entry *entry)
{
    char *strings[] = {entry->run, entry->action, entry->ns, entry->name, entry->context, entry->server, entry->user,
                       entry->cluster_uid, entry->uid, entry->group, entry->driver, entry->outcome, entry->text};
    for (size_t i = 0; i < ARRAY_LEN(strings); i++)
        free(strings[i]);
    json_free(&entry->intent);
}

static void fill_entry(struct journal_entry *entry, struct json *line)
{
    *entry = (struct journal_entry){
        .run = copy_of(line, "run"), .action = copy_of(line, "action"), .ns = copy_of(line, "namespace"),
        .name = copy_of(line, "name"), .context = copy_of(line, "context"), .server = copy_of(line, "server"),
        .user = copy_of(line, "user"), .cluster_uid = copy_of(line, "clusterUid"), .uid = copy_of(line, "uid"),
        .group = copy_of(line, "group"), .driver = copy_of(line, "driver"),
        .retry = json_is_true(json_get(line, "retry")), .at_ms = time_of(line), .open = true, .intent = line};
}

static struct place *place_of(struct reading *r, const char *run)
{
    struct place *place = NULL;
    HASH_FIND_STR(r->places, run, place);
    return place;
}

static struct place *add_place(struct reading *r, const char *run)
{
    struct journal_entries *entries = r->entries;
    if (entries->count == entries->room) {
        entries->room = entries->room ? entries->room * 2 : 32;
        entries->items = xreallocarray(entries->items, entries->room, sizeof *entries->items);
    }
    size_t len = strlen(run) + 1;
    struct place *place = xcalloc(1, sizeof *place + len);
    memcpy(place->run, run, len);
    place->at = entries->count++;
    HASH_ADD_STR(r->places, run, place);
    return place;
}

/* A write that is sent again has another intent of the same run: the last one is what was sent. */
static void on_intent(struct reading *r, const char *run, struct json **line)
{
    if (time_of(*line) < r->since_ms)
        return;
    struct place *place = place_of(r, run);
    if (!place) {
        place = add_place(r, run);
        fill_entry(&r->entries->items[place->at], *line);
    } else {
        struct journal_entry *entry = &r->entries->items[place->at];
        int64_t at_ms = entry->at_ms;
        free_entry(entry);
        fill_entry(entry, *line);
        entry->at_ms = at_ms;
    }
    place->lives = journal_process_lives(json_get(*line, "process"), time_of(*line));
    *line = NULL;
}

/* Of a run that somebody else began there is no other line. */
static void on_cancel(struct reading *r, const char *run, struct json **line)
{
    struct place *place = place_of(r, run);
    int64_t at_ms = time_of(*line);
    bool lives = journal_process_lives(json_get(*line, "process"), at_ms);
    if (!place && at_ms < r->since_ms)
        return;
    if (!place) {
        place = add_place(r, run);
        fill_entry(&r->entries->items[place->at], *line);
        *line = NULL;
    }
    r->entries->items[place->at].cancelled_ms = at_ms;
    place->lives = lives;
}

static void on_outcome(struct reading *r, const char *run, const struct json *line)
{
    struct place *place = place_of(r, run);
    if (!place)
        return;
    struct journal_entry *entry = &r->entries->items[place->at];
    free(entry->outcome);
    free(entry->text);
    entry->outcome = copy_of(line, "outcome");
    entry->text = copy_of(line, "text");
    entry->ended_ms = time_of(line);
    entry->open = json_is_true(json_get(line, "left"));
    place->lives = false; /* it has done with it */
}

static void on_line(struct reading *r, const char *text, size_t len)
{
    if (!len)
        return;
    struct json *line = json_parse(text, len, NULL);
    const char *what = json_string(line, "what"), *run = json_string(line, "run");
    if (!line)
        r->entries->bad++;
    else if (str_empty(run))
        ; /* JSON, and nothing of ours */
    else if (str_same(what, "intent"))
        on_intent(r, run, &line);
    else if (str_same(what, "cancel"))
        on_cancel(r, run, &line);
    else if (str_same(what, "outcome"))
        on_outcome(r, run, line);
    json_free(&line);
}

/* -- the file ---------------------------------------------------------------------------- */

struct lines {
    struct str held; /* the line that is not whole yet */
    bool too_long;
};

static void take_bytes(struct reading *r, struct lines *lines, const char *bytes, size_t len)
{
    while (len) {
        const char *end = memchr(bytes, '\n', len);
        size_t part = end ? (size_t)(end - bytes) : len;
        lines->too_long = !str_addn(&lines->held, bytes, part) || lines->too_long;
        if (end) {
            if (lines->too_long)
                r->entries->bad++;
            else
                on_line(r, lines->held.data, lines->held.len);
            str_clear(&lines->held);
            lines->held.cut = lines->too_long = false;
            part++;
        }
        bytes += part;
        len -= part;
    }
}

static bool read_all(struct reading *r, int fd, const char *path, struct error *err)
{
    enum { BLOCK = 64 * 1024 };
    char *block = xmalloc(BLOCK);
    struct lines lines = {0};
    str_init(&lines.held, JOURNAL_LINE_MAX);
    ssize_t n;
    while ((n = read(fd, block, BLOCK)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            take_bytes(r, &lines, block, (size_t)n);
    bool good = n == 0 || error_set(err, ERROR_SYSTEM, "the journal %s cannot be read: %s", path, strerror(errno));
    if (good && lines.held.len && !lines.too_long) { /* it has no end: half of one, or just being written */
        size_t bad = r->entries->bad;
        on_line(r, lines.held.data, lines.held.len);
        r->entries->bad = bad;
    }
    str_done(&lines.held);
    free(block);
    return good;
}

static void take_lives(struct reading *r)
{
    struct place *place, *next;
    HASH_ITER(hh, r->places, place, next) {
        struct journal_entry *entry = &r->entries->items[place->at];
        entry->lives = entry->open && place->lives;
        HASH_DEL(r->places, place);
        free(place);
    }
}

bool journal_read(const char *path, int64_t since_ms, struct journal_entries *entries, struct error *err)
{
    *entries = (struct journal_entries){0};
    char *own = path ? xstrdup(path) : file_place(FILE_STATE, "journal.jsonl");
    if (!own)
        return error_set(err, ERROR_SYSTEM, "there is no place for the journal: HOME is not set");
    struct reading r = {.entries = entries, .since_ms = since_ms};
    int fd = open(own, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    bool good = fd >= 0 ? read_all(&r, fd, own, err) :
                errno == ENOENT || error_set(err, ERROR_SYSTEM, "the journal %s cannot be read: %s", own,
                                             strerror(errno));
    if (fd >= 0)
        close(fd);
    take_lives(&r);
    if (!good)
        journal_entries_done(entries);
    free(own);
    return good;
}

void journal_entries_done(struct journal_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        free_entry(&entries->items[i]);
    free(entries->items);
    *entries = (struct journal_entries){0};
}
