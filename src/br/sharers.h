/* sharers.h - which Backups of all namespaces keep their data where one does: asked for a delete that removes it,
 * where the list on the screen is not of all namespaces. Nothing is kept but the names.
 */
#ifndef BRDECK_BR_SHARERS_H
#define BRDECK_BR_SHARERS_H

#include <stdbool.h>

#include <brdeck/backup/record.h>
#include <brdeck/base/str.h>

struct br;
struct sharers;
/* Begin to look for those of @own. @done is called once, from the loop, when all are seen, or after @limit_ms; it may
 * free it. */
struct sharers *sharers_look(struct br *br, const struct backup_record *own, int64_t limit_ms, void (*done)(void *arg),
                             void *arg);
void sharers_free(struct sharers **sharers);
/* Every Backup of every namespace was seen. */
bool sharers_saw_all(const struct sharers *sharers);
/* Those found so far, "ns/name (the same path), ..."; "" none. */
const char *sharers_names(const struct sharers *sharers);

/* Add @r to @names if it is another Backup than @own and its place touches @own's; the first few are named, @count is
 * how many there are. */
void sharers_add(struct str *names, size_t *count, const struct backup_record *own, const struct backup_record *r);
/* " and 3 more", where more were counted than named. */
void sharers_add_rest(struct str *names, size_t count);

#endif
