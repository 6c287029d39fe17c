# lib.sh - what end-to-end tests in shell stand on. A test is tests/e2e/NAME.sh:
#
#     set -eu
#     . "$(dirname "$0")/../tools/lib.sh"
#     start_sim --fleet demo
#     check "the demo fleet is listed" sh -c 'brdeck get backups -A | grep -q log-orders'
#
# It prints "ok - NAME" or "not ok - NAME" for each check and exits with 1 if one failed or the script
# ended early, with 77 where it could not run. All that it started is stopped and removed at its end.
# After start_sim or start_kube: KUBECONFIG, API_SERVER, and api() to ask the server without brdeck.

: "${srcdir:=$(dirname "$0")/../..}"
: "${abs_top_srcdir:=$(cd "$srcdir" && pwd)}"
: "${abs_top_builddir:=$(pwd)}"
: "${TIMEOUT_FACTOR:=1}"
PATH=$abs_top_builddir:$abs_top_builddir/tests/tools:$PATH
TEST_TMP=$(mktemp -d "${TMPDIR:-/tmp}/brdeck-e2e.XXXXXX")
HOME=$TEST_TMP
XDG_CONFIG_HOME=$TEST_TMP/config XDG_STATE_HOME=$TEST_TMP/state XDG_CACHE_HOME=$TEST_TMP/cache
XDG_DATA_HOME=$TEST_TMP/data
LC_ALL=C.UTF-8
: "${TZ:=Europe/Berlin}"
export srcdir abs_top_srcdir abs_top_builddir TIMEOUT_FACTOR PATH TEST_TMP HOME LC_ALL TZ
export XDG_CONFIG_HOME XDG_STATE_HOME XDG_CACHE_HOME XDG_DATA_HOME
unset KUBECONFIG API_SERVER NO_COLOR LANG 2>/dev/null || :
API_GROUP=br.pingcap.com # pingcap.com for the v1 operator; start_kube v1 loads both
test_failed=0
test_passed=0
test_pids=

# ---- the end of a test ----

at_exit()
{
    code=$?
    trap - EXIT HUP INT TERM
    set +e
    for pid in $test_pids; do
        stop "$pid"
    done
    [ -z "${KUBE_DIR:-}" ] || kube_down "$KUBE_DIR"
    rm -rf "$TEST_TMP"
    if [ "$code" -eq 77 ]; then
        exit 77
    elif [ "$code" -ne 0 ] && [ "$test_failed" -eq 0 ]; then
        echo "not ok - ${0##*/} ended early, with $code"
    fi
    [ "$test_failed" -eq 0 ] && [ "$code" -eq 0 ] && [ "$test_passed" -gt 0 ] && exit 0
    exit 1
}
trap at_exit EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# skip REASON: this test cannot run here.
skip()
{
    echo "ok - ${0##*/} # SKIP $*"
    exit 77
}

# ---- processes ----

# track PID: it is stopped at the end, the youngest first.
track() { test_pids="$1 $test_pids"; }

# stop PID: SIGTERM, and SIGKILL where that does not help within 5 s.
stop()
{
    kill "$1" 2>/dev/null || return 0
    wait_for "! kill -0 $1" 5 2>/dev/null || kill -9 "$1" 2>/dev/null || :
    wait "$1" 2>/dev/null || :
}

# start NAME COMMAND...: in the background, until it prints a line that begins with "ready"; the words
# of that line are in READY then. Its output is in $TEST_TMP/NAME.out and .err.
start()
{
    start_name=$1
    shift
    : >"$TEST_TMP/$start_name.out" # an earlier one of that name was ready once
    "$@" >"$TEST_TMP/$start_name.out" 2>"$TEST_TMP/$start_name.err" </dev/null &
    START_PID=$!
    track "$START_PID"
    if ! wait_for "grep -q ^ready $TEST_TMP/$start_name.out || ! kill -0 $START_PID" 20 2>/dev/null ||
        ! grep -q ^ready "$TEST_TMP/$start_name.out"; then
        echo "$start_name is not ready:"
        cat "$TEST_TMP/$start_name.out" "$TEST_TMP/$start_name.err"
        exit 1
    fi
    READY=$(grep -m1 ^ready "$TEST_TMP/$start_name.out")
}

