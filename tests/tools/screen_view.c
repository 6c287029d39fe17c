/* screen_view.c - the screen as text and as styles. */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "screen.h"

enum { CELL_BYTES = VTERM_MAX_CHARS_PER_CELL * 4 };

static void *must(void *memory)
{
    if (!memory)
        abort();
    return memory;
}

static size_t put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, c >>= 6)
        to[i] = (char)(0x80 | (c & 0x3f));
    to[0] = (char)((0xf00U >> n & 0xf0U) | c);
    return n;
}

/* The text of one cell; nothing for the right half of a wide character. */
static size_t put_cell(char *to, const VTermScreenCell *cell)
{
    if (cell->chars[0] == (uint32_t)-1)
        return 0;
    if (cell->chars[0] == 0)
        return put_utf8(to, ' ');
    size_t n = 0;
    for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell->chars[i]; i++)
        n += put_utf8(to + n, cell->chars[i]);
    return n;
}

char *screen_row(struct screen *screen, int row, int **columns)
{
    size_t room = (size_t)screen->cols * CELL_BYTES + 1, n = 0;
    char *text = must(malloc(room));
    int *places = must(malloc(room * sizeof *places));

    for (int col = 0; col < screen->cols; col++) {
        VTermScreenCell cell;
        vterm_screen_get_cell(screen->cells, (VTermPos){.row = row, .col = col}, &cell);
        for (size_t end = n + put_cell(text + n, &cell); n < end; n++)
            places[n] = col;
    }
    while (n > 0 && text[n - 1] == ' ')
        n--;
    text[n] = '\0';
    if (columns)
        *columns = places;
    else
        free(places);
    return text;
}

char *screen_text(struct screen *screen)
{
    char *all = must(calloc(1, (size_t)screen->rows * ((size_t)screen->cols * CELL_BYTES + 1) + 1));
    size_t n = 0, shown = 0;
    for (int row = 0; row < screen->rows; row++) {
        char *text = screen_row(screen, row, NULL);
        size_t length = strlen(text);
        memcpy(all + n, text, length);
        n += length;
        all[n++] = '\n';
        if (length)
            shown = n;
        free(text);
    }
    all[shown] = '\0';
    return all;
}

bool screen_find(struct screen *screen, const char *text, int *row, int *col)
{
    bool found = false;
    for (int r = 0; r < screen->rows && !found; r++) {
        int *columns;
        char *line = screen_row(screen, r, &columns);
        const char *at = strstr(line, text);
        found = at != NULL;
        if (found && row)
            *row = r;
        if (found && col)
            *col = *at ? columns[at - line] : 0;
        free(line);
        free(columns);
    }
    return found;
}

static void add_word(char *buf, size_t size, const char *format, ...)
{
    size_t n = strlen(buf);
    va_list args;
    va_start(args, format);
    if (n && n + 1 < size)
        buf[n++] = ' ';
    vsnprintf(buf + n, size - n, format, args);
    va_end(args);
}

static void add_colour(char *buf, size_t size, const char *name, VTermColor *colour)
{
    if (VTERM_COLOR_IS_INDEXED(colour))
        add_word(buf, size, "%s=%d", name, colour->indexed.idx);
    else
        add_word(buf, size, "%s=#%02x%02x%02x", name, colour->rgb.red, colour->rgb.green, colour->rgb.blue);
}

char *screen_style(struct screen *screen, int row, int col, char *buf, size_t size)
{
    VTermScreenCell cell;
    vterm_screen_get_cell(screen->cells, (VTermPos){.row = row, .col = col}, &cell);
    const struct {
        const char *name;
        bool on;
    } words[] = {
        {"bold", cell.attrs.bold},   {"underline", cell.attrs.underline}, {"italic", cell.attrs.italic},
        {"blink", cell.attrs.blink}, {"reverse", cell.attrs.reverse},     {"strike", cell.attrs.strike},
    };
    buf[0] = '\0';
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].on)
            add_word(buf, size, "%s", words[i].name);
    if (!VTERM_COLOR_IS_DEFAULT_FG(&cell.fg))
        add_colour(buf, size, "fg", &cell.fg);
    if (!VTERM_COLOR_IS_DEFAULT_BG(&cell.bg))
        add_colour(buf, size, "bg", &cell.bg);
    return buf;
}

char *screen_styles(struct screen *screen)
{
    char *all = NULL;
    size_t length = 0;
    FILE *out = must(open_memstream(&all, &length));
    for (int row = 0; row < screen->rows; row++) {
        for (int col = 0, end; col < screen->cols; col = end) {
            char style[100], next[100];
            screen_style(screen, row, col, style, sizeof style);
            for (end = col + 1; end < screen->cols; end++)
                if (strcmp(style, screen_style(screen, row, end, next, sizeof next)) != 0)
                    break;
            if (style[0])
                fprintf(out, "%d: %d-%d %s\n", row, col, end - 1, style);
        }
    }
    fclose(out);
    return must(all);
}

void screen_cursor(struct screen *screen, int *row, int *col)
{
    VTermPos at;
    vterm_state_get_cursorpos(vterm_obtain_state(screen->vt), &at);
    *row = at.row;
    *col = at.col < screen->cols ? at.col : screen->cols - 1;
}
