/* describe_private.h - lines that the short and the full description share. */
#ifndef BRDECK_BACKUP_DESCRIBE_PRIVATE_H
#define BRDECK_BACKUP_DESCRIBE_PRIVATE_H

#include <brdeck/backup/check.h>
#include <brdeck/backup/describe.h>

enum { DESCRIBE_TEXT_MAX = 4096 };

/* An empty line, and @text as a title. */
void describe_heading(struct description *d, const char *text);
/* A line each; none for text that is NULL or empty, and none for 0. */
void describe_text(struct description *d, const char *label, const char *text);
void describe_time(struct description *d, const char *label, int64_t ms); /* local and UTC */
void describe_tso(struct description *d, const char *label, tso_t ts);    /* local, UTC and the number itself */

void describe_restorable(struct description *d, const struct backup_record *record, const struct describe_context *ctx);
/* A finding in two lines: what it says and what to do; what shows it. @label of the first may be NULL. */
void describe_finding(struct description *d, const struct finding *finding, const char *label);
/* Cluster, Job, Pod, Event, PD: what of them is known. @facts may be NULL. */
void describe_facts(struct description *d, const struct backup_facts *facts);
/* "Complete 09-30 08:00" of one sub-command, "-" where it never ran; appended. */
void describe_sub(struct str *out, const struct backup_sub *sub, const struct describe_context *ctx);

#endif
