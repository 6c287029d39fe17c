/* completion.h - what may stand where the cursor is on a command line, out of the tables of commands, flags, options. */
#ifndef BRDECK_SRC_CLI_COMPLETION_H
#define BRDECK_SRC_CLI_COMPLETION_H

#include <brdeck/base/str.h>

#include "cli_private.h"

enum completion_names { COMPLETION_NO_NAMES, COMPLETION_BACKUPS, COMPLETION_NAMESPACES };

/* The words of a line up to the cursor, and what becomes of them. */
struct completion {
    const char *const *words;  /* without the program's own name; the last is the one under way, "" a new one */
    size_t count;
    struct str *out;           /* "CANDIDATE<tab>HELP", a line each */
    const char *typed;         /* what is there of the candidate: within the last word */
    const struct cli_command *command; /* NULL: none yet */
    size_t before;             /* how many words make sense without the last: no flag there waits for a value */
    enum completion_names names;       /* what a cluster may add */
    bool files;                /* the shell may add files */
};

/* All that the tables say, into @out; what a cluster or the shell may add is told in @c. */
void completion_from_tables(struct completion *c, const char *const *words, size_t count, struct str *out);
/* One more candidate, if it begins as what is typed. @help may be NULL. */
void completion_offer(struct completion *c, const char *text, const char *help);
/* @word stands on the line already. */
bool completion_has(const struct completion *c, const char *word);

/* completion_cluster.c: names out of the cluster that the line means, within two seconds; nothing where it is silent. */
void completion_from_cluster(struct completion *c, struct loop *loop);
/* Contexts of the kubeconfig. */
void completion_from_kubeconfig(struct completion *c);

/* completion_scripts.c: NULL where @shell is none that is known. */
const char *completion_script(const char *shell);
extern const char *const completion_shells[]; /* NULL-terminated */

#endif
