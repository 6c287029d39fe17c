/* yaml_reader.h - the reader's inside, cut between its parts.
 *
 * yaml_read.c    events, collections, documents
 * yaml_scalar.c  the text of one scalar becomes a value
 * yaml_anchor.c  anchors, aliases, and what their copies cost
 */
#ifndef BRDECK_KUBE_YAML_READER_H
#define BRDECK_KUBE_YAML_READER_H

#include "yaml_private.h"

#include <yaml.h>

enum { YAML_KEY_SHOWN = 60 /* bytes of a key in an error */ };

struct yaml_anchor {
    char *name;
    struct json *value; /* a copy; NULL: not complete yet */
};

struct yaml_reader {
    yaml_parser_t parser;
    yaml_event_t event; /* the one to look at */
    const char *name, *text;
    size_t copied;
    struct yaml_anchor *anchors;
    size_t anchor_count;
    struct yaml_lines *lines;
    struct error *err;
};

/* -- yaml_read.c -- */

/* Say what is wrong at @line; NULL (false) for the caller to return. */
__attribute__((format(printf, 3, 4)))
struct json *yaml_fail(struct yaml_reader *r, size_t line, const char *format, ...);
/* Where r->event stands. */
size_t yaml_line_of(const struct yaml_reader *r);

/* -- yaml_scalar.c -- */

/* r->event as a value; NULL after an error. */
struct json *yaml_read_scalar(struct yaml_reader *r);
/* Its text, which lives as long as the event; NULL when it holds a NUL ("\0"), which no string of ours can. */
const char *yaml_scalar_text(struct yaml_reader *r);
/* Whether a value of @type may have the tag @name; false after an error. */
bool yaml_tag_fits(struct yaml_reader *r, const yaml_char_t *name, enum json_type type);

/* -- yaml_anchor.c -- */

/* Remember @name, its value to come in r->anchors[*number]. */
bool yaml_anchor_begin(struct yaml_reader *r, const yaml_char_t *name, size_t *number);
void yaml_anchors_clear(struct yaml_reader *r);
/* What the alias in r->event stands for, a copy; NULL after an error. */
struct json *yaml_read_alias(struct yaml_reader *r, unsigned depth);
/* A copy that is paid for; NULL when it would be too much. */
struct json *yaml_copy_paid(struct yaml_reader *r, const struct json *json, unsigned depth);

#endif
