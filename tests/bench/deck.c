/* deck.c - brdeck in a terminal of ours: how soon it shows what, and what it costs. */
#include <config.h>

#include <ctype.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "deck.h"

enum {
    STARTS_MAX = 20,
    STEPS = 50,          /* keys that are measured, */
    STRIDE = 10,         /* so many down, so many up */
    CHANGES = 20,
    CHURN_KEYS = 50,
    ROUNDS = 5,
    SETTLE_MS = 500,
    LIST_LIMIT_MS = 120 * 1000,
    IDLE_MS = 10 * 1000,
    CHURN_MS = 5 * 1000,
};

double ms_since(int64_t begun) { return (double)(now_ns() - begun) / 1e6; }

/* ---- what the screen says ---- */

/* All rows: "10,000 backups" or "10000 backups", and "live", in the first line. */
static bool is_all_there(struct screen *screen, void *user)
{
    const struct deck *deck = user;
    char *top = screen_row(screen, 0, NULL), wanted[48];
    size_t n = 0;
    for (size_t i = 0; top[i]; i++)
        if (top[i] != ',' || !isdigit((unsigned char)top[i + 1]))
            top[n++] = top[i];
    top[n] = '\0';
    snprintf(wanted, sizeof wanted, " %lu backup", deck->count);
    bool there = strstr(top, wanted) && strstr(top, " live");
    free(top);
    return there;
}

static bool is_row_there(struct screen *screen, void *user)
{
    (void)user;
    int row, col;
    return screen_find(screen, " team-0", &row, &col) || screen_find(screen, ">team-0", &row, &col);
}

static bool cursor_is_in_row(struct screen *screen, void *user)
{
    const struct deck *deck = user;
    int row, col;
    VTermScreenCell cell;
    screen_cursor(screen, &row, &col);
    vterm_screen_get_cell(screen->cells, (VTermPos){deck->row, 0}, &cell);
    return row == deck->row && cell.chars[0] == '>';
}

bool deck_row_says(struct screen *screen, void *user)
{
    const struct deck *deck = user;
    char *text = screen_row(screen, deck->row, NULL);
    bool says = strstr(text, deck->text) != NULL;
    free(text);
    return says;
}

void deck_rest(struct deck *deck, int ms)
{
    for (int64_t end = now_ns() + (int64_t)ms * 1000000, at; (at = now_ns()) < end;)
        screen_pump(deck->screen, (int)((end - at) / 1000000) + 1);
}

void deck_fail(struct deck *deck, const char *what)
{
    char *text = screen_text(deck->screen);
    fprintf(stderr, "bench: %s. The screen:\n%s", what, text);
    free(text);
    screen_free(&deck->screen);
    exit(1);
}

/* ---- start ---- */

void deck_start(struct deck *deck, char **command, double *first_s, double *all_s)
{
    deck->screen = screen_new(ROWS, COLS);
    int64_t begun = now_ns();
    if (!screen_spawn(deck->screen, command))
        deck_fail(deck, "no terminal");
    if (!screen_wait(deck->screen, is_row_there, deck, LIST_LIMIT_MS))
        deck_fail(deck, "no row");
    *first_s = ms_since(begun) / 1000;
    if (!screen_wait(deck->screen, is_all_there, deck, LIST_LIMIT_MS))
        deck_fail(deck, "not all rows");
    *all_s = ms_since(begun) / 1000;
}

static void measure_starts(struct deck *deck, int starts, char **command)
{
    double first[STARTS_MAX], all[STARTS_MAX];
    int n = starts < 1 ? 1 : starts > STARTS_MAX ? STARTS_MAX : starts;
    for (int i = 0; i < n; i++) {
        screen_free(&deck->screen);
        deck_start(deck, command, &first[i], &all[i]);
    }
    printf("first_s %.4f\n", percentile(first, (size_t)n, 50));
    printf("all_s %.4f\n", percentile(all, (size_t)n, 50));
    printf("start_cpu_s %.4f\n", (double)cpu_ns(deck->screen->program) / 1e9);
    printf("mem_mib %.1f\n", (double)peak_kib(deck->screen->program) / 1024);
}

