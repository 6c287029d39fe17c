#!/bin/sh
# What br says, or said: `brdeck logs` on brdeck-sim. Followed across cuts, kept when it failed, without rights.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v curl >/dev/null && command -v jq >/dev/null || skip "curl and jq are needed"
NS=backup-test
. "$abs_top_srcdir/tests/e2e/actions.inc"
S3='"s3":{"provider":"aws","bucket":"b","prefix":"p","secretName":"s3-secret"}'
start_sim --fleet empty --speed 10
LOGS=$XDG_STATE_HOME/brdeck/logs

job_is_there() { api GET "/apis/batch/v1/namespaces/$NS/jobs/$1" >/dev/null 2>&1; }
drop_job() { api DELETE "/apis/batch/v1/namespaces/$NS/jobs/$1?propagationPolicy=Background" >/dev/null; }

check_code "no name" 2 brdeck logs
check_code "two names" 2 brdeck logs a b
check_code "in all namespaces" 2 brdeck logs a -A
check_code "of the run before, and followed" 2 brdeck logs a -n $NS -p -f
check "no such Backup" says 1 'no backup "nothing"' brdeck logs nothing -n $NS
make_backup $NS log-a "{\"backupMode\":\"log\",\"br\":{\"cluster\":\"tc\"},$S3}"
check "its start" wait_for "[ \"\$(field $NS log-a '.status.logSubCommandStatuses[\"log-start\"].phase')\" = Complete ]" 20
check "its log" says 0 "log-start success summary" brdeck logs log-a -n $NS
check "the kind may stand before" says 0 "log-start success summary" brdeck logs backup/log-a -n $NS
check "its last line" sh -c "[ \"\$(brdeck logs log-a -n $NS --tail 1 | wc -l)\" = 1 ]"
check "with times" sh -c "brdeck logs log-a -n $NS --timestamps | grep -q '^20[0-9-]*T[0-9:]*\.[0-9]*Z \[20'"
check "of that Job" says 0 "log-start success" brdeck logs log-a -n $NS --job backup-log-a-log-start
check "of none" says 1 "there is no Job nothing in" brdeck logs log-a -n $NS --job nothing
check "a log that nobody reads" sh -c "brdeck logs log-a -n $NS | head -n 1 | grep -q manager"

# -- followed: a Pod that is coming up, to its end, across cuts
start_proxy
check "what is not there is not waited for" says 1 'no backup "snap-a"' brdeck logs -f snap-a -n $NS
sim_order /sim/job "{\"cause\":\"no-room\",\"namespace\":\"$NS\",\"name\":\"snap-a\",\"count\":0}" >/dev/null
make_backup $NS snap-a "{\"br\":{\"cluster\":\"tc\"},$S3}"
brdeck logs -f snap-a -n $NS >"$TEST_TMP/follow.out" 2>"$TEST_TMP/follow.err" &
FOLLOW=$!
track $FOLLOW
check "stderr says what is waited for" wait_for 'grep -q "^brdeck: .*waits" $TEST_TMP/follow.err' 20
api DELETE /sim/job >/dev/null
check "it is followed" wait_for 'grep -q "Welcome to Backup" $TEST_TMP/follow.out' 20
for i in 1 2 3; do
    lines=$(wc -l <"$TEST_TMP/follow.out")
    proxy_do cut >/dev/null
    check "cut $i: it goes on" wait_for "[ \$(wc -l <\$TEST_TMP/follow.out) -gt $lines ] || ! kill -0 $FOLLOW 2>/dev/null" 20
done
check "it ends with its container" wait_for "! kill -0 $FOLLOW 2>/dev/null" 30
check "with 0" wait $FOLLOW
check "told once, nothing lost" sh -c "brdeck logs snap-a -n $NS >$TEST_TMP/whole.out && grep -v 'BR copy finished' $TEST_TMP/follow.out | diff $TEST_TMP/whole.out -"
check "that of the init container comes first, once" sh -c "[ \$(grep -c 'BR copy finished' $TEST_TMP/follow.out) -le 1 ]"
check "to the end" grep -q "success summary" "$TEST_TMP/follow.out"

