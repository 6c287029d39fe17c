/* options.h - the command line of brdeck-sim, from one table. */
#ifndef BRDECK_SIM_OPTIONS_H
#define BRDECK_SIM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <brdeck/base/error.h>

struct sim_options {
    const char *kubeconfig; /* where to write it */
    const char *fleet;      /* "demo", "empty" or a number */
    double speed;           /* durations are divided by it */
    int64_t port;           /* 0: any */
    int64_t history;        /* changes that watches can go back */
    bool still, v1, with_parent, quiet;
    bool help, version;
};

/* Fill @options from @argv. False and @err (ERROR_USAGE) when it cannot be read. */
bool options_parse(struct sim_options *options, int argc, char **argv, struct error *err);
void options_help(FILE *out);

#endif
