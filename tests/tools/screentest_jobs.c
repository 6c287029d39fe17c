/* screentest_jobs.c - shell commands beside the program: `sh`, `background`, `start`. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "screentest.h"

enum { COMMAND_LIMIT_S = 60, READY_LIMIT_S = 20, END_LIMIT_MS = 5000, STEP_MS = 10 };

/* In a process group of its own, with @out (if not -1) as stdout. */
static pid_t start_shell(const char *command, int out)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    setpgid(0, 0);
    signal(SIGPIPE, SIG_DFL);
    if (out >= 0)
        dup2(out, STDOUT_FILENO);
    int null = open("/dev/null", O_RDONLY);
    dup2(null, STDIN_FILENO);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(127);
}

/* Let the terminal be read, or time pass. */
static void idle(struct test *test)
{
    if (test->screen)
        screen_pump(test->screen, STEP_MS);
    else
        poll(NULL, 0, STEP_MS);
}

static bool wait_for_end(struct test *test, pid_t pid, int limit_ms, int *status)
{
    int64_t end = screen_now_ms() + limit_ms;
    while (waitpid(pid, status, WNOHANG) != pid) {
        if (screen_now_ms() >= end)
            return false;
        idle(test);
    }
    return true;
}

enum verdict job_sh(struct test *test, const char *command, bool may_fail, int *result)
{
    int status;
    pid_t pid = start_shell(command, -1);
    if (pid < 0)
        return test_fail(test, "sh: %s", strerror(errno));
    if (!wait_for_end(test, pid, test_limit(test, COMMAND_LIMIT_S), &status)) {
        kill(-pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return test_fail(test, "sh %s: still running after %d s", command, COMMAND_LIMIT_S);
    }
    *result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (*result != 0 && !may_fail)
        return test_fail(test, "sh %s: exit code %d", command, *result);
    return GOES_ON;
}

static enum verdict start(struct test *test, const char *command, int out)
{
    if (test->background_count == BACKGROUND_MAX)
        return test_fail(test, "more than %d commands in the background", BACKGROUND_MAX);
    pid_t pid = start_shell(command, out);
    if (pid < 0)
        return test_fail(test, "%s: %s", command, strerror(errno));
    setpgid(pid, pid);
    test->background[test->background_count++] = pid;
    char text[24];
    snprintf(text, sizeof text, "%ld", (long)pid);
    setenv("BACKGROUND_PID", text, 1);
    return GOES_ON;
}

enum verdict job_background(struct test *test, const char *command) { return start(test, command, -1); }

/* The words after "ready" become READY_1, READY_2 and so on. */
static void set_ready_words(char *line)
{
    int number = 0;
    for (char *rest, *word = strtok_r(line, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
        char name[24];
        snprintf(name, sizeof name, "READY_%d", number);
        if (number++ > 0)
            setenv(name, word, 1);
    }
}

/* The first line of the file @path that begins with "ready". */
static bool find_ready(const char *path)
{
    FILE *in = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;
    bool found = false;
    ssize_t length;
    while (in && !found && (length = getline(&line, &room, in)) > 0) {
        found = strncmp(line, "ready", 5) == 0 && line[length - 1] == '\n';
        line[strcspn(line, "\r\n")] = '\0';
        if (found)
            set_ready_words(line);
    }
    free(line);
    if (in)
        fclose(in);
    return found;
}

enum verdict job_start(struct test *test, const char *command)
{
    char path[120];
    snprintf(path, sizeof path, "%s/started.%d", test->folder, test->background_count);
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    enum verdict verdict = start(test, command, out);
    close(out);
    if (verdict != GOES_ON)
        return verdict;
    int64_t end = screen_now_ms() + test_limit(test, READY_LIMIT_S);
    while (!find_ready(path)) {
        int status;
        pid_t *pid = &test->background[test->background_count - 1];
        if (waitpid(*pid, &status, WNOHANG) == *pid) {
            test->background_count--;
            return test_fail(test, "start %s: it ended before it was ready", command);
        }
        if (screen_now_ms() >= end)
            return test_fail(test, "start %s: no line \"ready\" after %d s", command, READY_LIMIT_S);
        idle(test);
    }
    return GOES_ON;
}

void jobs_end(struct test *test)
{
    for (int i = 0; i < test->background_count; i++)
        kill(-test->background[i], SIGTERM);
    for (int i = 0; i < test->background_count; i++) {
        int status;
        if (!wait_for_end(test, test->background[i], END_LIMIT_MS, &status)) {
            kill(-test->background[i], SIGKILL);
            waitpid(test->background[i], NULL, 0);
        }
    }
    test->background_count = 0;
}
