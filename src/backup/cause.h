/* cause.h - why something failed, in two or three words and in br's own. */
#ifndef BRDECK_BACKUP_CAUSE_H
#define BRDECK_BACKUP_CAUSE_H

#include <stdbool.h>
#include <stddef.h>

/* "access denied" for a message or reason that is recognised; NULL else. Both may be NULL. */
const char *cause_word(const char *reason, const char *message);
/* What of @message tells: what stands in [error="..."] where br wrote that, else all of it, on one line, cut to
 * @size. The reason where there is no message, "no reason is told" where there is neither. Returns @buf. */
char *cause_text(const char *reason, const char *message, char *buf, size_t size);

/* Whether a resume failed because GC has passed what it needs: then no retry helps. */
bool cause_is_gc(const char *reason, const char *message);

#endif