# ---- checks ----

# wait_for CONDITION LIMIT: try the condition (shell text) until it is true; false after LIMIT seconds.
wait_for()
{
    wait_end=$(($(date +%s%N) / 1000000 + $2 * 1000 * TIMEOUT_FACTOR))
    while ! eval "$1"; do
        [ "$(($(date +%s%N) / 1000000))" -lt "$wait_end" ] || return 1
        sleep 0.05
    done
}

# check NAME COMMAND...: one test. What it printed is shown where it failed.
check()
{
    check_name=$1
    shift
    if "$@" >"$TEST_TMP/check.out" 2>&1; then
        echo "ok - $check_name"
        test_passed=$((test_passed + 1))
    else
        echo "not ok - $check_name ($*)"
        sed 's/^/#   /' "$TEST_TMP/check.out"
        test_failed=$((test_failed + 1))
    fi
}

# check_code NAME CODE COMMAND...: the command must end with that exit code.
check_code()
{
    check_wanted=$2
    check_name=$1
    shift 2
    check "$check_name" exits_with "$check_wanted" "$@"
}

exits_with()
{
    exits_wanted=$1
    shift
    exits_code=0
    "$@" || exits_code=$?
    [ "$exits_code" -eq "$exits_wanted" ] || { echo "exit code $exits_code, not $exits_wanted"; return 1; }
}

# ---- the API server, simulated or real ----

# start_sim [ARGS]: brdeck-sim with a kubeconfig of its own. Sets KUBECONFIG, API_SERVER, SIM_PID.
start_sim()
{
    start sim brdeck-sim --kubeconfig "$TEST_TMP/sim.kubeconfig" "$@"
    SIM_PID=$START_PID
    KUBECONFIG=$TEST_TMP/sim.kubeconfig
    API_SERVER=$(sed -n 's/^ *server: *//p' "$KUBECONFIG" | head -n 1)
    sed -n 's/^ *certificate-authority-data: *//p' "$KUBECONFIG" | head -n 1 | base64 -d >"$TEST_TMP/ca.crt"
    printf 'cacert = "%s"\nheader = "Authorization: Bearer admin-token"\n' "$TEST_TMP/ca.crt" >"$TEST_TMP/curlrc"
    chmod 600 "$TEST_TMP/curlrc"
    export KUBECONFIG API_SERVER
}

# sim_order PATH JSON: give the simulation an order ("/sim/faults" and the others: doc/testing.md).
sim_order() { api POST "$1" "$2" application/json; }

. "$abs_top_srcdir/tests/tools/kube.sh"

# start_kube [v1]: a real control plane; CRDs of v2, and of v1 where asked for. Skips without
# KUBEBUILDER_ASSETS. Sets KUBECONFIG, API_SERVER, KUBECTL; contexts test, test-viewer, test-operator.
start_kube()
{
    [ -n "${KUBEBUILDER_ASSETS:-}" ] || skip "no real API server: KUBEBUILDER_ASSETS is not set"
    [ -x "$KUBEBUILDER_ASSETS/kube-apiserver" ] || skip "no kube-apiserver in $KUBEBUILDER_ASSETS"
    command -v openssl >/dev/null && command -v curl >/dev/null || skip "openssl and curl are needed"
    KUBE_DIR=$TEST_TMP/kube
    kube_up "$KUBE_DIR" || exit 1
    KUBECONFIG=$KUBE_DIR/kubeconfig
    API_SERVER=https://127.0.0.1:$KUBE_PORT
    KUBECTL=$KUBEBUILDER_ASSETS/kubectl
    cp "$KUBE_DIR/curlrc" "$TEST_TMP/curlrc"
    export KUBECONFIG API_SERVER KUBECTL
    load_crds "$(crd_folder crd "$abs_top_srcdir/tests/crd/v2")"
    [ "${1:-}" != v1 ] || load_crds "$(crd_folder crd-v1 "$abs_top_srcdir/tests/crd/v1")"
}

