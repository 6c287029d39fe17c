#!/bin/sh
# `brdeck logs` on a real API server and Job controller: which Pod it is, why it waits, and rights. (There is no kubelet, so
# that no line comes.)
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v jq >/dev/null || skip "jq is needed"
NS=backup-test
. "$abs_top_srcdir/tests/e2e/actions.inc"
start_kube
make_namespace $NS

# make_job NAME UID: a Job as the operator makes them, of the Backup log-a that has this uid.
make_job()
{
    api POST "/apis/batch/v1/namespaces/$NS/jobs" "{\"apiVersion\":\"batch/v1\",\"kind\":\"Job\",\"metadata\":{\"name\":\"$1\",\
\"labels\":{\"tidb.pingcap.com/backup\":\"log-a\"},\"ownerReferences\":[{\"apiVersion\":\"br.pingcap.com/v1alpha1\",\
\"kind\":\"Backup\",\"name\":\"log-a\",\"uid\":\"$2\",\"controller\":true}]},\"spec\":{\"backoffLimit\":0,\"template\":{\"metadata\":{\
\"labels\":{\"tidb.pingcap.com/backup\":\"log-a\"}},\"spec\":{\"restartPolicy\":\"Never\",\"initContainers\":[{\"name\":\"br\",\
\"image\":\"x\"}],\"containers\":[{\"name\":\"backup\",\"image\":\"x\"}]}}}}" >/dev/null
}
pod_of() { "$KUBECTL" get pods -n "$NS" -l "job-name=$1" -o name | sed 's#^pod/##' | head -n 1; }
pod_status() { api PATCH "/api/v1/namespaces/$NS/pods/$1/status" "{\"status\":$2}" application/merge-patch+json >/dev/null; }

make_backup $NS log-a '{"backupMode":"log","br":{"cluster":"tc"},"s3":{"provider":"aws","bucket":"b","prefix":"p","secretName":"s"}}'
check "no Job" says 1 "there is no Job of $NS/log-a" brdeck logs log-a -n $NS
brdeck logs -f log-a -n $NS >"$TEST_TMP/follow.out" 2>"$TEST_TMP/follow.err" &
FOLLOW=$!
track $FOLLOW
check "it is waited for" wait_for 'grep -q "the next one is waited for" $TEST_TMP/follow.err' 10
make_job old "$(field $NS log-a .metadata.uid | tr 0-9a-f 1-9a-f0)"
make_job backup-log-a-log-start "$(field $NS log-a .metadata.uid)"
check "its Pod" wait_for '[ -n "$(pod_of backup-log-a-log-start)" ]' 20
POD=$(pod_of backup-log-a-log-start)
check "is found, and not that of another Backup" wait_for "grep -q '^brdeck: Pod $POD waits: ' $TEST_TMP/follow.err" 10
check "not followed, it is told" says 1 "; --follow waits for it" brdeck logs log-a -n $NS
pod_status "$POD" '{"conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/3 nodes are available"}]}'
check "no room" wait_for "grep -q 'waits: Unschedulable: 0/3 nodes are available' $TEST_TMP/follow.err" 10
pod_status "$POD" '{"initContainerStatuses":[{"name":"br","image":"x","imageID":"","ready":false,"restartCount":0,
    "state":{"waiting":{"reason":"ImagePullBackOff","message":"Back-off pulling image"}}}]}'
check "no image" wait_for "grep -q 'waits: ImagePullBackOff: Back-off pulling image' $TEST_TMP/follow.err" 10
pod_status "$POD" '{"initContainerStatuses":[{"name":"br","image":"x","imageID":"","ready":false,"restartCount":0,
    "state":{"terminated":{"exitCode":0}}}],"containerStatuses":[{"name":"backup","image":"x","imageID":"","ready":true,
    "restartCount":0,"state":{"waiting":{"reason":"CreateContainerConfigError","message":"secret \"s\" not found"}}}]}'
check "no Secret" wait_for "grep -q 'waits: CreateContainerConfigError: secret \"s\" not found' $TEST_TMP/follow.err" 10
check "nothing was read so far" [ ! -s "$TEST_TMP/follow.out" ]
check "that Job, by its name" says 1 "; --follow waits for it" brdeck logs log-a -n $NS --job backup-log-a-log-start
api DELETE "/apis/batch/v1/namespaces/$NS/jobs/backup-log-a-log-start?propagationPolicy=Foreground" >/dev/null
"$KUBECTL" delete pod -n "$NS" "$POD" --force --grace-period=0 >/dev/null 2>&1 || :
check "the Pod goes: so does the wait" wait_for "! kill -0 $FOLLOW 2>/dev/null" 20
code=0
wait $FOLLOW || code=$?
check "with an error, as nothing was kept" [ "$code" = 1 ]
check "that says so" grep -q "is gone, and its log was not kept" "$TEST_TMP/follow.err"

# -- rights
"$KUBECTL" create clusterrole sees --verb get,list,watch --resource backups.br.pingcap.com >/dev/null
"$KUBECTL" create rolebinding sees -n "$NS" --clusterrole sees --user viewer >/dev/null
sees() { brdeck get backups -n "$NS" --context test-viewer >/dev/null 2>&1; }
check "the right to see Backups" wait_for sees 10
check "is none to list Pods" says 1 "pods" brdeck logs log-a -n $NS --context test-viewer
check "nor to wait for them" says 1 "pods" brdeck logs -f log-a -n $NS --context test-viewer
