/* kind.h - a kind of resource as one const table: names, columns. */
#ifndef BRDECK_BACKUP_KIND_H
#define BRDECK_BACKUP_KIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/backup/state.h>
#include <brdeck/base/str.h>

/* What a cell is printed with. */
struct column_context {
    int64_t now_ms;        /* corrected wall time */
    enum tso_style style;  /* of COMMITTS, CHECKPOINT, TRUNCATED UNTIL, STARTED */
    bool ascii;
};
struct cell {
    struct str text;       /* owned by the caller: str_init before, str_done after */
    enum role role;
    int64_t holds_ms;      /* for how long it reads so if the object does not change; INT64_MAX: for ever */
};

/* A row as orders compare it. */
struct column_row {
    const struct backup_record *record;
    const struct backup_facts *facts; /* NULL: none */
    const struct backup_state *state;
};

struct column {
    const char *title;     /* "COMMITTS" */
    const char *name;      /* for sort, filter and options: "committs" */
    const char *help;
    unsigned least, ideal; /* columns of the screen; ideal 0: as wide as there is room. Of times: in the short style */
    unsigned keep;         /* the lower, the sooner it goes when there is no room; 0: only in the wide form */
    bool right;            /* aligned right */
    void (*print)(const struct column_context *ctx, const struct backup_record *record,
                  const struct backup_facts *facts, const struct backup_state *state, struct cell *cell);
    /* Order, by what the cell shows: of CHECKPOINT and LAG that is PD's where it is fresher. Ties are broken by
     * namespace, name. */
    int (*compare)(const struct column_row *a, const struct column_row *b);
};

struct kind {
    const struct column *columns;
    size_t column_count;
};
extern const struct kind kind_backup;
/* -1: no column of that name (titles are taken too, any case). */
int kind_column(const struct kind *kind, const char *name);

#endif
