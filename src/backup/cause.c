#include <config.h>

#include <brdeck/backup/cause.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

static const char gc_word[] = "GC passed it";

/* Found anywhere in the message, whatever the case; the more exact first. */
static const struct {
    const char *sign, *word;
} message_causes[] = {
    {"InvalidAccessKeyId", "bad access key"},
    {"SignatureDoesNotMatch", "bad secret key"},
    {"ExpiredToken", "login expired"},
    {"AccessDenied", "access denied"},
    {"access denied", "access denied"},
    {"status code: 403", "access denied"},
    {"AuthorizationFailure", "access denied"},
    {"AuthorizationPermissionMismatch", "access denied"},
    {"permission denied", "access denied"},
    {"NoSuchBucket", "no such bucket"},
    {"bucket does not exist", "no such bucket"},
    {"bucket should be configured", "no bucket"},
    {"container not found", "no such container"},
    {"ContainerNotFound", "no such container"},
    {"no space left", "storage full"},
    {"QuotaExceeded", "storage full"},
    {"SlowDown", "storage throttles"},
    {"GCSafepointExceeded", gc_word},
    {"GC safepoint", gc_word},
    {"GC safe point", gc_word},
    {"unknown flag", "unknown br flag"},
    {"unknown shorthand flag", "unknown br flag"},
    {"found backup meta", "path not empty"},
    {"backup meta file exists", "path not empty"},
    {"backup lock file exists", "path not empty"},
    {"log backup task from", "a task exists"},
    {"already exists a log", "a task exists"},
    {"truncating.lock", "truncate locked"},
    {"x509:", "bad certificate"},
    {"certificate", "bad certificate"},
    {"no such host", "unknown host"},
    {"connection refused", "connection refused"},
    {"DeadlineExceeded", "timeout"},
    {"context deadline exceeded", "timeout"},
    {"i/o timeout", "timeout"},
    {"OOMKilled", "out of memory"},
    {"PD is down", "PD unreachable"},
    {"code = Unavailable", "PD or TiKV unreachable"},
};

static const struct {
    const char *reason, *word;
} reason_causes[] = {
    {"GetS3SecretFailed", "no secret"},
    {"GetGcsSecretFailed", "no secret"},
    {"GetAzblobSecretFailed", "no secret"},
    {"s3KeyNotExist", "secret without keys"},
    {"gcsKeyNotExist", "secret without keys"},
    {"azblobAccountNotExist", "secret without keys"},
    {"azblobKeyOrAADMissing", "secret without keys"},
    {"InvalidS3Endpoint", "bad endpoint"},
    {"ProjectIdIsEmpty", "no project"},
    {"UnsupportedStorageType", "bad storage"},
    {"InvalidSpec", "bad spec"},
    {"LogBackupErrorPaused", "task error"},
    {"LogBackupTaskNotFound", "task gone"},
    {"ExceedRetryLimit", "retries used up"},
};

static bool contains(const char *text, const char *sign)
{
    size_t len = strlen(sign);
    for (; *text; text++)
        if (strncasecmp(text, sign, len) == 0)
            return true;
    return false;
}

const char *cause_word(const char *reason, const char *message)
{
    for (size_t i = 0; message && i < ARRAY_LEN(message_causes); i++)
        if (contains(message, message_causes[i].sign))
            return message_causes[i].word;
    for (size_t i = 0; i < ARRAY_LEN(reason_causes); i++)
        if (str_same(reason, reason_causes[i].reason))
            return reason_causes[i].word;
    return NULL;
}

bool cause_is_gc(const char *reason, const char *message) { return cause_word(reason, message) == gc_word; }

/* Cut to @size at a whole character, line feeds as spaces, three dots where it was cut. */
static void copy_line(const char *text, size_t len, char *buf, size_t size)
{
    static const char dots[] = "...";
    bool cut = len >= size;
    if (cut && size > sizeof dots) {
        len = size - sizeof dots;
        while (len > 0 && ((unsigned char)text[len] & 0xC0) == 0x80)
            len--;
    }
    snprintf(buf, size, "%.*s%s", (int)len, text, cut ? dots : "");
    for (char *p = buf; *p; p++)
        if (*p == '\n' || *p == '\r' || *p == '\t')
            *p = ' ';
}

char *cause_text(const char *reason, const char *message, char *buf, size_t size)
{
    static const char opening[] = "[error=";
    const char *text = !str_empty(message) ? message : !str_empty(reason) ? reason : "no reason is told";
    const char *own = strstr(text, opening);
    size_t len = strlen(text);
    if (own) {
        text = own + strlen(opening);
        bool quoted = *text == '"';
        text += quoted;
        const char *end = strstr(text, quoted ? "\"]" : "]");
        len = end ? (size_t)(end - text) : strlen(text);
    }
    copy_line(text, len, buf, size);
    return buf;
}
