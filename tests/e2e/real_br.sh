#!/bin/sh
# brdeck br on a real API server: each Job that can be made of a Backup is accepted with fieldValidation=Strict, and the real Job controller
# makes the Pod that is expected. There is no kubelet: the test says what becomes of the Pod.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v jq >/dev/null && command -v curl >/dev/null || skip "jq and curl are needed"
NS=prod PD=pd
. "$abs_top_srcdir/tests/e2e/actions.inc"
. "$abs_top_srcdir/tests/e2e/br.inc"
. "$abs_top_srcdir/tests/tools/pd.sh"
start_kube
"$KUBECTL" get crd pdgroups.core.pingcap.com >/dev/null 2>&1 || skip "the CRDs of PDGroup and TiKVGroup are not here"
make_namespace $NS
pd_groups $NS | "$KUBECTL" apply -f - >"$TEST_TMP/apply.out" 2>&1 || { cat "$TEST_TMP/apply.out"; exit 1; }
lines
manifests

# -- the Job controller
# begin BR-ARGUMENTS...: in the background; what it says is in begun.err.
begin()
{
    brdeck br -n "$NS" --driver job --yes --timeout $((60 * TIMEOUT_FACTOR))s "$@" >"$TEST_TMP/begun.out" 2>"$TEST_TMP/begun.err" </dev/null &
    BEGUN=$!
    track $BEGUN
}
tells() { wait_for "grep -q -- '$1' $TEST_TMP/begun.err" "${2:-30}" || { cat "$TEST_TMP/begun.err" "$TEST_TMP/begun.out"; return 1; }; }
ends_with()
{
    code=0
    wait "$BEGUN" || code=$?
    [ "$code" -eq "$1" ] && grep -q -- "$2" "$TEST_TMP/begun.err" || { echo "exit code $code"; cat "$TEST_TMP/begun.err"; return 1; }
}
the_pod() { api GET "/api/v1/namespaces/$NS/pods?labelSelector=brdeck/command%3D$1" | jq -c '.items[-1]'; }
pod_is() { the_pod "$1" | jq -e "$2" >/dev/null || { the_pod "$1" | jq .; return 1; }; }
# becomes_of COMMAND STATUS-JSON: the kubelet's word.
becomes_of() { api PATCH "/api/v1/namespaces/$NS/pods/$(the_pod "$1" | jq -r .metadata.name)/status" "{\"status\":$2}" application/merge-patch+json >/dev/null; }
container() { echo "\"containerStatuses\":[{\"name\":\"br\",\"image\":\"i\",\"imageID\":\"\",\"ready\":false,\"restartCount\":0,\"state\":{$1}}]"; }

begin status log-s3
check "no ServiceAccount: no Pod, and the Event tells" tells "service account"
check "the one that is missing is named" tells "tidb-backup-manager"
api POST "/api/v1/namespaces/$NS/serviceaccounts" '{"metadata":{"name":"tidb-backup-manager"}}' >/dev/null
check "it mends itself: the Job controller tries again" tells "br runs in Pod\|its Pod" 60
check "the Pod runs br" pod_is status '.spec.containers | length == 1 and (.[0] | .name == "br" and .image == "pingcap/br:v8.5.0"
    and .command == ["/br"] and .args == ["log", "status", "--json", "--task-name=log-s3", "--pd=pd-pd.prod:2379"]
    and .imagePullPolicy == "IfNotPresent" and .terminationMessagePolicy == "FallbackToLogsOnError")'
check "as the operator's does" pod_is status '.spec.serviceAccountName == "tidb-backup-manager" and .spec.restartPolicy == "Never"
    and .spec.automountServiceAccountToken == false and (.spec.initContainers // [] | length) == 0 and (.spec.volumes // [] | length) == 0'
check "and is found by its labels" pod_is status '.metadata.labels | .["brdeck/backup"] == "log-s3" and .["brdeck/run-id"] != null
    and .["app.kubernetes.io/managed-by"] == "brdeck" and .["tidb.pingcap.com/backup"] == null'
becomes_of status "{\"phase\":\"Pending\",$(container '"waiting":{"reason":"ImagePullBackOff","message":"Back-off pulling image"}')}"
check "what it waits for is told, and what to do" tells "its Pod waits: ImagePullBackOff"
becomes_of status "{\"phase\":\"Failed\",$(container '"terminated":{"exitCode":1,"reason":"Error","message":"Error: PD is away"}')}"
check "its end, in the words that the Pod holds" ends_with 4 "PD is away"
check "the Job stays an hour" sh -c "[ \"$(api GET "/apis/batch/v1/namespaces/$NS/jobs" | jq -r '.items[-1].spec.ttlSecondsAfterFinished')\" = 3600 ]"

begin pause log-pod --owned
check "a verb, owned by its Backup: its ServiceAccount is the Backup's" tells "irsa"
owner_of() { api GET "/apis/batch/v1/namespaces/$NS/jobs?labelSelector=brdeck/command%3D$1" | jq -c '.items[0].metadata.ownerReferences[0] | [.kind, .name, .controller, .blockOwnerDeletion]'; }
check "no controller: the operator is not woken" [ "$(owner_of pause)" = '["Backup","log-pod",false,false]' ]
api DELETE "$(backups_path $NS)/log-pod" >/dev/null
check "the Backup goes, and the Job with it" ends_with 4 "was deleted before br ended"

begin metadata log-s3
check "another" tells "its Pod"
check "with its storage's credentials by reference" pod_is metadata '.spec.containers[0].env | map(select(.name == "AWS_SECRET_ACCESS_KEY"))[0].valueFrom.secretKeyRef == {"name": "s3-secret", "key": "secret_key"}'
check "and without BR_LOG_TO_TERM, so that its answer stands alone" pod_is metadata '.spec.containers[0].env | map(.name) | index("BR_LOG_TO_TERM") == null'
kube_pause
kube_go_on
becomes_of metadata "{\"phase\":\"Succeeded\",$(container '"terminated":{"exitCode":0,"reason":"Completed"}')}"
check "done, and its log cannot be had without a node: that is said" ends_with 1 "nothing of its answer was recognised"

# -- rights: Jobs, their Pods and logs, Events; nothing else of the cluster
"$KUBECTL" apply -f - >"$TEST_TMP/apply.out" 2>&1 <<Y || { cat "$TEST_TMP/apply.out"; exit 1; }
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: viewer, namespace: $NS}
rules:
- {apiGroups: [br.pingcap.com], resources: [backups], verbs: [get, list, watch]}
- {apiGroups: [core.pingcap.com], resources: [clusters, pdgroups, tikvgroups], verbs: [get, list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: viewer, namespace: $NS}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: viewer}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: viewer}]
Y
check "who may not make Jobs is told so" says 1 "you may not create jobs in namespace $NS" brdeck br status log-s3 -n $NS --context test-viewer --driver job --yes
check "and gets the line all the same" prints "br log status --json --task-name=log-s3 --pd=pd-pd.$NS:2379" status log-s3 --context test-viewer
