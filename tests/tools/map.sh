#!/bin/sh
# doc/architecture.md tells the job of each file: of every source that is built, and of none that is gone.
set -eu
top=${srcdir:-.}
failed=0
map=$(mktemp)
trap 'rm -f "$map"' EXIT
# "ROOM PATTERN" of each name in the first column of the tables below "## Files"
sed -n '/^## Files/,/^## The loop/p' "$top/doc/architecture.md" | awk -F'|' '
    $2 ~ /^ [a-z]+\/ $/ { room = $2; gsub(/[ \/]/, "", room); next }
    $2 ~ /`/ { n = split($2, part, "`"); for (i = 2; i <= n; i += 2) print room, part[i] }' >"$map"
set -f
for file in $(set +f; ls "$top"/src/*/*.c "$top"/src/*/*.h); do
    room=$(basename "$(dirname "$file")") name=$(basename "$file" | sed 's/\.[ch]$//') found=
    while read -r of pattern; do
        # shellcheck disable=SC2254
        if [ "$of" = "$room" ]; then case $name in $pattern) found=yes; break ;; esac; fi
    done <"$map"
    [ -n "$found" ] || { echo "not ok - src/$room/$(basename "$file") stands nowhere in doc/architecture.md, Files"; failed=1; }
done
while read -r room pattern; do
    set +f
    ls "$top/src/$room"/$pattern.[ch] >/dev/null 2>&1 || { echo "not ok - doc/architecture.md, Files: there is no src/$room/$pattern"; failed=1; }
    set -f
done <"$map"
[ -s "$map" ] || { echo "not ok - no map"; failed=1; }
[ $failed = 0 ] && echo "ok - each file has its job in doc/architecture.md"
exit $failed
