#include <config.h>

#include "sim.h"

#include "jobctl.h"
#include "operator.h"
#include "touch.h"

void sim_init(struct sim *sim, const struct sim_options *options)
{
    *sim = (struct sim){.options = *options};
    timers_init(&sim->timers);
    sim->store = store_new((size_t)options->history);
    sim->cache = list_cache_new();
    sim->faults = faults_new();
    sim->operator_ = operator_new(sim);
    sim->touch = touch_new(sim);
    sim->jobctl = jobctl_new(sim);
    watches_init(&sim->watches, sim->store, &sim->timers);
}

void sim_done(struct sim *sim)
{
    jobctl_free(&sim->jobctl);
    touch_free(&sim->touch);
    operator_free(&sim->operator_);
    faults_free(&sim->faults);
    troubles_done(&sim->troubles);
    list_cache_free(&sim->cache);
    snapshots_done(&sim->snapshots);
    podlogs_done(&sim->podlogs);
    store_free(&sim->store);
    timers_done(&sim->timers);
}
