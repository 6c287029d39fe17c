#include <config.h>

#include "auth_private.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>
#include <brdeck/base/log.h>
#include <brdeck/base/str.h>

#include "config_private.h"

enum { LINE_MAX_SHOWN = 240, TOKEN_LEAST = 16 };

static void wipe_free(char **text)
{
    if (*text)
        wipe(*text, strlen(*text));
    free(*text);
    *text = NULL;
}

void exec_credential_done(struct exec_credential *credential)
{
    wipe_free(&credential->token);
    wipe_free(&credential->cert_pem);
    wipe_free(&credential->key_pem);
    credential->expires_ms = 0;
}

/* -- its stdout ----------------------------------------------------------------------- */

static char *text_of(const struct json *status, const char *key)
{
    const char *text = json_string(status, key);
    return str_empty(text) ? NULL : xstrdup(text);
}

static bool read_status(const char *plugin, const struct json *status, struct exec_credential *out, struct error *err)
{
    const struct json *expiry = json_get(status, "expirationTimestamp");
    out->token = text_of(status, "token");
    out->cert_pem = text_of(status, "clientCertificateData");
    out->key_pem = text_of(status, "clientKeyData");
    if (json_type(status) != JSON_OBJECT)
        return error_set(err, ERROR_DENIED, "%s gave no status: log in by hand", plugin);
    if (!out->token && !out->cert_pem && !out->key_pem)
        return error_set(err, ERROR_DENIED, "%s gave neither a token nor a certificate: log in by hand", plugin);
    if (!out->cert_pem != !out->key_pem)
        return error_set(err, ERROR_DENIED, "%s gave only one of certificate and key", plugin);
    if (out->token && out->token[strcspn(out->token, "\r\n")])
        return error_set(err, ERROR_DENIED, "%s gave a token of several lines", plugin);
    if (!json_is_null(expiry) && !clock_parse_rfc3339(json_text(expiry), &out->expires_ms))
        return error_set(err, ERROR_DENIED, "%s gave an expirationTimestamp that is no time", plugin);
    if (!out->cert_pem)
        return true;
    struct error why = {0};
    if (kube_pem_check_certs(out->cert_pem, "clientCertificateData", &why) &&
        kube_pem_check_key(out->cert_pem, out->key_pem, "clientKeyData", &why))
        return true;
    return error_set(err, ERROR_DENIED, "%s: its %s", plugin, why.text);
}

bool exec_output_read(const char *plugin, const char *api_version, const char *text, size_t len,
                      struct exec_credential *out, struct error *err)
{
    struct json *json = json_parse(text, len, NULL);
    const char *version = json_string(json, "apiVersion");
    bool done = false;
    *out = (struct exec_credential){0};
    if (!json || !str_same(json_string(json, "kind"), "ExecCredential"))
        error_set(err, ERROR_DENIED, "%s printed no ExecCredential", plugin);
    else if (!str_same(version, api_version))
        error_set(err, ERROR_DENIED, "%s answered in another version than %s: change its apiVersion in the kubeconfig",
                  plugin, api_version);
    else
        done = read_status(plugin, json_get(json, "status"), out, err);
    json_free(&json);
    if (!done)
        exec_credential_done(out);
    return done;
}

/* -- its stderr ----------------------------------------------------------------------- */

/* Past an escape sequence (CSI: up to its letter; else two bytes). */
static const char *skip_escape(const char *c, const char *end)
{
    if (++c < end && *c == '[') {
        for (c++; c < end && !(*c >= '@' && *c <= '~'); c++)
            continue;
    }
    return c < end ? c + 1 : end;
}

/* [@line, @end) without colours and controls; false when nothing is left. */
static bool clean_line(const char *line, const char *end, struct str *out)
{
    str_clear(out);
    while (line < end) {
        if (*line == '\033') {
            line = skip_escape(line, end);
            continue;
        }
        bool control = (unsigned char)*line < ' ' || *line == 0x7f;
        if (!control || (out->len && out->data[out->len - 1] != ' '))
            str_addc(out, control ? ' ' : *line);
        line++;
    }
    while (out->len && out->data[out->len - 1] == ' ')
        str_truncate(out, out->len - 1);
    return out->data[strspn(out->data, " ")] != '\0';
}

/* A variable whose name says so; its value, else NULL. */
static const char *secret_value(const char *pair)
{
    static const char *const words[] = {"TOKEN", "SECRET", "PASSW", "KEY", "CREDENTIAL"};
    const char *equals = strchr(pair, '=');
    if (!equals || strlen(equals + 1) < 6)
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        size_t len = strlen(words[i]);
        for (const char *c = pair; c + len <= equals; c++) {
            if (strncasecmp(c, words[i], len) == 0)
                return equals + 1;
        }
    }
    return NULL;
}

void exec_redact_env(char *const *env)
{
    for (; env && *env; env++)
        log_redact(secret_value(*env));
}

static size_t secret_at(const char *text, char *const *env)
{
    for (; env && *env; env++) {
        const char *value = secret_value(*env);
        if (value && strncmp(text, value, strlen(value)) == 0)
            return strlen(value);
    }
    /* A JSON web token, whatever stands around it. */
    if (strncmp(text, "eyJ", 3) != 0)
        return 0;
    size_t len = 3;
    while (isalnum((unsigned char)text[len]) || (text[len] && strchr("-_.+/=", text[len])))
        len++;
    return len >= TOKEN_LEAST ? len : 0;
}

char *exec_last_line(const char *text, char *const *env)
{
    struct str line, out;
    str_init(&line, STR_SMALL);
    str_init(&out, LINE_MAX_SHOWN);
    for (const char *end = text + strlen(text); end > text;) {
        const char *begin = end;
        while (begin > text && begin[-1] != '\n')
            begin--;
        if (clean_line(begin, end, &line))
            break;
        end = begin > text ? begin - 1 : text;
    }
    for (const char *c = line.data + strspn(line.data, " "); *c;) {
        size_t secret = secret_at(c, env);
        if (secret)
            str_add(&out, "<redacted>");
        else
            str_addc(&out, *c);
        c += secret ? secret : 1;
    }
    wipe(line.data, line.cap);
    str_done(&line);
    return str_take(&out);
}
