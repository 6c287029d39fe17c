/* screentest.h - the interpreter of screen scripts; doc/testing.md describes the language. */
#ifndef BRDECK_TESTS_SCREENTEST_H
#define BRDECK_TESTS_SCREENTEST_H

#include <regex.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "screen.h"

enum { MASKS_MAX = 32, BACKGROUND_MAX = 16, WAIT_LIMIT_S = 10 };

/* What a step may say to end the test. */
enum verdict { GOES_ON, FAILED, SKIPPED };

struct test {
    const char *path; /* of the script being read, with its line: for messages */
    int line;
    struct screen *screen; /* NULL before `run` */
    int rows, cols;
    double factor;   /* of every limit */
    uint64_t marked; /* bytes written at `mark-bytes` */
    regex_t masks[MASKS_MAX];
    int mask_count;
    pid_t background[BACKGROUND_MAX];
    int background_count;
    char folder[64]; /* temporary, removed at the end */
};

/* Print "PATH:LINE: ..." and, if there is one, the screen; FAILED. */
__attribute__((format(printf, 2, 3))) enum verdict test_fail(struct test *test, const char *format, ...);
/* A limit in ms, times the factor. */
int test_limit(const struct test *test, double seconds);
/* "include": read the steps of another file. */
enum verdict test_read(struct test *test, const char *path);

/* screentest_steps.c: do the step @name with the rest of its line. */
enum verdict step_do(struct test *test, const char *name, char *rest);

/* screentest_text.c: the quoted text that @rest is, or @rest itself, with ${NAME} from the environment;
 * the caller frees. */
char *step_text(const char *rest);
/* Take a number of seconds off the front of @rest, if words follow it; else @otherwise. */
double step_seconds(char **rest, double otherwise);
/* Take a whole number off the front of @rest; false if there is none. */
bool step_number(char **rest, int *number);

/* screentest_look.c: the steps that look at the screen. */
enum verdict look_wait(struct test *test, char *rest);
enum verdict look_wait_not(struct test *test, char *rest);
enum verdict look_expect(struct test *test, char *rest);
enum verdict look_expect_not(struct test *test, char *rest);
enum verdict look_wait_row(struct test *test, char *rest);
enum verdict look_wait_regex(struct test *test, char *rest);
enum verdict look_expect_cursor(struct test *test, char *rest);
enum verdict look_expect_style(struct test *test, char *rest);

/* screentest_jobs.c: commands beside the program. */
enum verdict job_sh(struct test *test, const char *command, bool may_fail, int *status);
enum verdict job_background(struct test *test, const char *command);
enum verdict job_start(struct test *test, const char *command); /* and wait for its line "ready ..." */
void jobs_end(struct test *test);

/* screentest_golden.c: compare the screen with tests/screen/golden/NAME.golden. */
enum verdict golden_step(struct test *test, const char *name, bool styles);
enum verdict golden_mask(struct test *test, const char *expression);

#endif
