#!/bin/sh
# check, wait, runs and journal on brdeck-sim: limits and forms, what is unknown, every cause by order, what PD says, rights,
# many Backups.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v curl >/dev/null && command -v jq >/dev/null || skip "curl and jq are needed"
NS=backup-test SCOPE='-n backup-test'
. "$abs_top_srcdir/tests/e2e/actions.inc"
. "$abs_top_srcdir/tests/e2e/check.inc"
pd() { sim_order /sim/pd "{\"namespace\":\"$NS\",$1}" >/dev/null; }
fault() { sim_order /sim/faults "$1" >/dev/null; }
no_faults() { api DELETE /sim/faults >/dev/null; }

# The operator writes no checkpoints: those of the test stay.
stand_still() { sim_order /sim/operator '{"checkpoints":false}' >/dev/null; }
pd_checkpoint() { pd "\"task\":\"$1\",\"checkpoint\":\"$2\""; }
# A pause that is under way, and stays so.
hold_pause() { sim_order /sim/job "{\"cause\":\"no-room\",\"namespace\":\"$NS\",\"name\":\"log-a\",\"command\":\"log-pause\",\"count\":0}" >/dev/null; }
release_pause() { api DELETE /sim/job >/dev/null; }

# -- one that is never picked up: it takes a minute to be known, so it is begun with
start_sim --fleet empty --speed 50
operator_rests
make_backup "$NS" late "$(log_spec late)"
cp "$KUBECONFIG" "$TEST_TMP/late.kubeconfig"

start_sim --fleet empty --speed 50 --v1
tag=v2
check "an empty cluster" plugin 3 UNKNOWN -A
check "is told as such" tells "UNKNOWN - nothing to check: No Backups"
limits
unknown
pauses
waiting
deleting
under_way
orphan
journal
sim_order /sim/shutdown '{}' >/dev/null
check "the server is away" plugin 3 UNKNOWN -n "$NS" --timeout 5s
check "JSON, then" json 3 'length == 1 and .[0].id == "unknown"' -n "$NS" --timeout 5s
check "Prometheus, then" prometheus 3 -n "$NS" --timeout 5s

tag=v1 API_GROUP=pingcap.com
rm -rf "$XDG_STATE_HOME"
start_sim --fleet empty --speed 50 --v1
SCOPE=-A
limits
check "v1: elsewhere may be more than in one namespace" plugin 3 UNKNOWN -n "$NS" --max-age 30m
check "v1: which is told" tells "-A looks in all namespaces"
check "v1: what is seen is enough where it is fresh" plugin 0 OK -n "$NS"
waiting
API_GROUP=br.pingcap.com SCOPE="-n $NS"

# -- what is wrong with the answers
fault '{"fault":"status","code":500,"path":"/backups","method":"GET","count":0,"message":"etcd is away | for long"}'
check "500" plugin 3 UNKNOWN -n "$NS" --timeout 5s
no_faults
fault '{"fault":"status","code":403,"path":"/backups","method":"GET","count":0,"message":"not today"}'
check "403" plugin 3 UNKNOWN -n "$NS"
check "is told" tells "not today"
no_faults
fault '{"fault":"status","code":404,"path":"/apis","method":"GET","count":0}'
check "no CRD" plugin 3 UNKNOWN -A
no_faults
fault '{"fault":"garbage","path":"/backups","count":0}'
check "no JSON" plugin 3 UNKNOWN -n "$NS" --timeout 5s
no_faults
fault '{"fault":"cut","after":700,"path":"/backups","watch":false}'
check "a list that breaks off is had again whole" plugin 0 OK -n "$NS" --max-lag 1h
check "all of it" tells "OK - 2 backups"
fault '{"fault":"freeze","path":"/backups","count":0}'
brdeck check -n "$NS" >"$TEST_TMP/said" 2>"$TEST_TMP/said.err" &
check_pid=$!
track $check_pid
frozen() { sim_requests=$(api GET /sim/state | jq .requests); sleep 0.3; [ "$(api GET /sim/state | jq .requests)" = $((sim_requests + 1)) ]; }
wait_for frozen 10
kill -TERM $check_pid
check_code "a signal is unknown, too" 3 wait $check_pid
check "and says so" tells "UNKNOWN - interrupted by signal 15"
check "a frozen server, in the time given" plugin 3 UNKNOWN -n "$NS" --timeout 2s
check "which is told" tells "within 2 s"
no_faults
fault '{"fault":"freeze","path":"/pods","count":0}'
check "Pods that do not come hold nothing up but the time given" plugin 0 OK -n "$NS" --timeout $((4 * TIMEOUT_FACTOR))s --max-lag 1h
check "that they were not had is said" tells "note: "
no_faults
fault '{"fault":"status","code":403,"path":"/jobs","method":"GET","count":0,"message":"no jobs for you"}'
check "no right to Jobs is no trouble" plugin 0 OK -n "$NS" --max-lag 1h
check "but is said" tells "no right to list jobs"
no_faults
sim_order /sim/shutdown '{}' >/dev/null

