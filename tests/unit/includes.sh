#!/bin/sh
# Who may include whom: a room includes only rooms below it, one file knows ncurses, one cJSON, the model knows neither
# curses nor curl, and the simulation knows only base/.
set -u
top=${srcdir:-.}
failed=0

fail() { echo "not ok - $*"; failed=1; }

# room: the rooms that it may include, itself among them
allowed="
base:base
kube:base kube
conf:base conf
backup:base backup
fleet:base kube backup fleet
br:base kube backup fleet br
cli:base kube conf backup fleet br cli
tui:base kube conf backup fleet br tui
sim:base
"
for line in $(echo "$allowed" | tr ' ' ','); do
    room=${line%%:*}
    rooms=$(echo "${line#*:}" | tr ',' '|')
    bad=$(grep -rnE '#include <brdeck/' "$top/src/$room" "$top/include/brdeck/$room" 2>/dev/null | grep -vE "<brdeck/($rooms)/")
    [ -z "$bad" ] || fail "$room/ includes what is above it, or beside it: $bad"
    bad=$(grep -rnE '#include "(\.\./|(base|kube|conf|backup|fleet|br|cli|tui|sim)/)' "$top/src/$room" 2>/dev/null | grep -vE "#include \"$room/")
    [ -z "$bad" ] || fail "$room/ includes a private header of another room: $bad"
done

only() { # PATTERN FILE... : the pattern stands in these files only
    pattern=$1; shift
    for file in $(grep -rlE "$pattern" "$top/src" "$top/include"); do
        case " $* " in *" ${file#"$top"/} "*) ;; *) fail "$file: $pattern" ;; esac
    done
}
only '#include <(ncurses|curses)[a-z./]*>' src/tui/term.c
only '#include <cjson/' src/base/json_private.h
only '#include <microhttpd.h>' $(cd "$top" && ls src/sim/*.[ch])
only '#include <yaml.h>' $(cd "$top" && ls src/kube/yaml*.[ch])
only '#include <utf8proc.h>' src/base/text.c src/base/json_print.c src/base/json_parse.c

for file in "$top"/src/*.c "$top"/src/*/*.c; do
    first=$(grep -m1 '^#include' "$file")
    [ "$first" = '#include <config.h>' ] || fail "$file: the first include is not <config.h>"
done
bad=$(grep -rnE '(^|[^_a-z])(system|sleep|usleep|popen|gethostbyname|getaddrinfo|strcpy|sprintf|gets)\(' "$top"/src --include=*.c | grep -vE '^\S+:\s*(/?\*|//)' )
[ -z "$bad" ] || fail "a call that blocks, or that knows no bounds: $bad"

[ $failed = 0 ] && echo "ok - every room includes only what is below it"
exit $failed
