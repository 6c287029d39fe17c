/* asking.h - what a command wants to know beside the objects: Jobs, Pods, Events, Clusters, and PD.
 *
 * One way for `get`, `describe` and `check`: say of which Backups, wait for the answers for so long and no longer, and
 * tell what was not had. The answers are facts of the rows (br/facts.h), which is where they are read.
 */
#ifndef BRDECK_SRC_CLI_ASKING_H
#define BRDECK_SRC_CLI_ASKING_H

#include <brdeck/base/str.h>

#include "cli_private.h"

struct asking_space {
    const char *ns; /* NULL: all */
    bool refused;   /* too many */
};
struct asking {
    struct session *s;
    struct asking_space *spaces;    /* whose Jobs, Pods and Events are wanted */
    size_t space_count, refused_count;
    slot_t *of_clusters;            /* a Backup of each cluster: PD's answer is for all of its logs */
    size_t cluster_count;
    size_t clusters_max;            /* of more none is asked; 0: no limit */
    size_t clusters_left;           /* that were not asked for that */
    int64_t again_ms;               /* monotonic: when to say again what is wanted */
};

/* Gives the session a br that only looks, unless it has one. Nothing is wanted yet. */
void asking_init(struct asking *asking, struct session *s);
void asking_done(struct asking *asking);
/* Wanted is from now on what concerns all Backups of the namespaces that were listed, and what only PD knows of their
 * clusters. @words (NULL-terminated; NULL: all): of PD only what concerns these. */
void asking_about_listed(struct asking *asking, const char *const *words);
/* What concerns these @count rows (by namespace). @unfinished: Jobs, Pods and Events only of namespaces where one of
 * them is not finished, or failed; PD only of clusters where one of them runs or is paused. */
void asking_about(struct asking *asking, const slot_t *slots, size_t count, bool unfinished);

/* Say again what is wanted, where it is time: while somebody waits, or watches. */
void asking_again(struct asking *asking);
/* Until all of it is there, or is known not to be had; @most_ms at most, and not beyond the session's own deadline.
 * False: not all of it, or a signal came. */
bool asking_wait(struct asking *asking, int64_t most_ms);

/* A line of each namespace that was refused, not had in time, or not had for want of a right. */
void asking_add_notes(const struct asking *asking, struct str *notes);
/* What was not had in time, as one clause: "the Jobs, Pods and Events of orders; PD of orders/tc". False: nothing. */
bool asking_add_late(const struct asking *asking, struct str *out);
/* Whose PD gave no answer, and why, as one clause: "PD of orders/tc gave no answer (connection refused)". False:
 * none. */
bool asking_add_silent(const struct asking *asking, struct str *out);

#endif