# -- causes: every trouble that can be ordered, of a snapshot; those of log commands with theirs, too. Each is recognised as
# what it is called.
start_sim --fleet empty --speed 50
tag=cause
cause_of() # ORDER
{
    case $1 in
    image-denied) echo image-not-pulled ;;
    node-shutdown) echo node-gone ;;
    *) echo "$1" ;;
    esac
}
order_cause() # ORDER COMMAND NAME
{
    sim_order /sim/job "{\"cause\":\"$1\",\"namespace\":\"$NS\",\"name\":\"$3\",\"command\":\"$2\",\"count\":0}" >/dev/null
    case $2 in
    # The operator waits long before it tries again, so that none has given up before it is looked at.
    snapshot) make_backup "$NS" "$3" "$(log_spec "$3" | jq -c '.backupMode = "snapshot" | .backupType = "full" |
        .backoffRetryPolicy = {"minRetryDuration": "6000s"}')" ;;
    *) make_backup "$NS" "$3" "$(log_spec "$3")" ;;
    esac
    echo "$1 $2 $3" >>"$TEST_TMP/causes"
}
api GET /sim/job | jq -r '.causes[].cause' | sort -u >"$TEST_TMP/orders"
check "the simulation knows many causes" sh -c "[ \$(wc -l <$TEST_TMP/orders) -ge 50 ]"
while read -r order; do
    order_cause "$order" snapshot "s-$order"
done <"$TEST_TMP/orders"
while read -r order command; do
    order_cause "$order" "$command" "l-$order"
done <<C
no-service-account log-start
image-not-pulled log-start
pd-unreachable log-start
task-exists log-start
log-backup-disabled log-start
gc-passed log-resume
unknown-flag log-pause
task-gone log-pause
no-room log-pause
access-denied log-stop
truncate-lock log-truncate
C
runs_well() { becomes "$1" '.status.logSubCommandStatuses["log-start"].phase == "Complete"' >/dev/null; }
while read -r order command name; do
    case $command in
    log-pause | log-stop) runs_well "$name" && patch_backup "$NS" "$name" "{\"spec\":{\"logSubcommand\":\"$command\"}}" ;;
    log-resume)
        runs_well "$name" && patch_backup "$NS" "$name" '{"spec":{"logSubcommand":"log-pause"}}'
        becomes "$name" '.status.phase == "Paused"' >/dev/null
        patch_backup "$NS" "$name" '{"spec":{"logSubcommand":"log-start"}}'
        ;;
    log-truncate)
        runs_well "$name"
        put_status "$NS" "$name" "{\"commitTs\":\"$(tso_now -7200)\",\"logCheckpointTs\":\"$(tso_now)\"}"
        patch_backup "$NS" "$name" "{\"spec\":{\"logTruncateUntil\":\"$(tso_now -3600)\"}}"
        ;;
    esac
done <"$TEST_TMP/causes"
# One list tells all of them. Those that are not there yet are looked for again; what the operator tries again and again is
# told otherwise when it has given up.
recognised()
{
    brdeck check -n "$NS" -o json >"$TEST_TMP/found.json" 2>/dev/null || :
    jq -r '.[] | select(.cause != null and .severity != "ok") | .object + " " + .cause' "$TEST_TMP/found.json" >>"$TEST_TMP/found"
    while read -r order command name; do
        grep -qx "$NS/$name $(cause_of "$order")" "$TEST_TMP/found" || return 1
    done <"$TEST_TMP/causes"
}
wait_for recognised 40 || :
while read -r order command name; do
    check "$order of $command" sh -c "grep -qx '$NS/$name $(cause_of "$order")' $TEST_TMP/found || { jq -c '.[] | select(.object == \"$NS/$name\")' $TEST_TMP/found.json; exit 1; }"
done <"$TEST_TMP/causes"
# Between two tries of the operator one may look well.
all_say()
{
    brdeck check -n "$NS" >>"$TEST_TMP/said.all" 2>&1 || :
    while read -r order command name; do
        grep -qE "^(WARNING|CRITICAL) $NS/$name: .* -> " "$TEST_TMP/said.all" || { echo "$name"; return 1; }
    done <"$TEST_TMP/causes"
}
check "each says in words what is the matter and what to do" wait_for all_say 30
check "all of them at once" plugin 2 CRITICAL -n "$NS"
check "Prometheus takes them all" prometheus 2 -n "$NS"

