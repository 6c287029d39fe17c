#!/bin/sh
# The test proxy itself. Its server is the control port of a second proxy: lines in, "ok" out. A third one stands between
# them, for an answer that does not come.
set -eu
. "$(dirname "$0")/../tools/lib.sh"

start behind proxy --to 127.0.0.1:9 --control 0
start between proxy --to "127.0.0.1:$(echo "$READY" | cut -d' ' -f3)" --control 0
between=$(echo "$READY" | cut -d' ' -f3)
start front proxy --to "127.0.0.1:$(echo "$READY" | cut -d' ' -f2)" --control "$TEST_TMP/front.control"
PORT=$(echo "$READY" | cut -d' ' -f2)
PROXY_CONTROL=$(echo "$READY" | cut -d' ' -f3)

ask() { timeout "${1:-5}" proxy --send "$PORT" stats; }
now_ms() { echo "$(($(date +%s%N) / 1000000))"; }
takes_ms() # LEAST MOST COMMAND...
{
    takes_least=$1 takes_most=$2 takes_start=$(now_ms)
    shift 2
    "$@" || return 1
    takes=$(($(now_ms) - takes_start))
    echo "took $takes ms"
    [ "$takes" -ge "$takes_least" ] && [ "$takes" -le "$((takes_most * TIMEOUT_FACTOR))" ]
}
fails() { ! "$@"; }
says() # TEXT COMMAND...
{
    says_text=$1
    shift
    says_got=$("$@" 2>&1 || :)
    echo "$says_got"
    [ "$says_got" = "$says_text" ]
}
open_connections() { proxy_do stats | sed 's/.*open=\([0-9]*\).*/\1/'; }

check "the control port is a socket file" [ "$PROXY_CONTROL" = "$TEST_TMP/front.control" ]
check "bytes pass" ask
check "an unknown command is an error" fails proxy_do explode
check "a number is wanted" fails proxy_do delay soon

proxy_do delay 100 >/dev/null
check "delay holds back each way" takes_ms 200 2000 ask
proxy_do delay 0 >/dev/null

proxy_do cut-after 3 >/dev/null
check "cut-after cuts in the middle of an answer" says 'ok ' ask
proxy_do cut-after off >/dev/null
check "bytes pass again" ask

proxy_do rate 100 >/dev/null
check "rate slows down" takes_ms 300 5000 ask
proxy_do rate off >/dev/null

proxy_do refuse on >/dev/null
check "refuse closes the port" fails ask
proxy_do refuse off >/dev/null
check "and opens it again" ask

proxy_do blackhole on >/dev/null
check "a black hole says nothing" fails ask 0.5
proxy_do blackhole off >/dev/null
check "and ends" ask

proxy --send "$between" blackhole on >/dev/null # who asks now waits
for how in cut reset; do
    check "no connection is left before $how" wait_for '[ "$(open_connections)" -eq 0 ]' 5
    proxy --send "$PORT" stats >"$TEST_TMP/open.out" 2>&1 &
    track $!
    check "a connection stays open" wait_for '[ "$(open_connections)" -eq 1 ]' 5
    proxy_do "$how" >/dev/null
    check "$how closes it" wait_for "[ \"\$(open_connections)\" -eq 0 ] && ! kill -0 $!" 5
    check "without an answer" sh -c "! grep '^ok' $TEST_TMP/open.out"
done
check "it counts" sh -c 'proxy --send "$1" stats | grep -q "accepted=[1-9].* to-server=[1-9].* from-server=[1-9]"' \
    sh "$PROXY_CONTROL"
check "quit ends it" proxy_do quit
check "and takes the socket away" wait_for "[ ! -e $PROXY_CONTROL ]" 5
