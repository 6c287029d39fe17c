/* deck.h - brdeck in a terminal of the benchmark's, its keys and its screen. */
#ifndef BRDECK_TESTS_BENCH_DECK_H
#define BRDECK_TESTS_BENCH_DECK_H

#include "bench.h"
#include "tests/tools/screen.h"

enum {
    ROWS = 40,
    COLS = 140,
    FIRST_ROW = 2,       /* of the list, below the bar and the titles */
    PAINT_LIMIT_MS = 5000,
    REST_MS = 47,        /* between keys; no multiple of a frame */
};

struct deck {
    struct screen *screen;
    CURL *handle;
    unsigned long count;
    int row;             /* that is waited for */
    const char *text;
    char ns[64], name[128];
};

double ms_since(int64_t begun_ns);
/* Start @command and wait for its list: seconds to the first row, and to all @deck->count. */
void deck_start(struct deck *deck, char **command, double *first_s, double *all_s);
/* Read what it prints for so long. */
void deck_rest(struct deck *deck, int ms);
/* Show the screen, and end the benchmark. */
void deck_fail(struct deck *deck, const char *what);
/* For screen_wait: @deck->text stands in @deck->row. */
bool deck_row_says(struct screen *screen, void *deck);

#endif
