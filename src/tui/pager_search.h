/* pager_search.h - where a text holds another, regardless of case, and how long the place is. */
#ifndef BRDECK_TUI_PAGER_SEARCH_H
#define BRDECK_TUI_PAGER_SEARCH_H

#include <stddef.h>
#include <wchar.h>

/* @needle folded, NUL-terminated; NULL when there is nothing to search for. The caller frees. */
wchar_t *pager_needle(const char *needle);
/* The first place of @needle in @text, and in *@len (unless NULL) its bytes; NULL: nowhere. */
const char *pager_find(const char *text, const wchar_t *needle, size_t *len);

#endif
