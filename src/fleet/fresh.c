#include <config.h>

#include "fleet/fleet_private.h"

#include <inttypes.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

/* -- what is known -------------------------------------------------------------------------------- */

static bool is_denied_everywhere(const struct fleet *fleet, const struct source *s)
{
    return !s->ns && fleet->groups[s->group].narrow.state == NARROW_NOTHING;
}

/* All namespaces were refused, and which may be listed is not known yet. */
static bool is_narrowing(const struct fleet *fleet, const struct source *s)
{
    const struct narrow *narrow = &fleet->groups[s->group].narrow;
    return !s->ns && !fleet->namespaces && s->pub.state.http == 403 && !narrow->tried;
}

/* The server has asked for patience, and the list is asked for again when it said. */
static bool is_put_off(const struct source *s) { return s->pub.state.http == 429 && s->pub.state.error.code; }

/* Its list is there, or it will not come by waiting a little. */
static bool is_settled(const struct fleet *fleet, const struct source *s)
{
    const struct reflector_state *state = &s->pub.state;
    if (state->listed)
        return true;
    if (!state->error.code || is_narrowing(fleet, s) || is_put_off(s))
        return false;
    return fleet->once || state->phase == REFLECTOR_DENIED || state->phase == REFLECTOR_MISSING;
}

bool fresh_is_settled(const struct fleet *fleet)
{
    if (!fleet->looked)
        return fleet->look_error.code && fleet->once;
    for (unsigned g = 0; g < GROUPS; g++) /* a 5xx is no 404: there may be Backups */
        if (fleet->groups[g].presence == KUBE_UNKNOWN && fleet->groups[g].error.code != ERROR_DENIED)
            return false;
    for (size_t i = 0; i < fleet->source_count; i++)
        if (!is_settled(fleet, source_at(fleet, i)))
            return false;
    return clusters_settled(fleet);
}

bool fleet_is_settled(const struct fleet *fleet) { return fresh_is_settled(fleet); }

bool fleet_is_complete(const struct fleet *fleet)
{
    if (!fleet->looked || fleet->label_selector || fleet->name || fleet->cut || fleet->source_count == 0)
        return false;
    for (unsigned g = 0; g < GROUPS; g++)
        if (fleet->groups[g].presence == KUBE_UNKNOWN)
            return false;
    for (size_t i = 0; i < fleet->source_count; i++) {
        const struct fleet_source *s = fleet_source(fleet, i);
        if (!s->state.listed || (!s->live && s->state.phase != REFLECTOR_LISTED))
            return false;
    }
    return clusters_settled(fleet);
}

/* -- errors ----------------------------------------------------------------------------------------- */

static void tell_denied(struct fleet *fleet, const struct source *s)
{
    const struct narrow *n = &fleet->groups[s->group].narrow;
    const struct kube_resource *r = &fleet_resources[s->group];
    if (n->guessed)
        error_set(&fleet->error, ERROR_DENIED,
                  "no right to list %s.%s in all namespaces, nor in %s, nor to list namespaces; ask for get, list and "
                  "watch on them, or name a namespace by -n", r->plural, r->group, n->asked[0]);
    else
        error_set(&fleet->error, ERROR_DENIED,
                  "no right to list %s.%s, neither in all namespaces nor in any one of the %zu that are there; ask for "
                  "get, list and watch on them, or use another context", r->plural, r->group, n->asked_count);
}

static void tell_absent(struct fleet *fleet)
{
    error_set(&fleet->error, ERROR_MISSING,
              "this server has no Backups: neither backups.%s (TiDB Operator v2) nor backups.%s (v1) is installed "
              "there; install TiDB Operator's CRDs, or use another context", fleet_resources[GROUP_V2].group,
              fleet_resources[GROUP_V1].group);
}

