/* sharers.h - who else keeps data where one does, and works with it: asked for a delete that removes it. Backups of all
 * namespaces, where the list on the screen is not of all; and Restores, BackupSchedules and CompactBackups. Nothing is
 * kept but the words.
 */
#ifndef BRDECK_BR_SHARERS_H
#define BRDECK_BR_SHARERS_H

#include <stdbool.h>

#include <brdeck/backup/record.h>
#include <brdeck/base/str.h>

struct br;
struct sharers;
/* Begin to look for those of @own, for Backups only if @backups. @done is called once, from the loop, when all are
 * seen, or after the time that br's pace gives; it may free it. */
struct sharers *sharers_look(struct br *br, const struct backup_record *own, bool backups, void (*done)(void *arg),
                             void *arg);
void sharers_free(struct sharers **sharers);
/* Every Backup of every namespace was seen; every Restore, BackupSchedule and CompactBackup. */
bool sharers_saw_backups(const struct sharers *sharers);
bool sharers_saw_users(const struct sharers *sharers);
/* Clauses of those at work with the path, "; " between; and of what else is known, a line each. "" none. */
const char *sharers_busy(const struct sharers *sharers);
const char *sharers_facts(const struct sharers *sharers);
/* The Backups found so far, "ns/name (the same path), ..."; "" none. */
const char *sharers_names(const struct sharers *sharers);

/* Add @r to @names if it is another Backup than @own and its place touches @own's; the first few are named, @count is
 * how many there are. */
void sharers_add(struct str *names, size_t *count, const struct backup_record *own, const struct backup_record *r);
/* " and 3 more", where more were counted than named. */
void sharers_add_rest(struct str *names, size_t count);

#endif
