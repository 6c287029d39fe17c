#!/bin/sh
# brdeck br on brdeck-sim: br's exact line, Jobs that run it and what br answers, their troubles, lost answers, rights, br on this host.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v jq >/dev/null && command -v curl >/dev/null || skip "jq and curl are needed"
NS=backup-test
. "$abs_top_srcdir/tests/e2e/actions.inc"
. "$abs_top_srcdir/tests/e2e/br.inc"
start_sim --fleet empty --speed 20
PD=$(api GET "/apis/core.pingcap.com/v1alpha1/namespaces/$NS/pdgroups" | jq -r '.items[0].metadata.name')
lines
manifests

job() { brdeck br -n "$NS" --driver job --yes --timeout "$LONG" "$@"; }
make_log log-a
make_snapshot full-1 3600
check "status in words" says 0 "task log-a: NORMAL" job status log-a
check "with checkpoints" grep -q "store 1 .*TSO" "$TEST_TMP/said"
job status log-a -o json </dev/null >"$TEST_TMP/status.json" 2>"$TEST_TMP/words" || :
check "as br's own JSON" jq -e '.[0].name == "log-a" and (.[0].progress | length) > 0' "$TEST_TMP/status.json"
check "with TSOs whole" grep -Eq '"checkpoint":[0-9]{18}[,}]' "$TEST_TMP/status.json"
check "metadata" says 0 "log in the storage" job metadata log-a
check "a truncate's dry run" says 0 "We are going to remove" job truncate-dry-run log-a --until -30m
check "deletes nothing" is log-a '.status.logSuccessTruncateUntil == null'
check "decode" says 0 "the snapshot in the storage" job decode full-1
check "the journal has it" journal_last '.what == "outcome" and .outcome == "done"'
check "each is a Job of ours" [ "$(our_jobs | wc -l)" -ge 4 ]

# verbs, by choice only: the Backup does not know
check "pause by br itself" says 0 "pause done" job pause log-a
check "is warned of" grep -q "the Backup will not know" "$TEST_TMP/said"
check "the Backup does not know" is log-a '.status.phase == "Running"'
check "br does" says 0 "task log-a: PAUSE" job status log-a
check "a second one fails, with br's words" says 4 "paused already" job pause log-a
check "its log is kept" sh -c "ls $XDG_STATE_HOME/brdeck/logs/*log-a*pause* >/dev/null"
check "resume" says 0 "resume done" job resume log-a
check "the guard is the same" says 3 "checkpoint" job truncate log-a --until "$(tso_now 3600)"
check "a truncate" says 0 "We are going to remove" job truncate log-a --until -60m

# trouble
trouble() { sim_order /sim/job "{\"cause\":\"$1\",\"namespace\":\"$NS\",\"name\":\"log-a\"}" >/dev/null; }
trouble no-service-account
check "no ServiceAccount" says 5 "ServiceAccount" job status log-a --timeout $((4 * TIMEOUT_FACTOR))s
api DELETE /sim/job >/dev/null
trouble image-not-pulled
check "no image" says 5 "its Pod waits: " job status log-a --timeout $((4 * TIMEOUT_FACTOR))s
api DELETE /sim/job >/dev/null
trouble access-denied
check "the storage denies" says 4 "denied" job metadata log-a
api DELETE /sim/job >/dev/null
before=$(our_jobs | wc -l)
# the dry-run is not tried where a webhook fails over it, and what follows is the real one
sim_order /sim/faults '{"fault":"status","code":500,"method":"POST","path":"/jobs?"}' >/dev/null
sim_order /sim/faults '{"fault":"lose-answer","method":"POST","path":"/jobs?"}' >/dev/null
check "a lost answer is looked for" says 0 "looking whether Job" job status log-a
check "and found" grep -q "task log-a" "$TEST_TMP/said"
api DELETE /sim/faults >/dev/null
check "makes one Job, not two" [ "$(our_jobs | wc -l)" -eq $((before + 1)) ]
# brdeck is killed while its Job works: another one finds it, and its end
trouble no-room
brdeck br metadata log-a -n $NS --driver job --yes >"$TEST_TMP/killed.out" 2>&1 </dev/null &
killed=$!
check "a Job that finds no room" wait_for "grep -q Unschedulable $TEST_TMP/killed.out" 20
kill -9 $killed
wait $killed 2>/dev/null || :
check "is found again" wait_for "brdeck runs -n $NS -o json </dev/null | jq -e '.[] | select(.driver == \"job\" and .underWay and .name == \"log-a\" and .cause == \"no-room\")' >/dev/null" 20
api DELETE /sim/job >/dev/null
check "read-only prints" prints "br log status --json --task-name=log-a --pd=$PD-pd.$NS:2379" status log-a --read-only
check "and runs nothing" says 3 "read-only" job status log-a --read-only

# br on this host
mkdir "$TEST_TMP/bin"
cat >"$TEST_TMP/bin/br" <<'B'
#!/bin/sh
echo "$@" >>"$BR_ARGS"
echo "key $AWS_SECRET_ACCESS_KEY" >>"$BR_ARGS"
case "$*" in
*status*) echo "Detail BR log in /tmp/br.log" >&2; echo '[{"name":"log-a","status":"Running","checkpoint":436568622965194754}]' ;;
*metadata*) echo '["log metadata"] [log-min-ts=436568622965194754] [log-min-date="x"] [log-max-ts=436568622965194999] [log-max-date="y"]' ;;
*decode*) echo "Error: no backupmeta" >&2; exit 1 ;;
*pause*) trap 'echo "Error: context canceled" >&2; exit 1' TERM; sleep 60 & wait ;;
esac
B
chmod +x "$TEST_TMP/bin/br"
BR_ARGS=$TEST_TMP/br.args
export BR_ARGS
here() { PATH=$TEST_TMP/bin:$PATH AWS_SECRET_ACCESS_KEY=mine brdeck br "$@" -n "$NS" --driver local --pd 127.0.0.1:2379 --yes; }
check "here: status" says 0 "TSO 436568622965194754" here status log-a
check "here: its arguments" grep -qxF -- "log status --json --task-name=log-a --pd=127.0.0.1:2379" "$BR_ARGS"
check "here: its own environment" grep -qxF "key mine" "$BR_ARGS"
check "here: JSON as it came" sh -c "PATH=$TEST_TMP/bin:\$PATH brdeck br status log-a -n $NS --driver local --pd 127.0.0.1:2379 --yes -o json 2>/dev/null | jq -e '.[0].name == \"log-a\"'"
check "here: metadata" says 0 "log in the storage" here metadata log-a
check "here: a failure in br's words" says 4 "no backupmeta" here decode full-1
check "here: PD with TLS wants all three" says 2 "--ca, --cert and --key" here status log-a --ca /x
check "here: no br" says 1 "not found in PATH" env PATH="$abs_top_builddir:/bin-of-nothing" "$abs_top_builddir/brdeck" br status log-a -n "$NS" --driver local --pd h:1 --yes

start_sim --fleet demo --still
check "without the right to make Jobs" says 1 "you may not create jobs" brdeck br status log-orders --context orders-dba -n orders --driver job --yes
