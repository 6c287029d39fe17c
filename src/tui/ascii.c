#include <config.h>

#include "tui/ascii.h"

#include <stddef.h>

#include <brdeck/base/alloc.h>

/* What brdeck itself draws, and what texts often hold. */
static const struct likeness {
    wchar_t from;
    char to;
} likenesses[] = {
    {0x25cf, '*'}, {0x25b2, '!'}, {0x2016, '='}, {0x2714, '+'}, {0x2713, '+'}, {0x25d0, 'o'}, {0x2716, 'x'},
    {0x2717, 'x'}, {0x25a0, '#'}, {0x2702, '-'}, {0x2026, '~'}, {0x00b7, '.'}, {0x2022, '*'}, {0x25c6, '*'},
    {0x25ba, '>'}, {0x25b6, '>'}, {0x25c0, '<'}, {0x2190, '<'}, {0x2191, '^'}, {0x2192, '>'}, {0x2193, 'v'},
    {0x2550, '='}, {0x2551, '|'}, {0x2561, '|'}, {0x255e, '|'}, {0x2588, '#'}, {0x2591, '.'}, {0x2592, ':'},
    {0x2593, '#'}, {0x2018, '\''}, {0x2019, '\''}, {0x201c, '"'}, {0x201d, '"'}, {0x2212, '-'}, {0x00d7, 'x'},
    {0x00a0, ' '}, {0x25cb, 'o'}, {0x25bc, 'v'},
};

/* Runs of characters that look alike. */
static const struct likeness_range {
    wchar_t first, last;
    char to;
} likeness_ranges[] = {
    {0x2500, 0x2501, '-'}, /* rules */
    {0x2502, 0x2503, '|'},
    {0x2504, 0x2505, '-'},
    {0x2506, 0x2507, '|'},
    {0x250c, 0x254b, '+'}, /* corners and crossings */
    {0x2010, 0x2015, '-'}, /* hyphens and dashes */
    {0x2581, 0x2587, '#'}, /* bars of charts */
};

char ascii_of(wchar_t c)
{
    if (c >= 0x20 && c < 0x7f)
        return (char)c;
    for (size_t i = 0; i < ARRAY_LEN(likenesses); i++)
        if (likenesses[i].from == c)
            return likenesses[i].to;
    for (size_t i = 0; i < ARRAY_LEN(likeness_ranges); i++)
        if (c >= likeness_ranges[i].first && c <= likeness_ranges[i].last)
            return likeness_ranges[i].to;
    return '?';
}
