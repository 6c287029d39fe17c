#!/bin/sh
# get on brdeck-sim: what is known beside the objects, by when, whose, and what is said where it is not had; -w.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
: "${NS:=backup-test}"
start_sim --fleet empty --speed 50

log_spec() { printf '{"backupMode":"log","br":{"cluster":"tc"},"s3":{"provider":"aws","bucket":"b","prefix":"%s"}}' "$1"; }
becomes() { wait_for "api GET $(backups_path "$NS")/$1 | jq -e '$2' >/dev/null" 20; }
pd() { sim_order /sim/pd "{\"namespace\":\"$NS\",$1}" >/dev/null; }
state() { api GET /sim/state | jq -r ".$1"; }
row() { brdeck get backups -n "$NS" "$@" >"$TEST_TMP/said" 2>"$TEST_TMP/err"; }
lists() { row && grep -q "$1" "$TEST_TMP/said" && [ ! -s "$TEST_TMP/err" ]; }
# ms LIMIT COMMAND...: it ends with 0 in less
ms()
{
    ms_most=$1
    shift
    ms_from=$(date +%s%N)
    "$@" || return 1
    ms_took=$((($(date +%s%N) - ms_from) / 1000000))
    [ "$ms_took" -lt $((ms_most * TIMEOUT_FACTOR)) ] || { echo "$ms_took ms"; return 1; }
}

make_backup "$NS" log-a "$(log_spec a)"
becomes log-a '.status.logSubCommandStatuses["log-start"].phase == "Complete" and .status.logCheckpointTs != null'

# -- the command line
code() { want=$1; shift; got=0; "$@" >"$TEST_TMP/said" 2>"$TEST_TMP/err" || got=$?; [ "$got" = "$want" ]; }
check "what is no selector is a slip of the command line" code 2 brdeck get backups -n "$NS" -l 'a in'
check "one that is asks the server" code 0 brdeck get backups -n "$NS" -l 'a=b,c in (x),!d'
check "what is no selector, told" code 2 brdeck get backups -n "$NS" -l 'a in'
check "which is told" grep -q 'label selector "a in"' "$TEST_TMP/err"
check "a full disk is an error of describe, too" sh -c "brdeck describe backup log-a -n $NS >/dev/full 2>$TEST_TMP/err; [ \$? = 1 ]"
check "which is said" grep -q 'stdout: No space left' "$TEST_TMP/err"
for words in "pause log-a --dry-run=client" "pause log-a --dry-run=client -o json" "br metadata log-a" "br metadata log-a -o json" \
    "br status log-a --driver job --yes" "start log-a --from log-a --prefix c --dry-run=client" "wait log-a --for phase=Running"; do
    check "so it is of brdeck $words" sh -c "brdeck $words -n $NS >/dev/full 2>$TEST_TMP/err; [ \$? = 1 ] && grep -q 'stdout: No space left' $TEST_TMP/err"
done
check "and of brdeck completion" sh -c "brdeck completion bash >/dev/full 2>$TEST_TMP/err; [ \$? = 1 ]"
check "a reader that went away is none" sh -c "{ brdeck pause log-a --dry-run=client -n $NS; echo \$? >$TEST_TMP/code; } | true; grep -qx 0 $TEST_TMP/code"
names() { brdeck get backups -n "$NS" -o name "$@" | sed 's|.*/||' | tr '\n' ' '; }
make_backup "$NS" z-full "$(log_spec z | jq -c '.backupMode = "snapshot" | .backupType = "full"')"
becomes z-full '.status.phase == "Complete"'
check "by name, of itself" test "$(names)" = "log-a z-full "
check "by a column, as the screen has it" test "$(names --sort status)" = "z-full log-a "
check "and the other way round" test "$(names --sort=-name)" = "z-full log-a "
check "also by title, and in tables" sh -c "brdeck get backups -n $NS --sort=-STATUS --no-headers | head -n 1 | grep -q ^log-a"
check "what is no column" code 2 brdeck get backups -n "$NS" --sort nothing
check "is told, with those that there are" grep -q 'status.*checkpoint' "$TEST_TMP/err"
check "objects are not sorted" code 2 brdeck get backups -n "$NS" --sort name -o json
check "nor does another command take it" code 2 brdeck runs -n "$NS" --sort name
check "which is told" grep -q 'does not go with runs' "$TEST_TMP/err"
check "--wide is -o wide" sh -c "brdeck get backups -n $NS --wide >$TEST_TMP/wide && brdeck get backups -n $NS -o wide | head -n 1 | diff - $TEST_TMP/wide | grep -q '^> log-a.*s3://b/a'"
check "not of objects" code 2 brdeck get backups -n "$NS" --wide -o yaml
check "the environment is the screen's" test "$(BRDECK_SORT=-name BRDECK_WIDE=yes names)" = "log-a z-full "
api DELETE "$(backups_path "$NS")/z-full" >/dev/null
check "a limit of less than nothing" code 3 brdeck check -n "$NS" --max-lag=10m,-5m

