/* The end of a Backup: the cleaner's Jobs, and all that keeps them from their work. */
#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "simtest.h"

static void begin(struct sim *sim, const char *policy)
{
    char *patch = xasprintf("{'spec':{'cleanPolicy':'%s'}}", policy);
    simtest_begin(sim);
    operator_set_running(sim->operator_, false);
    make_log(sim, "log-a");
    change(sim, KIND_BACKUP, "log-a", patch);
    operator_set_running(sim->operator_, true);
    WAIT_FOR(sim, holds(sim, KIND_BACKUP, "log-a", "'commitTs':'"));
    free(patch);
}

static void delete(struct sim *sim)
{
    change(sim, KIND_BACKUP, "log-a", "{'metadata':{'deletionTimestamp':'2026-11-22T12:00:00Z'}}");
}

static bool is_there(const struct sim *sim)
{
    return store_get(sim->store, kind_of(KIND_BACKUP), NS, "log-a");
}

static const struct pd_task *task(const struct sim *sim)
{
    return pd_find(operator_pd(sim->operator_), NS, "tc-pd", "log-a");
}

/* With Retain the task is stopped, and the data stay. */
static void test_retain(void **state)
{
    (void)state;
    struct sim sim;
    begin(&sim, "Retain");
    delete(&sim);
    WAIT_FOR(&sim, holds(&sim, KIND_JOB, "stop-log-a", "log-stop"));
    WAIT_FOR(&sim, !is_there(&sim));
    assert_null(task(&sim));
    assert_false(holds(&sim, KIND_EVENT, "", "clean-log-a"));
    sim_done(&sim);
}

/* With Delete all under the prefix goes; the phase says Clean before it has. */
static void test_delete(void **state)
{
    (void)state;
    struct sim sim;
    begin(&sim, "Delete");
    delete(&sim);
    WAIT_FOR(&sim, phase_is(&sim, "log-a", "Clean"));
    assert_true(holds(&sim, KIND_BACKUP, "log-a", "'status':'False','type':'Clean'"));
    WAIT_FOR(&sim, !is_there(&sim));
    assert_true(holds(&sim, KIND_EVENT, "", "clean-log-a"));
    sim_done(&sim);
}

/* The Job that stops the task fails: the Backup goes, and the task lives on. */
static void test_stop_fails(void **state)
{
    (void)state;
    struct sim sim;
    begin(&sim, "Retain");
    order_job(&sim, "{'cause':'pd-unreachable','name':'log-a','command':'stop-task'}");
    delete(&sim);
    WAIT_FOR(&sim, !is_there(&sim));
    assert_non_null(task(&sim));
    assert_true(holds(&sim, KIND_EVENT, "", "BackoffLimitExceeded"));
    sim_done(&sim);
}

/* So it does, by itself, where the cluster speaks TLS: v2 mounts the certificates where br does not look. */
static void test_stop_tls(void **state)
{
    (void)state;
    struct sim sim;
    begin(&sim, "Retain");
    make(&sim, KIND_SECRET, "tc-cluster-client-secret", "{'data':{}}");
    change(&sim, KIND_CLUSTER, "tc", "{'spec':{'tlsCluster':{'enabled':true}}}");
    delete(&sim);
    WAIT_FOR(&sim, holds(&sim, KIND_JOB, "stop-log-a", "'mountPath':'/var/lib/tikv-tls'"));
    WAIT_FOR(&sim, !is_there(&sim));
    assert_non_null(task(&sim));
    sim_done(&sim);
}

/* The Job that cleans is tried six times more, and CleanFailed stands meanwhile. */
static void test_clean_fails(void **state)
{
    (void)state;
    struct sim sim;
    begin(&sim, "Delete");
    order_job(&sim, "{'cause':'access-denied','name':'log-a','command':'clean'}");
    delete(&sim);
    WAIT_FOR(&sim, phase_is(&sim, "log-a", "CleanFailed"));
    assert_true(holds(&sim, KIND_BACKUP, "log-a", "AccessDenied"));
    WAIT_FOR(&sim, holds(&sim, KIND_JOB, "clean-log-a", "'failed':2"));
    assert_true(phase_is(&sim, "log-a", "CleanFailed"));
    order_job(&sim, "{'withdraw':true}");
    WAIT_FOR(&sim, !is_there(&sim)); /* its next Pod does it */
    sim_done(&sim);
}

/* Nothing comes after the last of them, and the object stays. */
static void test_clean_fails_for_good(void **state)
{
    (void)state;
    struct sim sim;
    begin(&sim, "Delete");
    order_job(&sim, "{'cause':'access-denied','name':'log-a','command':'clean','count':0}");
    delete(&sim);
    WAIT_FOR(&sim, holds(&sim, KIND_JOB, "clean-log-a", "BackoffLimitExceeded"));
    simtest_pass(&sim, 30000);
    assert_true(is_there(&sim));
    assert_true(phase_is(&sim, "log-a", "CleanFailed"));
    sim_done(&sim);
}

/* Without its Cluster it hangs on the finalizer, until somebody takes that off. */
static void test_no_cluster(void **state)
{
    (void)state;
    struct sim sim;
    begin(&sim, "Retain");
    store_remove(sim.store, kind_of(KIND_CLUSTER), NS, "tc");
    delete(&sim);
    simtest_pass(&sim, 30000);
    assert_true(is_there(&sim));
    assert_false(holds(&sim, KIND_JOB, "", "stop-log-a"));
    sim_done(&sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retain),
        cmocka_unit_test(test_delete),
        cmocka_unit_test(test_stop_fails),
        cmocka_unit_test(test_stop_tls),
        cmocka_unit_test(test_clean_fails),
        cmocka_unit_test(test_clean_fails_for_good),
        cmocka_unit_test(test_no_cluster),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
