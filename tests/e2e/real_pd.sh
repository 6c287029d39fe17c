#!/bin/sh
# PD's own word, through the service proxy of a real API server, from a real etcd in PD's place: checkpoints, pauses, errors
# and tasks that no Backup knows.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v jq >/dev/null && command -v curl >/dev/null || skip "jq and curl are needed"
. "$abs_top_srcdir/tests/tools/pd.sh"
NS=prod
. "$abs_top_srcdir/tests/e2e/actions.inc"
tag=pd

start_kube
"$KUBECTL" get crd pdgroups.core.pingcap.com >/dev/null 2>&1 || skip "the CRDs of PDGroup and TiKVGroup are not here"
make_namespace $NS
start_operator
start_pd $NS

# log_of NAME CHECKPOINT: a log backup that runs, as far as the operator says.
log_of()
{
    make_log "$1"
    put_status $NS "$1" "{\"logCheckpointTs\":\"$2\"}"
}
# finds ID NAME [FILTER]: check has that finding of the Backup, and jq finds it true of it.
finds()
{
    brdeck check "$2" -n $NS -o json </dev/null >"$TEST_TMP/check.json" 2>"$TEST_TMP/check.err" || :
    jq -e --arg id "$1" ".[] | select(.id == \$id) | ${3:-true}" "$TEST_TMP/check.json" >/dev/null ||
        { cat "$TEST_TMP/check.json" "$TEST_TMP/check.err"; return 1; }
}
comes() { comes_id=$1 comes_name=$2 comes_filter=${3:-true}; wait_for 'finds "$comes_id" "$comes_name" "$comes_filter" >/dev/null 2>&1' 20 || finds "$@"; }

log_of log-a "$(tso_now)"
log_of log-ab "$(tso_now -10800)"
pd_task log-a
pd_task log-ab
check "all is well with one" says 0 "OK" brdeck check log-a -n $NS
check "the other's CR is hours old, PD's checkpoint is not" comes operator-stale log-ab '.lagFrom == "pd" and .lagSeconds < 600'
pd_pause log-a host-7
check "paused behind the operator's back" comes paused-in-pd log-a '.severity == "critical" and (.sentence | test("host-7"))'
check "is critical" says 2 "paused in PD" brdeck check log-a -n $NS
check "not the other, whose name begins so" sh -c "! brdeck check log-ab -n $NS -o json | grep paused-in-pd"
pd_delete pause/log-a
check "resumed again" wait_for '! finds paused-in-pd log-a >/dev/null 2>&1' 20
# -- GC: a minute's pause is kept by br until PD says so; then GC goes past it
pd_pause log-a host-7
pd_hold log-a_pause_safepoint "$(tso_now -60)" 4102444800
pd_hold log-ab_pause_safepoint "$(tso_now -60)" 4102444799
pd_hold gc_worker "$(tso_now -600)" 9223372036854775807
pd_safepoint "$(tso_now -600)"
check "until when PD keeps what a pause needs" comes paused-in-pd log-a '.sentence | test("PD keeps what resume needs until .*2100")'
check "GC has not passed" sh -c "! brdeck check log-a -n $NS -o json | grep gc-passed-checkpoint"
pd_safepoint "$(tso_now)"
pd_tso "$(tso_now -60)" | pd_put checkpoint/log-a/central_global
put_status $NS log-a "{\"logCheckpointTs\":\"$(tso_now -60)\"}"
check "GC has passed its checkpoint" comes gc-passed-checkpoint log-a '.severity == "critical" and .cause == "gc-passed" and .gcSafepoint != null'
check "for Prometheus" sh -c "brdeck check log-a -n $NS -o prometheus | grep -q '^brdeck_backup_gc_safepoint_timestamp_seconds{'"
pd_safepoint "$(tso_now -600)"
check "and not" wait_for '! finds gc-passed-checkpoint log-a >/dev/null 2>&1' 20
pd_delete pause/log-a
pd_task log-a
pd_error log-a 4 "disk full"
check "an error of a store" comes store-error log-a '.sentence + .evidence | test("store 4") and test("disk full")'
pd_delete last-error/log-a/4
pd_delete info/log-ab
pd_delete checkpoint/log-ab/central_global
check "PD lost the task" comes no-task-in-pd log-ab
pd_task log-nobody
check "a task that no Backup knows" says 2 "log-nobody" brdeck check -n $NS
kill "$PD_PID"
check "PD does not answer: the objects still tell, and it is said" says 0 "PD of $NS/tc" brdeck check log-a -n $NS
