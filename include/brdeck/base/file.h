/* file.h - whole files, in and out, and where things are kept. */
#ifndef BRDECK_BASE_FILE_H
#define BRDECK_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/base/error.h>
#include <brdeck/base/str.h>

/* Append the whole file to @out; "-" is stdin. False and @err ("PATH: No such file
 * or directory"; ERROR_MISSING when it is not there, else ERROR_SYSTEM; larger than
 * @out may hold: ERROR_INPUT). */
bool file_read(const char *path, struct str *out, struct error *err);
/* Write @len bytes to @path by way of a new file beside it, fsynced, then renamed:
 * the old one or the new one is there, never half. */
bool file_write(const char *path, const char *bytes, size_t len, unsigned mode, struct error *err);
/* Append one line to @path (made with @mode), in one write, fsynced when @sync. */
bool file_append(const char *path, const char *line, unsigned mode, bool sync, struct error *err);
/* mkdir -p with mode 0700. */
bool file_make_folder(const char *path, struct error *err);
bool file_exists(const char *path);

enum file_place { FILE_CONFIG, FILE_STATE, FILE_CACHE };
/* brdeck's folder of that kind: $BRDECK_CONFIG_DIR (config only), $XDG_CONFIG_HOME/brdeck
 * or ~/.config/brdeck; likewise XDG_STATE_HOME (~/.local/state) and XDG_CACHE_HOME (~/.cache).
 * With @name, that file in it. The caller frees. */
char *file_place(enum file_place place, const char *name);

/* Base64 (RFC 4648, line breaks allowed on input). The decoded bytes are NUL-terminated;
 * NULL when @text is no base64. The caller frees. */
char *base64_encode(const void *bytes, size_t len);
char *base64_decode(const char *text, size_t *len);
/* Overwrite memory that held a secret. */
void wipe(void *bytes, size_t len);
/* A number below @limit, for jitter and run ids; not for keys. */
unsigned random_below(unsigned limit);

#endif
