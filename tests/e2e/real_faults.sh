#!/bin/sh
# What goes wrong between brdeck and a real API server, by HTTP/2.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v jq >/dev/null || skip "jq is needed"
NS=backup-test tag=real
. "$abs_top_srcdir/tests/e2e/actions.inc"
. "$abs_top_srcdir/tests/e2e/faults.inc"

start_kube
make_namespace backup-test
start_operator
check "a log backup" make_log log-a
"$KUBECTL" create clusterrolebinding operator --clusterrole cluster-admin --user operator >/dev/null
plugin operator-token "$KUBE_DIR/ca.crt"
dead_link_begins
start_proxy
link
lost_answer
deleted
escapes

# -- the server itself stands still for a while
observe gone -o wide --time tso
check "a watch" wait_for 'grep -q "^log-a " $TEST_TMP/gone.out' 10
kube_pause
check "a server that stands still: a get has an end" says 1 "brdeck: " brdeck get backups -n "$NS" --request-timeout 1s
kube_go_on
touch_backup
check "it goes on: so does the watch" sees gone 45
check "which ends when it shall" unobserve "$observe_pid"
dead_link_ends
