#include <config.h>

#include <brdeck/br/journal.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>
#include <brdeck/base/secret.h>

#include "plan_exec.h"
#include "journal_process.h"

enum { JOURNAL_MODE = 0600 };

struct journal {
    char *path;
};

/* The file can be written, and is for its owner only, also when it was there before. */
static bool make_ready(const char *path, struct error *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                  JOURNAL_MODE); /* NONBLOCK: a pipe that nobody reads is an error, not a wait */
    struct stat st;
    bool good = fd >= 0 && fstat(fd, &st) == 0 && (!S_ISREG(st.st_mode) || fchmod(fd, JOURNAL_MODE) == 0);
    int why = errno;
    if (fd >= 0)
        close(fd);
    return good || error_set(err, ERROR_SYSTEM, "the journal %s cannot be written: %s; nothing is sent without it",
                             path, strerror(why));
}

struct journal *journal_open(const char *path, struct error *err)
{
    char *own = path ? xstrdup(path) : file_place(FILE_STATE, "journal.jsonl");
    char *slash = own ? strrchr(own, '/') : NULL;
    bool good = own != NULL || error_set(err, ERROR_SYSTEM,
                                         "there is no place for the journal: HOME is not set; nothing is sent "
                                         "without it");
    if (good && slash && slash != own) {
        char *folder = xstrndup(own, (size_t)(slash - own));
        struct error why;
        good = file_exists(folder) || file_make_folder(folder, &why) ||
               error_set(err, ERROR_SYSTEM, "the folder of the journal cannot be made: %.300s; nothing is sent "
                         "without it", why.text);
        free(folder);
    }
    if (!good || !make_ready(own, err)) {
        free(own);
        return NULL;
    }
    struct journal *journal = xmalloc(sizeof *journal);
    journal->path = own;
    return journal;
}

void journal_close(struct journal **journal)
{
    if (*journal)
        free((*journal)->path);
    free(*journal);
    *journal = NULL;
}

const char *journal_path(const struct journal *journal) { return journal->path; }

/* Whether the last line was cut short, by a full disk. */
static bool ends_in_half_a_line(const char *path)
{
    char last = '\n';
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return false;
    bool read_one = lseek(fd, -1, SEEK_END) >= 0 && read(fd, &last, 1) == 1;
    close(fd);
    return read_one && last != '\n';
}

/* One line on the disk. */
static bool write_line(const struct journal *journal, struct json **json, struct error *err)
{
    struct json *clean = secret_blot_json(*json);
    char *text = json_print(clean);
    json_free(&clean);
    char *line = xasprintf("%s%s", ends_in_half_a_line(journal->path) ? "\n" : "", text);
    free(text);
    bool good = file_append(journal->path, line, JOURNAL_MODE, true, err);
    free(line);
    json_free(json);
    return good;
}

static struct json *line_of(const struct br_run *run, const char *what)
{
    struct json *json = json_new_object();
    char time[CLOCK_TEXT_MAX];
    json_set_string(json, "time", clock_format_rfc3339(clock_wall_ms(), time));
    json_set_string(json, "what", what);
    json_set_string(json, "run", run->run_id);
    json_set_string(json, "action", run->action->name);
    json_set_bool(json, "retry", run->is_retry);
    json_set_string(json, "namespace", run->ns);
    json_set_string(json, "name", run->name);
    return json;
}

/* The object as it was, for looking up what became of the write; what is never looked at is left out. */
static struct json *journal_object(const struct json *object)
{
    struct json *copy = plan_redacted(object), *metadata = json_get_mut(copy, "metadata");
    if (json_type(metadata) == JSON_OBJECT) {
        json_remove(metadata, "managedFields");
        json_remove(metadata, "annotations");
    }
    return copy;
}

/* The same, and what tells where it is done, by whom and by which process. */
static struct json *line_of_plan(const struct br_run *run, const struct br_plan *plan, const char *what)
{
    struct json *json = line_of(run, what);
    json_set_string(json, "context", plan->context);
    json_set_string(json, "server", plan->server);
    json_set_string(json, "user", plan->user);
    json_set_string(json, "clusterUid", plan->cluster_uid);
    json_set_string(json, "group", fleet_resource(plan->v1)->group);
    json_set_string(json, "driver", br_driver_names[plan->driver]);
    if (plan->driver != BR_DRIVER_OPERATOR)
        json_set_string(json, "command", br_command_table[plan->command].id);
    json_set(json, "process", journal_process());
    return json;
}

bool journal_intent(struct journal *journal, const struct br_run *run, const struct br_plan *plan, struct error *err)
{
    struct json *json = line_of_plan(run, plan, "intent");
    if (plan->record) {
        json_set_string(json, "uid", plan->record->uid);
        json_set_string(json, "resourceVersion", plan->record->resource_version);
    }
    if (plan->sub)
        json_set_string(json, "subresource", plan->sub);
    if (plan->patch)
        json_set(json, plan_creates(plan) ? "manifest" : "patch", plan_redacted(plan->patch));
    if (plan->br_line)
        json_set_string(json, "br", plan->br_line);
    if (plan->object)
        json_set(json, "before", journal_object(plan->object));
    return write_line(journal, &json, err);
}

bool journal_cancel(struct journal *journal, const struct br_run *run, const struct br_plan *plan, struct error *err)
{
    struct json *json = line_of_plan(run, plan, "cancel");
    if (run->job[0])
        json_set_string(json, "job", run->job);
    return write_line(journal, &json, err);
}

static bool write_outcome(struct journal *journal, const struct br_run *run, bool left, struct error *err)
{
    struct json *json = line_of(run, "outcome");
    json_set_string(json, "outcome", br_outcome_word(run->outcome));
    json_set_string(json, "text", run->text);
    if (left)
        json_set_bool(json, "left", true);
    if (run->cause)
        json_set_string(json, "cause", run->cause->id);
    if (run->log_path[0])
        json_set_string(json, "log", run->log_path);
    return write_line(journal, &json, err);
}

bool journal_outcome(struct journal *journal, const struct br_run *run, struct error *err)
{
    return write_outcome(journal, run, false, err);
}

bool journal_left(struct journal *journal, const struct br_run *run, struct error *err)
{
    return write_outcome(journal, run, true, err);
}

static bool is_settled(const struct journal *journal, const char *run_id)
{
    struct journal_entries entries;
    bool settled = false;
    if (!journal_read(journal->path, 0, &entries, NULL))
        return false;
    for (size_t i = 0; i < entries.count; i++)
        if (strcmp(entries.items[i].run, run_id) == 0)
            settled = !entries.items[i].open && !str_same(entries.items[i].outcome, br_outcome_word(BR_UNKNOWN));
    journal_entries_done(&entries);
    return settled;
}

/* Held for a look and a line, so that of two brdecks one comes second. Where there are no locks both may write. A lock
 * of fcntl would go with the first descriptor of the file that this process closes. */
enum journal_settled journal_settle(struct journal *journal, const struct br_run *run, bool last, struct error *err)
{
    int fd = open(journal->path, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    bool busy = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK && !last;
    bool good = busy || is_settled(journal, run->run_id) || journal_outcome(journal, run, err);
    if (fd >= 0)
        close(fd);
    return busy ? JOURNAL_BUSY : good ? JOURNAL_SETTLED : JOURNAL_FAILED;
}
