/* fields.h - managedFields: who wrote what last, in a simple and truthful form. */
#ifndef BRDECK_SIM_FIELDS_H
#define BRDECK_SIM_FIELDS_H

#include <brdeck/base/json.h>

/* Bring metadata.managedFields of @after up to date: what differs from @before (NULL: a new
 * object) now belongs to @manager. @sub is "status" or "". Lists are taken as a whole. */
void fields_update(const struct json *before, struct json *after, const char *manager, const char *sub);

#endif
