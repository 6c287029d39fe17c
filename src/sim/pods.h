/* pods.h - Pods of Jobs as the Job controller makes them, and what scheduler and kubelet write into them. All but
 * pod_put work on trees. */
#ifndef BRDECK_SIM_PODS_H
#define BRDECK_SIM_PODS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/base/json.h>

struct sim;

/* A Pod of @job, Pending and without a node. */
struct json *pod_new(const struct json *job);
/* Store it, unless it is as it was. Used up. */
void pod_put(struct sim *sim, struct json *pod);

/* Replaces the condition of that type. @reason and @message may be NULL. */
void pod_condition(struct json *pod, const char *type, bool is_true, const char *reason, const char *message);
/* It has a node, and its containers wait for what comes. */
void pod_schedule(struct json *pod);

/* A container's state. */
struct container_state {
    const char *state;            /* "waiting", "running", "terminated" */
    const char *reason, *message; /* NULL: none */
    int64_t started_ms;
    int exit_code;
};
enum pod_part { POD_INIT, POD_MAIN };
/* Of the first container of that part; the others are as it is. */
void pod_container(struct json *pod, enum pod_part part, const struct container_state *state);
const struct json *pod_first(const struct json *pod, enum pod_part part);

/* An Event of it by the kubelet of its node; @part and "" where it is about the whole Pod. */
struct pod_note {
    const char *type, *reason, *message;
    const struct json *container; /* NULL: the whole Pod */
    enum pod_part part;
};
void pod_note(struct sim *sim, const struct json *pod, const struct pod_note *note);

#endif
