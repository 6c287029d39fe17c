/* pd.h - PD's etcd as far as log backup tasks keep something in it. */
#ifndef BRDECK_SIM_PD_H
#define BRDECK_SIM_PD_H

#include <stdbool.h>
#include <stdint.h>

#include <brdeck/base/json.h>

/* A log task as PD knows it. Times are wall clock. */
struct pd_task {
    struct pd_task *next;
    char *service, *ns, *name; /* the Service of its PD; the task's name is that of the Backup */
    char *storage;
    uint64_t start_tso;
    int64_t lag_ms;    /* how far the checkpoint is behind, while it runs */
    int64_t frozen_ms; /* the checkpoint stands at this time; 0: it moves */
    bool paused;
    int64_t paused_ms, sync_at_ms; /* sync: monotonic, the next write into the Backup */
    char *error; /* last error of a store; NULL: none */
};

struct pd {
    struct pd_task *first;
    int64_t tick_ms; /* the checkpoint moves in steps of this */
};

void pd_init(struct pd *pd, double speed);
void pd_done(struct pd *pd);
/* NULL when PD has no task of that name. */
struct pd_task *pd_find(const struct pd *pd, const char *ns, const char *name);
struct pd_task *pd_start(struct pd *pd, const char *ns, const char *service, const char *name, const char *storage,
                         uint64_t start_tso);
void pd_pause(struct pd *pd, struct pd_task *task);
void pd_resume(struct pd_task *task);
void pd_stop(struct pd *pd, struct pd_task *task);
/* The checkpoint now. */
uint64_t pd_checkpoint(const struct pd *pd, const struct pd_task *task);

/* Answer an etcd v3 range request of PD service @service in @ns. */
struct json *pd_range(const struct pd *pd, const char *ns, const char *service, const struct json *request);

#endif
