#include <config.h>

#include <brdeck/tui/widgets.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

enum { HISTORY_MAX = 100 };

static const wchar_t SECRET_DOT = 0x2022, REPLACED = 0xfffd;

void line_edit_init(struct line_edit *line, size_t max)
{
    *line = (struct line_edit){0};
    str_init(&line->text, max);
}

void line_edit_done(struct line_edit *line)
{
    if (line->secret)
        memset(line->text.data, 0, line->text.len);
    str_done(&line->text);
    for (size_t i = 0; i < line->history_count; i++)
        free(line->history[i]);
    free(line->history);
    free(line->draft);
    *line = (struct line_edit){0};
}

void line_edit_set(struct line_edit *line, const char *text)
{
    char *copy = xstrdup(text ? text : ""); /* it may be our own */
    str_clear(&line->text);
    str_add(&line->text, copy);
    line->text.cut = false;
    line->cursor = line->text.len;
    line->scroll = 0;
    free(copy);
}

/* -- glyphs -------------------------------------------------------------------------- */

static size_t next_glyph(const struct line_edit *line, size_t at)
{
    struct text_glyph glyph;
    return at + text_glyph(line->text.data + at, line->text.len - at, &glyph);
}

/* Glyphs can only be told from the beginning: what combines belongs to what stands before. */
static size_t previous_glyph(const struct line_edit *line, size_t at)
{
    size_t last = 0;
    for (size_t i = 0; i < at; i = next_glyph(line, i))
        last = i;
    return last;
}

static bool is_space(const struct line_edit *line, size_t at) { return line->text.data[at] == ' '; }

static size_t previous_word(const struct line_edit *line, size_t at)
{
    while (at > 0 && is_space(line, at - 1))
        at--;
    while (at > 0 && !is_space(line, at - 1))
        at--;
    return at;
}

static size_t next_word(const struct line_edit *line, size_t at)
{
    while (at < line->text.len && is_space(line, at))
        at++;
    while (at < line->text.len && !is_space(line, at))
        at++;
    return at;
}

/* -- changing it ------------------------------------------------------------------------ */

static void cut(struct line_edit *line, size_t from, size_t to)
{
    memmove(line->text.data + from, line->text.data + to, line->text.len - to);
    str_truncate(&line->text, line->text.len - (to - from));
    line->cursor = from;
}

/* All of @bytes, or nothing where there is no room. */
static void insert(struct line_edit *line, const char *bytes, size_t len)
{
    if (len > line->text.max - line->text.len)
        return;
    size_t old = line->text.len;
    str_pad(&line->text, ' ', len);
    memmove(line->text.data + line->cursor + len, line->text.data + line->cursor, old - line->cursor);
    memcpy(line->text.data + line->cursor, bytes, len);
    line->cursor += len;
    /* In front of a combining character the cursor stood within what is now one glyph. */
    size_t at = 0;
    while (at < line->cursor)
        at = next_glyph(line, at);
    line->cursor = at;
}

static void insert_char(struct line_edit *line, wchar_t ch)
{
    char bytes[KEY_TEXT_MAX];
    struct key_press key = {.name = KEY_NAME_CHAR, .ch = ch};
    if (ch == L' ')
        memcpy(bytes, " ", 2);
    else
        key_format(key, bytes);
    insert(line, bytes, strlen(bytes));
}

void line_edit_paste(struct line_edit *line, const char *text, size_t len)
{
    while (len > 0 && strchr("\r\n\t", text[len - 1]) && text[len - 1])
        len--;
    for (size_t at = 0; at < len;) {
        struct text_glyph glyph;
        char first = text[at];
        size_t used = text_glyph(text + at, len - at, &glyph);
        bool line_end = first == '\r' || first == '\n' || first == '\t';
        if (first == '\r' && at + 1 < len && text[at + 1] == '\n') /* one space for both */
            line_end = false;
        if (line_end)
            insert(line, " ", 1);
        else if (glyph.chars[0] != REPLACED && (unsigned char)first >= ' ' && first != 0x7f)
            insert(line, text + at, used);
        at += used;
    }
}

/* -- history ------------------------------------------------------------------------------- */

void line_edit_remember(struct line_edit *line)
{
    bool newest = line->history_count && str_same(line->history[line->history_count - 1], line->text.data);
    free(line->draft);
    line->draft = NULL;
    if (line->text.len > 0 && !newest && !line->secret) {
        if (line->history_count == HISTORY_MAX) {
            free(line->history[0]);
            memmove(line->history, line->history + 1, (HISTORY_MAX - 1) * sizeof *line->history);
            line->history_count--;
        }
        line->history = xreallocarray(line->history, line->history_count + 1, sizeof *line->history);
        line->history[line->history_count++] = xstrdup(line->text.data);
    }
    line->history_at = line->history_count;
}

static void step_history(struct line_edit *line, bool older)
{
    if (older ? line->history_at == 0 : line->history_at >= line->history_count)
        return;
    if (line->history_at == line->history_count) {
        free(line->draft);
        line->draft = xstrdup(line->text.data);
    }
    line->history_at = older ? line->history_at - 1 : line->history_at + 1;
    line_edit_set(line, line->history_at < line->history_count ? line->history[line->history_at] : line->draft);
}

/* -- keys ------------------------------------------------------------------------------------- */

