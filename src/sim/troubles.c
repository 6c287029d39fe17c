#include <config.h>

#include "troubles.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

enum { TSO_SHIFT = 18, DAY_MS = 24 * 3600 * 1000 };

/* -- orders --------------------------------------------------------------------------- */

static void trouble_free(struct trouble *trouble)
{
    free(trouble->ns);
    free(trouble->name);
    free(trouble->command);
    free(trouble->message);
    free(trouble->container);
    free(trouble);
}

void troubles_done(struct troubles *troubles)
{
    while (troubles->first) {
        struct trouble *trouble = troubles->first;
        troubles->first = trouble->next;
        trouble_free(trouble);
    }
}

/* Those that nobody waits for any more go. */
static void sweep(struct troubles *troubles)
{
    for (struct trouble **at = &troubles->first; *at;) {
        struct trouble *trouble = *at;
        if (trouble->holds > 0 || (trouble->left != 0 && !trouble->withdrawn)) {
            at = &trouble->next;
            continue;
        }
        *at = trouble->next;
        trouble_free(trouble);
    }
}

static const struct trouble_info *find_info(const char *id)
{
    for (size_t i = 0; i < trouble_count; i++)
        if (str_same(trouble_table[i].id, id))
            return &trouble_table[i];
    return NULL;
}

static bool unknown_cause(const char *id, struct error *err)
{
    struct str known;
    str_init(&known, STR_SMALL);
    for (size_t i = 0; i < trouble_count; i++)
        str_addf(&known, "%s%s", i ? " " : "", trouble_table[i].id);
    error_set(err, ERROR_INPUT, "no such cause: %s; there are: %s", id ? id : "(none given)", known.data);
    str_done(&known);
    return false;
}

static bool is_covered(const char *wanted, const char *got) { return !wanted || str_same(wanted, got); }

static void withdraw(struct troubles *troubles, const struct trouble_info *info, const struct json *order)
{
    for (struct trouble *trouble = troubles->first; trouble; trouble = trouble->next)
        if ((!info || trouble->info == info) && is_covered(json_string(order, "namespace"), trouble->ns) &&
            is_covered(json_string(order, "name"), trouble->name) &&
            is_covered(json_string(order, "command"), trouble->command))
            trouble->withdrawn = true;
    sweep(troubles);
}

bool troubles_order(struct troubles *troubles, const struct json *order, struct error *err)
{
    const char *id = json_string(order, "cause");
    const struct trouble_info *info = find_info(id);
    bool withdraws = json_is_true(json_get(order, "withdraw"));
    if (!info && (id || !withdraws))
        return unknown_cause(id, err);
    if (withdraws) {
        withdraw(troubles, info, order);
        return true;
    }
    struct trouble *trouble = xcalloc(1, sizeof *trouble);
    trouble->info = info;
    trouble->ns = xstrdup(json_string(order, "namespace"));
    trouble->name = xstrdup(json_string(order, "name"));
    trouble->command = xstrdup(json_string(order, "command"));
    trouble->message = xstrdup(json_string(order, "message"));
    trouble->container = xstrdup(json_string(order, "container"));
    trouble->left = 1;
    json_int(json_get(order, "count"), &trouble->left);
    if (trouble->left <= 0 || info->kind == TROUBLE_SECRET) /* no Job comes that could be counted */
        trouble->left = -1;
    struct trouble **end = &troubles->first;
    while (*end)
        end = &(*end)->next;
    *end = trouble;
    return true;
}

void troubles_clear(struct troubles *troubles)
{
    for (struct trouble *trouble = troubles->first; trouble; trouble = trouble->next)
        trouble->withdrawn = true;
    sweep(troubles);
}

size_t troubles_count(const struct troubles *troubles)
{
    size_t count = 0;
    for (const struct trouble *trouble = troubles->first; trouble; trouble = trouble->next)
        count += !trouble->withdrawn;
    return count;
}

struct trouble *troubles_take(struct troubles *troubles, const char *ns, const char *job, const char *name,
                              const char *command)
{
    for (struct trouble *trouble = troubles->first; trouble; trouble = trouble->next) {
        if (trouble->withdrawn || trouble->left == 0 || trouble->info->kind == TROUBLE_SECRET ||
            !is_covered(trouble->ns, ns) ||
            !(is_covered(trouble->name, name) || is_covered(trouble->name, job)) ||
            !is_covered(trouble->command, command))
            continue;
        if (trouble->left > 0)
            trouble->left--;
        trouble->holds++;
        return trouble;
    }
    return NULL;
}

const struct trouble *troubles_of_secret(const struct troubles *troubles, const char *ns, const char *name,
                                         const char *command)
{
    for (const struct trouble *trouble = troubles->first; trouble; trouble = trouble->next)
        if (trouble_is(trouble, TROUBLE_SECRET) && is_covered(trouble->ns, ns) && is_covered(trouble->name, name) &&
            is_covered(trouble->command, command))
            return trouble;
    return NULL;
}

void trouble_release(struct troubles *troubles, struct trouble **trouble)
{
    if (!*trouble)
        return;
    (*trouble)->holds--;
    *trouble = NULL;
    sweep(troubles);
}

bool trouble_is(const struct trouble *trouble, enum trouble_kind kind)
{
    return trouble && !trouble->withdrawn && trouble->info->kind == kind;
}

/* -- words ---------------------------------------------------------------------------- */

static void add_word(struct str *out, char letter, const struct trouble_words *words)
{
    char when[CLOCK_TEXT_MAX];
    int64_t now = clock_wall_ms();
    const char *const named[] = {
        ['N'] = words->ns,     ['J'] = words->job,   ['P'] = words->pod,  ['A'] = words->account,
        ['S'] = words->secret, ['I'] = words->image, ['T'] = words->task, ['D'] = words->pd,
    };
    size_t at = (unsigned char)letter;
    if (letter == 'W')
        str_add(out, clock_format_rfc3339(now - DAY_MS, when));
    else if (letter == 'O' || letter == 'C')
        str_addf(out, "%" PRIu64, (uint64_t)(letter == 'O' ? now : now - DAY_MS) << TSO_SHIFT);
    else if (at < ARRAY_LEN(named) && named[at])
        str_add(out, named[at]);
}

char *trouble_text(const struct trouble *trouble, const struct trouble_words *words)
{
    struct str out;
    if (trouble->message)
        return xstrdup(trouble->message);
    str_init(&out, STR_SMALL);
    for (const char *c = trouble->info->text; *c; c++)
        if (*c == '@' && c[1] >= 'A' && c[1] <= 'Z')
            add_word(&out, *++c, words);
        else
            str_addc(&out, *c);
    return str_take(&out);
}
