/* suggest.h - "did you mean": the known name that is nearest to what was written. */
#ifndef BRDECK_CONF_SUGGEST_H
#define BRDECK_CONF_SUGGEST_H

#include <stddef.h>

/* @nth gives the i-th name, NULL at the end. The result is one of the names, or NULL where none is near
 * enough to be meant: at most a third of its letters differ. */
const char *suggest_nearest(const char *word, const char *(*nth)(size_t i));

#endif
