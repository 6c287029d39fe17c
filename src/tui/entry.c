/* entry.c - one entry of the journal, whole: what was meant, and what became of it. */
#include <config.h>

#include <stdlib.h>

#include <brdeck/base/alloc.h>
#include <brdeck/br/journal.h>
#include <brdeck/kube/yaml.h>

#include "view.h"

struct entry {
    struct view view;
    struct pager *pager;
    char *title;
};

static const struct key_binding entry_keys[] = {
    {UI_PAGE_DOWN, "space"}, {UI_PAGE_UP, "b"}, {UI_SEARCH, "/"}, {UI_SEARCH_NEXT, "n"}, {UI_SEARCH_PREV, "N"},
    {UI_WRAP, "w"}, {UI_DOWN, "enter"},
};

static void add(struct description *d, const char *label, const char *text)
{
    if (text && *text)
        description_add(d, ROLE_TEXT, 0, label, "%s", text);
}

static void fill(struct entry *entry, struct ui *ui, const struct journal_entry *e)
{
    struct description d;
    char when[TSO_TEXT_MAX];
    int64_t now = ui_now_ms(ui);
    bool done = e->outcome && str_same(e->outcome, br_outcome_word(BR_DONE));
    description_init(&d);
    description_add(&d, done ? ROLE_OK : e->outcome ? ROLE_CRIT : ROLE_WARN, 0, "outcome", "%s",
                    e->outcome ? e->outcome : e->lives ? "under way" : "not known: brdeck ended before it was");
    add(&d, "text", e->text);
    description_add(&d, ROLE_TEXT, 0, "asked for", "%s", tso_format_ms(e->at_ms, TSO_LOCAL, now, when));
    if (e->ended_ms)
        description_add(&d, ROLE_TEXT, 0, "ended", "%s", tso_format_ms(e->ended_ms, TSO_LOCAL, now, when));
    description_add(&d, ROLE_TEXT, 0, "action", "%s%s", e->retry ? "retry of " : "", e->action);
    description_add(&d, ROLE_TEXT, 0, "backup", "%s/%s", e->ns, e->name);
    add(&d, "uid", e->uid);
    add(&d, "API group", e->group);
    add(&d, "driver", e->driver);
    add(&d, "context", e->context);
    add(&d, "server", e->server);
    add(&d, "cluster uid", e->cluster_uid);
    add(&d, "user", e->user);
    add(&d, "run id", e->run);
    described_fill(entry->pager, &d);
    description_done(&d);
    if (e->intent) {
        char *text = yaml_print(e->intent);
        pager_add(entry->pager, STYLE_TEXT, 0, "");
        pager_add(entry->pager, STYLE_TITLE, 0, "The line of intent, as it was written before anything was sent");
        pager_add_text(entry->pager, STYLE_TEXT, text);
        free(text);
    }
}

static int64_t entry_draw(struct view *view, struct ui *ui, struct canvas *c, struct rect r)
{
    struct entry *entry = (struct entry *)view;
    (void)ui;
    text_draw(entry->pager, c, r, entry->title, NULL, NULL);
    return INT64_MAX;
}

static bool entry_command(struct view *view, struct ui *ui, enum ui_command command)
{
    return text_command(ui, ((struct entry *)view)->pager, command);
}

static void entry_hints(struct view *view, struct ui *ui, struct hints *hints)
{
    (void)view, (void)ui;
    hints_add(hints, UI_BACK, "back", false);
    hints_add(hints, UI_PAGE_DOWN, "page", false);
    hints_add(hints, UI_SEARCH, "search", false);
    hints_add(hints, UI_COPY, "copy", false);
    hints_add(hints, UI_HELP, "help", false);
}

static void entry_free(struct view *view)
{
    struct entry *entry = (struct entry *)view;
    pager_free(&entry->pager);
    free(entry->title);
    free(entry);
}

const struct view_ops view_entry = {
    .name = "entry", .keys = entry_keys, .key_count = ARRAY_LEN(entry_keys), .draw = entry_draw,
    .command = entry_command, .hints = entry_hints, .free = entry_free,
};

struct view *entry_new(struct ui *ui, const struct journal_entry *e)
{
    struct entry *entry = xcalloc(1, sizeof *entry);
    entry->view.ops = &view_entry;
    entry->pager = pager_new();
    entry->title = xasprintf("journal: %s%s %s/%s", e->retry ? "retry of " : "", e->action, e->ns, e->name);
    fill(entry, ui, e);
    return &entry->view;
}
