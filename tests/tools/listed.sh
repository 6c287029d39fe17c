#!/bin/sh
# Every screen test and end-to-end test in the tree is run: Makefile.am names it.
status=0
for path in "$abs_top_srcdir"/tests/screen/*.test "$abs_top_srcdir"/tests/e2e/*.sh; do
    test=${path#"$abs_top_srcdir"/}
    if grep -qE "(^|[[:space:]])$test([[:space:]]|\$)" "$abs_top_srcdir/Makefile.am"; then
        echo "ok - $test is listed"
    else
        echo "not ok - $test is not in SCREEN_TESTS or E2E_TESTS of Makefile.am"
        status=1
    fi
done
exit $status
