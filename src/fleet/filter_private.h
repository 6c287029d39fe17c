/* filter_private.h - what order.c needs of a filter beside its header. */
#ifndef BRDECK_FLEET_FILTER_PRIVATE_H
#define BRDECK_FLEET_FILTER_PRIVATE_H

#include <brdeck/fleet/filter.h>

/* One more owner; each frees it. NULL gives NULL. */
struct filter *filter_share(const struct filter *filter);

/* The length of the label selector at the start of @text: it ends at a space that is not inside brackets, and not
 * around "in" or "notin". */
size_t label_selector_length(const char *text);

#endif
