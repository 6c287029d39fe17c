#!/bin/sh
# What TiDB Operator was seen to do with Backups (what starts, what fails and how that is told, what nothing comes of) repeated by
# keys, on a real API server and Job controller, v2 and v1, with the operator played: tests/screen/keys.inc.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v jq >/dev/null || skip "jq is needed"
[ -x "$abs_top_builddir/tests/tools/screentest" ] || skip "no screentest (libvterm-dev is missing)"
start_kube v1
"$KUBECTL" get crd clusters.core.pingcap.com >/dev/null 2>&1 || skip "the CRD of Cluster is not here"
NS=backup-test V2=br.pingcap.com V1=pingcap.com
make_namespace $NS
make_namespace legacy
# v1's Backups name a TidbCluster, of which brdeck asks only whether it is there.
"$KUBECTL" apply -f - >"$TEST_TMP/apply.out" 2>&1 <<Y || { cat "$TEST_TMP/apply.out"; exit 1; }
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: tidbclusters.pingcap.com}
spec:
  group: pingcap.com
  scope: Namespaced
  names: {kind: TidbCluster, listKind: TidbClusterList, plural: tidbclusters, singular: tidbcluster}
  versions:
  - {name: v1alpha1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}}
Y
"$KUBECTL" wait --for=condition=Established --timeout=60s crd/tidbclusters.pingcap.com >/dev/null
start_operator jobs
OPERATOR_V2=$OPERATOR_PID
API_GROUP=$V1
start_operator
API_GROUP=$V2

# The words of the script beside keys: somebody else's hand, and what br is to say.
mkdir "$TEST_TMP/bin" "$TEST_TMP/files"
cat >"$TEST_TMP/bin/patch-backup" <<'W'
#!/bin/sh
# patch-backup NAME JSON [/status]
exec curl -sSf -m 30 -o /dev/null -K "$TEST_TMP/curlrc" -X PATCH -H "Content-Type: application/merge-patch+json" -d "$2" \
    "$API_SERVER/apis/$GROUP/v1alpha1/namespaces/$NAMESPACE/backups/$1${3:-}"
W
cat >"$TEST_TMP/bin/br-fails" <<'W'
#!/bin/sh
# br-fails NAME COMMAND: with two ERROR lines, as backup-manager passes them on; br-fails NAME: no more
[ $# -gt 1 ] || exec patch-backup "$1" '{"metadata":{"annotations":{"test/fail":null,"test/message":null}}}'
exec patch-backup "$1" "{\"metadata\":{\"annotations\":{\"test/fail\":\"$2\",\"test/message\":\"cluster $NAMESPACE/$1, wait pipe message failed, errMsg \
[2026/11/22 14:24:34.610 +00:00] [ERROR] [main.go:1] [\\\"br failed\\\"] [error=\\\"permission denied: AccessDenied: status code: 403\\\"]\\n\
[2026/11/22 14:24:34.611 +00:00] [ERROR] [main.go:2] [\\\"and that was it\\\"]\\n, err: exit status 1\"}}}"
W
cat >"$TEST_TMP/bin/backup-is" <<'W'
#!/bin/sh
# backup-is NAME FILTER: it is so within 20 s
end=$(($(date +%s) + 20 * TIMEOUT_FACTOR))
until curl -sSf -m 30 -K "$TEST_TMP/curlrc" -o "$TEST_TMP/is.json" \
    "$API_SERVER/apis/$GROUP/v1alpha1/namespaces/$NAMESPACE/backups/$1" && jq -e "$2" "$TEST_TMP/is.json" >/dev/null; do
    [ "$(date +%s)" -lt "$end" ] || { jq '{metadata, spec, status}' "$TEST_TMP/is.json"; exit 1; }
    sleep 0.1
done
W
cat >"$TEST_TMP/bin/tso" <<'W'
#!/bin/sh
# tso SECONDS: from now
echo $((($(date +%s%3N) + $1 * 1000) << 18))
W
chmod +x "$TEST_TMP"/bin/*
snapshot() # NAME SECRET BUCKET [ANNOTATIONS]
{
    printf '{"apiVersion":"%s/v1alpha1","kind":"Backup","metadata":{"name":"%s","namespace":"%s","annotations":{%s}},"spec":{"backupType":"full",
        "br":{"cluster":"tc"},"s3":{"provider":"aws","bucket":"%s","prefix":"%s","secretName":"%s"}}}' \
        $V2 "$1" $NS "${4:-}" "$3" "$1" "$2" >"$TEST_TMP/files/$1.json"
}
snapshot full-fine s3-secret my-bucket
snapshot no-secret absent my-bucket
snapshot no-bucket s3-secret ''
snapshot full-fails s3-secret my-bucket "\"test/fail\":\"snapshot\",\"test/message\":\"cluster $NS/full-fails, wait pipe message failed, errMsg \
[2026/11/22 14:24:34.937 +00:00] [ERROR] [main.go:1] [\\\"br failed\\\"] [error=\\\"permission denied: AccessDenied: status code: 403\\\"]\\n\
[2026/11/22 14:24:34.938 +00:00] [ERROR] [main.go:2] [\\\"and that was it\\\"]\\n, err: exit status 1\""
cat >"$TEST_TMP/files/cluster.yaml" <<Y
apiVersion: core.pingcap.com/v1alpha1
kind: Cluster
metadata: {name: tc, namespace: $NS}
spec: {}
---
apiVersion: v1
kind: Secret
metadata: {name: s3-secret, namespace: $NS}
stringData: {access_key: a, secret_key: b}
Y
cat >"$TEST_TMP/files/tidbcluster.yaml" <<Y
apiVersion: pingcap.com/v1alpha1
kind: TidbCluster
metadata: {name: tc, namespace: legacy}
Y
KEYS_PATH=$TEST_TMP/bin:$PATH FILES=$TEST_TMP/files
export V1 V2 OPERATOR_V2 KEYS_PATH FILES
check "by keys" screentest "$abs_top_srcdir/tests/screen/keys.inc"
