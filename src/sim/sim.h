/* sim.h - the simulated cluster: what all its parts share. One thread, no globals. */
#ifndef BRDECK_SIM_SIM_H
#define BRDECK_SIM_SIM_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "faults.h"
#include "list.h"
#include "options.h"
#include "podlog.h"
#include "snapshot.h"
#include "store.h"
#include "timers.h"
#include "troubles.h"
#include "watch.h"

struct request;
struct operator;
struct touch;
struct jobctl;

struct sim {
    struct sim_options options;
    struct timers timers;
    struct store *store;
    struct snapshots snapshots;
    struct list_cache *cache;
    struct watches watches;
    struct podlogs podlogs;
    struct faults *faults;
    struct troubles troubles;
    struct operator *operator_;
    struct touch *touch;
    struct jobctl *jobctl;
    struct MHD_Daemon *daemon;
    struct request *requests; /* open ones */
    uint16_t port;
    bool stop;
    uint64_t request_count;
};

/* Everything but the network. */
void sim_init(struct sim *sim, const struct sim_options *options);
void sim_done(struct sim *sim);

/* Listen; false and @err when the port is taken. Fills in sim->port. */
struct tls;
bool http_start(struct sim *sim, const struct tls *tls, struct error *err);
void http_stop(struct sim *sim);
/* Wait at most @limit_ms for what is to do, and do it. @extra_fd is waited for too; returns
 * whether it is readable or closed (-1: none). */
bool http_turn(struct sim *sim, int64_t limit_ms, int extra_fd);
/* End frozen connections. */
void http_thaw(struct sim *sim);

/* Find and run the handler of a request that is read in full. */
void route_request(struct request *request);

#endif