# -- what lies in the objects themselves, or in those beside them
make_backup "$NS" o-secret "$(log_spec o-secret | jq -c '.s3.secretName = "nothing"')"
check "a Secret that is not there" comes o-secret cause no-secret
make_backup "$NS" o-account "$(log_spec o-account | jq -c '.serviceAccount = "nobody"')"
check "a ServiceAccount that is not there" comes o-account cause no-service-account
make_backup "$NS" o-bucket "$(log_spec o-bucket | jq -c '.s3.bucket = ""')"
check "no bucket" comes o-bucket cause bucket-unset
make_backup "$NS" o-denied "$(log_spec o-denied | jq -c '.s3.bucket = "denied"')"
check "a storage that refuses" comes o-denied cause access-denied
make_backup "$NS" o-cluster "$(log_spec o-cluster | jq -c '.br.cluster = "nothing"')"
check "a Cluster that is not there" comes o-cluster id cluster-missing
clusters=/apis/core.pingcap.com/v1alpha1/namespaces/$NS/clusters/tc
brdeck wait -n "$NS" o-cluster --for phase=Running --timeout $((3 * TIMEOUT_FACTOR))s >"$TEST_TMP/aged" 2>&1 || :
check "what only ages is told" grep -q 'o-cluster: ' "$TEST_TMP/aged"
tr -d 0-9 <"$TEST_TMP/aged" | sort | uniq -d >"$TEST_TMP/aged.twice"
check "once" diff "$TEST_TMP/aged.twice" /dev/null
make_backup "$NS" o-pd "$(log_spec o-pd)"
runs_well o-pd
api PATCH "$clusters" '{"spec":{"paused":true}}' application/merge-patch+json >/dev/null
check "a Cluster that is paused" comes o-pd id cluster-paused
api PATCH "$clusters" '{"spec":{"paused":null,"suspendAction":{"suspendCompute":true}}}' application/merge-patch+json >/dev/null
check "a Cluster that is suspended" comes o-pd id cluster-suspended
api PATCH "$clusters" '{"spec":{"suspendAction":null}}' application/merge-patch+json >/dev/null

# -- what PD says and no status does
pd '"task":"o-pd","paused":{"by":"host-7","at":"3h","why":"maintenance"}'
check "paused in PD" comes o-pd id paused-in-pd
check "by whom" sh -c "brdeck check -n $NS o-pd | grep -q host-7"
pd '"task":"o-pd","paused":{"severity":"ERROR","at":"1h","why":"no space"}'
check "paused by an error" comes o-pd id paused-by-error
pd '"task":"o-pd","paused":false'
pd_checkpoint o-pd "$(tso_now -540)" # an error that the checkpoint has passed is over
pd '"task":"o-pd","error":{"store":4,"code":"KV:LogBackup:RaftReq","message":"region is away","at":"5m"}'
check "a store's error" comes o-pd id store-error
check "which store" sh -c "brdeck check -n $NS o-pd | grep -q 'store 4'"
pd '"task":"o-pd","error":false'
sim_order /sim/operator '{"checkpoints":false}' >/dev/null
put_status "$NS" o-pd "{\"logCheckpointTs\":\"$(tso_now -10800)\"}"
pd '"task":"o-pd","lag":"40s"'
check "an operator that stands still" comes o-pd id operator-stale
check "the lag is PD's" json 1 'any(.[]; .object == "'"$NS"'/o-pd" and .lagFrom == "pd" and .lagSeconds < 600)' -n "$NS" o-pd
pd '"task":"o-pd","remove":true'
check "a task that PD does not know" comes o-pd id no-task-in-pd
pd '"service":"tc-pd","task":"foreign","add":{"storage":"s3://b/p","start":"24h"}'
alien() { brdeck check -n "$NS" -o json >"$TEST_TMP/said" 2>&1; jq -e 'any(.[]; .id == "unknown-task" and (.sentence | test("foreign")))' "$TEST_TMP/said" >/dev/null; }
check "a task that no Backup knows" wait_for alien 10
pd '"service":"tc-pd","unreachable":true'
pd_note() { brdeck check -n "$NS" >"$TEST_TMP/said" 2>&1; grep -q "^note: PD of $NS/tc" "$TEST_TMP/said"; }
check "a PD that does not answer is a note" pd_note
check "one for all of its log backups" sh -c "[ \$(grep -c '^note: PD of $NS/tc' $TEST_TMP/said) = 1 ]"

# -- the one that was begun with
operator_is_late()
{
    KUBECONFIG=$TEST_TMP/late.kubeconfig brdeck check -n "$NS" -o json >"$TEST_TMP/said" 2>&1
    jq -e 'any(.[]; .id == "not-picked-up" and .severity == "warning")' "$TEST_TMP/said" >/dev/null
}
check "an operator that does not run" wait_for operator_is_late 90
sim_order /sim/shutdown '{}' >/dev/null

