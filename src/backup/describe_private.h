/* describe_private.h - lines that the short and the full description share. */
#ifndef BRDECK_BACKUP_DESCRIBE_PRIVATE_H
#define BRDECK_BACKUP_DESCRIBE_PRIVATE_H

#include <brdeck/backup/check.h>
#include <brdeck/backup/describe.h>

enum { DESCRIBE_TEXT_MAX = 4096 };

void describe_restorable(struct description *d, const struct backup_record *record, const struct describe_context *ctx);
/* A finding in two lines: what it says and what to do; what shows it. @label of the first may be NULL. */
void describe_finding(struct description *d, const struct finding *finding, const char *label);
/* Cluster, Job, Pod, Event, PD: what of them is known. @facts may be NULL. */
void describe_facts(struct description *d, const struct backup_facts *facts);
/* "Complete 09-30 08:00" of one sub-command, "-" where it never ran; appended. */
void describe_sub(struct str *out, const struct backup_sub *sub, const struct describe_context *ctx);

#endif
