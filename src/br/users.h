/* users.h - what others than Backups do with the path of one: a Restore reads it, a BackupSchedule has Backups made
 * there, a CompactBackup works on its log (rule 11). */
#ifndef BRDECK_BR_USERS_H
#define BRDECK_BR_USERS_H

#include <brdeck/backup/record.h>
#include <brdeck/base/str.h>
#include <brdeck/kube/resource.h>

enum user_kind { USER_RESTORE, USER_SCHEDULE, USER_COMPACT, USER_KINDS };
const struct kube_resource *user_resource(enum user_kind kind, bool v1);

enum use {
    USE_NONE,    /* its path is another */
    USE_IS_FACT, /* it is over, or may begin some day */
    USE_AT_WORK, /* or about to be: it would fail, or its work be lost */
};
/* What @object does with the place of @own, a clause appended to @words unless it is USE_NONE. @pool takes strings. */
enum use user_says(enum user_kind kind, bool v1, const struct json *object, const struct backup_record *own,
                   struct intern *pool, struct str *words);

#endif
