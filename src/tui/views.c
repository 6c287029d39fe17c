/* views.c - the table of views: what help, the man page and the keymap go through. */
#include <config.h>

#include <brdeck/base/alloc.h>

#include "view.h"

const struct view_ops *const view_table[] = {
    &view_deck, &view_look, &view_help, &view_notices, &view_namespaces, &view_act, &view_start,
    &view_logs, &view_runs, &view_run, &view_journal, &view_entry, &view_ask, &view_create,
};
const size_t view_count = ARRAY_LEN(view_table);
