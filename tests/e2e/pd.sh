#!/bin/sh
# What brdeck asks PD and the API server for facts, on brdeck-sim: how often, nothing else, exactly, and what it says where
# it may not.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v curl >/dev/null && command -v jq >/dev/null || skip "curl and jq are needed"
NS=backup-test
. "$abs_top_srcdir/tests/e2e/actions.inc"

pd() { sim_order /sim/pd "{\"namespace\":\"$NS\",$1}" >/dev/null; }
fault() { sim_order /sim/faults "$1" >/dev/null; }
no_faults() { api DELETE /sim/faults >/dev/null; }
state() { api GET /sim/state | jq -r ".$1"; }
# ranges N COMMAND...: it asks PD so many times, for ranges only.
ranges()
{
    ranges_wanted=$1 ranges_before=$(state pdRanges)
    shift
    "$@" </dev/null >"$TEST_TMP/said" 2>&1 || :
    ranges_asked=$(($(state pdRanges) - ranges_before))
    [ "$ranges_asked" = "$ranges_wanted" ] || { echo "$ranges_asked ranges, not $ranges_wanted"; cat "$TEST_TMP/said"; return 1; }
    [ "$(state pdOthers)" = 0 ] || { echo "PD was asked something else"; return 1; }
}
# said FILTER: jq finds it true of what check prints as JSON, soon: what PD says counts a second after the object changed.
said() { said_filter=$1; wait_for 'says_now "$said_filter" >/dev/null' 10 || says_now "$1"; }
says_now()
{
    brdeck check -n "$NS" -o json </dev/null >"$TEST_TMP/check.json" 2>"$TEST_TMP/check.err" || :
    jq -e "$1" "$TEST_TMP/check.json" >/dev/null || { cat "$TEST_TMP/check.json" "$TEST_TMP/check.err"; return 1; }
}
noted()
{
    brdeck check -n "$NS" </dev/null >"$TEST_TMP/said" 2>&1 || :
    grep -q "^note: .*$1" "$TEST_TMP/said" || { cat "$TEST_TMP/said"; return 1; }
}

start_sim --fleet demo --speed 20
# NS/CLUSTER that a Backup names and that is there.
api GET /apis/br.pingcap.com/v1alpha1/backups | jq -r '.items[] |
    "\(.metadata.namespace)/\(.spec.br.cluster)"' | sort -u >"$TEST_TMP/named"
api GET /apis/core.pingcap.com/v1alpha1/clusters | jq -r '.items[] | "\(.metadata.namespace)/\(.metadata.name)"' | sort \
    >"$TEST_TMP/there"
clusters=$(comm -12 "$TEST_TMP/named" "$TEST_TMP/there" | wc -l)
check "there are some" [ "$clusters" -gt 3 ]
check "two ranges for each cluster with a Backup: tasks, GC" ranges $((2 * clusters)) brdeck check -A
check "and so where nothing may be written" ranges $((2 * clusters)) brdeck check -A --read-only
check "none where one snapshot is asked for" ranges 0 brdeck check -n orders full-orders-1116

start_sim --fleet empty --speed 50
for name in log log-a log-a-b; do
    make_backup "$NS" "$name" "$(log_spec "$name")"
    becomes "$name" '.status.logSubCommandStatuses["log-start"].phase == "Complete"'
done
sim_order /sim/operator '{"checkpoints":false}' >/dev/null
for name in log log-a log-a-b; do
    pd "\"service\":\"tc-pd\",\"task\":\"$name\",\"add\":{\"storage\":\"s3://b/$name\",\"start\":\"1h\"}"
done
check "three tasks of a cluster: one range, one of GC" ranges 2 brdeck check -n "$NS"
pd '"task":"log-a","paused":{"by":"host-7","at":"10m","why":"maintenance"}'
check "the one in the middle is paused in PD" said '[.[] | select(.id == "paused-in-pd") | .object] == ["'$NS'/log-a"]'
pd '"task":"log","checkpoint":"436568622965194755"'
put_status "$NS" log '{"logCheckpointTs":"436568622965194000"}'
check "its checkpoint comes to the last digit" sh -c "brdeck check log -n $NS -o json | grep -q 436568622965194755"
i=0
while [ $i -lt 260 ]; do # with two keys each they do not fit into one page
    pd "\"service\":\"tc-pd\",\"task\":\"other-$i\",\"add\":{\"storage\":\"s3://b/$i\",\"start\":\"1h\"}"
    i=$((i + 1))
done
check "hundreds of tasks come in pages" ranges 3 brdeck check -n "$NS"
check "what stands on the second counts" said '[.[] | select(.id == "paused-in-pd") | .object] == ["'$NS'/log-a"]'
check "and nothing on it is missed" said '[.[] | select(.id == "no-task-in-pd")] == []'

# -- what may not be had
pd '"service":"tc-pd","unreachable":true'
check "no endpoints" noted "PD of $NS/tc .*no endpoints available"
pd '"service":"tc-pd","unreachable":false'
fault '{"fault":"status","code":403,"path":"/proxy/v3/kv/range","count":0,"message":"services is forbidden"}'
check "no right to the proxy" noted "PD of $NS/tc .*no right to create services/proxy"
no_faults
fault '{"fault":"status","code":403,"path":"/pods","count":0,"message":"pods is forbidden"}'
check "no right to Pods" noted "no right to list pods in namespace $NS"
no_faults
pd '"service":"tc-pd","tls":true'
check "a PD that wants certificates" noted "PD of $NS/tc .*certificates"
pd '"service":"tc-pd","tls":false'
check "and all is as before" said '[.[] | select(.id == "paused-in-pd") | .object] == ["'$NS'/log-a"]'

# -- the last log backup is gone, its task is not: a snapshot of the cluster is enough
start_sim --fleet empty --speed 50
make_backup "$NS" full "$(log_spec full | jq 'del(.backupMode)')"
becomes full '.status.phase == "Complete"'
check "no task, nothing told" ranges 2 brdeck describe backup full -n "$NS"
check "nor by describe" sh -c "! grep 'log task' $TEST_TMP/said"
pd '"service":"tc-pd","task":"left","add":{"storage":"s3://b/left","start":"1h"}'
check "check tells it" said '[.[] | select(.id == "unknown-task") | .sentence] | length == 1 and (.[0] | test("log task left"))'
check "describe tells it, with one question" ranges 2 brdeck describe backup full -n "$NS"
check "so" grep -q "log task .*PD of $NS/tc has a log task no Backup knows: left, checkpoint" "$TEST_TMP/said"
log_spec new | jq "{apiVersion:\"br.pingcap.com/v1alpha1\",kind:\"Backup\",metadata:{name:\"new\",namespace:\"$NS\"},spec:.}" \
    >"$TEST_TMP/new.json"
check "a new log backup warns of it" says 0 "PD has the log task left, which no Backup knows: br refuses a second one" \
    brdeck create -f "$TEST_TMP/new.json" -n "$NS" --dry-run=client
pd '"service":"tc-pd","task":"left","remove":true'
check "and not when it is gone" sh -c "! brdeck create -f $TEST_TMP/new.json -n $NS --dry-run=client | grep 'no Backup knows'"
