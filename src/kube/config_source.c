#include <config.h>

#include "config_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>

enum { CREDENTIAL_MAX = 1024 * 1024 };

/* The whole of a plain file: never of a pipe or a device, which would make us wait. */
static bool read_plain(const char *path, const char *where, const char *what, char **out, struct error *err)
{
    struct stat info;
    struct error why = {0};
    struct str text;
    if (stat(path, &info) != 0)
        return error_set(err, ERROR_INPUT, "%s: %s: %s: %s", where, what, path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return error_set(err, ERROR_INPUT, "%s: %s: %s is no plain file", where, what, path);
    str_init(&text, CREDENTIAL_MAX);
    bool done = file_read(path, &text, &why);
    if (!done)
        error_set(err, ERROR_INPUT, "%s: %s: %s", where, what, why.text);
    else if (strlen(text.data) != text.len)
        done = error_set(err, ERROR_INPUT, "%s: %s: %s is no text", where, what, path);
    if (done)
        *out = xmemdup(text.data, text.len + 1);
    wipe(text.data, text.cap);
    str_done(&text);
    return done;
}

bool kube_flag_file(const char *path, const char *flag, char **out, struct error *err)
{
    return read_plain(path, "command line", flag, out, err);
}

static bool read_data(const struct kube_source *source, const struct json *node, char **out, struct error *err)
{
    size_t len = 0;
    char *bytes = base64_decode(json_text(node), &len);
    if (bytes && strlen(bytes) == len) {
        *out = bytes;
        return true;
    }
    if (bytes)
        wipe(bytes, len);
    free(bytes);
    char *where = kube_config_where(source->config, source->entry, node);
    error_set(err, ERROR_INPUT, "%s: %s-data is no base64 of a text", where, source->what);
    free(where);
    return false;
}

bool kube_source_read(const struct kube_source *source, char **out, struct error *err)
{
    char *data_key = xasprintf("%s-data", source->what);
    const struct json *data = json_get(source->entry->value, data_key);
    const struct json *file = json_get(source->entry->value, source->what);
    free(data_key);
    *out = NULL;
    if (!str_empty(json_text(data)))
        return read_data(source, data, out, err);
    if (str_empty(json_text(file)))
        return true;
    char *path = kube_entry_path(source->config, source->entry, json_text(file));
    char *where = kube_config_where(source->config, source->entry, file);
    bool done = read_plain(path, where, source->what, out, err);
    free(path);
    free(where);
    return done;
}
