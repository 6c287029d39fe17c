#!/bin/sh
# What goes wrong between brdeck and brdeck-sim: by the proxy, and by order.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v curl >/dev/null && command -v jq >/dev/null || skip "curl and jq are needed"
NS=backup-test tag=sim
. "$abs_top_srcdir/tests/e2e/actions.inc"
. "$abs_top_srcdir/tests/e2e/faults.inc"
fault() { sim_order /sim/faults "$1" >/dev/null; }
no_faults() { api DELETE /sim/faults >/dev/null; }

start_sim --fleet empty --speed 50
check "a log backup" make_log log-a
plugin admin-token "$TEST_TMP/ca.crt"
dead_link_begins
start_proxy
link
lost_answer
deleted
escapes

# -- by order: reading
fault '{"fault":"status","code":429,"retryAfter":1,"path":"/backups","method":"GET"}'
check "429: tried again as the server says" says 0 "log-a " brdeck get backups -n "$NS"
fault "$(printf '{"fault":"status","code":500,"path":"/backups","method":"GET","count":0,"message":"etcd \\u001b[31mis away"}')"
check "500: an error" says 1 "is away" brdeck get backups -n "$NS"
check "in clean words" clean cat "$TEST_TMP/said"
check "500: nothing is acted upon" says 1 "is away" act pause log-a --yes
no_faults
fault '{"fault":"status","code":403,"path":"/backups","method":"GET","count":0,"message":"not today"}'
check "403" says 1 "not today" brdeck get backups -n "$NS"
no_faults
fault '{"fault":"garbage","path":"/backups","count":0}'
check "no JSON" says 1 "brdeck: " brdeck get backups -n "$NS"
no_faults
brdeck get backups -n "$NS" -o name >"$TEST_TMP/whole"
fault '{"fault":"cut","after":700,"path":"/backups","watch":false}'
whole_or_nothing() { if brdeck get backups -n "$NS" -o name >"$TEST_TMP/said"; then diff "$TEST_TMP/whole" "$TEST_TMP/said"; else ! grep . "$TEST_TMP/said"; fi; }
check "a list that breaks off is an error, or had again whole" whole_or_nothing
fault '{"fault":"freeze","path":"/backups","count":0}'
check "a frozen server" says 1 "brdeck: " brdeck get backups -n "$NS" --request-timeout 1s
no_faults
observe orders -o wide --time tso
check "a watch" wait_for 'grep -q "^log-a " $TEST_TMP/orders.out' 10
fault '{"fault":"status","code":500,"path":"/backups","method":"GET","count":3}'
sim_order /sim/cut '{"watches":true}' >/dev/null
touch_backup
check "three 500s pass" sees orders 30
fault '{"fault":"status","code":401,"path":"/backups","method":"GET","count":1}'
sim_order /sim/cut '{"watches":true}' >/dev/null
touch_backup
check "a 401 passes" sees orders 40
fault '{"fault":"status","code":410,"path":"/backups","watch":true}'
sim_order /sim/cut '{"watches":true}' >/dev/null
touch_backup
check "410 in a watch: listed anew" sees orders 30
sim_order /sim/expire '{"what":"history"}' >/dev/null
sim_order /sim/cut '{"watches":true}' >/dev/null
touch_backup
check "a forgotten past: likewise" sees orders 30
fault '{"fault":"cut","after":900,"path":"/backups","watch":true}'
sim_order /sim/cut '{"watches":true}' >/dev/null
touch_backup
check "a watch cut in the middle of an object" sees orders 30
check "it ends when it shall" unobserve "$observe_pid"

# -- by order: writing. The operator writes no checkpoint: a write that meets one is a 409, and then that answer is the lost one.
sim_order /sim/operator '{"checkpoints":false}' >/dev/null
fault '{"fault":"lose-answer","method":"PATCH"}'
check "the answer of the dry-run is lost" says 1 "brdeck: " act pause log-a --yes
check "then nothing was sent" is log-a '.spec.logSubcommand != "log-pause"'
patched() { field "$NS" log-a .metadata.generation; }
generation=$(patched)
# The dry-run has a query of its own; the write is the one without it.
fault '{"fault":"delay","ms":1,"method":"PATCH","path":"dryRun","count":0}'
fault '{"fault":"lose-answer","method":"PATCH"}'
check "the answer of the write is lost" says 0 "pause done" act pause log-a --yes
check "it was written once" sh -c "[ $(patched) = $((generation + 1)) ]"
fault '{"fault":"close","method":"PATCH"}'
check "closed before it was done: it is told, or sent again" sh -c "brdeck resume log-a -n $NS --yes --timeout $LONG; code=\$?; [ \$code = 0 ] || [ \$code = 1 ]"
is log-a '.status.phase == "Running"' >/dev/null || act resume log-a --yes >/dev/null 2>&1 || :
no_faults
fault '{"fault":"delay","ms":1,"method":"PATCH","path":"dryRun","count":0}'
fault '{"fault":"status","code":429,"retryAfter":1,"method":"PATCH"}'
check "429 for a write: sent again" says 0 "pause done" act pause log-a --yes
fault '{"fault":"status","code":403,"method":"PATCH","message":"not by you"}'
check "403 for a write" says 1 "not by you" act resume log-a --yes
check "is in the journal" journal_last '.outcome == "refused" and (.text | test("not by you"))'
fault '{"fault":"status","code":500,"method":"PATCH","message":"etcd is away"}'
check "500 for a write: looked up, and told that it is not applied" says 1 "etcd is away" act resume log-a --yes
check "so it is" is log-a '.spec.logSubcommand == "log-pause"'
check "once more, and it is" says 0 "resume done" act resume log-a --yes
fault '{"fault":"delay","ms":1,"method":"POST","path":"dryRun","count":0}'
fault '{"fault":"lose-answer","method":"POST","path":"/backups"}'
check "the answer of a create is lost" says 0 "start done" act start log-new --from log-a --prefix log-new --yes
no_faults

dead_link_ends
sim_order /sim/shutdown '{}' >/dev/null

# -- many, in pages
start_sim --fleet 3000
fault '{"fault":"status","code":410,"path":"continue="}'
check "410 in the middle of a list: each once" sh -c "[ \$(brdeck get backups -A -o name | wc -l) = 3000 ]"
fault '{"fault":"status","code":410,"path":"continue="}'
check "as JSON, too" sh -c "brdeck get backups -A -o json | jq -e '.items | length == 3000 and (map(.metadata.uid) | unique | length) == 3000'"
check "a reader that goes away" sh -c "brdeck get backups -A | head -n 1 | grep -q NAME"
check_code "a full disk is an error" 1 sh -c "brdeck get backups -A >/dev/full"
