/* rows.h - Backups to order, for the tests of fleet/. */
#ifndef TESTS_UNIT_FLEET_ROWS_H
#define TESTS_UNIT_FLEET_ROWS_H

#include <brdeck/fleet/store.h>

/* Times of the tests: one that is now, in ms. */
#define NOW_MS INT64_C(1800000000000)

/* What a Backup is like; zero is the usual. */
struct row_spec {
    const char *ns, *name;
    const char *uid;     /* NULL: "uid-NS-NAME" */
    const char *version; /* NULL: "1" */
    const char *cluster; /* NULL: "tc" */
    const char *labels;  /* "a=b,c=d" */
    const char *phase;   /* NULL: no status */
    const char *message;
    bool log, v1;
    int64_t age_ms;      /* since its creation */
    int64_t checkpoint_age_ms; /* 0: no checkpoint */
};
/* JSON text, the caller's to free. */
char *row_json(const struct row_spec *spec);
struct backup_record *row_record(struct store *store, const struct row_spec *spec);
/* Put into source @source at NOW_MS. */
slot_t row_put(struct store *store, unsigned source, const struct row_spec *spec);

#endif
