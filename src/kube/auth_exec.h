/* auth_exec.h - a login plugin's inside, cut in two.
 *
 * auth_exec.c      its life; who waits for it; when it runs again
 * auth_exec_run.c  one run of it
 */
#ifndef BRDECK_KUBE_AUTH_EXEC_H
#define BRDECK_KUBE_AUTH_EXEC_H

#include "auth_private.h"

struct exec_borrow;

struct kube_exec {
    struct loop *loop;
    unsigned refs;

    /* what is run */
    char *name;  /* login plugin "aws" of user "x" */
    char **argv; /* argv[0] is the command */
    char **env;  /* of the kubeconfig */
    char *api_version, *install_hint;
    enum kube_exec_mode mode;
    struct json *cluster; /* NULL: not told */
    int64_t run_ms, ask_ms; /* how long it may take alone, and with the terminal */

    /* what it gave */
    struct exec_credential credential;
    bool valid; /* there is one, and no 401 has come to it */
    int64_t made_ms;
    unsigned generation;

    /* the run under way: a child, or the terminal is asked for */
    struct child *child;
    struct exec_borrow *borrow;
    struct kube_terminal lent; /* borrow is NULL when it is not */
    unsigned round;            /* counts runs that have ended */

    /* what holds back the next */
    unsigned failures, rejects; /* in a row */
    int64_t not_before_ms, reject_after_ms;
    struct error failure; /* told until not_before_ms */

    struct kube_auth_wait *first, *last;
};

/* -- auth_exec.c -- */

/* The run has ended: those who waited for it are told. @exec may be gone after that, unless the caller counts. */
void exec_end_failed(struct kube_exec *exec, const struct error *err);
void exec_end_well(struct kube_exec *exec, struct exec_credential *fresh); /* takes what @fresh holds */

/* -- auth_exec_run.c -- */

/* Run it, or ask for the terminal that it needs; it may end at once. */
void exec_start(struct kube_exec *exec);
/* End the run under way, without a word to those who wait. */
void exec_stop(struct kube_exec *exec);

#endif