enum edit { LEFT, RIGHT, HOME, END, WORD_LEFT, WORD_RIGHT, RUB, DELETE, RUB_WORD, DELETE_WORD, RUB_ALL, DELETE_ALL,
            OLDER, NEWER, DONE, CANCEL, COMPLETE };

static const struct edit_key {
    const char *keys;
    enum edit edit;
} edit_keys[] = {
    {"left ctrl-b", LEFT},
    {"right ctrl-f", RIGHT},
    {"home ctrl-a", HOME},
    {"end ctrl-e", END},
    {"alt-b ctrl-left alt-left", WORD_LEFT},
    {"alt-f ctrl-right alt-right", WORD_RIGHT},
    {"backspace", RUB},
    {"delete ctrl-d", DELETE},
    {"ctrl-w alt-backspace", RUB_WORD},
    {"alt-d", DELETE_WORD},
    {"ctrl-u", RUB_ALL},
    {"ctrl-k", DELETE_ALL},
    {"up ctrl-p", OLDER},
    {"down ctrl-n", NEWER},
    {"enter", DONE},
    {"esc ctrl-c ctrl-g", CANCEL},
    {"tab", COMPLETE},
};

static bool find_edit(struct key_press key, enum edit *edit)
{
    char text[KEY_TEXT_MAX];
    size_t len = strlen(key_format(key, text));
    for (size_t i = 0; i < ARRAY_LEN(edit_keys); i++)
        for (const char *word = edit_keys[i].keys; word; word = strchr(word, ' ')) {
            word += *word == ' ';
            if (strcspn(word, " ") == len && memcmp(word, text, len) == 0) {
                *edit = edit_keys[i].edit;
                return true;
            }
        }
    return false;
}

static void move_or_cut(struct line_edit *line, enum edit edit)
{
    size_t at = line->cursor, end = line->text.len;
    switch (edit) {
    case LEFT: line->cursor = previous_glyph(line, at); break;
    case RIGHT: line->cursor = next_glyph(line, at); break;
    case HOME: line->cursor = 0; break;
    case END: line->cursor = end; break;
    case WORD_LEFT: line->cursor = previous_word(line, at); break;
    case WORD_RIGHT: line->cursor = next_word(line, at); break;
    case RUB: cut(line, previous_glyph(line, at), at); break;
    case DELETE: cut(line, at, next_glyph(line, at)); break;
    case RUB_WORD: cut(line, previous_word(line, at), at); break;
    case DELETE_WORD: cut(line, at, next_word(line, at)); break;
    case RUB_ALL: cut(line, 0, at); break;
    case DELETE_ALL: cut(line, at, end); break;
    case OLDER: step_history(line, true); break;
    case NEWER: step_history(line, false); break;
    default: break;
    }
}

enum line_result line_edit_key(struct line_edit *line, struct key_press key)
{
    enum edit edit;
    if (key.name == KEY_NAME_CHAR && key.mods == 0 && key.ch) {
        insert_char(line, key.ch);
        return LINE_TYPING;
    }
    if (!find_edit(key, &edit))
        return LINE_IGNORED;
    if (edit == DONE || edit == CANCEL || edit == COMPLETE)
        return edit == DONE ? LINE_DONE : edit == CANCEL ? LINE_CANCEL : LINE_COMPLETE;
    move_or_cut(line, edit);
    return LINE_TYPING;
}

/* -- drawing ------------------------------------------------------------------------------------ */

static int width_at(const struct line_edit *line, size_t at)
{
    struct text_glyph glyph = {.width = 1};
    text_glyph(line->text.data + at, line->text.len - at, &glyph);
    return line->secret ? 1 : glyph.width;
}

static int columns_between(const struct line_edit *line, size_t from, size_t to)
{
    int columns = 0;
    for (; from < to; from = next_glyph(line, from))
        columns += width_at(line, from);
    return columns;
}

/* The cursor is seen, with its own glyph; room that became free on the right is used. */
static void scroll_to_cursor(struct line_edit *line, int width)
{
    int own = line->cursor < line->text.len ? width_at(line, line->cursor) : 1;
    if (line->scroll > line->cursor)
        line->scroll = line->cursor;
    while (line->scroll > 0 && columns_between(line, previous_glyph(line, line->scroll), line->text.len) + 1 <= width)
        line->scroll = previous_glyph(line, line->scroll);
    while (line->scroll < line->cursor && columns_between(line, line->scroll, line->cursor) + own > width)
        line->scroll = next_glyph(line, line->scroll);
}

void line_edit_draw(struct line_edit *line, struct canvas *c, int row, int col, int width, enum style style)
{
    if (width <= 0)
        return;
    canvas_fill(c, (struct rect){row, col, 1, width}, style);
    scroll_to_cursor(line, width);
    int columns = 0, cursor = 0;
    for (size_t at = line->scroll; at < line->text.len;) {
        struct text_glyph glyph;
        if (at == line->cursor)
            cursor = columns;
        at += text_glyph(line->text.data + at, line->text.len - at, &glyph);
        if (line->secret)
            glyph = (struct text_glyph){.chars = {SECRET_DOT}, .width = 1};
        if (columns + glyph.width > width)
            break;
        canvas_glyph(c, row, col + columns, style, &glyph);
        columns += glyph.width;
    }
    if (line->cursor == line->text.len)
        cursor = columns;
    canvas_set_cursor(c, row, col + (cursor < width ? cursor : width - 1), true);
}
