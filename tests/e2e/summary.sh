#!/bin/sh
# The counting of test results, and what is told of those that failed.
set -eu
. "$(dirname "$0")/../tools/lib.sh"

result() { # NAME RESULT: with its log from stdin
    mkdir -p "$TEST_TMP/build/tests"
    cat >"$TEST_TMP/build/tests/$1.log"
    printf ':test-result: %s\n:global-test-result: %s\n:recheck: no\n' "$2" "$2" >"$TEST_TMP/build/tests/$1.trs"
}
summary() { sh "$abs_top_srcdir/tests/tools/summary.sh" "$TEST_TMP/build"; }
says() { summary | tee "$TEST_TMP/summary.out"; [ "$(tail -n 1 "$TEST_TMP/summary.out")" = "$1" ]; }

mkdir "$TEST_TMP/build"
check_code "nothing found is a failure" 1 summary
result plain PASS <<L
no single tests here
PASS plain (exit status: 0)
L
check "a program counts as one" says "1 passed, 0 failed, 0 skipped"
result lines SKIP <<L
ok - one
ok - lines.sh # SKIP no real API server
L
check "lines count" says "2 passed, 0 failed, 1 skipped"
check_code "skipped is no failure" 0 summary
result crashed FAIL <<L
ok - before the crash
L
check "a crash is a failure beside what passed" says "3 passed, 1 failed, 1 skipped"
result cmocka FAIL <<L
[==========] Running 4 test(s).
[ RUN      ] a
[       OK ] a
[ RUN      ] b
[  SKIPPED ] b
[ RUN      ] c
[  ERROR   ] --- 1 != 2
[   LINE   ] --- test_x.c:12: error: Failure!
[  FAILED  ] c
[ RUN      ] d
[  FAILED  ] d
[==========] 4 test(s) run.
[  PASSED  ] 1 test(s).
[  SKIPPED ] 1 test(s), listed below:
[  SKIPPED ] b

 1 SKIPPED TEST(S)
[  FAILED  ] 2 test(s), listed below:
[  FAILED  ] c
[  FAILED  ] d

 2 FAILED TEST(S)
L
check "what cmocka names twice counts once" says "4 passed, 3 failed, 2 skipped"
check_code "a failure is told by the exit code" 1 summary
L=$TEST_TMP/build/tests/cmocka.log
check "and its log is named" grep -q "failed: $L" "$TEST_TMP/summary.out"

# -- what is told
{
    echo "not ok - the third (false)"
    printf '#   it said this\n#   and that\n'
    for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do echo "ok - after $i"; done
} >"$TEST_TMP/of_shell"
{ for i in 1 2 3; do echo "ok - before $i"; done; cat "$TEST_TMP/of_shell"; } | result shell FAIL
failures() { sh "$abs_top_srcdir/tests/tools/failures.sh" "$TEST_TMP/build" >"$TEST_TMP/failures.out"; }
has() { grep -qxF -- "$1" "$TEST_TMP/failures.out"; }
has_not() { ! grep -xF -- "$1" "$TEST_TMP/failures.out"; }
check "what failed is told" failures
check "by its log" has "-- $TEST_TMP/build/tests/shell.log"
check "with its name" has "not ok - the third (false)"
check "with what it said" has "#   and that"
check "not what passed before" has_not "ok - before 3"
check "nor long after" has_not "ok - after 2"
check "but the last 15 lines" has "ok - after 3"
check "of cmocka where it was" has "[   LINE   ] --- test_x.c:12: error: Failure!"
check "not of what passed" sh -c "! grep -E 'tests/(plain|lines).log' $TEST_TMP/failures.out"
{
    for i in 1 2 3; do echo "ok - before $i"; done
    echo "tests/screen/x.test:30: the screen is not x.golden"
    for i in $(seq 40); do echo "row $i"; done
    echo "not ok - tests/screen/x.test"
} | result screen FAIL
failures
check "of a screen test all from the step that failed" has "row 1"
check "its place" has "tests/screen/x.test:30: the screen is not x.golden"