# -- rights
start_sim --fleet demo --still --speed 50
check "no login" plugin 3 UNKNOWN -A --context expired
check "is told" tells "does not accept this login"
check "no right to list" plugin 3 UNKNOWN -A --context nobody
check "is told" tells "no right to list"
check "not all namespaces" plugin 3 UNKNOWN -A --context viewer
check "which are there" tells "what may be listed: orders"
check "one namespace, without PD" plugin 1 WARNING -n orders --context viewer
check "PD is a note" sh -c "grep -q '^note: PD of orders/' $TEST_TMP/said"
check "said once" sh -c "[ \$(grep -c '^note: PD of' $TEST_TMP/said) = 1 ]"
check "two namespaces, of which one is not to be seen" plugin 3 UNKNOWN -n orders,billing --context viewer
check "the demo" plugin 2 CRITICAL -A
check "its Prometheus" prometheus 2 -A
check "its JSON" json 2 'length > 40' -A
check "--demo" sh -c "KUBECONFIG=/nonexistent brdeck --demo check -A | grep -q ^CRITICAL"
sim_order /sim/shutdown '{}' >/dev/null

# -- escape codes, bars and quotes of a cluster
start_sim --fleet empty --speed 50
evil='\u001b]0;owned\u0007|\u001b[2J\u009b31m\u202egnp.exe\"\\\\'
make_backup "$NS" evil "$(log_spec evil)"
becomes evil '.status.logSubCommandStatuses["log-start"].phase != null' || :
put_status "$NS" evil "{\"phase\":\"Failed\",\"conditions\":[{\"type\":\"Failed\",\"status\":\"True\",\"reason\":\"Failed\",\
\"message\":\"[ERROR] $evil | lag=1\nOK - all is well\",\"lastTransitionTime\":\"2026-01-01T00:00:00Z\"}]}"
make_backup "$NS" evil2 "$(log_spec evil2 | jq -c --argjson evil "\"$evil\"" '.br.cluster = "t'"'"'=" + $evil + "\n"')"
check "a hostile message" plugin 2 CRITICAL -n "$NS" evil
check "moves no terminal" sh -c "! LC_ALL=C grep -aP '[\\x00-\\x08\\x0b-\\x1f\\x7f]|\\xc2[\\x80-\\x9f]|\\xe2\\x80[\\xaa-\\xae]' $TEST_TMP/said"
check "nor Prometheus" prometheus 2 -n "$NS"
check "nor a hostile cluster" sh -c "brdeck check -n $NS | awk -f $abs_top_srcdir/tests/tools/plugin_output.awk -v status=CRITICAL"
check "JSON is JSON" json 2 'length > 1' -n "$NS"
sim_order /sim/shutdown '{}' >/dev/null

# -- the same name in both API groups
start_sim --fleet empty --speed 50 --v1
for API_GROUP in pingcap.com br.pingcap.com; do
    make_backup "$NS" twin "$(log_spec twin)"
    becomes twin '.status.logSubCommandStatuses["log-start"].phase == "Complete"' || :
    put_status "$NS" twin "{\"logCheckpointTs\":\"$(tso_now)\"}"
done
check "twins: two numbers, two labels" plugin 2 CRITICAL -A
check "twins: which tell the group" sh -c "grep -qF \"'$NS/twin (v1)'=\" $TEST_TMP/said && grep -qF \"'$NS/twin (v2)'=\" $TEST_TMP/said"
check "twins: for Prometheus, too" prometheus 2 -A
check "twins: one of them" plugin 0 OK -A backup.pingcap.com/twin
check "twins: is one" tells "OK - 1 backup"
sim_order /sim/shutdown '{}' >/dev/null

# -- many: a check of 10,000 takes seconds, not minutes
start_sim --fleet 10000
took() { took_from=$(date +%s%N); brdeck check -A -o "$1" --timeout 60s >"$TEST_TMP/said" 2>&1 || :; took_ms=$((($(date +%s%N) - took_from) / 1000000)); [ "$took_ms" -lt $(($2 * TIMEOUT_FACTOR)) ] || { echo "$took_ms ms"; return 1; }; }
check "10,000 Backups as text" took text 15000
check "all of them" grep -qE '(of 10000 backups|- 10000 backups)' "$TEST_TMP/said"
check "in a line that monitors take" sh -c "[ \$(head -n 1 $TEST_TMP/said | wc -c) -lt 2000 ]"
check "as JSON" took json 20000
check "whole" sh -c "jq -e '[.[].object] | unique | length >= 10000' $TEST_TMP/said >/dev/null"
check "more namespaces than may be watched at once" sh -c "brdeck check -n \$(seq -f 'team-%03g' -s, 0 24) | grep -q '^note: the Jobs, Pods and Events of 5 namespaces were not looked at'"
check "for Prometheus" took prometheus 15000
check "in its format" awk -f "$abs_top_srcdir/tests/tools/prometheus.awk" "$TEST_TMP/said"
