#!/bin/sh
# check, wait, runs and journal on a real API server, with the operator played. Nobody is PD: that is a note.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v jq >/dev/null || skip "jq is needed"
NS=backup-test tag=real SCOPE='-n backup-test'
. "$abs_top_srcdir/tests/e2e/actions.inc"
. "$abs_top_srcdir/tests/e2e/check.inc"
stand_still() { :; }
pd_checkpoint() { :; }
# A pause that is under way, and stays so.
hold_pause()
{
    operator_rests
    (wait_for 'is log-a ".spec.logSubcommand == \"log-pause\""' 10 && put_status "$NS" log-a '{"logSubCommandStatuses":{"log-pause":{"command":"log-pause",
        "phase":"Running","conditions":[{"type":"Running","status":"True","reason":"Running","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}}') >/dev/null 2>&1 &
    track $!
}
release_pause() { operator_works; }

start_kube
make_namespace "$NS"
check "no Backups at all" plugin 3 UNKNOWN -A
api POST "/apis/core.pingcap.com/v1alpha1/namespaces/$NS/clusters" \
    "{\"apiVersion\":\"core.pingcap.com/v1alpha1\",\"kind\":\"Cluster\",\"metadata\":{\"name\":\"tc\",\"namespace\":\"$NS\"},\"spec\":{}}" >/dev/null
start_operator
limits
unknown
pauses
waiting
deleting
under_way
orphan
journal

# -- what the real Job controller and scheduler tell
job() # NAME SERVICE-ACCOUNT: the operator's Job of a snapshot
{
    job_uid=$(field "$NS" "$1" .metadata.uid)
    api POST "/apis/batch/v1/namespaces/$NS/jobs" "{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\",\"metadata\":{\"name\":\"backup-$1\",
        \"labels\":{\"tidb.pingcap.com/backup\":\"$1\",\"app.kubernetes.io/component\":\"backup\"},\"ownerReferences\":[{
        \"apiVersion\":\"br.pingcap.com/v1alpha1\",\"kind\":\"Backup\",\"name\":\"$1\",\"uid\":\"$job_uid\",\"controller\":true}]},
        \"spec\":{\"backoffLimit\":0,\"template\":{\"metadata\":{\"labels\":{\"tidb.pingcap.com/backup\":\"$1\"}},\"spec\":{
        \"serviceAccountName\":\"$2\",\"restartPolicy\":\"Never\",\"containers\":[{\"name\":\"backup\",\"image\":\"example.com/nothing\"}]}}}}" >/dev/null
}
make_backup "$NS" r-account "$(log_spec r-account | jq -c '.backupMode = "snapshot" | .backupType = "full"')"
put_status "$NS" r-account '{"phase":"Scheduled","conditions":[{"type":"Scheduled","status":"True","reason":"Scheduled","message":"","lastTransitionTime":"2026-01-01T00:00:00Z"}]}'
check "a Job of an account that is not there" job r-account nobody
check "is told by the real Job controller's Event" comes r-account cause no-service-account 30
check "in words" sh -c "brdeck check -n $NS r-account | grep -q 'nobody'"

# -- rights
"$KUBECTL" create clusterrole sees --verb get,list,watch --resource backups.br.pingcap.com >/dev/null
check "no right" plugin 3 UNKNOWN -A --context test-viewer
"$KUBECTL" create rolebinding sees -n "$NS" --clusterrole sees --user viewer >/dev/null
seen() { brdeck check -n "$NS" --context test-viewer log-a >"$TEST_TMP/said" 2>&1; [ $? = 0 ]; }
check "only the Backups" wait_for seen 10
check "what could not be had is said" grep -q '^note: ' "$TEST_TMP/said"
kube_pause
check "then nothing is known" plugin 3 UNKNOWN -n "$NS" --timeout 3s
kube_go_on
