/* describe_facts.c - what is known beside the object: its Cluster, its Job and Pod, the last Warning, PD. */
#include <config.h>

#include "describe_private.h"

#include <brdeck/base/alloc.h>

static void cluster_part(struct description *d, const struct backup_facts *facts)
{
    if (!facts->cluster.read_ms)
        return;
    describe_heading(d, "Cluster");
    if (facts->cluster.missing)
        description_add(d, ROLE_CRIT, 2, "cluster", "is not there: the operator does nothing for this Backup");
    else
        description_add(d, facts->cluster.paused || facts->cluster.suspended ? ROLE_WARN : ROLE_TEXT, 2, "cluster",
                        "%s", facts->cluster.suspended ? "suspended" : facts->cluster.paused ? "paused" : "is there");
    describe_time(d, "read", facts->cluster.read_ms);
}

static void pod_lines(struct description *d, const struct backup_facts *facts)
{
    if (!facts->pod.present)
        return;
    description_add(d, ROLE_TEXT, 2, "pod", "%s, %s", facts->pod.name, facts->pod.phase[0] ? facts->pod.phase
                    : "no phase yet");
    describe_time(d, "pod started", facts->pod.started_ms);
    if (facts->pod.ended[0])
        description_add(d, facts->pod.exit_code ? ROLE_WARN : ROLE_TEXT, 2, "container",
                        "%s ended with %s, exit code %d",
                        facts->pod.container, facts->pod.ended, facts->pod.exit_code);
    else if (facts->pod.waiting[0])
        description_add(d, ROLE_WARN, 2, "container", "%s%swaits: %s", facts->pod.container,
                        facts->pod.container[0] ? " " : "", facts->pod.waiting);
    describe_text(d, "message", facts->pod.message);
}

static void job_part(struct description *d, const struct backup_facts *facts)
{
    if (facts->job.present || facts->pod.present || facts->event.at_ms || facts->log_error[0])
        describe_heading(d, "Job");
    if (facts->job.present) {
        description_add(d, facts->job.failed ? ROLE_CRIT : ROLE_TEXT, 2, "job", "%s%s%s%s", facts->job.name,
                        facts->job.failed ? " has failed" : facts->job.complete ? " is complete" : " is active",
                        facts->job.reason[0] ? ": " : "", facts->job.reason);
        describe_time(d, "job started", facts->job.started_ms);
        describe_time(d, "job ended", facts->job.ended_ms);
    }
    pod_lines(d, facts);
    if (facts->event.at_ms) {
        char at[TSO_TEXT_MAX];
        description_add(d, ROLE_WARN, 2, "event", "%s: %s", facts->event.reason, facts->event.message);
        description_add(d, ROLE_DIM, 2, NULL, "of the %s, last at %s, %d time%s",
                        facts->event.about[0] ? facts->event.about : "object",
                        tso_format_ms(facts->event.at_ms, TSO_LOCAL, 0, at), facts->event.count,
                        facts->event.count == 1 ? "" : "s");
    }
    if (facts->log_error[0])
        description_add(d, ROLE_WARN, 2, "br's last error", "%s", facts->log_error);
}

static void pause_lines(struct description *d, const struct backup_facts *facts)
{
    if (!facts->pd.paused)
        return;
    describe_time(d, "paused at", facts->pd.paused_at_ms);
    if (facts->pd.paused_by[0])
        description_add(d, ROLE_TEXT, 2, "paused by", facts->pd.paused_pid ? "%s, process %d" : "%s",
                        facts->pd.paused_by, facts->pd.paused_pid);
    describe_text(d, "why", facts->pd.paused_why);
    describe_time(d, "kept until", facts->pd.pause_expires_ms);
}

static void task_lines(struct description *d, const struct backup_facts *facts)
{
    if (facts->pd.task_missing) {
        description_add(d, ROLE_CRIT, 2, "task", "PD knows no such log task");
        return;
    }
    description_add(d, facts->pd.paused_by_error ? ROLE_CRIT : facts->pd.paused ? ROLE_WARN : ROLE_TEXT, 2, "task",
                    "%s",
                    facts->pd.paused_by_error ? "paused by an error" : facts->pd.paused ? "paused" : "running");
    describe_tso(d, "checkpoint", facts->pd.checkpoint);
    describe_tso(d, "started at", facts->pd.start_ts);
    pause_lines(d, facts);
    if (facts->pd.error[0])
        description_add(d, ROLE_CRIT, 2, "error", "store %d: %s", facts->pd.error_store, facts->pd.error);
    describe_time(d, "error at", facts->pd.error_at_ms);
    if (facts->pd.error_count > 1)
        description_add(d, ROLE_CRIT, 2, "errors of", "%d stores", facts->pd.error_count);
}

static void pd_part(struct description *d, const struct backup_facts *facts)
{
    static const char *const reaches[] = {
        [PD_NO_RIGHT] = "no right to ask it", [PD_TLS] = "it wants client certificates", [PD_NO_CLUSTER] = "not found",
        [PD_NO_ANSWER] = "it does not answer",
    };
    bool refused = facts->pd.reach >= PD_NO_RIGHT && facts->pd.reach <= PD_NO_ANSWER;
    if (!facts->pd.read_ms && !refused)
        return;
    describe_heading(d, "PD");
    if (refused)
        description_add(d, ROLE_DIM, 2, "last try", "%s%s%s", reaches[facts->pd.reach], facts->pd.why[0] ? ": " : "",
                        facts->pd.why);
    describe_time(d, "as of", facts->pd.read_ms);
    if (facts->pd.read_ms)
        task_lines(d, facts);
    describe_tso(d, "GC safepoint", facts->pd.gc_safepoint);
}

void describe_facts(struct description *d, const struct backup_facts *facts)
{
    if (!facts)
        return;
    cluster_part(d, facts);
    job_part(d, facts);
    pd_part(d, facts);
}
