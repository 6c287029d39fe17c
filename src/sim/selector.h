/* selector.h - labelSelector and fieldSelector. */
#ifndef BRDECK_SIM_SELECTOR_H
#define BRDECK_SIM_SELECTOR_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/base/error.h>

#include "kinds.h"
#include "store.h"

enum { TERMS_MAX = 16 };

struct term {
    enum term_op { TERM_EQUAL, TERM_NOT_EQUAL, TERM_IN, TERM_NOT_IN, TERM_EXISTS, TERM_NOT_EXISTS } op;
    char *key;
    char *values; /* one or several, each NUL-ended, an empty one last */
};

struct selector {
    struct term labels[TERMS_MAX], fields[TERMS_MAX];
    size_t label_count, field_count;
};

/* NULL texts select all. False and @err when one cannot be read, or a field is not
 * known for @kind. Free with selector_done in any case. */
bool selector_init(struct selector *selector, const struct kind *kind, const char *labels, const char *fields,
                   struct error *err);
void selector_done(struct selector *selector);
/* Whether nothing is left out. */
bool selector_is_empty(const struct selector *selector);
bool selector_match_labels(const struct selector *selector, const char *labels);
bool selector_match_fields(const struct selector *selector, const char *ns, const char *name,
                           const struct blob *text);
bool selector_match(const struct selector *selector, const struct object *object);

#endif
