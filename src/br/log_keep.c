/* log_keep.c - logs that outlive their Pods: files in the state folder.
 *
 * A file's name tells whose log it is and when that ended, ns_name_job_20261122T141013.123Z.log: no name in Kubernetes
 * has an underscore.
 */
#include <config.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>
#include <brdeck/base/log.h>
#include <brdeck/base/str.h>

#include "log_private.h"

#define SUFFIX ".log"
enum { PART_MAX = 70, STAMP_LEN = sizeof "20261122T141013.123Z" - 1 };

/* -- names ------------------------------------------------------------------------------------ */

/* A name as a part of a file's: nothing in it leaves the folder, and one that is too long ends in its hash. */
static void add_part(struct str *out, const char *text)
{
    uint32_t hash = UINT32_C(2166136261); /* FNV-1a */
    size_t len = strlen(text), begin = out->len;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ (unsigned char)text[i]) * UINT32_C(16777619);
    for (size_t i = 0; i < len && i < PART_MAX - 9; i++) {
        char c = text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        str_addc(out, plain || (c == '.' && out->len > begin) ? c : '-');
    }
    if (len >= PART_MAX - 9)
        str_addf(out, "~%08x", (unsigned)hash);
}

static void add_stamp(struct str *out, int64_t ms)
{
    char text[CLOCK_TEXT_MAX];
    clock_format_rfc3339(ms, text); /* 2026-11-22T14:10:13Z */
    for (const char *c = text; *c && *c != 'Z' && *c != '.'; c++)
        if (*c != '-' && *c != ':')
            str_addc(out, *c);
    str_addf(out, ".%03dZ", (int)(ms % 1000));
}

/* The stamp in a file's name; NULL: it is none of ours. */
static const char *stamp_of(const char *file)
{
    const char *last = strrchr(file, '_');
    bool ours = last && strlen(last + 1) == STAMP_LEN + sizeof SUFFIX - 1 && strcmp(last + 1 + STAMP_LEN, SUFFIX) == 0;
    return ours ? last + 1 : NULL;
}

static int64_t stamp_ms(const char *stamp)
{
    char text[CLOCK_TEXT_MAX];
    int64_t ms = 0;
    snprintf(text, sizeof text, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2s.%.3sZ", stamp, stamp + 4, stamp + 6, stamp + 9,
             stamp + 11, stamp + 13, stamp + 16);
    return clock_parse_rfc3339(text, &ms) ? ms : 0;
}

static char *folder_of_logs(void) { return file_place(FILE_STATE, "logs"); }

/* -- the folder ----------------------------------------------------------------------------------- */

struct files {
    char **names;
    size_t count, room;
};

/* The newest first. */
static int by_stamp(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    int order = strcmp(stamp_of(y), stamp_of(x));
    return order ? order : strcmp(x, y);
}

/* Files whose names begin so, the newest first. */
static void list_files(const char *folder, const char *prefix, struct files *files)
{
    *files = (struct files){.names = NULL};
    DIR *dir = opendir(folder);
    for (const struct dirent *entry; dir && (entry = readdir(dir));) {
        if (!stamp_of(entry->d_name) || !str_starts(entry->d_name, prefix))
            continue;
        if (files->count == files->room) {
            files->room = files->room ? 2 * files->room : 64;
            files->names = xreallocarray(files->names, files->room, sizeof *files->names);
        }
        files->names[files->count++] = xstrdup(entry->d_name);
    }
    if (dir)
        closedir(dir);
    if (files->count)
        qsort(files->names, files->count, sizeof *files->names, by_stamp);
}

static void files_done(struct files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->names[i]);
    free(files->names);
}

static void drop_old(const char *folder)
{
    struct files files;
    list_files(folder, "", &files);
    for (size_t i = LOG_FILES_MAX; i < files.count; i++) {
        char *path = xasprintf("%s/%s", folder, files.names[i]);
        if (unlink(path) != 0)
            log_warn("%s cannot be removed: %s", path, strerror(errno));
        free(path);
    }
    files_done(&files);
}

/* -- in and out ------------------------------------------------------------------------------------- */

bool log_kept_read(const char *ns, const char *name, const char *job, size_t nth, struct str *out, char *path,
                   size_t size, int64_t *at_ms)
{
    struct str prefix;
    struct files files;
    char *folder = folder_of_logs();
    if (!folder)
        return false;
    str_init(&prefix, STR_SMALL);
    add_part(&prefix, ns);
    str_addc(&prefix, '_');
    add_part(&prefix, name);
    str_addc(&prefix, '_');
    if (job) {
        add_part(&prefix, job);
        str_addc(&prefix, '_');
    }
    list_files(folder, prefix.data, &files);
    bool found = nth < files.count;
    if (found) {
        snprintf(path, size, "%s/%s", folder, files.names[nth]);
        *at_ms = stamp_ms(stamp_of(files.names[nth]));
        found = file_read(path, out, NULL);
    }
    files_done(&files);
    str_done(&prefix);
    free(folder);
    return found;
}

bool log_kept_write(const char *ns, const char *name, const char *job, int64_t at_ms, const char *text, size_t len,
                    char *path, size_t size, struct error *err)
{
    struct str file;
    char *folder = folder_of_logs();
    if (!folder)
        return error_set(err, ERROR_SYSTEM, "there is no place to keep the log: HOME is not set");
    str_init(&file, STR_SMALL);
    str_addf(&file, "%s/", folder);
    add_part(&file, ns);
    str_addc(&file, '_');
    add_part(&file, name);
    str_addc(&file, '_');
    add_part(&file, *job ? job : "job");
    str_addc(&file, '_');
    add_stamp(&file, at_ms);
    str_add(&file, SUFFIX);
    bool good = file_make_folder(folder, err) && (chmod(folder, 0700) == 0 ||
                error_set(err, ERROR_SYSTEM, "%s cannot be closed to others: %s", folder, strerror(errno))) &&
                file_write(file.data, text, len, 0600, err);
    if (good) {
        snprintf(path, size, "%s", file.data);
        drop_old(folder);
    }
    str_done(&file);
    free(folder);
    return good;
}
