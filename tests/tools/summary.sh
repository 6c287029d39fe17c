#!/bin/sh
# summary.sh BUILD...: adds up what `make check` found in build folders and prints
# "N passed, N failed, N skipped". Of cmocka programs and of scripts that print "ok - ..." lines the
# single tests count, of all others the program. Exit 1 if anything failed or nothing was found.
set -eu
for build in "${@:-.}"; do
    find "$build" -name '*.trs' -type f
done | while IFS= read -r trs; do
    printf '%s\n' "$trs"
done | awk '
function program(result)
{
    if (result ~ /^(PASS|XFAIL)$/) passed++
    else if (result == "SKIP") skipped++
    else failed++
}
{
    trs = $0
    log_file = trs
    sub(/\.trs$/, ".log", log_file)
    result = ""
    while ((getline line < trs) > 0)
        if (line ~ /^:global-test-result:/) { result = line; sub(/^:global-test-result: */, "", result) }
    close(trs)
    if (result == "") next
    files++
    ok = bad = off = 0
    while ((getline line < log_file) > 0) {
        if (line ~ /^\[       OK \]/ || line ~ /^ok - /) { if (line ~ /# SKIP/) off++; else ok++ }
        else if (line ~ /^\[  FAILED  \] [^ ]+$/ || line ~ /^not ok - /) bad++
        else if (line ~ /^\[  SKIPPED \] [^ ]+$/) off++
    }
    close(log_file)
    # cmocka names what failed and what was skipped a second time in its summary.
    if (line_seen_twice(log_file)) { bad = int((bad + 1) / 2); off = int((off + 1) / 2) }
    if (ok + bad + off == 0 || (result ~ /^(FAIL|ERROR)$/ && bad == 0)) program(result)
    passed += ok; failed += bad; skipped += off
    if (result ~ /^(FAIL|ERROR|XPASS)$/) print "failed: " log_file
}
function line_seen_twice(file,   line, twice)
{
    while ((getline line < file) > 0)
        if (line ~ /^\[  (FAILED|SKIPPED) *\] [0-9]+ test\(s\)/) twice = 1
    close(file)
    return twice
}
END {
    printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
    exit failed > 0 || files == 0
}'
