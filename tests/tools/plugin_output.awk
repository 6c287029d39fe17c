# plugin_output.awk - whether stdin is what a monitoring plugin may print: a first line "STATUS - text | numbers", no other
# bar in it or below, and numbers 'label'=value[UOM];[warn];[crit];[min];[max] with each label once. -v status=CRITICAL: that.
function fault(text) { print "line " NR ": " text ": " $0; bad = 1 }

function read_numbers(s,    label, value)
{
    while (1) {
        sub(/^ +/, "", s)
        if (s == "") return
        if (!match(s, /^'([^']|'')+'=/) && !match(s, /^[^ '=]+=/)) { fault("no label at " s); return }
        label = substr(s, 1, RLENGTH - 1)
        gsub(/^'|'$/, "", label)
        s = substr(s, RLENGTH + 1)
        if (!match(s, /^-?[0-9]+(\.[0-9]+)?(s|ms|us|%|B|KB|MB|GB|TB|c)?(;[0-9.~:@-]*)?(;[0-9.~:@-]*)?(;-?[0-9.]*)?(;-?[0-9.]*)?( |$)/)) {
            fault("no value at " s)
            return
        }
        if (label in seen) fault("a label twice: " label)
        seen[label] = 1
        s = substr(s, RLENGTH + 1)
        numbers++
    }
}

NR == 1 {
    if ($0 !~ /^(OK|WARNING|CRITICAL|UNKNOWN) - [^ |]/) fault("no status")
    if (status != "" && index($0, status " - ") != 1) fault("not " status)
    bars = gsub(/\|/, "|")
    if (bars > 1) fault("more than one bar")
    if (bars == 1) read_numbers(substr($0, index($0, "|") + 1))
    next
}
/\|/ { fault("a bar below the first line") }
END {
    if (NR == 0) { print "nothing was printed"; bad = 1 }
    exit bad
}