/* ---- idle ---- */

static void measure_idle(struct deck *deck)
{
    deck_rest(deck, 2000); /* what a start brings after its list: rights, other facts */
    int64_t cpu = cpu_ns(deck->screen->program), begun = now_ns();
    uint64_t bytes = deck->screen->bytes;
    deck_rest(deck, IDLE_MS);
    double passed = (double)(now_ns() - begun);
    printf("idle_cpu %.3f\n", 100 * (double)(cpu_ns(deck->screen->program) - cpu) / passed);
    printf("idle_bytes %llu\n", (unsigned long long)(deck->screen->bytes - bytes));
}

/* ---- keys ---- */

/* @count keys, down and up again; each is waited for on the screen. */
static void measure_keys(struct deck *deck, size_t count, const char *name)
{
    double times[STEPS > CHURN_KEYS ? STEPS : CHURN_KEYS];
    int col;
    screen_cursor(deck->screen, &deck->row, &col);
    for (size_t i = 0; i < count; i++) {
        bool down = i / STRIDE % 2 == 0;
        deck_rest(deck, REST_MS);
        deck->row += down ? 1 : -1;
        int64_t begun = now_ns();
        screen_send(deck->screen, down ? "j" : "k", 1);
        if (!screen_wait(deck->screen, cursor_is_in_row, deck, PAINT_LIMIT_MS))
            deck_fail(deck, "a key moved nothing");
        times[i] = ms_since(begun);
    }
    printf("%s_ms %.3f\n", name, percentile(times, count, 50));
    printf("%s_p99_ms %.3f\n", name, percentile(times, count, 99));
    for (size_t i = count / STRIDE % 2 ? STRIDE : 0; i > 0; i--)
        screen_send(deck->screen, "k", 1);
}

/* ---- what touches all rows ---- */

static bool screen_says(struct screen *screen, void *user)
{
    const struct deck *deck = user;
    int row, col;
    return screen_find(screen, deck->text, &row, &col);
}

/* From @keys to @text: in the first row of the list, or anywhere. */
static double until_shown(struct deck *deck, const char *keys, const char *text, bool anywhere)
{
    deck_rest(deck, REST_MS);
    deck->row = FIRST_ROW;
    deck->text = text;
    int64_t begun = now_ns();
    screen_send(deck->screen, keys, strlen(keys));
    if (!screen_wait(deck->screen, anywhere ? screen_says : deck_row_says, deck, PAINT_LIMIT_MS))
        deck_fail(deck, "the list did not change");
    return ms_since(begun);
}

/* To the first row of the list as it was: the cursor stays on its Backup when rows come and go. */
static void go_back(struct deck *deck, const char *keys)
{
    screen_send(deck->screen, keys, strlen(keys));
    deck_rest(deck, SETTLE_MS);
    until_shown(deck, "g", " full-0", false);
}

/* To the end of the list and to its begin; a filter; another order. */
static void measure_whole(struct deck *deck)
{
    double ends[2 * ROUNDS], filters[ROUNDS], sorts[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        ends[2 * i] = until_shown(deck, "G", "team-019", false);
        ends[2 * i + 1] = until_shown(deck, "g", "team-000", false);
        filters[i] = until_shown(deck, "/log-0\r", " log-0", false);
        go_back(deck, "/\025\r"); /* C-u empties it */
        sorts[i] = until_shown(deck, ":sort -name\r", "team-001", true);
        go_back(deck, ":sort namespace\r");
    }
    printf("end_ms %.2f\n", percentile(ends, 2 * ROUNDS, 50));
    printf("filter_ms %.1f\n", percentile(filters, ROUNDS, 50));
    printf("sort_ms %.1f\n", percentile(sorts, ROUNDS, 50));
}

/* ---- changes ---- */

