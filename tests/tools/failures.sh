#!/bin/sh
# failures.sh BUILD...: of each test that failed in these build folders, what its log says of that: "not ok" with the "#" lines
# below it, cmocka's errors, a sanitizer's first line, a screen test from its failed step on; and the last 15 lines.
set -eu
[ $# -gt 0 ] || set -- .
find "$@" -name '*.trs' -type f | sort -u | while read -r trs; do
    grep -qE '^:global-test-result: *(FAIL|ERROR|XPASS)' "$trs" || continue
    echo "-- ${trs%.trs}.log"
    awk '
    { line[NR] = $0 }
    /^not ok /                                       { of_it = 1; keep[NR] = 1; next }
    of_it && /^#/                                    { keep[NR] = 1; next }
                                                     { of_it = 0 }
    /^\[  ERROR   \]/                                { error = 1 }
    error                                            { keep[NR] = 1 }
    /^\[  FAILED  \]/                                { error = 0; keep[NR] = 1 }
    /(runtime error|ERROR: [A-Za-z]+Sanitizer):? /   { keep[NR] = 1 }
    /\.test:[0-9]+: / && !/: skipped: /              { screen = NR }
    screen && NR < screen + 70                       { keep[NR] = 1 }
    END {
        for (i = 1; i <= NR; i++) {
            if (!keep[i] && i + 15 <= NR) { gap = 1; continue }
            if (gap) print "..."
            gap = 0
            print line[i]
        }
    }' "${trs%.trs}.log"
done
