/* podlog_private.h - the lengths of time of a podlog; tests shorten them. */
#ifndef BRDECK_KUBE_PODLOG_PRIVATE_H
#define BRDECK_KUBE_PODLOG_PRIVATE_H

#include <brdeck/kube/podlog.h>

struct podlog_times {
    int64_t resume_ms, resume_max_ms; /* the first wait after a cut, doubled up to the second */
};
struct podlog *podlog_start_with(struct kube_client *client, const struct podlog_spec *spec,
                                 const struct podlog_times *times);

#endif