/* The first row that shows a complete snapshot: its namespace and name are the first two words. */
static void pick_object(struct deck *deck)
{
    for (int row = 1; row < ROWS; row++) {
        char *text = screen_row(deck->screen, row, NULL);
        bool found = strstr(text, "Complete") && (text[0] == ' ' || text[0] == '>') &&
                     sscanf(text + 1, "%63s %127s", deck->ns, deck->name) == 2 && strncmp(deck->name, "full-", 5) == 0;
        free(text);
        deck->row = row;
        if (found)
            return;
    }
    deck_fail(deck, "no complete snapshot is on the screen");
}

struct patch {
    struct deck *deck;
    bool fail;
    long status;
};

#define FAILED "{\"status\":{\"phase\":\"Failed\"}}"
#define COMPLETE "{\"status\":{\"phase\":\"Complete\"}}"

static void *send_patch(void *user)
{
    struct patch *patch = user;
    char url[URL_ROOM];
    api_url(url, "/apis/br.pingcap.com/v1alpha1/namespaces/%s/backups/%s/status", patch->deck->ns, patch->deck->name);
    patch->status = api_call(patch->deck->handle, "PATCH", url, "application/merge-patch+json",
                             patch->fail ? FAILED : COMPLETE, NULL, 0);
    return NULL;
}

/* From before the PATCH is sent (on a connection that is open) to the screen; what the server needs is in it. */
static void measure_changes(struct deck *deck)
{
    double times[CHANGES];
    pick_object(deck);
    api_version(deck->handle); /* opens the connection */
    for (int i = 0; i < CHANGES; i++) {
        struct patch patch = {.deck = deck, .fail = i % 2 == 0};
        pthread_t thread;
        deck_rest(deck, REST_MS);
        deck->text = patch.fail ? "Failed" : "Complete";
        int64_t begun = now_ns();
        if (pthread_create(&thread, NULL, send_patch, &patch) != 0)
            abort();
        bool shown = screen_wait(deck->screen, deck_row_says, deck, PAINT_LIMIT_MS);
        times[i] = ms_since(begun);
        pthread_join(thread, NULL);
        if (patch.status != 200)
            die("HTTP %ld for the status of %s/%s", patch.status, deck->ns, deck->name);
        if (!shown)
            deck_fail(deck, "a change was not shown");
    }
    printf("change_ms %.1f\n", percentile(times, CHANGES, 50));
    printf("change_max_ms %.1f\n", percentile(times, CHANGES, 100));
}

static pid_t run_beside(const char *command)
{
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    return pid;
}

/* While @churn (a shell command) changes the cluster. */
static void measure_churn(struct deck *deck, const char *churn)
{
    pid_t pid = run_beside(churn);
    deck_rest(deck, 1000); /* until it is under way */
    uint64_t version = api_version(deck->handle), bytes = deck->screen->bytes;
    int64_t cpu = cpu_ns(deck->screen->program), begun = now_ns();
    deck_rest(deck, CHURN_MS);
    double passed = (double)(now_ns() - begun) / 1e9;
    printf("churn_cpu %.1f\n", (double)(cpu_ns(deck->screen->program) - cpu) / 1e7 / passed);
    printf("churn_bytes %.0f\n", (double)(deck->screen->bytes - bytes) / passed);
    measure_keys(deck, CHURN_KEYS, "churn_key");
    passed = (double)(now_ns() - begun) / 1e9;
    printf("churn_rate %.0f\n", (double)(api_version(deck->handle) - version) / passed);
    printf("churn_mem_mib %.1f\n", (double)peak_kib(deck->screen->program) / 1024);
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
}

bool bench_deck(int argc, char **argv)
{
    if (argc < 4)
        return false;
    struct deck deck = {.count = strtoul(argv[0], NULL, 10), .handle = api_handle()};
    setvbuf(stdout, NULL, _IOLBF, 0);
    measure_starts(&deck, atoi(argv[1]), argv + 3);
    measure_idle(&deck);
    measure_keys(&deck, STEPS, "key");
    measure_whole(&deck);
    measure_changes(&deck);
    if (argv[2][0])
        measure_churn(&deck, argv[2]);
    screen_free(&deck.screen);
    curl_easy_cleanup(deck.handle);
    return true;
}