# The operator's own CRDs where they are at hand, else the small ones of this project.
crd_folder()
{
    crd_shared=${BRDECK_SHARED:-$abs_top_srcdir/../shared}/$1
    if [ -d "$crd_shared" ]; then echo "$crd_shared"; else echo "$2"; fi
}

load_crds()
{
    "$KUBECTL" apply --server-side -f "$1" >"$TEST_TMP/crds.out" 2>&1 || { cat "$TEST_TMP/crds.out"; exit 1; }
    "$KUBECTL" wait --for=condition=Established --timeout=60s -f "$1" >"$TEST_TMP/crds.out" 2>&1 ||
        { cat "$TEST_TMP/crds.out"; exit 1; }
}

# api METHOD PATH [BODY [CONTENT-TYPE]]: ask the server as admin, past any proxy; prints the answer,
# false for 4xx and 5xx (with the answer on stderr).
api()
{
    api_method=$1 api_path=$2 api_body=${3:-}
    if [ $# -ge 3 ]; then
        set -- --data-binary @- -H "Content-Type: ${4:-application/json}"
    else
        set --
    fi
    # No files: what a test does in the background asks at the same time.
    if api_answer=$(printf '%s' "$api_body" | curl -sS --fail-with-body -m $((30 * TIMEOUT_FACTOR)) -K "$TEST_TMP/curlrc" \
        -X "$api_method" "$@" "$API_SERVER$api_path"); then
        printf '%s\n' "$api_answer"
    else
        printf '%s\n' "$api_method $api_path:" "$api_answer" >&2
        return 1
    fi
}

backups_path() { echo "/apis/$API_GROUP/v1alpha1/namespaces/$1/backups"; }

# make_namespace NS
make_namespace()
{
    api POST /api/v1/namespaces \
        "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"$1\"}}" >/dev/null
}

# make_backup NS NAME SPEC-JSON: create a Backup.
make_backup()
{
    api POST "$(backups_path "$1")" "{\"apiVersion\":\"$API_GROUP/v1alpha1\",\"kind\":\"Backup\",\
\"metadata\":{\"name\":\"$2\",\"namespace\":\"$1\"},\"spec\":$3}" >/dev/null
}

# get_backup NS NAME: the object as JSON.
get_backup() { api GET "$(backups_path "$1")/$2"; }

# patch_backup NS NAME JSON: a merge patch.
patch_backup() { api PATCH "$(backups_path "$1")/$2" "$3" application/merge-patch+json >/dev/null; }

# put_status NS NAME JSON: play the operator: merge JSON into the status. (v1 has no /status.)
put_status()
{
    put_below=/status
    [ "$API_GROUP" != pingcap.com ] || put_below=
    api PATCH "$(backups_path "$1")/$2$put_below" "{\"status\":$3}" application/merge-patch+json >/dev/null
}

# ---- the operator, played on a real API server (brdeck-sim has its own) ----

# start_operator [jobs]: walks the log Backups of API_GROUP through their commands, from the watch's events, until the end.
# "jobs" (v2): and the snapshots through theirs; each command waits for its Cluster, wants its Secret, has a Job that the
# Job controller makes a Pod of, and that Pod runs and ends as on a node.
start_operator()
{
    command -v jq >/dev/null || skip "jq is needed"
    operator_dir=$TEST_TMP/operator.$API_GROUP operator_below=/status
    [ "$API_GROUP" != pingcap.com ] || operator_below=
    mkdir "$operator_dir"
    mkfifo "$operator_dir/events" "$operator_dir/steps"
    # A server that was away ends the watch: it is begun anew, as long as the test runs.
    (while kill -0 $$ 2>/dev/null; do
        curl -sSN -K "$TEST_TMP/curlrc" "$API_SERVER/apis/$API_GROUP/v1alpha1/backups?watch=1" 2>/dev/null || sleep 0.2
    done) >"$operator_dir/events" &
    track $!
    jq --unbuffered -r --arg jobs "${1:-}" -f "$abs_top_srcdir/tests/tools/operator.jq" <"$operator_dir/events" >"$operator_dir/steps" &
    track $!
    operator_walk "$operator_below" <"$operator_dir/steps" >"$operator_dir/log" 2>&1 &
    OPERATOR_PID=$!
    track $OPERATOR_PID
}

# A step that is out of date is refused by its resourceVersion; the event that made it so comes after it.
operator_walk()
{
    operator_tab=$(printf '\t')
    while IFS=$operator_tab read -r operator_path operator_patch operator_way; do
        case $operator_patch in *'"finalizers"'*) operator_sub= ;; *) operator_sub=$1 ;; esac
        case $operator_way in
        '') operator_write "$operator_patch" || : ;;
        *) "operator_$(operator_of .do)" & ;; # what waits holds up nothing else
        esac
    done
}
operator_write()
{
    printf '%s' "$1" | sed "s/@TSO@/$(tso_now)/g" |
        curl -sS -f -m 30 -K "$TEST_TMP/curlrc" -X PATCH -H "Content-Type: application/merge-patch+json" --data-binary @- \
            -o /dev/null -w "$operator_path %{http_code}\n" "$API_SERVER$operator_path$operator_sub"
}
operator_of() { printf '%s' "$operator_way" | jq -r "$1 // empty"; }
operator_get() { curl -sf -m 30 -K "$TEST_TMP/curlrc" "$API_SERVER$1"; }
operator_has() { operator_get "$1" >/dev/null; }
# operator_until CONDITION: try again while the test runs.
operator_until()
{
    until eval "$1"; do
        kill -0 $$ 2>/dev/null || exit 0
        sleep 0.2
    done
}

