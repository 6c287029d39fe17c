#!/bin/sh
# summary.sh BUILD...: adds up what `make check` found in build folders and prints
# "N passed, N failed, N skipped", after the logs of what failed. Of cmocka programs and of scripts that
# print "ok - ..." lines the single tests count, of all others the program. Exit 1 if anything failed
# or nothing was found.
set -eu
[ $# -gt 0 ] || set -- .
find "$@" -name '*.trs' -type f | sort -u | awk '
# What the program as a whole counts as.
function add_program(result)
{
    if (result == "PASS" || result == "XFAIL") passed++
    else if (result == "SKIP") skipped++
    else failed++
}
function result_of(trs,   line, result)
{
    while ((getline line < trs) > 0)
        if (sub(/^:global-test-result: */, "", line)) result = line
    close(trs)
    return result
}
# Count the single tests of a log into ok, bad and off.
function read_log(file,   line, twice)
{
    ok = bad = off = 0
    while ((getline line < file) > 0) {
        if (line ~ /^(ok - .*# SKIP|\[  SKIPPED \] [^ ]+$)/) off++
        else if (line ~ /^(ok - |\[       OK \])/) ok++
        else if (line ~ /^(not ok - |\[  FAILED  \] [^ ]+$)/) bad++
        else if (line ~ /^\[  (FAILED |SKIPPED) \] [0-9]+ test\(s\)/) twice = 1
    }
    close(file)
    if (twice) { # cmocka names what failed and what was skipped again in its summary
        bad = int((bad + 1) / 2)
        off = int((off + 1) / 2)
    }
}
{
    result = result_of($0)
    if (result == "") next
    files++
    log_file = $0
    sub(/\.trs$/, ".log", log_file)
    read_log(log_file)
    is_bad = result !~ /^(PASS|XFAIL|SKIP)$/
    if (ok + bad + off == 0 || (is_bad && bad == 0)) add_program(result)
    passed += ok; failed += bad; skipped += off
    if (is_bad) print "failed: " log_file
}
END {
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit failed > 0 || files == 0
}'
