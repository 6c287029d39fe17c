/* cluster_keeper.h - the clusters that br_cluster_get has read (cluster.c). */
#ifndef BRDECK_BR_CLUSTER_KEEPER_H
#define BRDECK_BR_CLUSTER_KEEPER_H

#include <brdeck/br/cluster.h>

enum {
    CLUSTER_KEEP_MS = 30 * 1000,       /* what was read */
    CLUSTER_KEEP_ERROR_MS = 5 * 1000,  /* what could not be, and what somebody is to mend */
};

struct cluster_keeper;
/* Whoever still waits is not called. */
void cluster_keeper_free(struct cluster_keeper **keeper);

#endif
