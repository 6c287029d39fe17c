/* secret.c - the one list of what must not be seen, and what blots it out. */
#include <config.h>

#include <brdeck/base/secret.h>

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

/* The ends of names whose values are secrets, in small letters and without "-", "_" and ".": accesskey stands for
 * --s3.secret-access-key, AWS_SECRET_ACCESS_KEY and SecretAccessKey alike. */
static const char *const names[] = {
    "accesskey", "accesskeyid", "secretkey", "sessiontoken", "securitytoken", "accountkey", "sharedkey", "storagekey",
    "sastoken", "encryptionkey", "crypterkey", "credentialsfile", "clientsecret", "password", "privatekey", "jsonkey",
    "amzsignature", "amzcredential",
};
/* Whole names: their ends mean other things. The signature of a SAS token: without it the rest opens nothing. */
static const char *const whole_names[] = {"sig"};

/* -- names ------------------------------------------------------------------------------------ */

static bool in_name(char c) { return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.'; }

static bool is_joint(char c) { return c == '-' || c == '_' || c == '.'; }

/* Whether the @len bytes at @name end in @wanted; @whole: and are nothing else. */
static bool name_is(const char *name, size_t len, const char *wanted, bool whole)
{
    size_t left = strlen(wanted);
    while (left && len) {
        char c = name[--len];
        if (!is_joint(c) && tolower((unsigned char)c) != wanted[--left])
            return false;
    }
    while (len && is_joint(name[len - 1]))
        len--;
    return !left && (!whole || !len);
}

static bool is_secret(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (name_is(name, len, names[i], false))
            return true;
    for (size_t i = 0; i < ARRAY_LEN(whole_names); i++)
        if (name_is(name, len, whole_names[i], true))
            return true;
    return false;
}

/* -- values ----------------------------------------------------------------------------------- */

static bool ends_value(char c) { return c == '&' || c == '"' || c == '\'' || c == '\\' || (unsigned char)c <= ' '; }

/* A run of backslashes and a quote: how JSON in a string opens and closes one. Its length; 0: there is none. */
static size_t quote_at(const char *at, const char *end)
{
    const char *c = at;
    while (c < end && *c == '\\')
        c++;
    return c < end && (*c == '"' || (*c == '\'' && c == at)) ? (size_t)(c - at) + 1 : 0;
}

/* The end of the value at *@value, which is moved behind its quotes. */
static const char *value_end(const char **value, const char *end)
{
    size_t quote = quote_at(*value, end);
    const char *c = *value += quote;
    if (!quote) {
        while (c < end && !ends_value(*c))
            c++;
        return c;
    }
    for (char mark = c[-1]; c < end; c++) {
        const char *first = c;
        while (c < end && *c == '\\')
            c++;
        if (c < end && *c == mark && (size_t)(c - first) < quote)
            return first;
        if (c == end)
            break;
    }
    return end;
}

/* Where the value begins of the name that ends at @at: behind "=", a quote and ":", or the space behind a flag. NULL:
 * it is no name of a value. */
static const char *value_of(const char *name, const char *at, const char *end)
{
    bool flag = at - name > 2 && name[0] == '-' && name[1] == '-';
    size_t quote = quote_at(at, end);
    const char *c = at + quote;
    while (c < end && *c == ' ')
        c++;
    if (c < end && (c == at ? *c == '=' : quote && (*c == ':' || *c == '='))) {
        for (c++; quote && c < end && *c == ' ';)
            c++;
        return c;
    }
    return flag && !quote && c > at && c < end && *c != '-' ? c : NULL;
}

static bool is_blotted(const char *value, size_t len)
{
    return (len == strlen(SECRET_IN_TEXT) && memcmp(value, SECRET_IN_TEXT, len) == 0) ||
           (len == strlen(SECRET_IN_ARGV) && memcmp(value, SECRET_IN_ARGV, len) == 0);
}

/* -- URLs ------------------------------------------------------------------------------------- */

static bool ends_url(char c) { return (unsigned char)c <= ' ' || c == '"' || c == '\\'; }

/* The password of the authority at @at ("user:PASS@host"), of @*len bytes. NULL: there is none. A password that holds a
 * "/" is no good URL, and is one all the same: what stands behind ":" is no port then. */
static const char *password_in(const char *at, const char *end, size_t *len)
{
    const char *stop = at, *colon = NULL, *last = NULL;
    bool port = true;
    for (; stop < end && !ends_url(*stop) && !strchr("/?#", *stop); stop++) {
        if (*stop == '@')
            last = stop;
        port = port && (!colon || isdigit((unsigned char)*stop));
        if (*stop == ':' && !colon)
            colon = stop;
    }
    if (!colon || *at == '[')
        return NULL;
    for (; !last && !port && stop < end && !ends_url(*stop); stop++)
        if (*stop == '@')
            last = stop;
    if (!last || last < colon)
        return NULL;
    *len = (size_t)(last - colon) - 1;
    return colon + 1;
}

/* -- text ------------------------------------------------------------------------------------- */

struct blotter {
    struct str *out;
    const char *done, *end, *blot; /* what stands before @done is in @out */
    bool word;                     /* a flag's value goes on to the end */
    size_t count;                  /* secrets that were found */
};

static void blot_out(struct blotter *b, const char *value, size_t len)
{
    str_addn(b->out, b->done, (size_t)(value - b->done));
    b->done = value + len;
    if (len && is_blotted(value, len))
        str_addn(b->out, value, len);
    else if (len)
        str_add(b->out, b->blot);
    b->count += len > 0;
}

static void blot_password(struct blotter *b, const char *authority)
{
    size_t len = 0;
    const char *password = password_in(authority, b->end, &len);
    if (password)
        blot_out(b, password, len);
}

/* An endpoint may come without its "http://". */
static void blot_endpoint(struct blotter *b, const char *value)
{
    value += quote_at(value, b->end);
    const char *c = value;
    while (c < b->end && isalnum((unsigned char)*c))
        c++;
    if (b->end - c < 3 || memcmp(c, "://", 3) != 0)
        blot_password(b, value);
}

/* The name at @name, which ends at @at; where to go on. */
static const char *take_name(struct blotter *b, const char *name, const char *at)
{
    size_t len = (size_t)(at - name);
    const char *value = value_of(name, at, b->end);
    if (value && is_secret(name, len)) {
        const char *end = b->word && value > at ? b->end : value_end(&value, b->end);
        blot_out(b, value, (size_t)(end - value));
        return end;
    }
    if (value && name_is(name, len, "endpoint", false))
        blot_endpoint(b, value);
    return at > b->done ? at : b->done;
}

static void run(struct blotter *b)
{
    const char *at = b->done;
    while (at < b->end) {
        const char *name = at;
        while (at < b->end && in_name(*at))
            at++;
        if (at > name)
            at = take_name(b, name, at);
        else if (b->end - at > 3 && memcmp(at, "://", 3) == 0) {
            blot_password(b, at + 3);
            at = at + 3 > b->done ? at + 3 : b->done;
        } else {
            at++;
        }
    }
    str_addn(b->out, b->done, (size_t)(b->end - b->done));
}

void secret_blot(struct str *out, const char *text, size_t len, const char *blot)
{
    struct blotter b = {.out = out, .done = text, .end = text + len, .blot = blot};
    run(&b);
}

void secret_blot_buffer(char *text, size_t size)
{
    struct str clean;
    str_init(&clean, STR_LARGE);
    secret_blot(&clean, text, strlen(text), SECRET_IN_TEXT);
    size_t len = clean.len < size ? clean.len : size - 1;
    memcpy(text, clean.data, len);
    text[len] = '\0';
    str_done(&clean);
}

void secret_blot_error(struct error *err) { secret_blot_buffer(err->text, sizeof err->text); }

/* -- words ------------------------------------------------------------------------------------ */

static char *blot_word(const char *word, const char *blot, size_t *count)
{
    struct str out;
    str_init(&out, STR_LARGE);
    struct blotter b = {.out = &out, .done = word, .end = word + strlen(word), .blot = blot, .word = word[0] == '-'};
    run(&b);
    *count = b.count;
    return str_take(&out);
}

char *secret_blot_word(const char *word, const char *blot)
{
    size_t count;
    return blot_word(word, blot, &count);
}

bool secret_is_flag(const char *word)
{
    size_t len = strlen(word);
    for (size_t i = 0; i < len; i++)
        if (!in_name(word[i]))
            return false;
    return word[0] == '-' && is_secret(word, len);
}

bool secret_in_word(const char *word)
{
    size_t count;
    free(blot_word(word, SECRET_IN_ARGV, &count));
    return count > 0 || secret_is_flag(word);
}

/* -- JSON ------------------------------------------------------------------------------------- */

static struct json *blot_string(const char *key, const char *text)
{
    if (*text && !is_blotted(text, strlen(text)) && key && is_secret(key, strlen(key)))
        return json_new_string(SECRET_IN_TEXT);
    size_t len = 0;
    const char *password = key && name_is(key, strlen(key), "endpoint", false) && !strstr(text, "://") ?
                           password_in(text, text + strlen(text), &len) : NULL;
    char *clean = password && len && !is_blotted(password, len) ?
                  xasprintf("%.*s%s%s", (int)(password - text), text, SECRET_IN_TEXT, password + len) :
                  secret_blot_word(text, *text == '-' ? SECRET_IN_ARGV : SECRET_IN_TEXT);
    struct json *json = json_new_string(clean);
    free(clean);
    return json;
}

struct json *secret_blot_json(const struct json *json)
{
    enum json_type type = json_type(json);
    if (type == JSON_STRING)
        return blot_string(json_key(json), json_text(json));
    if (type != JSON_OBJECT && type != JSON_ARRAY)
        return json_copy(json);
    struct json *copy = type == JSON_OBJECT ? json_new_object() : json_new_array();
    bool hidden = false; /* the word before is a flag that says so */
    JSON_EACH (child, json) {
        const char *text = json_text(child);
        struct json *clean = hidden && text && *text && !is_blotted(text, strlen(text)) ?
                             json_new_string(SECRET_IN_ARGV) : secret_blot_json(child);
        hidden = type == JSON_ARRAY && text && secret_is_flag(text);
        if (type == JSON_OBJECT)
            json_set(copy, json_key(child), clean);
        else
            json_append(copy, clean);
    }
    return copy;
}

/* -- objects ---------------------------------------------------------------------------------- */

static void hide(struct json *object, const char *key)
{
    if (!str_empty(json_string(object, key)))
        json_set_string(object, key, SECRET_IN_TEXT);
}

static struct json *hide_values(const struct json *env)
{
    struct json *copy = json_new_array();
    JSON_EACH (entry, env) {
        struct json *shown = json_copy(entry);
        if (json_type(shown) == JSON_OBJECT)
            hide(shown, "value");
        json_append(copy, shown);
    }
    return copy;
}

struct json *secret_blot_object(const struct json *object)
{
    struct json *copy = secret_blot_json(object);
    struct json *annotations = json_get_mut(json_get_mut(copy, "metadata"), "annotations");
    struct json *spec = json_get_mut(copy, "spec");
    if (json_type(annotations) == JSON_OBJECT)
        hide(annotations, "kubectl.kubernetes.io/last-applied-configuration");
    if (json_type(spec) == JSON_OBJECT && json_type(json_get(spec, "env")) == JSON_ARRAY)
        json_set(spec, "env", hide_values(json_get(spec, "env")));
    return copy;
}
