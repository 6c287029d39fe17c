#!/bin/sh
# doc/rbac.yaml on a real API server: what each of its roles is enough for, and what is said without it.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v jq >/dev/null && command -v curl >/dev/null || skip "jq and curl are needed"
. "$abs_top_srcdir/tests/tools/pd.sh"
NS=prod
. "$abs_top_srcdir/tests/e2e/actions.inc"

start_kube
"$KUBECTL" get crd pdgroups.core.pingcap.com >/dev/null 2>&1 || skip "the CRDs of PDGroup and TiKVGroup are not here"
make_namespace $NS
start_operator
start_pd $NS
make_log log-a
pd_task log-a
"$KUBECTL" apply -f "$abs_top_srcdir/doc/rbac.yaml" >/dev/null

as_viewer() { brdeck "$@" --context test-viewer; }
# may ROLE: the viewer has it from now on.
may() { "$KUBECTL" create clusterrolebinding "$1" --clusterrole "$1" --user viewer >/dev/null; }
lists() { as_viewer get backups -A >/dev/null 2>&1; }
# notes TEXT: check ends without trouble, and says so.
notes() { as_viewer check -A --max-age 0 </dev/null >"$TEST_TMP/notes" 2>&1 && grep -q "note: .*$1" "$TEST_TMP/notes" || { cat "$TEST_TMP/notes"; return 1; }; }
no_notes() { as_viewer check -A --max-age 0 </dev/null >"$TEST_TMP/notes" 2>&1 && ! grep 'note:' "$TEST_TMP/notes" || { cat "$TEST_TMP/notes"; return 1; }; }

may brdeck-view
check "brdeck-view lists" wait_for lists 10
check "and is enough for all but PD" notes "services/proxy"
may brdeck-ask-pd
check "with brdeck-ask-pd nothing is missing" wait_for no_notes 20
check "a view is no right to act" says 1 "you may not patch backups" as_viewer pause log-a -n $NS --yes
may brdeck-act
paused() { as_viewer pause log-a -n $NS --yes --timeout "$LONG" </dev/null >"$TEST_TMP/said" 2>&1; }
check "brdeck-act pauses" wait_for paused 20
check "and creates and deletes" says 0 "delete done" as_viewer delete log-a -n $NS --yes --timeout "$LONG"
