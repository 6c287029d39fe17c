# table.awk - the figures ("WHERE SIZE MEASURE VALUE") as a table, with the goals beside.

function row(measure, text, unit, digits) {
    order[++rows] = measure
    title[measure] = text
    units[measure] = unit
    places[measure] = digits
}

function goal(measure, size, limit) { goals[measure, size] = limit }

BEGIN {
    row("object_bytes", "one object of the list", "B", 0)
    row("curl_s", "the list by libcurl alone", "s", 3)
    row("kubectl_s", "kubectl get backups -A", "s", 2)
    row("kubectl_mib", "  its peak memory", "MiB", 0)
    row("first_s", "first row on screen", "s", 3)
    row("all_s", "all rows in", "s", 3)
    row("ratio", "  times libcurl alone", "x", 2)
    row("start_cpu_s", "  CPU time for it", "s", 3)
    row("mem_mib", "  peak memory", "MiB", 1)
    row("idle_cpu", "idle: CPU", "%", 3)
    row("idle_bytes", "  bytes to the terminal in 10 s", "B", 0)
    row("key_ms", "key to paint", "ms", 2)
    row("key_p99_ms", "  99 of 100", "ms", 2)
    row("end_ms", "  to the end of the list, and back", "ms", 2)
    row("filter_ms", "filter to paint", "ms", 1)
    row("sort_ms", "sort to paint", "ms", 1)
    row("change_ms", "change to paint", "ms", 1)
    row("change_max_ms", "  the slowest", "ms", 1)
    row("dialog_ms", "p to a dialog that has tried it", "ms", 1)
    row("answer_ms", "y to the patch's answer in the row", "ms", 1)
    row("answer_max_ms", "  the slowest", "ms", 1)
    row("follow_runs", "runs followed at once", "", 0)
    row("follow_cpu", "  CPU", "%", 1)
    row("follow_mem_mib", "  peak memory", "MiB", 1)
    row("churn_rate", "with changes: so many a second", "", 0)
    row("churn_cpu", "  CPU", "%", 1)
    row("churn_bytes", "  bytes to the terminal a second", "B", 0)
    row("churn_key_ms", "  key to paint", "ms", 2)
    row("churn_key_p99_ms", "    99 of 100", "ms", 2)
    row("churn_mem_mib", "  peak memory", "MiB", 1)

    goal("first_s", 10000, 0.15)
    goal("ratio", 10000, 1.5)
    goal("mem_mib", 10000, 24)
    goal("mem_mib", 100000, 150)
    goal("idle_cpu", 10000, 0.1)
    goal("key_ms", 10000, 5)
    goal("key_ms", 100000, 5)
    goal("change_ms", 10000, 50)
}

NF == 4 {
    column = $1 " " $2
    if (!(column in known)) {
        known[column] = ++columns
        names[columns] = column
    }
    if ($3 == "curl_s")
        times[column, ++time_count[column]] = $4
    else
        value[column, $3] = $4
}

function median(column,    n, i, j, swap) {
    n = time_count[column]
    for (i = 1; i <= n; i++)
        for (j = i + 1; j <= n; j++)
            if (times[column, j] + 0 < times[column, i] + 0) {
                swap = times[column, i]
                times[column, i] = times[column, j]
                times[column, j] = swap
            }
    return times[column, int((n + 1) / 2)]
}

function cell(column, size, measure,    text, limit) {
    if (!((column, measure) in value))
        return "-         "
    text = sprintf("%." places[measure] "f", value[column, measure])
    if (units[measure] != "")
        text = text " " units[measure]
    if (!((measure, size) in goals))
        return text "        "
    limit = goals[measure, size]
    if (value[column, measure] < limit || (measure == "ratio" && value[column, measure] <= limit)) {
        reached++
        return text " reached"
    }
    missed++
    return text " MISSED "
}

function goal_text(measure,    text) {
    if ((measure, 10000) in goals)
        text = (measure == "ratio" ? "<= " : "< ") goals[measure, 10000] " " units[measure]
    if ((measure, 100000) in goals && goals[measure, 100000] != goals[measure, 10000])
        text = text ", 100000: " goals[measure, 100000]
    return text
}

END {
    for (i = 1; i <= columns; i++) {
        column = names[i]
        split(column, part, " ")
        if (time_count[column]) {
            value[column, "curl_s"] = median(column)
            if ((column, "all_s") in value)
                value[column, "ratio"] = value[column, "all_s"] / value[column, "curl_s"]
        }
        if ((column, "list_bytes") in value)
            value[column, "object_bytes"] = value[column, "list_bytes"] / part[2]
    }
    line = sprintf("%-34s", "")
    for (i = 1; i <= columns; i++) {
        split(names[i], part, " ")
        line = line sprintf("%20s", (part[1] == "sim" ? "sim " : "API server ") part[2] "        ")
    }
    print line "  goal at 10000"
    for (r = 1; r <= rows; r++) {
        line = sprintf("%-34s", title[order[r]])
        for (i = 1; i <= columns; i++) {
            split(names[i], part, " ")
            line = line sprintf("%20s", cell(names[i], part[2], order[r]))
        }
        line = line "  " goal_text(order[r])
        sub(/ +$/, "", line)
        print line
    }
    printf "%d goals reached, %d missed\n", reached, missed
}