# -- what PD says, and no object
pd '"task":"log-a","paused":{"by":"host-7","at":"3h","why":"maintenance"}'
# PD's word counts from a second after the object's own change on
check "paused in PD" wait_for 'lists "Running, paused in PD since .* by host-7"' 10
check "PD is not asked for the objects alone" row --object-only
check "which say nothing of it" sh -c "! grep -q 'paused in PD' $TEST_TMP/said && grep -q '^log-a .*Running' $TEST_TMP/said"
asked=$(state pdRanges)
check "nor for names" row -o name
check "nor for JSON" row -o json
check "nor for YAML" row -o yaml
check "nobody asked" [ "$(state pdRanges)" = "$asked" ]

# -- with -w
brdeck get backups -n "$NS" -w --no-headers >"$TEST_TMP/watch" 2>"$TEST_TMP/watch.err" &
watcher=$!
track "$watcher"
check "watched: the row as it is" wait_for "grep -q 'paused in PD' $TEST_TMP/watch" 10
pd '"task":"log-a","paused":false'
check "watched: what PD says anew is a row anew" wait_for "tail -n 1 $TEST_TMP/watch | grep -q 'log-a  *log  *Running  '" 20
make_backup "$NS" log-b "$(log_spec b)"
becomes log-b '.status.logCheckpointTs != null'
check "watched: a new one" wait_for "grep -q '^log-b .*Running' $TEST_TMP/watch" 10
pd '"task":"log-b","paused":{"by":"host-8","at":"1h"}'
check "watched: of which PD is asked, too" wait_for "grep -q '^log-b .*paused in PD' $TEST_TMP/watch" 20
# PD's checkpoint alone goes on
sim_order /sim/operator '{"checkpoints":false}' >/dev/null
asked=$(state pdRanges)
check "watched: PD is asked again" wait_for "[ \$(state pdRanges) -ge $((asked + 2)) ]" 30
lines=$(wc -l <"$TEST_TMP/watch")
asked=$(state pdRanges)
check "watched: and again" wait_for "[ \$(state pdRanges) -ge $((asked + 3)) ]" 30
check "watched: PD's checkpoint alone makes no line" [ "$(wc -l <"$TEST_TMP/watch")" = "$lines" ]
sim_order /sim/operator '{"checkpoints":true}' >/dev/null
stop "$watcher"
pd '"task":"log-b","paused":false'

# -- Jobs and Pods: why it does not get on
sim_order /sim/job '{"cause":"no-service-account","namespace":"'"$NS"'","name":"log-c","count":0}' >/dev/null
make_backup "$NS" log-c "$(log_spec c)"
check "the cause of what is stuck" wait_for "lists 'log-c .*no ServiceAccount'" 20
check "which the objects alone do not tell" sh -c "brdeck get backups -n $NS --object-only | grep '^log-c ' | grep -vq ServiceAccount"
api DELETE "$(backups_path "$NS")/log-c" >/dev/null

# -- who cannot be asked does not hold up the list
pd '"service":"tc-pd","unreachable":true'
# on a slow machine not at the first time
refused() { ms 2500 row && grep -q "PD of $NS/tc gave no answer (.*); this is what the objects say" "$TEST_TMP/err"; }
check "a PD that refuses: the list comes at once, and says so" wait_for refused 15
check "with the rows" grep -q '^log-a ' "$TEST_TMP/said"
pd '"service":"tc-pd","unreachable":false'
sim_order /sim/faults '{"fault":"freeze","path":"/proxy/v3/kv","count":0}' >/dev/null
check "a PD that says nothing: three seconds and no more" wait_for 'ms 5000 row' 15
check "what was not had is said" grep -q "not had within 3 s: .*what PD says of $NS/tc; this is what the objects say" "$TEST_TMP/err"
check "with the rows" grep -q '^log-a ' "$TEST_TMP/said"
check "for the objects alone it is not asked" row --object-only
check "so nothing is missing" [ ! -s "$TEST_TMP/err" ]
api DELETE /sim/faults >/dev/null
sim_order /sim/faults '{"fault":"freeze","path":"/pods?","count":0}' >/dev/null
check "Pods that do not come" wait_for 'ms 5000 row' 15
check "are said" grep -q "not had within 3 s: the Jobs, Pods and Events of $NS" "$TEST_TMP/err"
check "SIGTERM while it asks ends it" sh -c "brdeck get backups -n $NS & pid=\$!; sleep 0.7; kill -TERM \$pid; wait \$pid; [ \$? = 143 ]"
api DELETE /sim/faults >/dev/null
sim_order /sim/shutdown '{}' >/dev/null

# -- what is finished costs nothing; too much is not asked
start_sim --fleet demo --still
before=$(state pdRanges)
check "a finished snapshot" sh -c 'brdeck get backups -n audit full-audit-core-1117 | grep -q Complete'
check "asks nobody" [ "$(state pdRanges)" = "$before" ]
wordless() { ! brdeck get backups -n orders --context viewer 2>&1 | grep '^brdeck:'; }
check "a right that is missing is no word" wait_for wordless 10 # what is not had in time is one
sim_order /sim/shutdown '{}' >/dev/null
start_sim --fleet 10000
check "more clusters than are asked" sh -c "brdeck get backups -A 2>&1 >/dev/null | grep -q 'PD of [0-9]* clusters was not asked: 50 at most'"
check "once" sh -c "[ \$(brdeck get backups -A 2>&1 >/dev/null | grep -c 'was not asked') = 1 ]"
