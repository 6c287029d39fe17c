#include <config.h>

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>
#include <brdeck/br/argv.h>

/* What br writes, read by people's rules: its log lines, "[field=value]", and JSON, mixed as they come. */

/* -- log status --json --------------------------------------------------------------------------- */

/* How often over a text may be looked through: lines that begin like an array and do not end would make it endless. */
enum { LOOKS_MAX = 16 };

/* The length of the JSON array that begins at @text, by its brackets; 0: it does not end. */
static size_t array_len(const char *text, size_t len)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        if (quoted) {
            if (c == '\\')
                i++;
            quoted = c != '"';
        } else if (c == '"') {
            quoted = true;
        } else if (c == '[' || c == '{') {
            depth++;
        } else if ((c == ']' || c == '}') && --depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

/* Whether an array of objects, or an empty one, may begin there: br's log lines begin with '[', too, and a date. */
static bool looks_like_tasks(const char *text, size_t len)
{
    size_t i = 1;
    while (i < len && isspace((unsigned char)text[i]))
        i++;
    return i < len && (text[i] == '{' || text[i] == ']');
}

static struct json *tasks_at(const char *text, size_t len, size_t *size, size_t *budget)
{
    struct error err = {0};
    bool may_be = text[0] == '[' && looks_like_tasks(text, len) && *budget > 0;
    *size = may_be ? array_len(text, len) : 0;
    size_t looked = may_be ? 2 * (*size ? *size : len) : 0; /* once for its end, once to read it */
    *budget -= looked < *budget ? looked : *budget;
    struct json *json = *size ? json_parse(text, *size, &err) : NULL;
    JSON_EACH (task, json)
        if (json_type(task) != JSON_OBJECT || !json_string(task, "name")) {
            json_free(&json);
            break;
        }
    return json;
}

/* The last one in @text, each at the begin of a line. The caller frees. */
static struct json *find_tasks(const char *text, size_t len, size_t *at, size_t *size)
{
    struct json *found = NULL;
    size_t budget = LOOKS_MAX * len;
    for (size_t i = 0; i < len;) {
        size_t one;
        struct json *json = tasks_at(text + i, len - i, &one, &budget);
        if (json) {
            json_free(&found);
            found = json;
            *at = i;
            *size = one;
            i += one;
        }
        const char *end = i < len ? memchr(text + i, '\n', len - i) : NULL;
        i = end ? (size_t)(end - text) + 1 : len;
    }
    return found;
}

size_t br_status_find(const char *text, size_t len, size_t *at)
{
    size_t size = 0;
    struct json *json = find_tasks(text, len, at, &size);
    json_free(&json);
    return size;
}

static char *copy_text(const struct json *object, const char *key)
{
    const char *text = json_string(object, key);
    return xstrdup(text ? text : "");
}

static uint64_t number(const struct json *object, const char *key)
{
    uint64_t n = 0;
    json_uint(json_get(object, key), &n);
    return n;
}

static int64_t signed_number(const struct json *object, const char *key)
{
    int64_t n = 0;
    json_int(json_get(object, key), &n);
    return n;
}

static void read_progress(struct br_status_task *task, const struct json *list)
{
    if (json_type(list) != JSON_ARRAY || !json_count(list))
        return;
    task->progress = xcalloc(json_count(list), sizeof *task->progress);
    JSON_EACH (store, list) {
        task->progress[task->progress_count].store = signed_number(store, "store_id");
        task->progress[task->progress_count++].checkpoint = number(store, "checkpoint");
    }
}

static void read_errors(struct br_status_task *task, const struct json *list)
{
    if (json_type(list) != JSON_ARRAY || !json_count(list))
        return;
    task->errors = xcalloc(json_count(list), sizeof *task->errors);
    JSON_EACH (entry, list) {
        const struct json *error = json_get(entry, "last_error");
        task->errors[task->error_count].store = signed_number(entry, "store_id");
        task->errors[task->error_count].at_ms = signed_number(error, "happen_at");
        task->errors[task->error_count].code = copy_text(error, "error_code");
        task->errors[task->error_count++].message = copy_text(error, "error_message");
    }
}

bool br_status_parse(const char *text, size_t len, struct br_status *status, struct error *err)
{
    size_t at, size;
    *status = (struct br_status){0};
    struct json *json = find_tasks(text, len, &at, &size);
    if (!json)
        return error_set(err, ERROR_FAILED, "br answered without the JSON of its tasks");
    status->tasks = xcalloc(json_count(json) + 1, sizeof *status->tasks);
    JSON_EACH (one, json) {
        struct br_status_task *task = &status->tasks[status->count++];
        task->name = copy_text(one, "name");
        task->status = copy_text(one, "status");
        task->storage = copy_text(one, "storage");
        task->start_ts = number(one, "start_ts");
        task->end_ts = number(one, "end_ts");
        task->checkpoint = number(one, "checkpoint");
        json_double(json_get(one, "estimate_qps"), &task->qps);
        read_progress(task, json_get(one, "progress"));
        read_errors(task, json_get(one, "last_errors"));
    }
    json_free(&json);
    return true;
}

void br_status_done(struct br_status *status)
{
    for (size_t i = 0; i < status->count; i++) {
        struct br_status_task *task = &status->tasks[i];
        for (size_t k = 0; k < task->error_count; k++) {
            free(task->errors[k].code);
            free(task->errors[k].message);
        }
        free(task->name);
        free(task->status);
        free(task->storage);
        free(task->progress);
        free(task->errors);
    }
    free(status->tasks);
    *status = (struct br_status){0};
}

/* -- lines ------------------------------------------------------------------------------------------ */

/* Where @needle ends in the @len bytes at @text; NULL: it is not there. */
static const char *after(const char *text, size_t len, const char *needle)
{
    size_t size = strlen(needle);
    for (size_t i = 0; i + size <= len; i++)
        if (memcmp(text + i, needle, size) == 0)
            return text + i + size;
    return NULL;
}

/* The digits at @text, up to @end. */
static bool digits(const char *text, const char *end, uint64_t *out)
{
    uint64_t n = 0;
    const char *at = text;
    for (; at < end && isdigit((unsigned char)*at); at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        if (n > (UINT64_MAX - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    if (at == text)
        return false;
    *out = n;
    return true;
}

static bool field(const char *line, size_t len, const char *name, uint64_t *out)
{
    const char *value = after(line, len, name);
    return value && digits(value, line + len, out);
}

bool br_metadata_parse(const char *line, size_t len, struct br_metadata *metadata)
{
    struct br_metadata found = {0};
    if (!after(line, len, "[\"log metadata\"]") || !field(line, len, "[log-min-ts=", &found.min) ||
        !field(line, len, "[log-max-ts=", &found.max))
        return false;
    *metadata = found;
    return true;
}

bool br_progress_parse(const char *line, size_t len, char *step, size_t size, double *percent)
{
    const char *at = after(line, len, "[progress] [step="), *end = line + len;
    if (!at || at >= end)
        return false;
    bool quoted = *at == '"';
    at += quoted;
    const char *stop = memchr(at, quoted ? '"' : ']', (size_t)(end - at));
    const char *value = stop ? after(stop, (size_t)(end - stop), "[progress=") : NULL;
    char text[16];
    size_t width = 0;
    while (value && value + width < end && width + 1 < sizeof text &&
           (isdigit((unsigned char)value[width]) || value[width] == '.'))
        width++;
    if (!value || !width || value + width >= end || value[width] != '%')
        return false;
    memcpy(text, value, width);
    text[width] = '\0';
    if (size) {
        size_t n = (size_t)(stop - at) < size - 1 ? (size_t)(stop - at) : size - 1;
        memcpy(step, at, n);
        step[n] = '\0';
    }
    *percent = strtod(text, NULL);
    return true;
}

/* A line that is nothing but a number; the last one counts. */
tso_t br_decode_parse(const char *text, size_t len)
{
    tso_t found = 0;
    size_t next = 0, size;
    for (const char *at; (at = str_next_line(text, len, &next, &size)) != NULL;) {
        const char *end = at + size;
        uint64_t n;
        while (at < end && isspace((unsigned char)*at))
            at++;
        while (end > at && isspace((unsigned char)end[-1]))
            end--;
        const char *last = at;
        while (last < end && isdigit((unsigned char)*last))
            last++;
        if (last == end && digits(at, end, &n))
            found = n;
    }
    return found;
}
