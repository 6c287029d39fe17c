#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "br_private.h"

/* What a delete takes from PITR: the log that windows lie in, or the snapshot that they begin with. */

/* Not knowing counts as losing (rule 3). */
static bool pitr_of_log(const struct plan *plan, struct str *out)
{
    const struct br_plan *p = &plan->pub;
    const struct window *w = &p->window;
    char from[TSO_TEXT_MAX], to[TSO_TEXT_MAX];
    if (w->base)
        str_addf(out, "from %s (%s) to %s can be restored now; ", tso_format(w->from, TSO_LOCAL, 0, from),
                 w->base->name,
                 tso_format(w->to, TSO_LOCAL, 0, to));
    else if (!p->window_known)
        str_add(out, "what can be restored now is unknown: the snapshots are not completely listed; ");
    else
        str_add(out, "no full backup lies in the log, so nothing can be restored with it now; ");
    if (p->removes.cleans)
        str_add(out, w->base ? "all of it is lost, only the instants of the snapshots stay" :
                               "the log is removed, only the instants of snapshots stay");
    else if (p->removes.stops_task)
        str_add(out, "the log ends there: none is backed up from then on, and brdeck no longer shows it");
    else
        str_add(out, "the log stays in the storage, and brdeck no longer shows it");
    return p->removes.cleans && (w->base || !p->window_known);
}

/* The log backups whose window begins with this snapshot. */
static bool pitr_of_snapshot(const struct plan *plan, struct str *out)
{
    bool loses = false;
    const struct br_plan *p = &plan->pub;
    char cluster[RECORD_CLUSTER_MAX], from[TSO_TEXT_MAX], then_from[TSO_TEXT_MAX];
    record_cluster(p->record, cluster);
    if (!cluster[0] || window_base_fault(p->record))
        return false;
    const struct store *store = fleet_store(plan->br->fleet);
    size_t count = store_cluster(store, cluster, NULL, 0), others = 0;
    const struct backup_record **records = xcalloc(count + 1, sizeof *records);
    const struct backup_record **left = xcalloc(plan->snap_count + 1, sizeof *left);
    count = store_cluster(store, cluster, records, count);
    for (size_t i = 0; i < plan->snap_count; i++)
        if (strcmp(plan->seen[i]->uid, p->record->uid) != 0)
            left[others++] = plan->seen[i];
    for (size_t i = 0; i < count; i++) {
        struct window now = {.from = 0}, then = {.from = 0};
        if (records[i]->mode != BACKUP_LOG)
            continue;
        window_of(records[i], plan->seen, plan->snap_count, plan->cluster_created_ms, &now);
        window_of(records[i], left, others, plan->cluster_created_ms, &then);
        if (!now.base || now.from == then.from)
            continue;
        str_addf(out, "%sthe window of %s begins with it at %s", out->len ? "; " : "", records[i]->name,
                 tso_format(now.from, TSO_LOCAL, 0, from));
        if (then.base)
            str_addf(out, ", then only at %s (%s)", tso_format(then.from, TSO_LOCAL, 0, then_from), then.base->name);
        else if (p->window_known)
            str_add(out, ", and is lost: there is no other full backup to begin from");
        else
            str_add(out, ", and may be lost: not all snapshots are listed, and none of those that are can take its "
                         "place");
        loses = loses || !then.base;
    }
    if (!out->len && !p->window_known) /* a log backup may be where nobody looked: v1's lie in any namespace */
        str_add(out, "whether a log backup's window begins with it is unknown: not every Backup of its cluster is "
                     "listed");
    free(records);
    free(left);
    return loses;
}

bool plan_pitr_of_removal(struct plan *plan, struct str *out)
{
    const struct backup_record *r = plan->pub.record;
    plan_see_snapshots(plan);
    if (r->mode == BACKUP_LOG && r->has_commit_ts && r->phase != PHASE_CLEAN && r->phase != PHASE_CLEAN_FAILED)
        return pitr_of_log(plan, out);
    return r->mode == BACKUP_SNAPSHOT && plan->pub.removes.cleans && pitr_of_snapshot(plan, out);
}
