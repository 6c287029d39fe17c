# bench.sh - `make bench`: brdeck beside kubectl and plain libcurl, on the simulation and on a real API server.
#
# BENCH_SIZES   numbers of Backups ("1000 10000 100000")
# BENCH_REAL_MAX  the greatest of them that is loaded into a real API server (10000), which is there where
#                 KUBEBUILDER_ASSETS is set
# BENCH_STARTS  how often brdeck is started, and the list fetched; medians are printed (5)
# BENCH_NO_SIM  any value: the real API server only
# BENCH_KEEP    a file that all figures are written to
#
# Exit code: 0 when all could be measured, whatever the figures are.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
: "${BENCH_SIZES:=1000 10000 100000}" "${BENCH_REAL_MAX:=10000}" "${BENCH_STARTS:=5}"
figures=$TEST_TMP/figures
bench=$abs_top_builddir/tests/bench/bench
TERM=xterm-256color
export TERM
missing=0
: >"$figures"

# take WHERE SIZE COMMAND...: what it prints becomes figures.
take()
{
    take_where=$1 take_size=$2
    shift 2
    if "$@" >"$TEST_TMP/take.out" 2>"$TEST_TMP/take.err"; then :; else
        echo "did not run: $take_where, $take_size: $*" >&2
        cat "$TEST_TMP/take.err" >&2
        missing=1
    fi
    sed "s/^/$take_where $take_size /" "$TEST_TMP/take.out" >>"$figures"
}

# fetch WHERE SIZE: the list by libcurl alone, some times.
fetch()
{
    for fetch_i in $(seq "$BENCH_STARTS"); do
        take "$1" "$2" "$bench" fetch
    done
}

# measure WHERE SIZE CHURN: all measures, with KUBECONFIG and API_SERVER as they are.
measure()
{
    echo "measuring: $1, $2 Backups" >&2
    "$bench" fetch >/dev/null || : # the server's own caches are warm for all
    fetch "$1" "$2"
    take "$1" "$2" "$bench" deck "$2" "$BENCH_STARTS" "$3" "$abs_top_builddir/brdeck"
    take "$1" "$2" "$bench" acts "$2" "$abs_top_builddir/brdeck" -A
    fetch "$1" "$2" # before and after: a server that has just been loaded is slower
    if [ -n "$kubectl" ]; then
        take "$1" "$2" "$bench" run kubectl "$kubectl" get backups.br.pingcap.com -A
    fi
}

find_kubectl()
{
    kubectl=${KUBEBUILDER_ASSETS:+$KUBEBUILDER_ASSETS/kubectl}
    [ -n "$kubectl" ] && [ -x "$kubectl" ] || kubectl=$(command -v kubectl || :)
}

bench_sim()
{
    for size in $BENCH_SIZES; do
        start_sim --fleet "$size"
        measure sim "$size" "curl -s -K $TEST_TMP/curlrc --json '{\"count\":60000,\"rate\":1000}' \
            $API_SERVER/sim/touch >/dev/null; exec sleep 60"
        stop "$SIM_PID"
    done
}

bench_real()
{
    [ -n "${KUBEBUILDER_ASSETS:-}" ] || return 0
    start_kube
    loaded=0
    for size in $BENCH_SIZES; do
        [ "$size" -le "$BENCH_REAL_MAX" ] || continue
        echo "loading $size Backups into the API server" >&2
        take real "$size" "$bench" create "$size" "$loaded"
        loaded=$size
        measure real "$size" "exec $bench change $size 1000 60"
    done
}

[ -x "$abs_top_builddir/brdeck" ] || { echo "brdeck is not built" >&2; exit 1; }
find_kubectl
[ -n "${BENCH_NO_SIM:-}" ] || bench_sim
bench_real
[ -z "${BENCH_KEEP:-}" ] || cp "$figures" "$BENCH_KEEP"
awk -f "$abs_top_srcdir/tests/bench/table.awk" "$figures"
test_passed=1 # for lib.sh: this is no test, but it ran
exit $missing
