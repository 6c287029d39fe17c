/* tso.h - TiDB timestamps, and the ways people write points in time.
 *
 * A TSO is a 64-bit number from PD: physical milliseconds since 1970 UTC in
 * the upper 46 bits, a logical counter in the lower 18. COMMITTS, checkpoints
 * and truncation points are TSOs. They pass 2^53: never hold one in a double.
 */
#ifndef BRDECK_BACKUP_TSO_H
#define BRDECK_BACKUP_TSO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/base/error.h>

typedef uint64_t tso_t; /* 0: none, as in an empty status field */

enum { TSO_TEXT_MAX = 40 }; /* holds every style, with its NUL */

enum { TSO_STYLES = 4 };
enum tso_style {
    TSO_SHORT,   /* as the list shows it, local: 14:02:11 today, 10-04 16:06 this year, 2025-10-04 before */
    TSO_LOCAL,   /* 2022-10-10 12:45:32 +0800, the reader's time zone */
    TSO_RFC3339, /* 2022-10-10T04:45:32Z */
    TSO_NUMBER,  /* 436568622965194754 */
};

/* "short", "local", "utc", "tso": what options, commands and completion call the styles. NULL from the name of none. */
const char *tso_style_name(enum tso_style style);
/* False: no style has that name; *@style untouched. */
bool tso_style_parse(const char *name, enum tso_style *style);

/* The milliseconds since 1970 UTC that @ts stands for, and back. */
int64_t tso_to_ms(tso_t ts);
tso_t tso_from_ms(int64_t ms);

/* Read @text as a TSO, as one of TiDB Operator's date forms (RFC 3339, or "2006-01-02 15:04:05"
 * with or without a zone), or as an age before @now_ms ("-7d", "-90m"). Input without a zone is local;
 * *@zoneless (may be NULL) tells, so that it can be echoed. A local time that daylight saving makes
 * ambiguous, or that it skips, is refused (rule 10). On failure *@ts is untouched, @err names the text and what
 * was expected, and the result is false. */
bool tso_parse(const char *text, int64_t now_ms, tso_t *ts, bool *zoneless, struct error *err);

/* What a status field holds: a decimal TSO, or (logSuccessTruncateUntil) the date forms verbatim from the spec.
 * 0 for NULL, empty and anything else; a date without a zone is read as UTC (the operator's Pods run in UTC). */
tso_t tso_from_status(const char *text);

/* Write @ts in @style to @buf; "-" for 0. @now_ms matters to TSO_SHORT only. Returns @buf. */
char *tso_format(tso_t ts, enum tso_style style, int64_t now_ms, char buf[TSO_TEXT_MAX]);
/* The same for wall times in ms (0: "-"); TSO_NUMBER gives RFC 3339. */
char *tso_format_ms(int64_t ms, enum tso_style style, int64_t now_ms, char buf[TSO_TEXT_MAX]);
/* When TSO_SHORT may print otherwise: the first local midnight after @now_ms. */
int64_t tso_short_until_ms(int64_t now_ms);

#endif
