#!/bin/sh
# A run survives: the server goes away in each of its states and comes back; brdeck is killed in each of them and started
# again, and finds the run from the cluster and the journal.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v curl >/dev/null && command -v jq >/dev/null || skip "curl and jq are needed"
NS=backup-test tag=runs
. "$abs_top_srcdir/tests/e2e/actions.inc"
fault() { sim_order /sim/faults "$1" >/dev/null; }
hold() { sim_order /sim/job "{\"cause\":\"$1\",\"namespace\":\"$NS\",\"name\":\"$2\",\"count\":0}" >/dev/null; }
release() { api DELETE /sim/job >/dev/null; api DELETE /sim/faults >/dev/null; }
# The write's answer is faulty; the dry-run before it is let through.
write_fault()
{
    fault '{"fault":"delay","ms":1,"method":"PATCH","path":"dryRun"}'
    fault "$1"
}

# begin VERB NAME...: an action in the background; said: it has told that. ends CODE: it ends with that code.
begin()
{
    begin_verb=$1
    shift
    brdeck "$begin_verb" -n "$NS" --timeout "$LONG" "$@" --yes >"$TEST_TMP/run.out" 2>&1 &
    run_pid=$!
    track $run_pid
}
said() { wait_for "grep -qF -- '$1' $TEST_TMP/run.out" "${2:-20}" || { cat "$TEST_TMP/run.out"; return 1; }; }
ends() { exits_with "$1" wait $run_pid || { cat "$TEST_TMP/run.out"; return 1; }; }
# killed: false where it had ended before.
killed()
{
    kill -9 $run_pid 2>/dev/null || :
    wait $run_pid 2>/dev/null || :
    [ "$(outcomes "$(last_run)")" = 0 ]
}
intents() { jq -s '[.[] | select(.what == "intent")] | length' "$journal" 2>/dev/null || echo 0; }
outcomes() { jq -s "[.[] | select(.what == \"outcome\" and .run == \"$1\" and .left != true)] | length" "$journal"; }
last_run() { jq -rs '[.[] | select(.what == "intent")] | last | .run' "$journal"; }
# found FILTER: brdeck, started anew, finds a run of which that is true.
found() { brdeck runs -n "$NS" -o json >"$TEST_TMP/runs.json" 2>&1 && jq -se "flatten | any(.[]; $1)" "$TEST_TMP/runs.json" >/dev/null; }
finds() { wait_for "found '$1'" "${2:-20}" || { cat "$TEST_TMP/runs.json"; return 1; }; }
# settled OUTCOME: the last run's is in the journal, once.
settled()
{
    wait_for "[ \"\$(outcomes \"\$(last_run)\")\" = 1 ]" 5 && journal_last ".outcome == \"$1\" and .run == \"$(last_run)\""
}

# -- the server goes away --------------------------------------------------------------------------

gone() { proxy_do refuse on >/dev/null; proxy_do cut >/dev/null; }
back() { proxy_do refuse off >/dev/null; }
# away STATE CONDITION: once it is so the server goes away, for longer than the first tries, and comes back.
away()
{
    check "away, $1: it comes to that" wait_for "$2" 20
    gone
    wait_for "! kill -0 $run_pid 2>/dev/null" 1 || : # some tries come to nothing
    back
}
phase_is() { [ "$(field "$NS" "$1" '.status.logSubCommandStatuses["log-'"$2"'"].phase')" = "$3" ]; }

survives()
{
    hold image-not-pulled log-a
    begin pause log-a log-b
    check "away, queued: the first is held up" said "log-a: log-pause: Scheduled; a node cannot pull the image"
    away "queued behind another" 'phase_is log-a pause Scheduled'
    release
    check "away, queued: both are done in the end" ends 0
    check "away, queued: the second was sent" is log-b '.status.phase == "Paused"'

    before=$(intents)
    write_fault '{"fault":"delay","ms":2500,"method":"PATCH"}'
    begin resume log-a
    away "sending" "[ $((before + 1)) = \$(intents) ]"
    exits_with 0 wait $run_pid && sent=0 || sent=$?
    if [ $sent = 0 ]; then wanted='.status.phase == "Running"'; else wanted='.spec.logSubcommand == "log-pause"'; fi
    check "away, sending: what is told is so" is log-a "$wanted"
    release
    [ $sent = 0 ] || act resume log-a --yes >/dev/null 2>&1

    operator_rests
    begin pause log-a
    check "away, accepted: it waits" said "waits for the operator"
    away "accepted" 'is log-a ".spec.logSubcommand == \"log-pause\"" >/dev/null'
    operator_works
    check "away, accepted: it is done" ends 0
    check "resume" act resume log-a --yes

    hold no-service-account log-a
    begin pause log-a
    check "away, Scheduled: there is no Pod" said "ServiceAccount"
    away "Scheduled" 'phase_is log-a pause Scheduled'
    release
    check "away, Scheduled: it is done" ends 0
    check "resume" act resume log-a --yes

    for phase in Prepare Running; do
        begin pause log-a
        away "$phase" "phase_is log-a pause $phase || phase_is log-a pause Complete"
        check "away, $phase: it is done" ends 0
        check "resume" act resume log-a --yes
    done

    hold image-not-pulled log-a
    begin pause log-a
    check "away, its end missed: it comes to that" said "log-a: log-pause: Scheduled"
    gone
    release
    check "away, its end missed: it ends meanwhile" wait_for 'phase_is log-a pause Complete' 20
    back
    check "away, its end missed: it is told" ends 0
    check "resume" act resume log-a --yes
}

# -- brdeck is killed ------------------------------------------------------------------------------

