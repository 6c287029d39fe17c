/* describe_line.c - the lines that descriptions are made of. */
#include <config.h>

#include "describe_private.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/secret.h>

void description_init(struct description *d) { *d = (struct description){0}; }

void description_done(struct description *d)
{
    for (size_t i = 0; i < d->count; i++) {
        free(d->lines[i].label);
        free(d->lines[i].text);
    }
    free(d->lines);
    description_init(d);
}

void description_add(struct description *d, enum role role, unsigned indent, const char *label, const char *format, ...)
{
    struct str text, clean;
    va_list args;
    if (d->count == d->room) {
        d->room = d->room ? d->room * 2 : 16;
        d->lines = xreallocarray(d->lines, d->room, sizeof *d->lines);
    }
    str_init(&text, STR_SMALL);
    str_init(&clean, STR_SMALL);
    va_start(args, format);
    str_vaddf(&text, format, args);
    va_end(args);
    secret_blot(&clean, text.data, text.len, SECRET_IN_TEXT);
    str_done(&text);
    d->lines[d->count++] = (struct describe_line){role, indent, xstrdup(label), str_take(&clean)};
}

void describe_heading(struct description *d, const char *text)
{
    description_add(d, ROLE_TEXT, 0, NULL, "%s", "");
    description_add(d, ROLE_TITLE, 0, NULL, "%s", text);
}

void describe_text(struct description *d, const char *label, const char *text)
{
    if (!str_empty(text))
        description_add(d, ROLE_TEXT, 2, label, "%s", text);
}

void describe_time(struct description *d, const char *label, int64_t ms)
{
    char local[TSO_TEXT_MAX], utc[TSO_TEXT_MAX];
    if (ms)
        description_add(d, ROLE_TEXT, 2, label, "%s   %s", tso_format_ms(ms, TSO_LOCAL, 0, local),
                        tso_format_ms(ms, TSO_RFC3339, 0, utc));
}

void describe_tso(struct description *d, const char *label, tso_t ts)
{
    char local[TSO_TEXT_MAX], utc[TSO_TEXT_MAX];
    if (ts)
        description_add(d, ROLE_TEXT, 2, label, "%s   %s   TSO %" PRIu64, tso_format(ts, TSO_LOCAL, 0, local),
                        tso_format(ts, TSO_RFC3339, 0, utc), ts);
}
