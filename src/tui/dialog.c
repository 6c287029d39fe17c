#include <config.h>

#include "dialog.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

/* -- keys ---------------------------------------------------------------------------------------- */

bool dialog_leaves(struct key_press key)
{
    return key.name == KEY_NAME_ESC || (key.mods & KEY_CTRL && (key.ch == L'c' || key.ch == L'g'));
}

bool dialog_is_command(const struct ui *ui, const char *keys, struct key_press key, enum ui_command own)
{
    static const enum ui_command commands[] = {UI_COPY_KUBECTL, UI_PAGE_UP, UI_PAGE_DOWN, UI_REDRAW, UI_SUSPEND};
    bool is_text = key.name == KEY_NAME_CHAR && !(key.mods & (KEY_CTRL | KEY_ALT));
    enum ui_command command = is_text ? UI_NONE : keymap_find(ui->keys, keys, key);
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (commands[i] == command)
            return true;
    return own != UI_NONE && command == own;
}

bool dialog_takes(bool asks, bool seen, struct key_press key) { return asks ? seen : key.name == KEY_NAME_ENTER; }

/* -- the box --------------------------------------------------------------------------------------- */

bool dialog_draw(struct ui *ui, struct pager *pager, long must_see, const struct question *question,
                 struct line_edit *line, struct rect r, bool was_cut, int64_t *until_ms)
{
    struct canvas *c = &ui->canvas;
    int width = r.cols > 4 ? r.cols - 3 : 1, text = (int)pager_rows(pager, width);
    int asked = question_rows(question, width, r.rows - 1), height = 1 + text + asked; /* a rule above */
    height = height < r.rows ? height : r.rows;
    struct rect box = {r.row + r.rows - height, r.col, height, r.cols};
    struct rect body = {box.row + 1, box.col + 2, box.rows - 1 - asked, width};
    bool cut = text > body.rows;
    canvas_fill(c, box, STYLE_DIALOG);
    if (box.rows > 1)
        canvas_rule(c, box.row, box.col, box.cols, ui->ascii);
    pager_draw(pager, c, body);
    if (cut && must_see != NOTHING) {
        pager_go(pager, (size_t)must_see);
        pager_draw(pager, c, body);
    }
    question_draw(question, line, c, (struct rect){box.row + box.rows - asked, box.col + 2, asked, width});
    if (cut != was_cut)
        *until_ms = ui_now_ms(ui);
    return cut;
}

/* -- plans -------------------------------------------------------------------------------------------- */

void dialog_describe(struct ui *ui, struct pager *pager, const struct br_plan *plan, bool yaml_below)
{
    struct describe_context ctx = {
        .window = plan->window_known ? &plan->window : NULL, .window_known = plan->window_known,
        .has_status_sub = fleet_has_status_sub(ui->fleet, plan->v1), .read_only = ui->read_only,
        .now_ms = ui_now_ms(ui), .style = ui->time_style, .ascii = ui->ascii,
    };
    struct description d;
    description_init(&d);
    br_plan_describe(plan, &ctx, &d);
    if (plan->phase == BR_PLAN_READY && d.count) { /* the last line is how to confirm it */
        d.count--;
        free(d.lines[d.count].label);
        free(d.lines[d.count].text);
    }
    for (size_t i = 0; yaml_below && i < d.count; i++) {
        char *body = str_same(d.lines[i].label, "sends") ? strstr(d.lines[i].text, " {") : NULL;
        if (body)
            memcpy(body, ":", sizeof ":");
    }
    described_fill(pager, &d);
    description_done(&d);
}

static bool has_kubectl(const struct br_plan *plan) { return plan && plan->kubectl; }

void dialog_copy(struct ui *ui, struct br_plan *const *plans, size_t count)
{
    struct str all;
    str_init(&all, STR_SMALL);
    for (size_t i = 0; i < count; i++)
        if (has_kubectl(plans[i]))
            str_addf(&all, "%s%s", all.len ? "\n" : "", plans[i]->kubectl);
    if (!all.len)
        ui_say(ui, STYLE_TEXT, "There is nothing to copy yet.");
    else if (term_copy(ui->term, all.data))
        ui_say(ui, STYLE_TEXT, "Copied the kubectl line that does the same.");
    else
        ui_say(ui, STYLE_WARN, "Too long for the clipboard.");
    str_done(&all);
}

void dialog_hint_copy(struct hints *hints, struct br_plan *const *plans, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (has_kubectl(plans[i])) {
            hints_add(hints, UI_COPY_KUBECTL, "copy as kubectl", false);
            return;
        }
}

void dialog_say_created(struct ui *ui, bool begun, const char *name, const struct error *err)
{
    if (begun)
        ui_say(ui, STYLE_BUSY, "Created %s. It is followed in its row and under %s.", name,
               keymap_key(ui->keys, "", UI_NOTICES));
    else
        ui_say(ui, STYLE_CRIT, "Nothing was created: %s", err->text);
}
