#include <config.h>

#include <brdeck/base/file.h>

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>

enum { READ_SIZE = 16 * 1024 };

static bool file_error(const char *path, struct error *err)
{
    int code = errno;
    return error_set(err, code == ENOENT || code == ENOTDIR ? ERROR_MISSING : ERROR_SYSTEM, "%s: %s", path,
                     strerror(code));
}

/* -- in ---------------------------------------------------------------------------- */

static bool read_all(int fd, const char *name, struct str *out, struct error *err)
{
    char bytes[READ_SIZE];
    ssize_t got;
    bool fits = true;
    while (fits && (got = read(fd, bytes, sizeof bytes)) != 0) {
        if (got > 0)
            fits = str_addn(out, bytes, (size_t)got);
        else if (errno != EINTR)
            break;
    }
    bool good = !fits ? error_set(err, ERROR_INPUT, "%s: larger than %zu bytes", name, out->max)
                      : got == 0 || file_error(name, err);
    wipe(bytes, sizeof bytes); /* it may have been a key */
    return good;
}

bool file_read(const char *path, struct str *out, struct error *err)
{
    if (strcmp(path, "-") == 0)
        return read_all(STDIN_FILENO, "stdin", out, err);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return file_error(path, err);
    bool good = read_all(fd, path, out, err);
    close(fd);
    return good;
}

bool file_exists(const char *path) { return access(path, F_OK) == 0; }

/* -- out --------------------------------------------------------------------------- */

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = write(fd, bytes, len);
        if (sent < 0 && errno == EINTR)
            continue;
        if (sent < 0)
            return false;
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

/* A rename or a new name is lasting only when its folder is. Some file systems refuse
 * that, and then have nothing better either. */
static void sync_folder_of(const char *path)
{
    char *copy = xstrdup(path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(copy);
}

/* Fill the new file @fd and put it in the place of @path; errno tells why not. */
static bool fill_and_rename(int fd, const char *fresh, const char *path, const char *bytes, size_t len,
                            unsigned mode)
{
    bool good = write_all(fd, bytes, len) && fchmod(fd, (mode_t)mode) == 0 && fsync(fd) == 0;
    int code = errno;
    if (close(fd) != 0 && good) {
        good = false;
        code = errno;
    }
    errno = code;
    return good && rename(fresh, path) == 0;
}

bool file_write(const char *path, const char *bytes, size_t len, unsigned mode, struct error *err)
{
    /* A link stays one: what it points at is replaced. */
    char *target = realpath(path, NULL);
    if (!target)
        target = xstrdup(path);
    char *fresh = xasprintf("%s.XXXXXX", target);
    int fd = mkostemp(fresh, O_CLOEXEC);
    bool good = fd >= 0 && fill_and_rename(fd, fresh, target, bytes, len, mode);
    if (good) {
        sync_folder_of(target);
    } else {
        file_error(path, err);
        if (fd >= 0)
            unlink(fresh);
    }
    free(fresh);
    free(target);
    return good;
}

/* In one write: with O_APPEND lines of two processes then never mix. */
static bool append_line(int fd, const char *path, const char *line, struct error *err)
{
    struct str whole;
    str_init(&whole, STR_LARGE);
    str_add(&whole, line);
    if (whole.len == 0 || whole.data[whole.len - 1] != '\n')
        str_addc(&whole, '\n');
    ssize_t sent;
    do
        sent = write(fd, whole.data, whole.len);
    while (sent < 0 && errno == EINTR);
    bool good = sent == (ssize_t)whole.len;
    if (sent < 0)
        file_error(path, err);
    else if (!good)
        error_set(err, ERROR_SYSTEM, "%s: only %zd of %zu bytes could be written: is the disk full?", path, sent,
                  whole.len);
    str_done(&whole);
    return good;
}

bool file_append(const char *path, const char *line, unsigned mode, bool sync, struct error *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, (mode_t)mode);
    if (fd < 0)
        return file_error(path, err);
    bool good = append_line(fd, path, line, err);
    /* EINVAL: a pipe or a device, which has nothing to sync. */
    if (good && sync && fsync(fd) != 0 && errno != EINVAL)
        good = file_error(path, err);
    if (good && sync)
        sync_folder_of(path);
    close(fd);
    return good;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

bool file_make_folder(const char *path, struct error *err)
{
    char *part = xstrdup(path);
    bool good = true;
    for (char *at = part; good && *at;) {
        at += strspn(at, "/");
        at += strcspn(at, "/");
        char kept = *at;
        *at = '\0';
        if (mkdir(part, 0700) != 0 && !is_folder(part)) {
            if (errno == EEXIST)
                errno = ENOTDIR;
            error_set(err, ERROR_SYSTEM, "%s: %s", part, strerror(errno));
            good = false;
        }
        *at = kept;
    }
    free(part);
    return good;
}

/* -- where -------------------------------------------------------------------------- */

static const struct place {
    const char *own;  /* variable that names brdeck's folder itself; may be NULL */
    const char *base; /* variable that names the folder it is in */
    const char *home; /* that folder in the home folder */
} places[] = {
    [FILE_CONFIG] = {"BRDECK_CONFIG_DIR", "XDG_CONFIG_HOME", ".config"},
    [FILE_STATE] = {NULL, "XDG_STATE_HOME", ".local/state"},
    [FILE_CACHE] = {NULL, "XDG_CACHE_HOME", ".cache"},
};

static const char *home_folder(void)
{
    const char *home = getenv("HOME");
    if (!str_empty(home))
        return home;
    const struct passwd *user = getpwuid(getuid());
    return user && !str_empty(user->pw_dir) ? user->pw_dir : "/";
}

char *file_place(enum file_place place, const char *name)
{
    const char *own = places[place].own ? getenv(places[place].own) : NULL, *base = getenv(places[place].base);
    struct str path;
    str_init(&path, STR_SMALL);
    if (!str_empty(own))
        str_add(&path, own);
    else if (str_starts(base, "/")) /* XDG: a path that is not absolute is to be ignored */
        str_addf(&path, "%s/brdeck", base);
    else
        str_addf(&path, "%s/%s/brdeck", home_folder(), places[place].home);
    if (name)
        str_addf(&path, "/%s", name);
    return str_take(&path);
}
