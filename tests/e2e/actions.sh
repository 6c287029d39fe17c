#!/bin/sh
# What the command line reads and does, on brdeck-sim: v2 and v1.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v curl >/dev/null && command -v jq >/dev/null || skip "curl and jq are needed"
NS=backup-test
. "$abs_top_srcdir/tests/e2e/actions.inc"

start_sim --fleet empty --speed 50 --v1
scenario
sim_order /sim/shutdown '{}' >/dev/null
rm -rf "$XDG_STATE_HOME"
start_sim --fleet empty --speed 50 --v1
API_GROUP=pingcap.com
scenario
sim_order /sim/shutdown '{}' >/dev/null

# -- the same name in both API groups: nobody acts on the wrong one
start_sim --fleet empty --speed 50 --v1
make_namespace twins
for API_GROUP in pingcap.com br.pingcap.com; do
    make_backup twins twin '{"backupMode":"log","br":{"cluster":"tc"},"s3":{"provider":"aws","bucket":"b","prefix":"p"}}'
done
check "one in each group: which is asked for" says 2 "there are two backups \"twin\" in twins" brdeck pause twin -n twins --yes
check "describe asks, too" says 2 "say backup.br.pingcap.com/twin or backup.pingcap.com/twin" brdeck describe backup twin -n twins
check "the group tells which" says 0 "TiDB Operator v1" brdeck describe backup.pingcap.com/twin -n twins
check "the other one" says 0 "TiDB Operator v2" brdeck describe backup.br.pingcap.com/twin -n twins
sim_order /sim/shutdown '{}' >/dev/null

# -- rights, by the logins of the demo
start_sim --fleet demo --still --speed 50
check "no login" says 1 "does not accept this login" brdeck get backups -A --context expired
check "no right at all" says 1 "no right to list backups.br.pingcap.com in all namespaces" brdeck get backups -A --context nobody
check "the right to list some: they are listed" says 0 "log-orders " brdeck get backups -A --context viewer
check "and it says that these are not all" says 0 "no right to list backups in all namespaces; this is what may be listed: orders" brdeck get backups -A --context viewer
check "a viewer's pause" says 1 "you may not patch backups in namespace orders" brdeck pause log-orders -n orders --yes --context viewer
check "comes with the line to hand on" says 1 'kubectl --context viewer -n orders patch' brdeck pause log-orders -n orders --yes --context viewer
check "changes nothing" sh -c "[ \"\$(curl -sS -K $TEST_TMP/curlrc $API_SERVER/apis/br.pingcap.com/v1alpha1/namespaces/orders/backups/log-orders | jq .metadata.generation)\" = 2 ]"
check "a retry without the right to patch the status" says 1 "you may not patch backups/status" brdeck pause log-orders-eu -n orders --yes --context orders-dba
check "which the others may" says 0 "pause done" brdeck pause log-orders -n orders --yes --context orders-dba

# -- the demo by itself
sim_order /sim/shutdown '{}' >/dev/null
demo() { TMPDIR=$TEST_TMP/demo KUBECONFIG=/nonexistent "$@" </dev/null; }
mkdir "$TEST_TMP/demo"
check "--demo without a cluster" says 0 "log-orders " demo brdeck --demo get backups -A
check "leaves no file" sh -c "[ -z \"\$(ls -A $TEST_TMP/demo)\" ]"
no_process() { ! ps -eo args | grep -F "brdeck-sim --kubeconfig $TEST_TMP/demo" | grep -v grep; }
check "nor a process" wait_for no_process 5
check "the screen wants a terminal" says 1 "there is no terminal for the screen" demo brdeck --demo
check "and leaves no file, either" sh -c "[ -z \"\$(ls -A $TEST_TMP/demo)\" ]"
TMPDIR=$TEST_TMP/demo brdeck --demo get backups -A -w >"$TEST_TMP/demo.out" 2>&1 &
demo_pid=$!
track $demo_pid
check "--demo get -w" wait_for 'grep -q log-orders $TEST_TMP/demo.out' 20
kill -TERM $demo_pid
check_code "ended by a signal" 143 wait $demo_pid
check "leaves nothing" sh -c "[ -z \"\$(ls -A $TEST_TMP/demo)\" ]"
check "no process, either" wait_for no_process 5
