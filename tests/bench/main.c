/* main.c - the sub-commands of the benchmark program. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "bench.h"

static const struct command {
    const char *name, *arguments;
    bool (*run)(int argc, char **argv);
} commands[] = {
    {"fetch", "", bench_fetch},
    {"create", "N", bench_create},
    {"change", "N RATE SECONDS", bench_change},
    {"run", "NAME COMMAND...", bench_run},
    {"deck", "N STARTS CHURN COMMAND...", bench_deck},
    {"acts", "N COMMAND...", bench_acts},
};

int main(int argc, char **argv)
{
    curl_global_init(CURL_GLOBAL_DEFAULT);
    bool known = false, good = false;
    for (size_t i = 0; argc > 1 && i < sizeof commands / sizeof *commands; i++)
        if (strcmp(argv[1], commands[i].name) == 0) {
            known = true;
            good = commands[i].run(argc - 2, argv + 2);
        }
    if (!known)
        for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
            fprintf(stderr, "bench %s %s\n", commands[i].name, commands[i].arguments);
    curl_global_cleanup();
    return good ? 0 : 1;
}
