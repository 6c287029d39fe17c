/* table.h - the Table that kubectl asks for: columns chosen by the server. */
#ifndef BRDECK_SIM_TABLE_H
#define BRDECK_SIM_TABLE_H

#include <stdint.h>

#include <brdeck/base/str.h>

#include "snapshot.h"

/* A whole Table of the items @from..@to of @snapshot. */
void table_print(struct str *out, const struct snapshot *snapshot, size_t from, size_t to, const char *next_token);
/* The Table of one row that a watch sends. */
void table_print_one(struct str *out, const struct kind *kind, const struct blob *text, uint64_t rv);

#endif
