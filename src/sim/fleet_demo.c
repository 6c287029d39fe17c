#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

#include "cluster.h"
#include "fields.h"
#include "fleet.h"
#include "fleet_past.h"
#include "operator.h"
#include "operator_private.h"
#include "sim.h"

enum {
    HOUR = 60 * 60 * 1000,
    PULSE_MS = 70 * 1000,
    PULSE_FIRST_MS = 500,
};

static const struct past_row demo_rows[] = {
    {"orders", "log-orders", "orders", END_RUNNING, 21 * 24, 0, ""},
    {"orders", "log-orders-eu", "orders-eu", END_PAUSE_FAILED, 17 * 24, 42, "log-pause"},
    {"billing", "log-billing", "billing", END_PAUSED, 9 * 24, 22 * 60, "log-pause"},
    {"billing", "log-billing-dr", "billing-dr", END_RUNNING, 13 * 24, 31, "log-start"},
    {"billing", "log-billing-2025", "billing-hist", END_STOPPED, 28 * 24, 7 * 24 * 60, "log-stop"},
    {"audit", "log-audit", "audit", END_NONE, 3, 0, ""},
    {"audit", "log-audit-core", "audit-core", END_RUNNING, 11 * 24, 0, ""},
    {"audit", "log-audit-eu", "audit-eu", END_START_FAILED, 26, 0, ""},
    {"audit", "full-audit-denied", "audit", END_FAILED, 5, 0, NULL},
    {"audit", "full-audit-core-retry", "audit-core", END_RETRYING, 1, 0, NULL},
    {"audit", "full-audit-archive", "audit-core", END_NO_SECRET, 2, 0, NULL},
};

/* Those that are not what their status says, or do not get on; not with --still, where nothing shall be in doubt. */
static const struct past_row lively_rows[] = {
    {"orders", "log-orders-apac", "orders-apac", END_RUNNING, 6 * 24, 0, ""},
    {"billing", "log-billing-eu", "billing-eu", END_RUNNING, 12 * 24, 0, "log-start"},
    {"audit", "log-audit-apac", "audit-apac", END_RUNNING, 3 * 24, 0, ""},
    {"audit", "full-audit-core-tool", "audit-core", END_NEW, 0, 4, NULL},
};

enum { NIGHT = 2 * 60 };

static const struct past_daily dailies[] = {
    {"orders", "orders", 7, 1240, NIGHT},   {"orders", "orders-eu", 5, 618, NIGHT},
    {"billing", "billing", 6, 412, NIGHT},  {"billing", "billing-dr", 4, 409, NIGHT},
    {"billing", "billing-hist", 2, 87, NIGHT}, {"audit", "audit-core", 6, 233, NIGHT},
};

static const struct past_daily lively_dailies[] = {
    {"orders", "orders-apac", 3, 355, 18 * 60}, {"billing", "billing-eu", 3, 148, NIGHT + 30},
    {"audit", "audit-apac", 2, 61, 18 * 60},    {"audit", "audit-eu", 1, 96, NIGHT + 45},
};

static const struct demo_cluster {
    const char *ns, *name;
} demo_clusters[] = {
    {"orders", "orders"},        {"orders", "orders-eu"},  {"billing", "billing"}, {"billing", "billing-dr"},
    {"billing", "billing-hist"}, {"audit", "audit-core"}, {"audit", "audit-eu"},
};

static const struct demo_cluster lively_clusters[] = {
    {"orders", "orders-apac"}, {"billing", "billing-eu"}, {"audit", "audit-apac"},
};

/* -- the fleet ---------------------------------------------------------------------------- */

static void load_schedule(struct sim *sim)
{
    struct json *schedule = object_new(kind_of(KIND_BACKUP_SCHEDULE), "orders", "orders-nightly",
                                       clock_wall_ms() - 20 * (int64_t)24 * HOUR);
    struct json *spec = json_object_in(schedule, "spec");
    json_set_string(spec, "schedule", "0 2 * * *");
    json_set_string(spec, "maxReservedTime", "168h");
    json_set(spec, "backupTemplate", json_new_object());
    store_put(sim->store, kind_of(KIND_BACKUP_SCHEDULE), schedule);
}

/* An order as POST /sim/… takes it. */
static struct json *order_of(const char *text)
{
    struct json *order = json_parse(text, strlen(text), NULL);
    if (!order)
        die("an order of the demo is no JSON");
    return order;
}

/* What only PD and the Job know. The error of store 4 is younger than the checkpoint by half an hour, or it would count
 * for mended before anybody has looked. */
