/* validate.h - what the API server checks before it stores a custom resource: the schema of
 * Backup as far as it can hurt, defaults, and names.
 */
#ifndef BRDECK_SIM_VALIDATE_H
#define BRDECK_SIM_VALIDATE_H

#include <stdbool.h>

#include <brdeck/base/json.h>
#include <brdeck/base/str.h>

#include "kinds.h"

enum { CAUSES_MAX = 8 };

struct finding {
    const char *reason; /* FieldValueInvalid, … */
    char *field, *message;
};
struct findings {
    struct finding items[CAUSES_MAX];
    size_t count;
};
void findings_done(struct findings *findings);

/* Take out of @tree what the schema does not know; each path is appended to @unknown as
 * `unknown field "spec.x"`, ", " between them. */
void validate_prune(const struct kind *kind, struct json *tree, struct str *unknown);
/* Fill in the defaults of the schema. */
void validate_default(const struct kind *kind, struct json *tree);
/* What is wrong with @tree. */
void validate(const struct kind *kind, const struct json *tree, struct findings *findings);
bool validate_name(const char *name);
extern const char validate_name_rule[];

#endif
