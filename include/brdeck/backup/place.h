/* place.h - where Backups keep their data, and whether two of them share it.
 *
 * A delete with cleanPolicy Delete removes everything under the prefix (rule 11), whoever wrote it. So places are
 * compared by scheme, bucket and the components of the path: "a/b" holds "a/b/c", and "a/bc" is another.
 */
#ifndef BRDECK_BACKUP_PLACE_H
#define BRDECK_BACKUP_PLACE_H

#include <brdeck/backup/record.h>

enum place_relation {
    PLACE_APART,
    PLACE_SAME,
    PLACE_PARENT, /* the first holds the second */
    PLACE_CHILD,  /* the first lies in the second */
};
/* Of two storage URLs ("s3://bucket/prefix"). Slashes at the ends and doubled ones count for nothing; gs is gcs, azblob
 * is azure. A path with ".." may be anywhere: in the same bucket it counts as PLACE_PARENT. NULL and "" are apart from
 * all. An endpoint is no part of them: equal bucket names of two endpoints are taken for one bucket. */
enum place_relation place_relation(const char *a, const char *b);
/* Of what two Backups say of theirs, in spec and status; the closest relation counts. */
enum place_relation place_of_records(const struct backup_record *a, const struct backup_record *b);
const char *place_relation_words(enum place_relation relation); /* "the same path", "a path inside"... of the other */

#endif