# The steps that have to do with a Job: its start, its Pod that begins, its Pod that ends.
operator_start()
{
    operator_until 'operator_has "$(operator_of .cluster)"'
    operator_secret=$(operator_of .secret)
    if [ -n "$operator_secret" ] && ! operator_has "$operator_secret"; then
        operator_missing=$(operator_of '."no-secret"|select(.)|tojson')
        if [ -n "$operator_missing" ]; then # it is told once, and tried again
            operator_write "$operator_missing" || :
            return
        fi
        operator_until 'operator_has "$operator_secret"'
    fi
    operator_job=$(operator_of .jobs)/$(operator_of .job.metadata.name)
    if operator_has "$operator_job"; then # of the run before
        curl -sS -o /dev/null -m 30 -K "$TEST_TMP/curlrc" -X DELETE "$API_SERVER$operator_job?propagationPolicy=Foreground"
        operator_until '! operator_has "$operator_job"'
    fi
    operator_write "$operator_patch" || return 0
    operator_of '.job|tojson' | curl -sS -o /dev/null -m 30 -K "$TEST_TMP/curlrc" -H "Content-Type: application/json" \
        --data-binary @- -w "$operator_job %{http_code}\n" "$API_SERVER$(operator_of .jobs)"
}
operator_pod()
{
    operator_get "$(operator_of .pods)?labelSelector=job-name%3D$(operator_of .job.metadata.name)" |
        jq -er '.items[0].metadata.name // empty'
}
# operator_kubelet POD PHASE STATE: what the kubelet would write of it.
operator_kubelet()
{
    printf '{"status":{"phase":"%s","initContainerStatuses":[%s],"containerStatuses":[%s]}}' "$2" \
        "$(operator_container br '{"terminated":{"exitCode":0,"reason":"Completed"}}')" "$(operator_container backup "$3")" |
        curl -sS -o /dev/null -m 30 -K "$TEST_TMP/curlrc" -X PATCH -H "Content-Type: application/merge-patch+json" \
            --data-binary @- -w "$1 %{http_code}\n" "$API_SERVER$(operator_of .pods)/$1/status"
}
operator_container()
{
    printf '{"name":"%s","image":"i","imageID":"","ready":true,"restartCount":0,"state":%s}' "$1" "$2"
}
operator_begins()
{
    operator_until 'operator_pod >/dev/null'
    operator_kubelet "$(operator_pod)" Running "{\"running\":{\"startedAt\":\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\"}}"
    operator_write "$operator_patch" || :
}
operator_ends()
{
    operator_write "$operator_patch" || return 0
    case $operator_patch in
    *'"Failed"'*) operator_kubelet "$(operator_pod)" Failed '{"terminated":{"exitCode":1,"reason":"Error"}}' ;;
    *) operator_kubelet "$(operator_pod)" Succeeded '{"terminated":{"exitCode":0,"reason":"Completed"}}' ;;
    esac
}

