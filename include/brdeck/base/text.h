/* text.h - text from outside, made fit for a terminal; its width in columns.
 *
 * Text from a cluster is hostile until cleaned: it may hold escape codes, bidi
 * controls, broken UTF-8. Cleaning has exactly two gates: the canvas of the
 * screen and the text output of the command line.
 *
 * There is one table of widths, that of the C library (wcwidth), which is also
 * what ncurses uses; the locale must be UTF-8, else all but ASCII becomes '?'.
 */
#ifndef BRDECK_BASE_TEXT_H
#define BRDECK_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <wchar.h>

#include <brdeck/base/str.h>

enum { TEXT_COMBINING_MAX = 4 };

/* What stands in one cell (or two): a spacing character and what combines. */
struct text_glyph {
    wchar_t chars[1 + TEXT_COMBINING_MAX + 1]; /* NUL-terminated */
    int width;                                 /* 1 or 2 columns */
};

/* Read one glyph from the @len bytes at @text into @glyph and return the bytes used
 * (at least 1 while len > 0; 0 at the end). Broken UTF-8, control, joiner, variation
 * selector, bidi and unassigned characters come out as U+FFFD (one for each byte
 * or character); a tab or line feed comes out as a space. More than four combining
 * characters: the rest is dropped. With none to stand on they get U+FFFD as their base. */
size_t text_glyph(const char *text, size_t len, struct text_glyph *glyph);

/* Is the locale's encoding UTF-8? Where it is not, what brdeck draws itself must be ASCII to begin with. */
bool text_is_utf8(void);

/* Columns that @text takes once cleaned, as one line. NULL: 0. */
size_t text_width(const char *text);
/* Append @text cleaned to one line: nothing in it can move a cursor. What no longer fits
 * in @out is left out by whole glyphs. */
void text_add_clean(struct str *out, const char *text);
/* The same, but line feeds stay. */
void text_add_clean_lines(struct str *out, const char *text);
/* The bytes of @text that go on a line of @width columns (wrapped at a space where
 * there is one; a line feed ends a line), and in *@next where the following line
 * begins. Returns the length of the line; *next is NULL after the last. A line has at
 * least one glyph, even a wide one where @width is 1. */
size_t text_wrap(const char *text, size_t width, const char **next);
/* Where @text holds @needle regardless of case (Unicode simple folding). An empty needle
 * is found at once. */
bool text_contains_fold(const char *text, const char *needle);

#endif
