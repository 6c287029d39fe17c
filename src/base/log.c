#include <config.h>

#include <brdeck/base/log.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>

enum {
    SECRET_MIN = 6,     /* shorter ones would blot out half of what is told */
    LINE_MAX_BYTES = 8192,
};

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARN] = "warn",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

/* Of the process, like stderr. Secrets are kept from before it is opened. */
static struct {
    int fd; /* 0: not open */
    enum log_level level;
    char **secrets;
    size_t secrets_len, secrets_cap;
} the_log;

static void close_file(void)
{
    if (the_log.fd > 0)
        close(the_log.fd);
    the_log.fd = 0;
}

bool log_open(const char *path, enum log_level level, struct error *err)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
    if (fd < 0)
        return error_set(err, ERROR_SYSTEM, "log file %s: %s", path, strerror(errno));
    int higher = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1); /* never in the place of stdin or stderr */
    int code = errno;
    close(fd);
    if (higher < 0)
        return error_set(err, ERROR_SYSTEM, "log file %s: %s", path, strerror(code));
    close_file();
    the_log.fd = higher;
    the_log.level = level;
    return true;
}

void log_close(void)
{
    close_file();
    for (size_t i = 0; i < the_log.secrets_len; i++) {
        wipe(the_log.secrets[i], strlen(the_log.secrets[i]));
        free(the_log.secrets[i]);
    }
    free(the_log.secrets);
    the_log.secrets = NULL;
    the_log.secrets_len = the_log.secrets_cap = 0;
}

bool log_level_parse(const char *name, enum log_level *level)
{
    for (size_t i = 0; i < ARRAY_LEN(level_names); i++)
        if (str_same(name, level_names[i])) {
            *level = (enum log_level)i;
            return true;
        }
    return false;
}

/* -- secrets ------------------------------------------------------------------------ */

/* Takes @secret. */
static void keep_secret(char *secret)
{
    for (size_t i = 0; i < the_log.secrets_len; i++)
        if (strcmp(the_log.secrets[i], secret) == 0) {
            wipe(secret, strlen(secret));
            free(secret);
            return;
        }
    if (the_log.secrets_len == the_log.secrets_cap) {
        the_log.secrets_cap = the_log.secrets_cap ? the_log.secrets_cap * 2 : 8;
        the_log.secrets = xreallocarray(the_log.secrets, the_log.secrets_cap, sizeof(*the_log.secrets));
    }
    the_log.secrets[the_log.secrets_len++] = secret;
}

void log_redact(const char *secret)
{
    size_t len = secret ? strlen(secret) : 0;
    if (len < SECRET_MIN)
        return;
    keep_secret(xstrdup(secret));
    keep_secret(base64_encode(secret, len)); /* as it stands in a Secret or a kubeconfig */
}

/* Mark in @hidden each byte of @text that belongs to a secret: so it does not matter
 * whether one contains or overlaps another. */
static void mark_secrets(const char *text, size_t len, bool *hidden)
{
    for (size_t i = 0; i < the_log.secrets_len; i++) {
        const char *secret = the_log.secrets[i];
        size_t size = strlen(secret);
        const char *at = text;
        while ((at = memmem(at, len - (size_t)(at - text), secret, size)) != NULL) {
            memset(hidden + (at - text), true, size);
            at++;
        }
    }
}

void log_add_redacted(struct str *out, const char *text, size_t len)
{
    if (the_log.secrets_len == 0) {
        str_addn(out, text, len);
        return;
    }
    bool *hidden = xcalloc(len + 1, sizeof *hidden);
    mark_secrets(text, len, hidden);
    for (size_t i = 0; i < len; i++) {
        if (!hidden[i])
            str_addc(out, text[i]);
        else if (i == 0 || !hidden[i - 1])
            str_add(out, "<redacted>");
    }
    free(hidden);
}

/* -- lines -------------------------------------------------------------------------- */

/* Only printable ASCII goes out as it is: the file is read with programs that
 * obey escape codes and bidi controls. */
static void add_escaped(struct str *line, char c)
{
    if (c >= ' ' && c <= '~')
        str_addc(line, c);
    else
        str_addf(line, "\\x%02x", (unsigned)(unsigned char)c);
}

static void add_redacted(struct str *line, const char *text, size_t len)
{
    bool *hidden = xcalloc(len + 1, sizeof *hidden);
    mark_secrets(text, len, hidden);
    for (size_t i = 0; i < len && line->len < LINE_MAX_BYTES; i++) {
        if (!hidden[i])
            add_escaped(line, text[i]);
        else if (i == 0 || !hidden[i - 1])
            str_add(line, "<redacted>");
    }
    if (line->len >= LINE_MAX_BYTES)
        str_add(line, "...");
    free(hidden);
}

void log_line(enum log_level level, const char *format, ...)
{
    if (the_log.fd <= 0 || level > the_log.level)
        return;
    struct str text, line;
    char time[CLOCK_TEXT_MAX];
    str_init(&text, STR_LARGE);
    str_init(&line, STR_SMALL);
    va_list args;
    va_start(args, format);
    str_vaddf(&text, format, args); /* whole: a secret that is cut would not be known */
    va_end(args);
    str_addf(&line, "%s %-5s ", clock_format_rfc3339(clock_wall_ms(), time), level_names[level]);
    add_redacted(&line, text.data, text.len);
    str_addc(&line, '\n');
    /* One write, so that two processes can share the file. When it fails there is
     * nobody to tell. */
    ssize_t written = write(the_log.fd, line.data, line.len);
    (void)written;
    wipe(text.data, text.cap);
    str_done(&text);
    str_done(&line);
}
