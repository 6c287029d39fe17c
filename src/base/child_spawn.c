#include <config.h>

#include "base/child_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>

extern char **environ;

/* glibc 2.34 closes in the child what libraries opened without O_CLOEXEC. */
#if defined(__GLIBC__) && defined(__GLIBC_PREREQ)
#if __GLIBC_PREREQ(2, 34)
#define HAVE_CLOSEFROM_ACTION 1
#endif
#endif

/* A session of its own has no terminal: a program that opens /dev/tty though it was given none is told so, instead of
 * writing over the screen, or being stopped when it reads. */
#ifdef POSIX_SPAWN_SETSID
enum { APART = POSIX_SPAWN_SETSID };
#else
enum { APART = POSIX_SPAWN_SETPGROUP };
#endif

enum { OURS, THEIRS };

/* What happens to each of the child's first three descriptors. */
enum stream { INHERITED, EMPTY, PIPED };

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Out of the way of 0, 1 and 2, should brdeck have been started without them:
 * there the child's own go. */
static bool move_up(int *fd)
{
    if (*fd > STDERR_FILENO)
        return true;
    int higher = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    close_fd(fd);
    *fd = higher;
    return higher >= 0;
}

static bool open_pipe(int which, int pair[2])
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return false;
    bool to_child = which == STDIN_FILENO;
    pair[OURS] = fds[to_child ? 1 : 0];
    pair[THEIRS] = fds[to_child ? 0 : 1];
    return move_up(&pair[OURS]) && move_up(&pair[THEIRS]) && fcntl(pair[OURS], F_SETFL, O_NONBLOCK) == 0;
}

static enum stream stream_of(const struct child_spec *spec, int which)
{
    if (spec->terminal)
        return which == STDOUT_FILENO && spec->terminal_keep_out ? PIPED : INHERITED;
    return which == STDIN_FILENO && !spec->input ? EMPTY : PIPED;
}

/* Where K=V stands in @env, of which @count are filled; @count when nowhere. */
static size_t env_index(char *const *env, size_t count, const char *pair)
{
    size_t key = strcspn(pair, "=") + 1, i = 0;
    while (i < count && strncmp(env[i], pair, key) != 0)
        i++;
    return i;
}

/* Our environment with @more laid over it; the strings are borrowed. */
static char **make_env(const char *const *more)
{
    size_t ours = 0, added = 0;
    while (environ && environ[ours])
        ours++;
    while (more && more[added])
        added++;
    char **env = xreallocarray(NULL, ours + added + 1, sizeof *env);
    for (size_t i = 0; i < ours; i++)
        env[i] = environ[i];
    for (size_t i = 0; i < added; i++) {
        size_t at = env_index(env, ours, more[i]);
        env[at] = (char *)(uintptr_t)more[i]; /* posix_spawn takes no const, but writes nothing */
        if (at == ours)
            ours++;
    }
    env[ours] = NULL;
    return env;
}

static void set_attributes(posix_spawnattr_t *attr, bool apart)
{
    sigset_t all, none;
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    sigemptyset(&none);
    posix_spawnattr_setsigdefault(attr, &all);
    posix_spawnattr_setsigmask(attr, &none);
    posix_spawnattr_setpgroup(attr, 0);
    posix_spawnattr_setflags(attr, (short)(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
                                           (apart ? APART : 0)));
}

static void set_actions(posix_spawn_file_actions_t *actions, const struct child_spec *spec,
                        int pipes[CHILD_PIPES][2])
{
    for (int fd = 0; fd < CHILD_PIPES; fd++) {
        enum stream stream = stream_of(spec, fd);
        if (stream == PIPED)
            posix_spawn_file_actions_adddup2(actions, pipes[fd][THEIRS], fd);
        else if (stream == EMPTY)
            posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDONLY, 0);
    }
#ifdef HAVE_CLOSEFROM_ACTION
    posix_spawn_file_actions_addclosefrom_np(actions, CHILD_PIPES);
#else
    long most = sysconf(_SC_OPEN_MAX);
    for (int fd = CHILD_PIPES; fd < (most > 0 && most < 4096 ? (int)most : 4096); fd++)
        fcntl(fd, F_SETFD, FD_CLOEXEC); /* harmless where there is none */
#endif
}

static bool is_program(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return false;
    errno = EACCES;
    return S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* The file that @name stands for, the caller's; NULL and errno when there is none. posix_spawnp
 * would look it up too, but under valgrind and some emulators it cannot tell that it
 * found nothing. */
static char *find_program(const char *name)
{
    if (strchr(name, '/'))
        return is_program(name) ? xstrdup(name) : NULL;
    const char *path = getenv("PATH");
    int code = ENOENT;
    for (const char *at = path ? path : "/usr/bin:/bin"; at; at = *at ? at + 1 : NULL) {
        size_t len = strcspn(at, ":");
        char *file = xasprintf("%.*s%s%s", (int)len, at, len ? "/" : "./", name); /* an empty part is "." */
        if (is_program(file))
            return file;
        if (errno == EACCES)
            code = EACCES;
        free(file);
        at += len;
    }
    errno = code;
    return NULL;
}

static bool spawn_error(const char *program, int code, struct error *err)
{
    if (code == ENOENT && !strchr(program, '/'))
        return error_set(err, ERROR_MISSING, "%s: not found in PATH", program);
    return error_set(err, code == ENOENT ? ERROR_MISSING : ERROR_SYSTEM, "%s: %s", program, strerror(code));
}

static bool spawn_with(const struct child_spec *spec, int pipes[CHILD_PIPES][2], pid_t *pid, struct error *err)
{
    char *program = find_program(spec->argv[0]);
    if (!program)
        return spawn_error(spec->argv[0], errno, err);
    posix_spawnattr_t attr;
    posix_spawn_file_actions_t actions;
    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_init(&actions);
    set_attributes(&attr, !spec->terminal);
    set_actions(&actions, spec, pipes);
    char **env = make_env(spec->env);
    int code = posix_spawn(pid, program, &actions, &attr, (char *const *)(uintptr_t)spec->argv, env);
    free(env);
    free(program);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    return code == 0 || spawn_error(spec->argv[0], code, err);
}

bool child_spawn(const struct child_spec *spec, pid_t *pid, int ends[CHILD_PIPES], struct error *err)
{
    int pipes[CHILD_PIPES][2] = {{-1, -1}, {-1, -1}, {-1, -1}};
    bool started = true;
    if (!spec->argv[0] || !*spec->argv[0])
        started = error_set(err, ERROR_INPUT, "no program to start: its name is empty");
    for (int fd = 0; fd < CHILD_PIPES && started; fd++)
        if (stream_of(spec, fd) == PIPED && !open_pipe(fd, pipes[fd]))
            started = error_set(err, ERROR_SYSTEM, "%s: no pipe for it: %s", spec->argv[0], strerror(errno));
    started = started && spawn_with(spec, pipes, pid, err);
    for (int fd = 0; fd < CHILD_PIPES; fd++) {
        close_fd(&pipes[fd][THEIRS]);
        if (!started)
            close_fd(&pipes[fd][OURS]);
        ends[fd] = pipes[fd][OURS];
    }
    return started;
}
