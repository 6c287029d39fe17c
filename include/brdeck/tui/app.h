/* app.h - the screen: views on a stack, one loop, the terminal.
 */
#ifndef BRDECK_TUI_APP_H
#define BRDECK_TUI_APP_H

#include <stdbool.h>

#include <brdeck/br/runner.h>
#include <brdeck/conf/options.h>
#include <brdeck/fleet/fleet.h>
#include <brdeck/kube/config.h>

struct app_options {
    struct loop *loop;
    struct kube_client *client;    /* borrowed */
    const struct options *options; /* borrowed */
    const char *const *namespaces; /* NULL: all */
    bool demo;                     /* says DEMO on the screen */
};
/* Run the deck until it is left; returns the exit code. */
int app_run(const struct app_options *options, struct error *err);

#endif
