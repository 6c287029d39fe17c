/* br.h - br itself, as far as one sees it from outside: its flags, its log lines, what it answers, what it does to PD.
 *
 * One call is one run of br in the Pod of a Job. The operator's Jobs write through runend.c into the Backup, and use of
 * this the words and the log lines only.
 */
#ifndef BRDECK_SIM_BR_H
#define BRDECK_SIM_BR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/base/json.h>
#include <brdeck/base/str.h>

struct sim;

struct br_call {
    struct sim *sim;
    const char *ns, *host;    /* of the Pod; the host is its name */
    const struct json *words; /* argv behind "br", an array of strings */
    const char *failure;      /* what it says at its end, whatever it was asked; NULL: nothing is in its way */
    const char *source;       /* of that line; NULL: main.go:38 */
    bool log_to_term;         /* its log goes to stdout, among the answers */
};

/* The argv behind "br" of @container, also from behind `sh -c`; NULL: it runs something else. The caller frees. */
struct json *br_words(const struct json *container);
/* The value of flag --@name (or "-x" for @letter) among @words; NULL: not there. "" where it has none. */
const char *br_flag(const struct json *words, const char *name);
/* The sub-command as "log-status", "validate-decode"; @buf is returned. */
char *br_command(const struct json *words, char *buf, size_t size);
/* The first flag that this sub-command does not know; NULL: it knows all. Borrowed from @words. */
const char *br_unknown_flag(const struct json *words);

/* What it says when it begins, and, at its end, what came of it: the exit code. Lines end in a line feed. */
void br_begin(const struct br_call *call, struct str *out);
int br_finish(const struct br_call *call, struct str *out);

/* "[2026/11/22 21:54:13.425 +00:00] ", as each line of br's log begins. */
void br_add_when(struct str *out, int64_t ms);
/* A line of br's log: "[2026/11/22 14:24:34.610 +00:00] [INFO] [main.go:38] @rest". */
__attribute__((format(printf, 4, 5)))
void br_line(struct str *out, const char *level, const char *source, const char *format, ...);
/* The ERROR lines that end it: of the sub-command @words ("log pause"; "" none), then of main. */
void br_error_lines(struct str *out, const char *words, const char *source, const char *error);

#endif
