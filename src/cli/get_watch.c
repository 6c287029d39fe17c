/* get_watch.c - rows that change, one line each, until somebody has seen enough. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/text.h>

#include "get_private.h"

/* PD is read every five seconds, the object says it each minute: so often a line says that nothing else is new. */
enum { CHECKPOINT_EACH_MS = 60 * 1000, ASK_EACH_MS = 5000, IDLE_MS = 60 * 1000 };

static void forget_one(struct printed *printed)
{
    free(printed->ns);
    free(printed->name);
    free(printed->version);
    *printed = (struct printed){.ns = NULL};
}

void get_forget(struct get *get)
{
    for (size_t i = 0; i < get->printed_count; i++)
        forget_one(&get->printed[i]);
    free(get->printed);
    get->printed = NULL;
    get->printed_count = 0;
}

static void remember(struct get *get, slot_t slot, const struct store_row *row)
{
    while (get->printed_count <= slot) {
        size_t count = get->printed_count * 2 + 64;
        get->printed = xreallocarray(get->printed, count, sizeof *get->printed);
        memset(get->printed + get->printed_count, 0, (count - get->printed_count) * sizeof *get->printed);
        get->printed_count = count;
    }
    struct printed *printed = &get->printed[slot];
    forget_one(printed);
    *printed = (struct printed){.ns = xstrdup(row->record->ns), .name = xstrdup(row->record->name),
                                .version = xstrdup(row->record->resource_version), .word = row->state.word,
                                .checkpoint = state_checkpoint(row->record, row->facts, NULL)};
}

static void remember_all(struct get *get)
{
    const struct store *store = fleet_store(get->session.fleet);
    for (slot_t slot = 0; slot < store_slots(store); slot++) {
        const struct store_row *row = store_get(store, slot);
        if (row && get_is_wanted(get, row->record->name))
            remember(get, slot, row);
    }
}

/* What stands before a number: "Scheduled, 4m" would be news each minute. */
static bool same_word(const char *a, const char *b)
{
    size_t len = strcspn(a, "0123456789");
    return len == strcspn(b, "0123456789") && strncmp(a, b, len) == 0;
}

/* A new object is always told, as kubectl does; of facts what reads otherwise. */
static bool is_news(const struct get *get, slot_t slot, const struct store_row *row)
{
    const struct printed *printed = slot < get->printed_count ? &get->printed[slot] : NULL;
    if (!printed || !printed->ns || strcmp(printed->version, row->record->resource_version) != 0)
        return true;
    tso_t checkpoint = state_checkpoint(row->record, row->facts, NULL);
    return !same_word(printed->word, row->state.word) ||
           (printed->checkpoint == 0) != (checkpoint == 0) ||
           tso_to_ms(checkpoint) >= tso_to_ms(printed->checkpoint) + CHECKPOINT_EACH_MS;
}

/* A row that ends says so: kubectl prints the last state, which looks as if it were there. */
static void print_gone(struct get *get, slot_t slot)
{
    struct printed *printed = slot < get->printed_count ? &get->printed[slot] : NULL;
    if (!printed || !printed->ns)
        return;
    for (size_t i = 0; i < kind_backup.column_count; i++) {
        const struct column *column = &kind_backup.columns[i];
        str_clear(&get->cells[i]);
        if (strcmp(column->name, "namespace") == 0)
            text_add_clean(&get->cells[i], printed->ns);
        else if (strcmp(column->name, "name") == 0)
            text_add_clean(&get->cells[i], printed->name);
        else
            str_add(&get->cells[i], strcmp(column->name, "status") == 0 ? "Deleted" : "-");
    }
    get_print_cells(get);
    forget_one(printed);
}

/* -o name, json and yaml print what is there: nothing could tell a deleted object from a live one. */
static void print_change(struct get *get, slot_t slot)
{
    const struct store_row *row = store_get(fleet_store(get->session.fleet), slot);
    if (get_is_whole(get) || (row && !get_is_wanted(get, row->record->name)))
        return;
    if (row && get->form == FORM_NAME) {
        get_print_name(get, row);
    } else if (row && is_news(get, slot, row)) {
        remember(get, slot, row);
        get_widen(get, row);
        get_print_row(get, row);
    } else if (!row && get->form != FORM_NAME) {
        print_gone(get, slot);
    }
}

/* Whether anything changed. */
static bool print_changes(struct get *get, struct store_feed *feed)
{
    slot_t slots[256];
    size_t count;
    bool any = false;
    do {
        count = store_feed_drain(feed, slots, ARRAY_LEN(slots));
        for (size_t i = 0; i < count; i++)
            print_change(get, slots[i]);
        any = any || count > 0;
    } while (count == ARRAY_LEN(slots));
    return any;
}

/* Another namespace, another cluster, or one less: found out now and then, as it takes a look at all rows. */
static void ask(struct get *get, bool *changed, int64_t *at_ms)
{
    if (*changed && clock_mono_ms() >= *at_ms) {
        *at_ms = clock_mono_ms() + ASK_EACH_MS;
        *changed = false;
        get_ask(get);
    }
    asking_again(&get->asking);
}

void get_follow(struct get *get, struct store_feed *feed)
{
    bool changed = false;
    int64_t at_ms = 0;
    remember_all(get);
    while (!get->broken && !get->session.signal) {
        changed = print_changes(get, feed) || changed;
        get_flush(get);
        session_tell_link(&get->session);
        if (get->asks)
            ask(get, &changed, &at_ms);
        loop_turn(get->session.loop, get->asks ? ASK_EACH_MS : IDLE_MS);
    }
}
