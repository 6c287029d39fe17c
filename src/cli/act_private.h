/* act_private.h - an action of the command line on its way: its plans, what confirms them, its runs. */
#ifndef BRDECK_CLI_ACT_PRIVATE_H
#define BRDECK_CLI_ACT_PRIVATE_H

#include "cli_private.h"

struct act {
    struct session *session;
    struct br_plan **plans;
    size_t count;
    size_t runs;            /* of the batch: a delete that keeps the data is two */
    unsigned batch;
    struct str typed;       /* read from the terminal */
    bool typed_all;
    char **told;            /* what was said last of each run */
};

/* act.c */
void act_print_plan(const struct act *act, const struct br_plan *plan, FILE *to);
/* act_confirm.c: what is typed on the terminal confirms, or --yes does; @typed gets it. EXIT_DONE, or why not, which is
 * said. */
int act_confirm(struct act *act, char *typed, size_t size);

#endif