static void tell_lively(struct sim *sim)
{
    static const char *const orders[] = {
        "{\"namespace\":\"orders\",\"task\":\"log-orders-apac\",\"paused\":{\"by\":\"ops-host-7\",\"pid\":4711,"
        "\"at\":\"3h12m\",\"why\":\"storage maintenance\"}}",
        "{\"namespace\":\"billing\",\"task\":\"log-billing-dr\",\"error\":{\"store\":4,\"code\":\"KV:LogBackup:Io\","
        "\"message\":\"failed to put object rusoto error timeout after 15mins for upload part in s3 storage\","
        "\"at\":\"2m\"}}",
        "{\"namespace\":\"audit\",\"task\":\"log-audit-apac\",\"remove\":true}",
        "{\"namespace\":\"audit\",\"service\":\"audit-eu-pd\",\"task\":\"pitr-drill\",\"add\":{\"storage\":"
        "\"s3://tidb-backups-audit/drill\",\"start\":\"50h\"}}",
    };
    for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
        struct json *order = order_of(orders[i]);
        struct error err;
        if (!pd_order(operator_pd(sim->operator_), order, &err))
            die(err.text);
        json_free(&order);
    }
    struct json *order = order_of("{\"cause\":\"image-not-pulled\",\"name\":\"full-audit-core-tool\"}");
    troubles_order(&sim->troubles, order, NULL);
    json_free(&order);
    /* The operator has not told this one's checkpoint for hours, PD's goes on. */
    struct pd_task *task = pd_find(operator_pd(sim->operator_), "billing", "billing-eu-pd", "log-billing-eu");
    struct json *backup = store_read(sim->store, kind_of(KIND_BACKUP), "billing", "log-billing-eu");
    past_set_tso(json_object_in(backup, "status"), "logCheckpointTs", clock_wall_ms() - 3 * (int64_t)HOUR);
    store_put(sim->store, kind_of(KIND_BACKUP), backup);
    task->asleep = true;
}

static void load_lively(struct sim *sim)
{
    for (size_t i = 0; i < ARRAY_LEN(lively_clusters); i++)
        fleet_cluster(sim, lively_clusters[i].ns, lively_clusters[i].name);
    for (size_t i = 0; i < ARRAY_LEN(lively_dailies); i++)
        past_load_daily(sim, &lively_dailies[i]);
    for (size_t i = 0; i < ARRAY_LEN(lively_rows); i++)
        past_load_row(sim, &lively_rows[i]);
    tell_lively(sim);
}

void fleet_load_demo(struct sim *sim)
{
    static const char *const spaces[] = {"audit", "billing", "orders"};
    for (size_t i = 0; i < ARRAY_LEN(spaces); i++)
        fleet_namespace(sim, spaces[i]);
    for (size_t i = 0; i < ARRAY_LEN(demo_clusters); i++)
        fleet_cluster(sim, demo_clusters[i].ns, demo_clusters[i].name);
    for (size_t i = 0; i < ARRAY_LEN(dailies); i++)
        past_load_daily(sim, &dailies[i]);
    for (size_t i = 0; i < ARRAY_LEN(demo_rows); i++)
        past_load_row(sim, &demo_rows[i]);
    load_schedule(sim);
    if (!sim->options.still)
        load_lively(sim);
}

/* -- the pulse ------------------------------------------------------------------------------ */

static void on_beat(void *arg)
{
    struct pulse *pulse = arg;
    const struct past_daily *daily = &dailies[pulse->beat % ARRAY_LEN(dailies)];
    char *name = xasprintf("full-%s-now-%u", daily->cluster, pulse->beat / (unsigned)ARRAY_LEN(dailies) + 1);
    if (pulse->beat >= ARRAY_LEN(dailies)) { /* one of each cluster at a time */
        char *old = xasprintf("full-%s-now-%u", daily->cluster, pulse->beat / (unsigned)ARRAY_LEN(dailies));
        cluster_remove(pulse->sim, kind_of(KIND_BACKUP), daily->ns, old);
        free(old);
    }
    if (!store_get(pulse->sim->store, kind_of(KIND_BACKUP), daily->ns, name))
        past_store(pulse->sim, past_new_backup(daily->ns, name, daily->cluster, false, clock_wall_ms()));
    free(name);
    pulse->beat++;
    timer_set(&pulse->sim->timers, &pulse->timer, operator_ms(pulse->sim->operator_, PULSE_MS));
}

void pulse_start(struct pulse *pulse, struct sim *sim)
{
    *pulse = (struct pulse){.sim = sim};
    timer_init(&pulse->timer, on_beat, pulse);
    timer_set(&sim->timers, &pulse->timer, PULSE_FIRST_MS);
    operator_enqueue(sim->operator_, kind_of(KIND_BACKUP), "audit", "full-audit-core-retry", 0);
    operator_enqueue(sim->operator_, kind_of(KIND_BACKUP), "audit", "full-audit-core-tool", 0);
}

void pulse_stop(struct pulse *pulse)
{
    if (pulse->sim)
        timer_cancel(&pulse->sim->timers, &pulse->timer);
}
