/* describe.h - a Backup in full, as labelled lines with roles; front ends only print them. */
#ifndef BRDECK_BACKUP_DESCRIBE_H
#define BRDECK_BACKUP_DESCRIBE_H

#include <stddef.h>
#include <stdint.h>

#include <brdeck/backup/action.h>
#include <brdeck/backup/facts.h>
#include <brdeck/backup/record.h>
#include <brdeck/backup/state.h>
#include <brdeck/backup/window.h>

struct describe_line {
    enum role role;   /* of the text */
    unsigned indent;  /* columns */
    char *label;      /* NULL: none */
    char *text;       /* raw from the cluster but for secrets, which are blotted: clean it at the gate */
};
struct description {
    struct describe_line *lines;
    size_t count, room;
};
void description_init(struct description *d);
void description_done(struct description *d);
__attribute__((format(printf, 5, 6)))
void description_add(struct description *d, enum role role, unsigned indent, const char *label,
                     const char *format, ...);

struct describe_context {
    const struct backup_facts *facts; /* NULL: none */
    const struct window *window;      /* NULL: not computed (a snapshot, or not listed) */
    bool window_known;                /* the snapshots of the cluster are completely listed */
    bool has_status_sub;
    bool read_only;
    unsigned no_right;                /* 1 << enum action_id: known not to be allowed to this login */
    int64_t now_ms;
    enum tso_style style;
    bool ascii;
};
/* The few lines below the list: what it means, restorable, sub-commands, what can be done now and what not, and why. */
void describe_brief(struct description *d, const struct backup_record *record, const struct describe_context *ctx);
/* Everything: also conditions with messages in full, storage, times, labels. @object is the whole object (NULL: not
 * fetched yet, the record is used). */
void describe_full(struct description *d, const struct backup_record *record, const struct json *object,
                   const struct describe_context *ctx);

#endif
