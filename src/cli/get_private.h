/* get_private.h - `brdeck get`, cut between its parts.
 *
 * get.c       the command, whole objects, which rows
 * get_table.c rows as cells
 * get_watch.c what changes, with -w
 */
#ifndef BRDECK_SRC_CLI_GET_PRIVATE_H
#define BRDECK_SRC_CLI_GET_PRIVATE_H

#include <brdeck/backup/kind.h>
#include <brdeck/base/json.h>

#include "asking.h"
#include "cli_private.h"

enum form { FORM_TABLE, FORM_WIDE, FORM_JSON, FORM_YAML, FORM_NAME };

/* By slot: what was printed of it, for when it is deleted, or only its facts change. */
struct printed {
    char *ns, *name;     /* NULL: nothing */
    char *version;       /* the object's resourceVersion */
    const char *word;    /* of its state; the store's */
    tso_t checkpoint;    /* the one that was shown */
};

struct get {
    struct session session;
    enum form form;
    const char **names;       /* empty: all */
    size_t name_count;
    enum tso_style style;     /* of times in tables */
    bool with_namespace;
    int column;               /* rows are sorted by it; -1: namespace, name */
    bool reverse;
    struct json *items;       /* of -o json and yaml: the whole objects */
    bool broken;              /* stdout is gone */
    int broken_errno;
    size_t *widths;           /* of the columns, while rows follow each other */
    struct str *cells;        /* of the row under way, as many as columns */
    bool asks;                /* what is known beside the objects is shown, too */
    struct asking asking;
    struct printed *printed;
    size_t printed_count;
};

bool get_is_wanted(const struct get *get, const char *name);
bool get_is_whole(const struct get *get); /* -o json, yaml */
/* To stdout, unless that is gone. */
void get_put(struct get *get, const char *text);
void get_flush(struct get *get);
/* A row that is wanted. */
struct get_row {
    const struct store_row *row;
    slot_t slot;
    const struct get *get;    /* how it is sorted */
};
/* Ask for what concerns the rows that are wanted now. */
void get_ask(struct get *get);

/* get_table.c; @row NULL: the titles */
void get_widen(struct get *get, const struct store_row *row);
void get_print_row(struct get *get, const struct store_row *row);
void get_print_cells(struct get *get);
void get_print_name(struct get *get, const struct store_row *row);

/* get_watch.c: until a signal, or stdout is gone. What stands in the store now was printed. */
void get_follow(struct get *get, struct store_feed *feed);
void get_forget(struct get *get);

#endif
