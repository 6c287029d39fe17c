/* acts.c - acting: from the key to the dialog that says what will happen, from the answer typed to the server's, and
 * what it costs to follow many runs at once. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "deck.h"

enum { ACTS = 10, FOLLOWED = 100, FOLLOW_MS = 10 * 1000 };

/* What stands anywhere on the screen. */
static bool screen_says(struct screen *screen, void *user)
{
    const struct deck *deck = user;
    int row, col;
    return screen_find(screen, deck->text, &row, &col);
}

static void wait_for(struct deck *deck, const char *text)
{
    deck->text = text;
    if (!screen_wait(deck->screen, screen_says, deck, PAINT_LIMIT_MS))
        deck_fail(deck, text);
}

static bool says_now(struct deck *deck, const char *text)
{
    deck->text = text;
    return screen_says(deck->screen, deck);
}

/* Only log backups: the cursor is in the first row. */
static void show_logs(struct deck *deck)
{
    static const char keys[] = "/log-0\rg";
    screen_send(deck->screen, keys, sizeof keys - 1);
    wait_for(deck, ">team-000   log-0");
}

/* The run in the cursor's row has its answer: it is neither queued nor being sent. Where nobody works on it the row keeps
 * the Backup's own state, and the detail says that it is asked for. */
static bool is_answered(struct screen *screen, void *user)
{
    const struct deck *deck = user;
    int row, col;
    char *text = screen_row(screen, deck->row, NULL);
    bool answered = strstr(text, "pause: ") && !strstr(text, "queued") && !strstr(text, "sending");
    free(text);
    return answered || screen_find(screen, "asked already", &row, &col);
}

/* p on the row of the cursor: to a dialog that has looked, asked for the right and tried the patch; y Enter: to the
 * row that tells the answer. False: this one cannot be paused. */
static bool act(struct deck *deck, double *dialog_ms, double *answer_ms)
{
    int col;
    screen_cursor(deck->screen, &deck->row, &col);
    int64_t begun = now_ns();
    screen_send(deck->screen, "p", 1);
    wait_for(deck, "context ");
    while (!says_now(deck, "y/N") && !says_now(deck, "refused") && ms_since(begun) < PAINT_LIMIT_MS)
        screen_pump(deck->screen, 1);
    *dialog_ms = ms_since(begun);
    if (!says_now(deck, "y/N")) {
        screen_send(deck->screen, "\033", 1);
        deck_rest(deck, 4 * REST_MS);
        return false;
    }
    deck_rest(deck, REST_MS);
    begun = now_ns();
    screen_send(deck->screen, "y\r", 2);
    if (!screen_wait(deck->screen, is_answered, deck, PAINT_LIMIT_MS))
        deck_fail(deck, "the pause was not answered");
    *answer_ms = ms_since(begun);
    return true;
}

static void measure_acts(struct deck *deck)
{
    double dialog[ACTS], answer[ACTS];
    size_t n = 0;
    show_logs(deck);
    for (int tries = 0; n < ACTS && tries < 4 * ACTS; tries++) {
        n += act(deck, &dialog[n], &answer[n]);
        deck_rest(deck, REST_MS);
        screen_send(deck->screen, "j", 1);
        deck_rest(deck, REST_MS);
    }
    if (n == 0)
        deck_fail(deck, "no log backup can be paused");
    printf("dialog_ms %.1f\n", percentile(dialog, n, 50));
    printf("answer_ms %.1f\n", percentile(answer, n, 50));
    printf("answer_max_ms %.1f\n", percentile(answer, n, 100));
}

/* Another client asks for a pause of @count log backups; brdeck finds the runs and follows them to their end. */
static size_t pause_many(struct deck *deck, size_t count)
{
    size_t asked = 0;
    for (unsigned long i = 0; i < deck->count && asked < count; i++) {
        char url[URL_ROOM];
        if (i / BENCH_NAMESPACES % 5 != 0)
            continue;
        api_url(url, "/apis/br.pingcap.com/v1alpha1/namespaces/team-%03lu/backups/log-%06lu", i % BENCH_NAMESPACES, i);
        asked += api_call(deck->handle, "PATCH", url, "application/merge-patch+json",
                          "{\"spec\":{\"logSubcommand\":\"log-pause\"}}", NULL, 0) == 200;
    }
    return asked;
}

static void measure_follow(struct deck *deck)
{
    screen_send(deck->screen, "R", 1);
    deck_rest(deck, 20 * REST_MS);
    int64_t cpu = cpu_ns(deck->screen->program), begun = now_ns();
    size_t asked = pause_many(deck, FOLLOWED);
    deck_rest(deck, FOLLOW_MS);
    double passed = (double)(now_ns() - begun);
    printf("follow_runs %zu\n", asked);
    printf("follow_cpu %.2f\n", 100 * (double)(cpu_ns(deck->screen->program) - cpu) / passed);
    printf("follow_mem_mib %.1f\n", (double)peak_kib(deck->screen->program) / 1024);
}

bool bench_acts(int argc, char **argv)
{
    if (argc < 2)
        return false;
    double first_s, all_s;
    struct deck deck = {.count = strtoul(argv[0], NULL, 10), .handle = api_handle()};
    setvbuf(stdout, NULL, _IOLBF, 0);
    deck_start(&deck, argv + 1, &first_s, &all_s);
    measure_acts(&deck);
    screen_free(&deck.screen);
    deck_start(&deck, argv + 1, &first_s, &all_s);
    measure_follow(&deck);
    screen_free(&deck.screen);
    curl_easy_cleanup(deck.handle);
    return true;
}
