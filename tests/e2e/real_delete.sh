#!/bin/sh
# The scenario of delete.sh on a real API server, v2 and v1, with the operator played; and RBAC.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v jq >/dev/null || skip "jq is needed"
NS=backup-test
. "$abs_top_srcdir/tests/e2e/actions.inc"
. "$abs_top_srcdir/tests/e2e/delete.inc"

start_kube v1
make_namespace backup-test
start_operator
delete_scenario

# -- who may see and delete in one namespace only: what others keep under the path is unknown
manifest seen-a seen-a log Delete >"$TEST_TMP/seen.yaml"
act create -f "$TEST_TMP/seen.yaml" --yes >/dev/null 2>&1
"$KUBECTL" create clusterrole sees --verb get,list,watch --resource backups.br.pingcap.com >/dev/null
"$KUBECTL" create clusterrole deletes --verb delete --resource backups.br.pingcap.com >/dev/null
"$KUBECTL" create rolebinding sees -n "$NS" --clusterrole sees --user viewer >/dev/null
sees() { brdeck get backups -n "$NS" --context test-viewer >/dev/null 2>&1; }
check "the right to see" wait_for sees 10
check "is none to delete" says 1 "you may not delete backups in namespace $NS" brdeck delete seen-a -n "$NS" --yes --context test-viewer
"$KUBECTL" create rolebinding deletes -n "$NS" --clusterrole deletes --user viewer >/dev/null
deletes() { brdeck delete seen-a -n "$NS" --context test-viewer --dry-run=server >/dev/null 2>&1; }
check "the right to delete" wait_for deletes 10
check "who sees one namespace only is told that it is unknown" says 0 "unknown: not every Backup of every namespace is listed" brdeck delete seen-a -n "$NS" --context test-viewer --dry-run=server
check "nor what its log is worth" says 3 "what can be restored now is unknown" brdeck delete seen-a -n "$NS" --context test-viewer --yes
check "deleted with that right alone" says 0 "seen-a: delete done" brdeck delete seen-a -n "$NS" --context test-viewer --yes --allow-pitr-loss --timeout "$LONG"

API_GROUP=pingcap.com NS=legacy
make_namespace legacy
rm -rf "$XDG_STATE_HOME"
start_operator
delete_scenario
