/* theme.h - colours by meaning, from themes/NAME.ini.
 *
 *     [style]
 *     warn = yellow bold
 *     cursor = reverse
 *
 * A style is "[fg] [on bg] [bold] [dim] [underline] [reverse]"; a colour is default, one of the eight names,
 * bright-NAME, 0..255, or #rrggbb. What a file leaves out comes from the built-in dark theme. Depth is lowered at the
 * terminal's edge.
 */
#ifndef BRDECK_CONF_THEME_H
#define BRDECK_CONF_THEME_H

#include <stdbool.h>
#include <stdint.h>

#include <brdeck/base/error.h>
#include <brdeck/base/str.h>

enum style {
    STYLE_TEXT, STYLE_DIM, STYLE_LABEL, STYLE_TITLE, STYLE_OK, STYLE_BUSY, STYLE_WARN, STYLE_CRIT,
    STYLE_BAR,    /* the first line */
    STYLE_HEADER, /* column titles */
    STYLE_CURSOR, /* the row of the cursor */
    STYLE_MARKED, /* marked rows */
    STYLE_STALE,  /* rows whose source is not live */
    STYLE_RULE,   /* the line that parts two things */
    STYLE_KEY, STYLE_HINT, /* the last line: keys, and what they do */
    STYLE_DIALOG, STYLE_INPUT, STYLE_NOTICE, STYLE_MATCH, STYLE_DEMO,
    STYLE_COUNT,
};
const char *style_name(enum style style); /* "warn" */

enum theme_color_kind { COLOR_DEFAULT_KIND, COLOR_INDEX_KIND, COLOR_RGB_KIND };
struct theme_color {
    uint8_t kind, index, r, g, b;
};
enum { ATTR_BOLD = 1, ATTR_DIM = 2, ATTR_UNDERLINE = 4, ATTR_REVERSE = 8 };
struct theme_style {
    struct theme_color fg, bg;
    unsigned attrs;
};
struct theme {
    char name[32];
    struct theme_style styles[STYLE_COUNT];
};

/* The built-in dark theme, on the terminal's own background. */
void theme_default(struct theme *theme);
/* @name is a path when it holds a slash, else NAME.ini in brdeck's config folder's themes/, $BRDECK_THEMES, or the
 * installed ones. False and @err: "FILE:LINE: what". */
bool theme_load(const char *name, struct theme *theme, struct error *err);
/* The names that can be loaded, sorted, one a line, appended to @out. */
void theme_names(struct str *out);
/* A colour in @colors (8, 16, 256, 1 << 24) colours as an index, or 0xrrggbb where there are more than 256; -1 is the
 * terminal's own (also where @colors is less than 8, and for greys that 8 colours do not have). */
int theme_lower(struct theme_color color, int colors);

#endif
