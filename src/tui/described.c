/* described.c - texts on the screen: a description with its labels in one column, and what is done in each text. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/text.h>

#include "view.h"

enum { LABELS_WIDEST = 17 }; /* a longer label pushes only its own text */

static int label_width(const struct description *d)
{
    int widest = 0;
    for (size_t i = 0; i < d->count; i++) {
        int width = d->lines[i].label ? (int)text_width(d->lines[i].label) : 0;
        widest = width > widest && width <= LABELS_WIDEST ? width : widest;
    }
    return widest;
}

void described_fill(struct pager *pager, const struct description *d)
{
    int width = label_width(d);
    for (size_t i = 0; i < d->count; i++) {
        const struct describe_line *line = &d->lines[i];
        if (line->label)
            pager_add_labelled(pager, line->indent, (unsigned)width, STYLE_LABEL, line->label,
                               style_of_role(line->role), line->text);
        else
            pager_add(pager, style_of_role(line->role), line->indent, line->text);
    }
}

void text_cut_middle(struct str *text, int width)
{
    size_t seen = text_width(text->data);
    if ((int)seen <= width || width < 8 || seen != text->len)
        return;
    size_t tail = (size_t)(width - 1) / 2, head = (size_t)width - 1 - tail;
    char *whole = str_take(text);
    str_addf(text, "%.*s…%s", (int)head, whole, whole + strlen(whole) - tail);
    free(whole);
}

void described_context(struct ui *ui, const struct store_row *row, struct window *window, struct describe_context *ctx)
{
    bool has_window = fleet_window(ui->fleet, row->record, row->facts, window);
    *ctx = (struct describe_context){
        .facts = row->facts, .window = has_window ? window : NULL, .window_known = fleet_is_complete(ui->fleet),
        .has_status_sub = fleet_has_status_sub(ui->fleet, row->record->v1), .read_only = ui->read_only,
        .no_right = view_no_right(ui, row->record),
        .now_ms = ui_now_ms(ui), .style = ui->time_style, .ascii = ui->ascii,
    };
}

void text_draw(struct pager *pager, struct canvas *c, struct rect r, const char *title, const char *note,
               const char *above)
{
    int first = above && r.rows > 2 ? 2 : 1;
    struct str at;
    str_init(&at, 128);
    pager_draw(pager, c, (struct rect){r.row + first, r.col, r.rows - first, r.cols});
    pager_position(pager, &at);
    canvas_fill(c, (struct rect){r.row, r.col, 1, r.cols}, STYLE_HEADER);
    int col = 1 + canvas_text(c, r.row, r.col + 1, r.cols - 1, STYLE_TITLE, title);
    if (note)
        col += canvas_textf(c, r.row, r.col + col, r.cols - col, STYLE_CRIT, "  %s", note);
    if (first > 1)
        canvas_text(c, r.row + 1, r.col + 1, r.cols - 1, STYLE_WARN, above);
    if (r.cols - col - 1 > (int)text_width(at.data) + 1)
        canvas_text_right(c, r.row, r.col + col, r.cols - col - 1, STYLE_DIM, at.data);
    str_done(&at);
}

static void search_done(void *arg, struct ui *ui, const char *text)
{
    if (text && *text && !pager_search(arg, text))
        ui_say(ui, STYLE_WARN, "%s is not in this text.", text);
}

static void copy_all(struct ui *ui, struct pager *pager)
{
    char *text = pager_text(pager);
    bool copied = term_copy(ui->term, text);
    ui_say(ui, copied ? STYLE_TEXT : STYLE_WARN, "%s", copied ? "Copied all of it." : "Too long for the clipboard.");
    free(text);
}

bool text_command(struct ui *ui, struct pager *pager, enum ui_command command)
{
    switch (command) {
    case UI_SEARCH:
        ui_prompt(ui, &(struct prompt_spec){.label = "search ", .history = "search", .done = search_done,
                                            .arg = pager});
        return true;
    case UI_COPY: copy_all(ui, pager); return true;
    default: return pager_command(pager, command);
    }
}

unsigned view_no_right(struct ui *ui, const struct backup_record *record)
{
    const struct kube_resource *resource = fleet_resource(record->v1);
    bool has_status_sub = fleet_has_status_sub(ui->fleet, record->v1);
    unsigned no_right = 0;
    for (int id = 0; id <= ACTION_CREATE; id++) {
        const struct action *action = action_get((enum action_id)id);
        struct action_verdict verdict;
        action_may((enum action_id)id, record, NULL, has_status_sub, ui_now_ms(ui), &verdict);
        const char *verb = action->makes_new ? "create" : id == ACTION_DELETE ? "delete" : "patch";
        struct kube_access_query query = {.verb = verb,
                                          .group = resource->group, .resource = resource->plural, .ns = record->ns,
                                          .sub = verdict.is_retry && has_status_sub ? "status" : NULL};
        if (kube_access_check(fleet_access(ui->fleet), &query) == KUBE_RIGHT_NO)
            no_right |= 1u << id;
    }
    return no_right;
}
