# prometheus.awk - whether stdin is Prometheus' text exposition format 0.0.4, as node_exporter's textfile collector takes it:
# every line one of # HELP, # TYPE, comment, sample; names and labels well-formed, only the three escapes; one HELP and one
# TYPE a name, before its samples; the samples of a name together; no series twice; values that are floats. Tells the first
# fault of each line and ends with 1.
function fault(text) { print "line " NR ": " text ": " $0; bad = 1 }

# The labels at the begin of s, which is behind the "{": into labels[], sets rest; "" when all is well.
function read_labels(s,    name, value, c, n)
{
    n = 0
    split("", labels)
    while (1) {
        if (substr(s, 1, 1) == "}") { rest = substr(s, 2); count = n; return "" }
        if (!match(s, /^[a-zA-Z_][a-zA-Z0-9_]*="/)) return "no label"
        name = substr(s, 1, RLENGTH - 2)
        s = substr(s, RLENGTH + 1)
        value = ""
        while (1) {
            c = substr(s, 1, 1)
            if (c == "") return "a label without its end"
            s = substr(s, 2)
            if (c == "\"") break
            if (c == "\\") {
                c = c substr(s, 1, 1)
                if (c != "\\\\" && c != "\\\"" && c != "\\n") return "an escape that is none"
                s = substr(s, 2)
            }
            value = value c
        }
        for (i = 1; i <= n; i++) if (names[i] == name) return "a label twice"
        names[++n] = name
        labels[n] = name "=\"" value "\""
        if (substr(s, 1, 1) == ",") s = substr(s, 2)
        else if (substr(s, 1, 1) != "}") return "no comma between labels"
    }
}

# In one order, so that the same labels are the same series.
function series_of(metric,    i, j, t, text)
{
    for (i = 2; i <= count; i++)
        for (j = i; j > 1 && labels[j - 1] > labels[j]; j--) { t = labels[j]; labels[j] = labels[j - 1]; labels[j - 1] = t }
    text = metric
    for (i = 1; i <= count; i++) text = text " " labels[i]
    return text
}

/^$/ { next }
/^# HELP / {
    if (NF < 4 || $3 !~ /^[a-zA-Z_:][a-zA-Z0-9_:]*$/) fault("HELP without a name and a text")
    if ($3 in help) fault("HELP twice")
    if ($3 in ended || $3 == last) fault("HELP behind its samples")
    help[$3] = 1
    next
}
/^# TYPE / {
    if (NF != 4 || $4 !~ /^(counter|gauge|histogram|summary|untyped)$/) fault("no TYPE")
    if ($3 in type) fault("TYPE twice")
    if ($3 in ended || $3 == last) fault("TYPE behind its samples")
    type[$3] = $4
    next
}
/^#/ { next }
{
    if (!match($0, /^[a-zA-Z_:][a-zA-Z0-9_:]*/)) { fault("no name"); next }
    metric = substr($0, 1, RLENGTH)
    rest = substr($0, RLENGTH + 1)
    count = 0
    if (substr(rest, 1, 1) == "{") {
        why = read_labels(substr(rest, 2))
        if (why != "") { fault(why); next }
    }
    if (rest !~ /^ +([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?Inf|NaN)( +-?[0-9]+)?$/) fault("no value")
    if (rest ~ /^ +[^ ]+ +[^ ]/) fault("a timestamp, which the textfile collector refuses")
    if (!(metric in type)) fault("a sample without a TYPE before it")
    if (!(metric in help)) fault("a sample without a HELP before it")
    if (metric in ended) fault("the samples of a name are not together")
    if (last != "" && last != metric) ended[last] = 1
    last = metric
    series = series_of(metric)
    if (series in seen) fault("a series twice")
    seen[series] = 1
    samples++
}
END {
    if (!samples) { print "no sample at all"; bad = 1 }
    exit bad
}
