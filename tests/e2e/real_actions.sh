#!/bin/sh
# The scenarios of actions.sh on a real API server, v2 and v1, with the operator played; and what only it can tell.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v jq >/dev/null || skip "jq is needed"
NS=backup-test
. "$abs_top_srcdir/tests/e2e/actions.inc"

start_kube v1
make_namespace backup-test
start_operator
check "no Backups yet" says 0 "No Backups" brdeck get backups -A
scenario

# -- the same list as kubectl's
make_namespace other
make_backup other elsewhere "$(log_spec elsewhere)"
"$KUBECTL" get backups.br.pingcap.com -A -o json | jq -r '.items[].metadata | .namespace + "/" + .name' | sort >"$TEST_TMP/kubectl.list"
check "brdeck lists what kubectl lists" sh -c "brdeck get backups -A --no-headers | awk '{print \$1 \"/\" \$2}' | sort | diff $TEST_TMP/kubectl.list -"
check "as a plugin of kubectl, too" sh -c "ln -s $abs_top_builddir/brdeck $TEST_TMP/kubectl-brdeck && PATH=$TEST_TMP:\$PATH $KUBECTL brdeck get backups -A -o name | grep -q elsewhere"

# -- rights: none, then those of a viewer
bind() # ROLE USER
{
    "$KUBECTL" create rolebinding "$1" -n "$NS" --clusterrole "$1" --user "$2" >/dev/null
}
"$KUBECTL" create clusterrole sees --verb get,list,watch --resource backups.br.pingcap.com >/dev/null
check "no right" says 1 "no right to list backups.br.pingcap.com in all namespaces" brdeck get backups -A --context test-viewer
check "nor in the one asked for" says 1 "is forbidden" brdeck get backups -n "$NS" --context test-viewer
bind sees viewer
sees() { brdeck get backups -n "$NS" --context test-viewer >/dev/null 2>&1; }
check "the right to see one namespace" wait_for sees 10
check "is enough for it" says 0 "log-c" brdeck get backups -n "$NS" --context test-viewer
check "but not to act" says 1 "you may not patch backups in namespace $NS" brdeck resume log-c -n "$NS" --yes --context test-viewer
check "impersonated" says 1 "you may not patch backups in namespace $NS" brdeck resume log-c -n "$NS" --yes --as viewer
check "a wrong token" says 1 "does not accept this login" brdeck get backups -A --token wrong --context test-viewer

API_GROUP=pingcap.com NS=legacy
make_namespace legacy
rm -rf "$XDG_STATE_HOME"
start_operator
scenario
for group in br.pingcap.com pingcap.com; do
    "$KUBECTL" get "backups.$group" -A -o json | jq -r '.items[].metadata | .namespace + "/" + .name'
done | sort >"$TEST_TMP/kubectl.list"
check "brdeck lists what kubectl lists of both" sh -c "brdeck get backups -A --no-headers | awk '{print \$1 \"/\" \$2}' | sort | diff $TEST_TMP/kubectl.list -"
check "v1 and v2 in one list" sh -c "brdeck get backups -A -o name | grep -q '^backup.pingcap.com/' && brdeck get backups -A -o name | grep -q '^backup.br.pingcap.com/'"
