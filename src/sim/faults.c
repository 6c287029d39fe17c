#include <config.h>

#include "faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

struct order {
    struct fault_effect effect;
    int64_t left; /* -1: without end */
    int watch;    /* 1: only watches, 0: only others, -1: either */
    char *method, *path, *user;
    struct order *next;
};

struct faults {
    struct order *first;
};

static const struct fault_word {
    const char *word;
    enum fault_kind kind;
} fault_words[] = {
    {"status", FAULT_STATUS}, {"garbage", FAULT_GARBAGE}, {"close", FAULT_CLOSE}, {"lose-answer", FAULT_LOSE_ANSWER},
    {"freeze", FAULT_FREEZE}, {"cut", FAULT_CUT},         {"delay", FAULT_DELAY},
};

const char *faults_word(size_t i) { return i < ARRAY_LEN(fault_words) ? fault_words[i].word : NULL; }

struct faults *faults_new(void) { return xcalloc(1, sizeof(struct faults)); }

static void order_free(struct order *order)
{
    free(order->method);
    free(order->path);
    free(order->user);
    free(order);
}

void faults_clear(struct faults *faults)
{
    while (faults->first) {
        struct order *order = faults->first;
        faults->first = order->next;
        order_free(order);
    }
}

void faults_free(struct faults **faults)
{
    if (!*faults)
        return;
    faults_clear(*faults);
    free(*faults);
    *faults = NULL;
}

size_t faults_count(const struct faults *faults)
{
    size_t count = 0;
    for (const struct order *order = faults->first; order; order = order->next)
        count++;
    return count;
}

static int64_t number(const struct json *json, const char *key, int64_t other)
{
    int64_t value;
    return json_int(json_get(json, key), &value) ? value : other;
}

bool faults_order(struct faults *faults, const struct json *json, struct error *err)
{
    const char *word = json_string(json, "fault");
    struct fault_effect effect = {0};
    for (size_t i = 0; i < ARRAY_LEN(fault_words); i++)
        if (str_same(word, fault_words[i].word))
            effect.kind = fault_words[i].kind;
    if (effect.kind == FAULT_NONE)
        return error_set(err, ERROR_INPUT, "no such fault: %s", word ? word : "(none given)");
    effect.code = (unsigned)number(json, "code", 500);
    if (effect.code < 400 || effect.code > 599)
        return error_set(err, ERROR_INPUT, "code must be 400 to 599");
    effect.retry_after_s = number(json, "retryAfter", 0);
    effect.delay_ms = number(json, "ms", 1000);
    effect.after = number(json, "after", 3000);
    const char *message = json_string(json, "message");
    snprintf(effect.message, sizeof effect.message, "%s", message ? message : "");

    struct order *order = xcalloc(1, sizeof *order);
    order->effect = effect;
    order->left = number(json, "count", 1);
    if (order->left <= 0)
        order->left = -1;
    const struct json *watch = json_get(json, "watch");
    order->watch = json_type(watch) == JSON_BOOL ? json_is_true(watch) : -1;
    order->method = xstrdup(json_string(json, "method"));
    order->path = xstrdup(json_string(json, "path"));
    order->user = xstrdup(json_string(json, "user"));
    struct order **end = &faults->first;
    while (*end)
        end = &(*end)->next;
    *end = order;
    return true;
}

struct fault_effect faults_meet(struct faults *faults, const char *method, const char *uri, bool watch,
                                const char *user)
{
    for (struct order **at = &faults->first; *at; at = &(*at)->next) {
        struct order *order = *at;
        if ((order->method && strcmp(order->method, method) != 0) || (order->path && !strstr(uri, order->path)) ||
            (order->user && !str_same(order->user, user)) || (order->watch >= 0 && order->watch != watch))
            continue;
        struct fault_effect effect = order->effect;
        if (order->left > 0 && --order->left == 0) {
            *at = order->next;
            order_free(order);
        }
        return effect;
    }
    return (struct fault_effect){0};
}
