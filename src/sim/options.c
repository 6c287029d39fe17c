#include <config.h>

#include "options.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

static const struct option_row {
    const char *name, *argument; /* without argument: a switch */
    enum { OPTION_TEXT, OPTION_NUMBER, OPTION_FACTOR, OPTION_SWITCH } type;
    size_t offset;
    const char *text;
} rows[] = {
    {"kubeconfig", "PATH", OPTION_TEXT, offsetof(struct sim_options, kubeconfig),
     "write a kubeconfig for it there (0600)"},
    {"port", "N", OPTION_NUMBER, offsetof(struct sim_options, port), "listen on this port of 127.0.0.1 (0: any)"},
    {"fleet", "WHICH", OPTION_TEXT, offsetof(struct sim_options, fleet),
     "demo, empty, or a number of Backups (demo)"},
    {"speed", "F", OPTION_FACTOR, offsetof(struct sim_options, speed), "divide all durations by F (1)"},
    {"history", "N", OPTION_NUMBER, offsetof(struct sim_options, history),
     "changes that a watch can go back before 410 (20000)"},
    {"still", NULL, OPTION_SWITCH, offsetof(struct sim_options, still),
     "nothing happens in the demo fleet but what is asked for"},
    {"v1", NULL, OPTION_SWITCH, offsetof(struct sim_options, v1),
     "serve the v1 operator's group pingcap.com too (no /status)"},
    {"with-parent", NULL, OPTION_SWITCH, offsetof(struct sim_options, with_parent),
     "end when stdin is closed or the parent is gone"},
    {"quiet", NULL, OPTION_SWITCH, offsetof(struct sim_options, quiet), "do not print the line that says ready"},
    {"help", NULL, OPTION_SWITCH, offsetof(struct sim_options, help), "this text"},
    {"version", NULL, OPTION_SWITCH, offsetof(struct sim_options, version), "the version"},
};

void options_help(FILE *out)
{
    fputs("Usage: brdeck-sim --kubeconfig PATH [OPTION...]\n"
          "A simulated Kubernetes API server with TiDB Operator, br and PD behind it.\n\n",
          out);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char left[40];
        snprintf(left, sizeof left, "--%s%s%s", rows[i].name, rows[i].argument ? " " : "",
                 rows[i].argument ? rows[i].argument : "");
        fprintf(out, "  %-20s %s\n", left, rows[i].text);
    }
    fputs("\nFaults are ordered through POST /sim/faults: doc/testing.md, section brdeck-sim.\n", out);
}

static bool set_value(struct sim_options *options, const struct option_row *row, const char *value, struct error *err)
{
    char *field = (char *)options + row->offset, *end = NULL;
    errno = 0;
    if (row->type == OPTION_SWITCH) {
        memcpy(field, &(bool){true}, sizeof(bool));
        return true;
    }
    if (row->type == OPTION_TEXT) {
        memcpy(field, &value, sizeof value);
        return true;
    }
    if (row->type == OPTION_NUMBER) {
        int64_t number = strtoll(value, &end, 10);
        if (errno || !*value || *end || number < 0)
            return error_set(err, ERROR_USAGE, "--%s: %s is no number", row->name, value);
        memcpy(field, &number, sizeof number);
        return true;
    }
    double factor = strtod(value, &end);
    if (errno || !*value || *end || !(factor > 0))
        return error_set(err, ERROR_USAGE, "--%s: %s is no number above 0", row->name, value);
    memcpy(field, &factor, sizeof factor);
    return true;
}

bool options_parse(struct sim_options *options, int argc, char **argv, struct error *err)
{
    *options = (struct sim_options){.fleet = "demo", .speed = 1, .history = 20000};
    for (int i = 1; i < argc; i++) {
        const struct option_row *row = NULL;
        const char *value = NULL;
        size_t n = strcspn(argv[i], "=");
        for (size_t r = 0; r < ARRAY_LEN(rows) && strncmp(argv[i], "--", 2) == 0; r++)
            if (strlen(rows[r].name) == n - 2 && strncmp(rows[r].name, argv[i] + 2, n - 2) == 0)
                row = &rows[r];
        if (!row)
            return error_set(err, ERROR_USAGE, "unknown option %s; --help lists them", argv[i]);
        if (row->argument) {
            value = argv[i][n] == '=' ? argv[i] + n + 1 : i + 1 < argc ? argv[++i] : NULL;
            if (!value)
                return error_set(err, ERROR_USAGE, "--%s needs %s", row->name, row->argument);
        }
        if (!set_value(options, row, value, err))
            return false;
    }
    if (!options->kubeconfig && !options->help && !options->version)
        return error_set(err, ERROR_USAGE, "--kubeconfig PATH is needed; --help lists the options");
    return true;
}