/* The first source's, if none has anything to show. */
static void tell_sources(struct fleet *fleet)
{
    for (size_t i = 0; i < fleet->source_count; i++) {
        const struct source *s = source_at(fleet, i);
        if (s->pub.state.listed || !s->pub.state.error.code || is_narrowing(fleet, s) || is_put_off(s)) {
            fleet->error = (struct error){.code = ERROR_NONE};
            return;
        }
        if (fleet->error.code)
            continue;
        if (is_denied_everywhere(fleet, s))
            tell_denied(fleet, s);
        else
            fleet->error = s->pub.state.error;
    }
}

static void find_error(struct fleet *fleet)
{
    fleet->error = *kube_client_ended(fleet->client);
    if (fleet->error.code)
        return;
    if (!fleet->looked)
        fleet->error = fleet->look_error;
    else if (!look_has_any(fleet))
        tell_absent(fleet);
    else
        tell_sources(fleet);
}

const struct error *fleet_error(const struct fleet *fleet)
{
    struct fleet *mine = (struct fleet *)(uintptr_t)fleet; /* it is made when it is asked for */
    find_error(mine);
    return &fleet->error;
}

/* -- words -------------------------------------------------------------------------------------------- */

/* What a sentence about a failure comes down to, for a line that has little room. */
static const struct {
    const char *in, *out;
} short_words[] = {
    {"onnection refused", "connection refused"},
    {"link is dead", "no answer"},
    {"no answer in", "no answer"},
    {"no connection in", "no connection"},
    {"etwork is unreachable", "network unreachable"},
    {"o route to host", "no route to the server"},
    {"name is not known", "the server's name is not known"},
    {"certificate", "the server's certificate is not trusted"},
    {"without an answer", "connection closed"},
    {"onnection reset", "connection reset"},
    {"connection broke", "connection broken"},
    {"broke off", "the answer broke off"},
};

static void add_why(struct str *out, const struct error *error)
{
    for (size_t i = 0; i < ARRAY_LEN(short_words); i++)
        if (strstr(error->text, short_words[i].in)) {
            str_add(out, short_words[i].out);
            return;
        }
    const char *colon = strstr(error->text, ": "), *why = colon ? colon + 2 : error->text;
    colon = strstr(why, ": ");
    if (colon && !memchr(why, ' ', (size_t)(colon - why))) /* the server's address: the line tells it anyway */
        why = colon + 2;
    size_t len = strcspn(why, ";(");
    while (len > 0 && why[len - 1] == ' ')
        len--;
    str_addn(out, why, len < 60 ? len : 60);
}

/* "12 s", from two minutes on as spans are written. Returns how long it holds. */
static int64_t add_span(struct str *out, int64_t ms)
{
    char buf[CLOCK_TEXT_MAX];
    if (ms < 0)
        ms = 0;
    if (ms < 2 * 60 * 1000)
        str_addf(out, "%" PRId64 " s", ms / 1000);
    else
        str_add(out, clock_format_span(ms, buf));
    return clock_span_holds_ms(ms, true);
}

/* With a comma at each thousand. */
static void add_count(struct str *out, size_t number)
{
    if (number >= 1000)
        add_count(out, number / 1000);
    str_addf(out, number >= 1000 ? ",%03zu" : "%zu", number % 1000);
}

static int64_t sooner(int64_t a, int64_t b) { return a < b ? a : b; }

/* The states of a source, the worst last. */
enum grade {
    GRADE_LIVE, GRADE_LOADING, GRADE_CONNECTING, GRADE_SILENT, GRADE_RECONNECTING, GRADE_MISSING, GRADE_DENIED,
};

static enum grade grade_of(const struct fleet_source *s)
{
    switch (s->state.phase) {
    case REFLECTOR_CONNECTING: return GRADE_CONNECTING;
    case REFLECTOR_LISTING: return GRADE_LOADING;
    case REFLECTOR_WATCHING: return s->live ? GRADE_LIVE : GRADE_SILENT;
    case REFLECTOR_LISTED: return GRADE_LIVE;
    case REFLECTOR_DENIED: return GRADE_DENIED;
    case REFLECTOR_MISSING: return GRADE_MISSING;
    default: return GRADE_RECONNECTING;
    }
}

