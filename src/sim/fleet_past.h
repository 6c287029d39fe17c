/* fleet_past.h - Backups with a past: objects as the operator would have left them, and PD's tasks to them. */
#ifndef BRDECK_SIM_FLEET_PAST_H
#define BRDECK_SIM_FLEET_PAST_H

#include <stdbool.h>
#include <stdint.h>

#include <brdeck/base/json.h>

struct sim;

/* What became of a Backup before the demo begins. */
enum past_end {
    END_RUNNING,
    END_PAUSED,
    END_PAUSE_FAILED,
    END_STOPPED,
    END_START_FAILED,
    END_FAILED,
    END_RETRYING,
    END_NO_SECRET,
    END_NONE, /* never picked up */
    END_NEW,  /* not yet */
};

/* @age_h: made so long ago. @extra_m, in minutes: how long ago the last thing happened; of a
 * running log, how far its checkpoint is behind. */
struct past_row {
    const char *ns, *name, *cluster;
    enum past_end end;
    int age_h, extra_m;
    const char *subcommand; /* NULL: a snapshot */
};

/* Daily snapshots of one cluster. */
struct past_daily {
    const char *ns, *cluster;
    int days;           /* so many, the last of them not older than a day */
    unsigned gigabytes; /* the last one's; each before it was a little smaller */
    int minute;         /* of the day, UTC */
};

void past_load_row(struct sim *sim, const struct past_row *row);
void past_load_daily(struct sim *sim, const struct past_daily *daily);

/* A Backup that nobody has picked up; the caller's, until it is stored. */
struct json *past_new_backup(const char *ns, const char *name, const char *cluster, bool log, int64_t made_ms);
void past_store(struct sim *sim, struct json *backup); /* takes it */
void past_set_tso(struct json *object, const char *key, int64_t ms);

#endif