# -- a Job that dies is made anew by the operator: the log goes over to it
sim_order /sim/job "{\"cause\":\"killed\",\"namespace\":\"$NS\",\"name\":\"log-c\",\"count\":1}" >/dev/null
make_backup $NS log-c "{\"backupMode\":\"log\",\"br\":{\"cluster\":\"tc\"},$S3}"
brdeck logs -f log-c -n $NS >"$TEST_TMP/onward.out" 2>"$TEST_TMP/onward.err" &
FOLLOW=$!
track $FOLLOW
check "the next Pod's begins with a line of its own" wait_for 'grep -q "^-- Pod .* of Job backup-log-c-log-start --$" $TEST_TMP/onward.out' 30
check "it ends when none is to come" wait_for "! kill -0 $FOLLOW 2>/dev/null" 30
check "with 0" wait $FOLLOW
check "and the success" grep -q "success summary" "$TEST_TMP/onward.out"

# -- Ctrl-C is a clean end
make_backup $NS snap-b "{\"br\":{\"cluster\":\"nowhere\"},$S3}"
(trap - INT; exec brdeck logs -f snap-b -n $NS) >/dev/null 2>"$TEST_TMP/wait.err" &
FOLLOW=$!
track $FOLLOW
check "it is waited for" wait_for 'grep -q "is waited for" $TEST_TMP/wait.err' 10
kill -TERM $FOLLOW
code=0
wait $FOLLOW || code=$?
check "a signal ends it, cleanly" [ "$code" = 143 ]

# -- kept: a failed log outlives its Job
br_fails $NS log-a log-pause '"PD did not answer"'
check_code "a pause that fails" 4 brdeck pause log-a -n $NS --yes
check "its log names the error" says 0 'PD did not answer' brdeck logs log-a -n $NS
check "one file is kept" sh -c "[ \"\$(ls $LOGS | grep -c ^${NS}_log-a_backup-log-a-log-pause_)\" = 1 ]"
check "for its owner only" sh -c "[ \"\$(stat -c %a $LOGS) \$(stat -c %a $LOGS/*pause*)\" = '700 600' ]"
first=$(brdeck logs log-a -n $NS 2>/dev/null)
drop_job backup-log-a-log-pause
drop_job backup-log-a-log-start
check "the Jobs are gone" wait_for "! job_is_there backup-log-a-log-pause && ! job_is_there backup-log-a-log-start" 10
check "the kept file is read" says 0 'brdeck: the Pod is gone; this was kept at ' brdeck logs log-a -n $NS
check "it is the same" sh -c '[ "$(brdeck logs log-a -n '$NS' 2>/dev/null)" = "$1" ]' - "$first"
check "of the run before there is none" says 1 "no log of one was kept" brdeck logs log-a -n $NS -p
wait_for "[ \$(date +%s) -gt $(date +%s) ]" 5 # kept files are told apart by the second in which their container ended
br_fails $NS log-a log-pause '"no space left"'
check_code "another" 4 brdeck retry log-a pause -n $NS --yes
check "the newest" says 0 'no space left' brdeck logs log-a -n $NS
check "the one before" says 0 'PD did not answer' brdeck logs log-a -n $NS -p

# -- the operator takes over no progress of a snapshot; br's log has it
echo "{\"apiVersion\":\"$API_GROUP/v1alpha1\",\"kind\":\"Backup\",\"metadata\":{\"name\":\"snap-c\"},\"spec\":{\"br\":{\"cluster\":\"tc\"},\"s3\":{\"provider\":\"aws\",\"bucket\":\"b\",\"prefix\":\"c\",\"secretName\":\"s3-secret\"}}}" >"$TEST_TMP/snap-c.json"
check "how far a snapshot has come" sh -c "brdeck create -f $TEST_TMP/snap-c.json -n $NS --yes --timeout $((60 * TIMEOUT_FACTOR))s 2>&1 | tee $TEST_TMP/create.out | grep -q 'Running [0-9]*%' || { cat $TEST_TMP/create.out; exit 1; }"

# -- rights
sim_order /sim/faults '{"fault":"status","code":403,"path":"/log?","count":0,"message":"User \"dba\" cannot get pods/log"}' >/dev/null
check "no right to read logs" says 1 "cannot get pods/log" brdeck logs snap-a -n $NS
check "nor to follow" says 1 "cannot get pods/log" brdeck logs -f snap-a -n $NS
api DELETE /sim/faults >/dev/null
sim_order /sim/faults '{"fault":"status","code":403,"path":"/jobs?","count":0,"message":"no jobs"}' >/dev/null
check "without the right to list Jobs its Pods are found" says 0 "success summary" brdeck logs snap-a -n $NS
