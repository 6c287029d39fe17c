/* bench.h - what `make bench` measures with; tests/bench/bench.sh puts the pieces together.
 *
 * One program with sub-commands, each of which prints lines "MEASURE VALUE" on stdout. The API server to ask is that of
 * lib.sh: API_SERVER, and its CA and credentials in $TEST_TMP/curlrc.
 */
#ifndef BRDECK_TESTS_BENCH_H
#define BRDECK_TESTS_BENCH_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BENCH_NAMESPACES = 20, /* team-000 … team-019, as those of brdeck-sim --fleet N */
    URL_ROOM = 1024,
    BODY_ROOM = 8 * 1024,
};

/* ---- stats.c ---- */

int64_t now_ns(void);
/* CPU time of all threads of @pid so far, in ns; -1: there is none. */
int64_t cpu_ns(int pid);
/* Peak of the resident memory of @pid in KiB (VmHWM); -1: unknown. */
long peak_kib(int pid);
/* The value at @percent of @count numbers, which are sorted by this. */
double percentile(double *values, size_t count, double percent);
_Noreturn void die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- api.c ---- */

/* A handle with TLS, credentials and keepalive set; the caller cleans it up. Dies without API_SERVER. */
CURL *api_handle(void);
/* URL of @path on the server, into @buf (which it returns). */
char *api_url(char buf[URL_ROOM], const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Send @method with @body (NULL: none) of @type; the HTTP status, 0 for no answer. What came is cut to @room - 1
 * bytes in @answer, if that is not NULL. */
long api_call(CURL *handle, const char *method, const char *url, const char *type, const char *body, char *answer,
              size_t room);
/* The resourceVersion that the server is at, by a list of one. */
uint64_t api_version(CURL *handle);

/* ---- the sub-commands: false when something could not be measured ---- */

bool bench_fetch(int argc, char **argv);  /* fetch.c: the list by plain libcurl */
bool bench_create(int argc, char **argv); /* load.c: N Backups */
bool bench_change(int argc, char **argv); /* load.c: RATE changes a second for SECONDS */
bool bench_run(int argc, char **argv);    /* run.c: NAME COMMAND...: its time and memory */
bool bench_deck(int argc, char **argv);   /* deck.c: brdeck in a terminal */
bool bench_acts(int argc, char **argv);  /* acts.c: its actions, and runs that are followed */

#endif
