/* deck_narrow.c - which Backups the list shows, and in what order. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <brdeck/base/alloc.h>

#include "deck.h"

/* Other rows are asked for: columns are as wide as what is in those. */
static void forget_widths(struct deck *deck) { memset(deck->seen, 0, sizeof deck->seen); }

/* -- filter ------------------------------------------------------------------------------ */

static bool apply_filter(struct deck *deck, const char *text, struct error *err)
{
    struct filter *filter = NULL;
    if (text && *text && !(filter = filter_parse(text, err)))
        return false;
    order_filter(deck->order, filter, order_need_you(deck->order));
    forget_widths(deck);
    return true;
}

static void filter_typing(void *arg, struct ui *ui, const char *text)
{
    (void)ui;
    apply_filter(arg, text, NULL); /* a term half typed leaves the rows as they are */
}

static void filter_done(void *arg, struct ui *ui, const char *text)
{
    struct deck *deck = arg;
    struct error err;
    if (!apply_filter(deck, text ? text : deck->filter_before, &err))
        ui_say(ui, STYLE_CRIT, "%s", err.text);
    if (!text) { /* left: the cursor is where it was, too */
        deck->cursor = deck->cursor_before;
        memcpy(deck->cursor_uid, deck->uid_before, sizeof deck->cursor_uid);
    }
    free(deck->filter_before);
    deck->filter_before = NULL;
}

void deck_ask_filter(struct deck *deck)
{
    const struct filter *filter = order_filter_get(deck->order);
    free(deck->filter_before);
    deck->filter_before = xstrdup(filter ? filter_text(filter) : "");
    deck->cursor_before = deck->cursor;
    memcpy(deck->uid_before, deck->cursor_uid, sizeof deck->uid_before);
    ui_prompt(deck->ui, &(struct prompt_spec){.label = "/", .initial = deck->filter_before, .history = "filter",
                                              .done = filter_done, .typing = filter_typing, .arg = deck});
}

void deck_back(struct deck *deck)
{
    forget_widths(deck);
    if (order_filter_get(deck->order))
        order_filter(deck->order, NULL, order_need_you(deck->order));
    else if (order_need_you(deck->order))
        order_filter(deck->order, NULL, false);
    else if (deck->marks)
        deck_unmark_all(deck);
}

void deck_toggle_need_you(struct deck *deck)
{
    forget_widths(deck);
    const struct filter *old = order_filter_get(deck->order);
    struct filter *same = old ? filter_parse(filter_text(old), NULL) : NULL;
    order_filter(deck->order, same, !order_need_you(deck->order));
}

/* -- sort ------------------------------------------------------------------------------------ */

void deck_sort_step(struct deck *deck, int step)
{
    bool reverse;
    int count = (int)kind_backup.column_count, column = order_column(deck->order, &reverse) + 1;
    column = (column + step + count + 1) % (count + 1) - 1; /* -1: namespace, name */
    order_sort(deck->order, column, false);
    ui_say(deck->ui, STYLE_DIM, "Sorted by %s.", column < 0 ? "namespace and name" : kind_backup.columns[column].title);
}

bool deck_set_filter(struct view *view, const char *text, struct error *err)
{
    return apply_filter((struct deck *)view, text, err);
}

bool deck_set_sort(struct view *view, const char *text, struct error *err)
{
    bool reverse = *text == '-';
    const char *name = text + reverse;
    int column = kind_column(&kind_backup, name);
    if (*name && column < 0)
        return error_set(err, ERROR_INPUT, "There is no column %s to sort by; Tab shows them.", name);
    order_sort(((struct deck *)view)->order, !*name || strcasecmp(name, "namespace") == 0 ? -1 : column, reverse);
    return true;
}
