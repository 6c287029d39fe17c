/* objects.h - what the objects of the cluster that br/ looks at say, read in one way: times, conditions, Jobs, Pods. */
#ifndef BRDECK_BR_OBJECTS_H
#define BRDECK_BR_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>

#include <brdeck/base/json.h>

/* A time of RFC 3339 in milliseconds; 0: it is not there, or no time. */
int64_t object_time(const struct json *object, const char *key);
/* The condition of that type and status ("True", "False") in @status, an object's .status; NULL: there is none. */
const struct json *object_condition(const struct json *status, const char *type, const char *is);
/* Complete, or failed for good. */
bool job_is_over(const struct json *job);
/* A container that waits for this begins soon: an image is pulled, a volume mounted. */
bool container_is_starting(const char *waiting);

#endif