/* "reconnecting 12 s: connection refused, data 40 s old". */
static int64_t add_reconnecting(struct str *out, int64_t since_ms, int64_t fresh_ms, const struct error *error)
{
    int64_t now = clock_mono_ms();
    str_add(out, "reconnecting ");
    int64_t holds = add_span(out, now - since_ms);
    if (error->code) {
        str_add(out, ": ");
        add_why(out, error);
    }
    if (fresh_ms) {
        str_add(out, ", data ");
        holds = sooner(holds, add_span(out, now - fresh_ms));
        str_add(out, " old");
    }
    return holds;
}

static int64_t say_loading(const struct fleet *fleet, struct str *out, const struct source *worst)
{
    size_t seen = 0, total = 0;
    bool known = true;
    (void)worst;
    for (size_t i = 0; i < fleet->source_count; i++) {
        const struct reflector_state *state = &source_at(fleet, i)->pub.state;
        seen += state->phase == REFLECTOR_LISTING ? state->seen : state->total;
        total += state->total;
        known = known && state->total > 0;
    }
    str_add(out, "loading");
    if (seen > 0) {
        str_addc(out, ' ');
        add_count(out, seen);
    }
    if (known && total > seen) {
        str_add(out, " of ");
        add_count(out, total);
    }
    return INT64_MAX; /* each object that comes is told */
}

static int64_t say_live(const struct fleet *fleet, struct str *out, const struct source *worst)
{
    int64_t holds = INT64_MAX;
    (void)worst;
    str_add(out, fleet->once ? "listed" : "live");
    for (size_t i = 0; i < fleet->source_count; i++) {
        const struct reflector_state *state = &source_at(fleet, i)->pub.state;
        if (state->phase == REFLECTOR_WATCHING)
            holds = sooner(holds, 45000 - (clock_mono_ms() - state->fresh_ms) + 1);
    }
    return holds;
}

static int64_t say_connecting(const struct fleet *fleet, struct str *out, const struct source *worst)
{
    int64_t ms = clock_mono_ms() - worst->pub.state.since_ms;
    (void)fleet;
    str_add(out, "connecting");
    if (ms < 2000)
        return 2000 - ms;
    str_addc(out, ' ');
    return add_span(out, ms);
}

static int64_t say_silent(const struct fleet *fleet, struct str *out, const struct source *worst)
{
    (void)fleet;
    str_add(out, "silent for ");
    return add_span(out, clock_mono_ms() - worst->pub.state.fresh_ms);
}

static int64_t say_reconnecting(const struct fleet *fleet, struct str *out, const struct source *worst)
{
    const struct reflector_state *state = &worst->pub.state;
    (void)fleet;
    return add_reconnecting(out, state->since_ms, state->fresh_ms, &state->error);
}

static int64_t say_missing(const struct fleet *fleet, struct str *out, const struct source *worst)
{
    (void)fleet;
    str_addf(out, "backups.%s are not there any more", fleet_resources[worst->group].group);
    return INT64_MAX;
}

static int64_t say_denied(const struct fleet *fleet, struct str *out, const struct source *worst)
{
    const struct reflector_state *state = &worst->pub.state;
    if (state->http != 403) {
        str_add(out, "login refused: ");
        add_why(out, &state->error);
        return INT64_MAX;
    }
    str_addf(out, "no right to %s backups", str_starts(state->error.text, "watch") ? "watch" : "list");
    str_addf(out, " in %s", worst->ns ? worst->ns : "all namespaces");
    if (!worst->ns && fleet->groups[worst->group].narrow.state == NARROW_ASKING)
        str_add(out, ", asking for each");
    return INT64_MAX;
}

static const struct {
    enum role role;
    int64_t (*say)(const struct fleet *fleet, struct str *out, const struct source *worst);
} grades[] = {
    [GRADE_LIVE] = {ROLE_OK, say_live},
    [GRADE_LOADING] = {ROLE_BUSY, say_loading},
    [GRADE_CONNECTING] = {ROLE_BUSY, say_connecting},
    [GRADE_SILENT] = {ROLE_WARN, say_silent},
    [GRADE_RECONNECTING] = {ROLE_WARN, say_reconnecting},
    [GRADE_MISSING] = {ROLE_CRIT, say_missing},
    [GRADE_DENIED] = {ROLE_CRIT, say_denied},
};

