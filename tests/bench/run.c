/* run.c - time, CPU and memory of another program, such as kubectl. */
#include <config.h>

#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "bench.h"

extern char **environ;

bool bench_run(int argc, char **argv)
{
    if (argc < 2)
        return false;
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0);
    pid_t pid = 0;
    int status = 0;
    struct rusage usage;
    int64_t begun = now_ns();
    int failed = posix_spawnp(&pid, argv[1], &files, NULL, argv + 1, environ);
    posix_spawn_file_actions_destroy(&files);
    if (failed)
        die("%s: %s", argv[1], strerror(failed));
    if (wait4(pid, &status, 0, &usage) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        die("%s failed", argv[1]);
    printf("%s_s %.4f\n", argv[0], (double)(now_ns() - begun) / 1e9);
    printf("%s_mib %.1f\n", argv[0], (double)usage.ru_maxrss / 1024);
    return true;
}
