/* ini_read.h - an INI file, entry by entry, each with its line. */
#ifndef BRDECK_CONF_INI_READ_H
#define BRDECK_CONF_INI_READ_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/base/error.h>

/* @where is "PATH:LINE", for the error. All of it lives during the call only. False ends the reading. */
typedef bool ini_entry_fn(void *arg, const char *section, const char *name, const char *value, const char *where,
                          struct error *err);

/* Read @len bytes of @text, which came from @path. False and @err: "PATH:LINE: what". Lines may be
 * indented; one that goes on from the line before is not known here. */
bool ini_read(const char *path, const char *text, size_t len, ini_entry_fn *fn, void *arg, struct error *err);

#endif