# operator_rests, operator_works: accepted and not picked up; and on again.
operator_rests()
{
    if [ -n "${KUBE_DIR:-}" ]; then kill -STOP "$OPERATOR_PID"; else sim_order /sim/operator '{"running":false}' >/dev/null; fi
}
operator_works()
{
    if [ -n "${KUBE_DIR:-}" ]; then kill -CONT "$OPERATOR_PID"; else sim_order /sim/operator '{"running":true}' >/dev/null; fi
}

# br_fails NS NAME COMMAND MESSAGE-AS-JSON: the next br of that command on that Backup fails; br_works NS NAME: no more.
br_fails()
{
    if [ -n "${KUBE_DIR:-}" ]; then
        patch_backup "$1" "$2" "{\"metadata\":{\"annotations\":{\"test/fail\":\"$3\",\"test/message\":$4}}}"
    else
        sim_order /sim/br "{\"command\":\"$3\",\"namespace\":\"$1\",\"name\":\"$2\",\"message\":$4}" >/dev/null
    fi
}
br_works()
{
    [ -z "${KUBE_DIR:-}" ] || patch_backup "$1" "$2" '{"metadata":{"annotations":{"test/fail":null,"test/message":null}}}'
}

# tso_now [SECONDS]: a TSO, so many seconds from now; tso_plus TSO SECONDS.
tso_now() { echo $((($(date +%s%3N) + ${1:-0} * 1000) << 18)); }
tso_plus() { echo $(($1 + ($2 * 1000 << 18))); }

# field NS NAME FILTER: what jq finds in a Backup, "null" where there is nothing.
field() { get_backup "$1" "$2" | jq -r "$3"; }

# ---- the bad network ----

# start_proxy: put a proxy before API_SERVER; KUBECONFIG goes through it from now on, api() does not.
start_proxy()
{
    start proxy proxy --listen 0 --to "${API_SERVER#https://}" --control 0
    PROXY_PID=$START_PID
    PROXY_PORT=$(echo "$READY" | cut -d' ' -f2)
    PROXY_CONTROL=$(echo "$READY" | cut -d' ' -f3)
    sed "s#$API_SERVER#https://127.0.0.1:$PROXY_PORT#" "$KUBECONFIG" >"$TEST_TMP/proxy.kubeconfig"
    chmod 600 "$TEST_TMP/proxy.kubeconfig"
    KUBECONFIG=$TEST_TMP/proxy.kubeconfig
    export KUBECONFIG PROXY_CONTROL
}

# proxy_do COMMAND...: "delay 80", "cut", "blackhole on"; prints the answer.
proxy_do() { proxy --send "$PROXY_CONTROL" "$@"; }
