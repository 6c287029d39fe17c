#!/bin/sh
# create, retain, retry, delete and remove-finalizer on brdeck-sim, v2 and v1; and what only its logins and faults tell.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v curl >/dev/null && command -v jq >/dev/null || skip "curl and jq are needed"
NS=backup-test
. "$abs_top_srcdir/tests/e2e/actions.inc"
. "$abs_top_srcdir/tests/e2e/delete.inc"

start_sim --fleet empty --speed 50 --v1
delete_scenario

# -- a dry-run whose answer is lost (of the delete itself: tests/unit/br/test_delete.c)
manifest lost lost log Retain >"$TEST_TMP/lost.yaml"
act create -f "$TEST_TMP/lost.yaml" --yes >/dev/null 2>&1
sim_order /sim/faults '{"fault":"lose-answer","method":"DELETE","path":"/backups/lost","count":1}' >/dev/null
check "a lost answer of the dry-run is no answer" says 1 "without an answer" act delete lost --yes
check "and leaves it" same_object lost true

# -- the data cannot be removed: why, and how the object is let go all the same
manifest dirty dirty log Delete >"$TEST_TMP/dirty.yaml"
act create -f "$TEST_TMP/dirty.yaml" --yes >/dev/null 2>&1
# the operator tries it again and again
sim_order /sim/job "{\"cause\":\"access-denied\",\"namespace\":\"$NS\",\"name\":\"dirty\",\"command\":\"clean\",\"count\":0,\"message\":\"[ERROR] AccessDenied: Access Denied status code: 403\"}" >/dev/null
check "what cannot be removed is told" says 4 "was not removed: [ERROR] AccessDenied" act delete dirty --yes
check "with what to do" grep -q "remove-finalizer lets the object go" "$TEST_TMP/said"
check "it is still there" becomes dirty '.status.phase == "CleanFailed" and .metadata.deletionTimestamp != null'
check "the finalizer off" says 0 "remove-finalizer done" act remove-finalizer dirty --yes
check "it is gone, its data is not" is_gone dirty
api DELETE /sim/job >/dev/null

# -- a Cluster that is missing: the delete hangs, and the plan says so
make_backup "$NS" homeless '{"backupMode":"log","br":{"cluster":"nowhere"},"s3":{"provider":"aws","bucket":"b","prefix":"homeless"}}'
becomes homeless '(.metadata.finalizers | length) == 1'
check "no Cluster: it will hang" says 0 "The delete will hang: Cluster nowhere is not there" act delete homeless --dry-run=server
sim_order /sim/shutdown '{}' >/dev/null
rm -rf "$XDG_STATE_HOME"

start_sim --fleet empty --speed 50 --v1
API_GROUP=pingcap.com
delete_scenario
sim_order /sim/shutdown '{}' >/dev/null

# -- rights, by the logins of the demo
API_GROUP=br.pingcap.com
start_sim --fleet demo --still --speed 50
check "a viewer may not delete" says 1 "you may not delete backups in namespace orders" brdeck delete log-orders -n orders --yes --context viewer
check "and gets the line to hand on" says 1 "kubectl --context viewer -n orders delete backups.br.pingcap.com log-orders" brdeck delete log-orders -n orders --yes --context viewer
check "a retry without the right to patch the status" says 1 "you may not patch backups/status" brdeck retry log-orders-eu pause -n orders --yes --context orders-dba
