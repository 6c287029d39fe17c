/* wants.c - what is asked for beside the object: Jobs, Pods and Events of its namespace, PD of its cluster. */
#include <config.h>

#include <brdeck/br/facts.h>

#include "view.h"

/* Something is under way or went wrong: why, the Job, its Pod and the Events tell. */
static bool has_business(const struct store_row *row)
{
    return row->state.mark == MARK_BUSY || row->state.mark == MARK_UNKNOWN || row->state.mark == MARK_DELETING ||
           row->state.needs_you;
}

void view_wants(struct ui *ui, const struct store_row *row, bool is_cursor)
{
    const struct backup_record *record = row->record;
    if (is_cursor || has_business(row))
        br_facts_want(ui->br, record->ns);
    br_pd_want(ui->br, record); /* a snapshot's, too: PD may have a task that no Backup knows */
}