# killed_sending FAULT: killed once the intent is written; the next one settles it. The journal's last line is in "last".
killed_sending()
{
    before=$(intents)
    write_fault "$1"
    begin pause log-a
    check "killed, sending: it is on its way" wait_for "[ $((before + 1)) = \$(intents) ]" 20
    killed || :
    api DELETE /sim/faults >/dev/null
    brdeck runs -n "$NS" -w >"$TEST_TMP/watch.out" 2>&1 &
    watch_pid=$!
    track $watch_pid
    check "killed, sending: it is settled, once" wait_for '[ "$(outcomes "$(last_run)")" = 1 ]' 20
    kill -TERM $watch_pid
    wait $watch_pid 2>/dev/null || :
    tail -n 1 "$journal" >"$TEST_TMP/last"
}

is_killed()
{
    hold image-not-pulled log-a
    begin pause log-a log-b
    check "killed, queued: the first is held up" said "a node cannot pull the image"
    killed || check "it was at it" false
    check "killed, its Pod waits: the run is found, and why it does not get on" \
        finds '.name == "log-a" and .origin == "journal" and .outcome == "following" and .stuck and .cause == "image-not-pulled"'
    check "killed, queued: what waited was never sent" is log-b '.spec.logSubcommand != "log-pause"'
    check "and is no run" sh -c "! jq -se 'flatten | any(.[]; .name == \"log-b\")' $TEST_TMP/runs.json"
    release
    check "killed, its Pod waits: then it is done" finds '.name == "log-a" and .outcome == "done"'
    check "which the journal knows" settled "done"
    check "and it is no run any more" sh -c "brdeck runs -n $NS -o json | jq -se 'flatten | length == 0'"
    check "resume" act resume log-a --yes

    # The server takes its time over the write: it may come through after brdeck is gone.
    killed_sending '{"fault":"delay","ms":1500,"method":"PATCH"}'
    outcome=$(jq -r .outcome "$TEST_TMP/last")
    if [ "$outcome" = "done" ]; then wanted='.status.phase == "Paused"'; else wanted='.spec.logSubcommand != "log-pause"'; fi
    check "killed, sending: what is told is so ($outcome)" is log-a "$wanted"
    [ "$outcome" != "done" ] || check "resume" act resume log-a --yes

    killed_sending '{"fault":"freeze","method":"PATCH"}'
    check "killed, sending: it was not applied" jq -e '.outcome == "refused" and (.text | startswith("not applied"))' "$TEST_TMP/last"
    check "and nothing was sent again" is log-a '.spec.logSubcommand != "log-pause"'

    operator_rests
    begin pause log-a
    check "killed, accepted: it waits" said "waits for the operator"
    killed || :
    check "killed, accepted: the run is found" finds '.name == "log-a" and .outcome == "following" and .phase == ""'
    operator_works
    check "killed, accepted: then it is done" finds '.name == "log-a" and .outcome == "done"'
    check "which the journal knows" settled "done"
    check "resume" act resume log-a --yes

    hold no-service-account log-a
    begin pause log-a
    check "killed, Scheduled: there is no Pod" said "ServiceAccount"
    killed || :
    check "killed, Scheduled: the run is found" \
        finds '.name == "log-a" and .phase == "Scheduled" and .cause == "no-service-account"'
    release
    check "killed, Scheduled: then it is done" finds '.name == "log-a" and .outcome == "done"'
    check "resume" act resume log-a --yes

    for phase in Prepare Running; do
        begin pause log-a
        check "killed, $phase: it comes to that" wait_for "phase_is log-a pause $phase || phase_is log-a pause Complete" 20
        if killed; then
            check "killed, $phase: the run is found, and done" finds '.name == "log-a" and .origin == "journal" and .outcome == "done"'
        fi
        check "which the journal knows" settled "done"
        check "resume" act resume log-a --yes
    done

    sim_order /sim/br "{\"command\":\"log-pause\",\"namespace\":\"$NS\",\"name\":\"log-a\",\"message\":\"PD is down\"}" >/dev/null
    hold image-not-pulled log-a
    begin pause log-a
    check "killed, then it fails: the Pod waits" said "a node cannot pull the image"
    killed || :
    release
    check "killed, then it fails: it is told, with the cause" finds '.name == "log-a" and .outcome == "failed" and .cause == "pd-unreachable"'
    check "which the journal knows" settled "failed"
    check "the retry is the action's own key again" says 0 "pause done" act pause log-a --yes
    check "resume" act resume log-a --yes
}

# -- others began it, and two brdecks ------------------------------------------------------------

others()
{
    hold image-not-pulled log-b
    patch_backup "$NS" log-b '{"spec":{"logSubcommand":"log-start"}}'
    check "another's resume is found in the cluster" \
        finds '.name == "log-b" and .what == "resume" and .origin == "cluster" and .cause == "image-not-pulled"'
    begin pause log-a
    check "a brdeck is at it" said "log-a: log-pause"
    before=$(wc -l <"$journal")
    check "another one sees its run in the cluster only" finds '.name == "log-b"'
    check "and leaves the journal alone" sh -c "[ \$(wc -l <$journal) = $before ] || tail -n 1 $journal | jq -e '.outcome == \"done\"'"
    release
    check "which comes to its end" ends 0
    check "told once" settled "done"
}

start_sim --fleet empty --speed 2
check "a log backup" make_log log-a
check "another" make_log log-b
direct=$KUBECONFIG
start_proxy
survives
KUBECONFIG=$direct
is log-b '.status.phase == "Running"' >/dev/null || act resume log-b --yes >/dev/null 2>&1 || :
is_killed
act pause log-b --yes >/dev/null 2>&1 || :
others
