/* ascii.h - what stands for a character where a terminal takes only ASCII. */
#ifndef BRDECK_TUI_ASCII_H
#define BRDECK_TUI_ASCII_H

#include <wchar.h>

/* One ASCII character for @c: itself, its likeness, or '?'. */
char ascii_of(wchar_t c);

#endif
