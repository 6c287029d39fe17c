/* get_table.c - rows as cells on stdout. */
#include <config.h>

#include <string.h>

#include <brdeck/base/text.h>

#include "get_private.h"

static bool is_shown(const struct get *get, const struct column *column)
{
    if (strcmp(column->name, "namespace") == 0)
        return get->with_namespace;
    return column->keep > 0 || get->form == FORM_WIDE;
}

/* The cells of a row, cleaned: this is one of the two gates. NULL @row: the titles. */
static void fill_cells(struct get *get, const struct store_row *row)
{
    struct column_context ctx = {.now_ms = fleet_now_ms(get->session.fleet), .style = get->style};
    struct backup_state state;
    struct cell cell = {.role = ROLE_TEXT};
    str_init(&cell.text, STR_SMALL);
    if (row)
        state_of(row->record, row->facts, ctx.now_ms, false, &state);
    for (size_t i = 0; i < kind_backup.column_count; i++) {
        const struct column *column = &kind_backup.columns[i];
        str_clear(&get->cells[i]);
        if (!is_shown(get, column))
            continue;
        str_clear(&cell.text);
        if (!row)
            str_add(&cell.text, column->title);
        else if (strcmp(column->name, "status") == 0) /* the word is enough; the mark is for the eye */
            str_add(&cell.text, state.word);
        else
            column->print(&ctx, row->record, row->facts, &state, &cell);
        text_add_clean(&get->cells[i], cell.text.data);
    }
    str_done(&cell.text);
}

void get_print_cells(struct get *get)
{
    struct str line;
    size_t pad = 0;
    str_init(&line, STR_LARGE);
    for (size_t i = 0; i < kind_backup.column_count; i++) {
        if (!is_shown(get, &kind_backup.columns[i]))
            continue;
        size_t width = text_width(get->cells[i].data);
        str_pad(&line, ' ', pad);
        str_add(&line, get->cells[i].data);
        pad = (get->widths[i] > width ? get->widths[i] - width : 0) + 3;
    }
    str_addc(&line, '\n');
    get_put(get, line.data);
    str_done(&line);
}

void get_print_row(struct get *get, const struct store_row *row)
{
    fill_cells(get, row);
    get_print_cells(get);
}

void get_widen(struct get *get, const struct store_row *row)
{
    fill_cells(get, row);
    for (size_t i = 0; i < kind_backup.column_count; i++) {
        size_t width = text_width(get->cells[i].data);
        get->widths[i] = width > get->widths[i] ? width : get->widths[i];
    }
}

void get_print_name(struct get *get, const struct store_row *row)
{
    struct str line;
    str_init(&line, 1024);
    str_addf(&line, "backup.%s/", fleet_resource(row->record->v1)->group);
    text_add_clean(&line, row->record->name);
    str_addc(&line, '\n');
    get_put(get, line.data);
    str_done(&line);
}