/* Before any source is there. */
static int64_t say_looking(const struct fleet *fleet, struct str *out, enum role *role)
{
    *role = fleet->look_error.code ? ROLE_WARN : ROLE_BUSY;
    if (fleet->looked) {
        *role = ROLE_CRIT;
        str_add(out, "no Backups on this server");
    } else if (fleet->look_error.code == ERROR_DENIED) {
        *role = ROLE_CRIT;
        str_add(out, "login refused: ");
        add_why(out, &fleet->look_error);
    } else if (fleet->look_error.code) {
        return add_reconnecting(out, fleet->look_since_ms, 0, &fleet->look_error);
    } else {
        str_add(out, "connecting");
    }
    return INT64_MAX;
}

/* What else must be known of a list that looks whole. */
static void add_limits(const struct fleet *fleet, struct str *out, enum role *role)
{
    if (fleet->cut) {
        str_addf(out, ", at most %d namespaces are watched: name those to show", FLEET_WATCHES_MAX);
        *role = *role < ROLE_WARN ? ROLE_WARN : *role;
    }
    for (unsigned g = 0; g < GROUPS && fleet->looked; g++)
        if (fleet->groups[g].presence == KUBE_UNKNOWN) {
            str_addf(out, ", %s not known yet", fleet_resources[g].group);
            *role = *role < ROLE_WARN ? ROLE_WARN : *role;
        }
}

void fleet_freshness(const struct fleet *fleet, struct str *out, enum role *role, int64_t *holds_ms)
{
    const struct source *worst = NULL;
    enum grade grade = GRADE_LIVE;
    size_t alike = 0;
    if (kube_client_ended(fleet->client)->code) {
        str_add(out, "ended: the kubeconfig names another server or CA now; start brdeck again");
        *role = ROLE_CRIT;
        *holds_ms = INT64_MAX;
        return;
    }
    for (size_t i = 0; i < fleet->source_count; i++) {
        const struct source *s = source_at(fleet, i);
        enum grade g = grade_of(&s->pub);
        alike = g == grade ? alike + 1 : g > grade ? 1 : alike;
        if (!worst || g > grade)
            worst = s;
        grade = g > grade ? g : grade;
    }
    if (!worst) {
        *holds_ms = say_looking(fleet, out, role);
        return;
    }
    if (grade == GRADE_LIVE && !fleet->looked)
        grade = GRADE_LOADING; /* there may be another group's */
    *role = grades[grade].role;
    *holds_ms = grades[grade].say(fleet, out, worst);
    if (alike < fleet->source_count)
        str_addf(out, " (%zu of %zu sources)", alike, fleet->source_count);
    add_limits(fleet, out, role);
}

/* -- why there is nothing --------------------------------------------------------------------------- */

void fleet_empty(const struct fleet *fleet, struct str *out)
{
    const struct error *error = fleet_error(fleet);
    size_t others;
    enum role role;
    int64_t holds;
    if (error->code) {
        str_add(out, error->text);
        return;
    }
    if (!fresh_is_settled(fleet)) {
        str_add(out, "Nothing is here yet: ");
        fleet_freshness(fleet, out, &role, &holds);
        return;
    }
    str_add(out, fleet->name ? "No Backup of that name" : "No Backups");
    if (fleet->label_selector)
        str_addf(out, " with labels %s", fleet->label_selector);
    str_add(out, " in ");
    fleet_scope(fleet, out);
    if (fleet->namespaces && names_others(fleet, &others) && others > 0) {
        str_add(out, " (");
        add_count(out, others);
        str_add(out, " in others).\nShow all namespaces, or another one, to see them.");
    } else if (fleet->name || fleet->label_selector) {
        str_addc(out, '.');
    } else {
        str_add(out, ".\nThe first one is made by starting a log backup, or by `brdeck create -f FILE`.");
    }
}
