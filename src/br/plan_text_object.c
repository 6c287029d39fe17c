#include <config.h>

#include <string.h>

#include <brdeck/base/alloc.h>

#include "br_private.h"

/* What a delete comes to, and what the operator makes of a new Backup, as labelled lines. */

/* "s3://bucket", "gcs://bucket/" */
static bool is_whole_bucket(const char *place)
{
    const char *at = place ? strstr(place, "://") : NULL;
    at = at ? at + 3 : "";
    size_t bucket = strcspn(at, "/");
    return bucket && !at[bucket + strspn(at + bucket, "/")];
}

static void add_lines(const char *lines, const char *label, struct description *d)
{
    for (const char *line = lines; line && *line; line += strcspn(line, "\n"), line += *line == '\n')
        description_add(d, ROLE_WARN, 0, label, "%.*s", (int)strcspn(line, "\n"), line);
}

static void add_data(const struct br_plan *p, struct description *d)
{
    const char *place = p->removes.prefix[0] ? p->removes.prefix : "no storage";
    if (p->removes.cleans)
        description_add(d, ROLE_CRIT, 0, "removes", "EVERYTHING under %s%s, whoever wrote it, by the Job clean-%s; "
                                                    "nothing brings it back", place,
                        is_whole_bucket(p->record->storage) || is_whole_bucket(p->record->path) ?
                        " (its prefix is empty: THE WHOLE BUCKET)" : "", p->name);
    else
        description_add(d, ROLE_OK, 0, "keeps", "the data under %s%s", place,
                        p->removes.keeps_data ? " (cleanPolicy is set to Retain first)" : "");
    if (!p->removes.cleans && !p->removes.may_clean)
        return;
    if (p->removes.shared_by)
        description_add(d, ROLE_CRIT, 0, "shared", "with %s", p->removes.shared_by);
    else if (p->removes.all_seen)
        description_add(d, ROLE_TEXT, 0, "shared", "with no other Backup of any namespace here; of other clusters "
                                                   "nothing is known");
    else
        description_add(d, ROLE_WARN, 0, "shared", "unknown: not every Backup of every namespace is listed, freshly; "
                                                   "another may keep its data there");
    add_lines(p->removes.users, "used", d);
    if (!p->removes.users_seen)
        description_add(d, ROLE_WARN, 0, "used", "unknown: not every Restore, BackupSchedule and CompactBackup of "
                                                 "every namespace could be listed");
}

static void describe_delete(const struct br_plan *p, struct description *d)
{
    if (!p->record || !p->verdict.allowed)
        return;
    if (p->removes.retain_offered && !p->removes.keeps_data)
        description_add(d, ROLE_WARN, 0, "rather", "cleanPolicy Retain first, which keeps the data (brdeck delete "
                        "--keep-data)");
    add_data(p, d);
    if (p->removes.stops_task)
        description_add(d, ROLE_WARN, 0, "stops", "the log task, by the Job stop-%s", p->name);
    if (p->removes.pitr)
        description_add(d, p->removes.ends_pitr ? ROLE_WARN : ROLE_TEXT, 0, "PITR", "%s", p->removes.pitr);
    add_lines(p->removes.notes, "note", d);
}

static void describe_create(const struct br_plan *p, struct description *d)
{
    if (!p->after)
        return;
    description_add(d, ROLE_TEXT, 0, "makes", "a %s backup%s%s, %s%s%s",
                    p->after->mode == BACKUP_LOG ? "log" : p->after->mode == BACKUP_SNAPSHOT ? "snapshot" : "volume",
                    str_empty(p->after->cluster) ? "" : " of the cluster ", p->after->cluster,
                    str_empty(p->after->storage) ? "without storage" : "under ", p->after->storage,
                    p->after->clean_policy == CLEAN_RETAIN ? "" : p->after->clean_policy == CLEAN_DELETE ?
                    ", which goes with the object (cleanPolicy Delete)" :
                    ", which goes with the object if it failed (cleanPolicy OnFailure)");
}

static void describe_let_go(const struct br_plan *p, struct description *d)
{
    if (!p->patch)
        return;
    struct str others;
    str_init(&others, 300);
    JSON_EACH (finalizer, json_at(p->patch, "metadata", "finalizers", NULL))
        if (json_text(finalizer))
            str_addf(&others, "%s%s", others.len ? ", " : "", json_text(finalizer));
    if (others.len)
        description_add(d, ROLE_WARN, 0, "stays", "until these are off too: %s", others.data);
    else
        description_add(d, ROLE_TEXT, 0, "goes", "the object, at once");
    str_done(&others);
}

void plan_describe_object(const struct br_plan *p, struct description *d)
{
    static void (*const texts[ACTION_COUNT])(const struct br_plan *p, struct description *d) = {
        [ACTION_DELETE] = describe_delete, [ACTION_CREATE] = describe_create,
        [ACTION_REMOVE_FINALIZER] = describe_let_go,
    };
    if (texts[p->action->id])
        texts[p->action->id](p, d);
}
