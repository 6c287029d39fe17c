/* fleet.h - what the cluster holds at the start. */
#ifndef BRDECK_SIM_FLEET_H
#define BRDECK_SIM_FLEET_H

#include <brdeck/base/error.h>

#include "timers.h"

struct sim;

/* Load the fleet that --fleet names. False and @err when there is none of that name. */
bool fleet_load(struct sim *sim, const char *which, struct error *err);
/* fleet_demo.c: the lively one. */
void fleet_load_demo(struct sim *sim);
/* fleet_many.c: @count Backups that only lie there. */
void fleet_load_many(struct sim *sim, unsigned long count);

/* The namespace @ns with its ServiceAccount and Secret, and the cluster @cluster in it, with the Service of its PD. */
void fleet_namespace(struct sim *sim, const char *ns);
void fleet_cluster(struct sim *sim, const char *ns, const char *cluster);

/* The demo's own life: a snapshot now and then. */
struct pulse {
    struct sim *sim;
    struct timer timer;
    unsigned beat;
};
void pulse_start(struct pulse *pulse, struct sim *sim);
void pulse_stop(struct pulse *pulse);

#endif
