/* argv_private.h - what the files that form br's command line and its Job share. */
#ifndef BRDECK_BR_ARGV_PRIVATE_H
#define BRDECK_BR_ARGV_PRIVATE_H

#include <brdeck/br/argv.h>

/* A command line that grows. */
struct argv_list {
    char **items;
    size_t count, room;
};
/* "--FLAG=VALUE", nothing for NULL and "". */
void argv_add_flag(struct argv_list *list, const char *flag, const char *value);

/* argv_storage.c */
/* --storage and the flags of its kind, as the operator orders them. False and @err: there is no storage in the spec, or
 * it lacks its bucket. */
bool argv_add_storage(struct argv_list *list, const struct json *spec, struct error *err);
/* The storage's member of spec ("s3"...) that the operator takes: the first that is there; NULL: none. */
const struct json *argv_storage(const struct json *spec, const char **kind);
/* The environment that the storage wants, in the operator's order, appended to @env (an array). Of secrets only where
 * they are kept. False and @err: what the operator refuses, too. */
bool argv_storage_env(struct json *env, const struct json *spec, struct error *err);
struct json *argv_env(const char *name, const char *value);

#endif
