/* stats.c - clocks, memory, percentiles. */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "bench.h"

void die(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("bench: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static int64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    return clock_gettime(clock, &t) == 0 ? (int64_t)t.tv_sec * 1000000000 + t.tv_nsec : -1;
}

int64_t now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

int64_t cpu_ns(int pid)
{
    clockid_t clock; /* exact to the ns, where /proc/PID/stat counts in 10 ms */
    return clock_getcpuclockid(pid, &clock) == 0 ? clock_ns(clock) : -1;
}

long peak_kib(int pid)
{
    char path[64], line[256];
    long kib = -1;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *in = fopen(path, "r");
    while (in && fgets(line, sizeof line, in))
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            break;
    if (in)
        fclose(in);
    return kib;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double percentile(double *values, size_t count, double percent)
{
    if (count == 0)
        return -1;
    qsort(values, count, sizeof *values, by_value);
    double at = percent / 100 * (double)(count - 1);
    size_t i = (size_t)(at + 0.5);
    return values[i < count ? i : count - 1];
}
