#include <config.h>

#include <brdeck/backup/cause.h>

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

#include <brdeck/backup/command.h>
#include "cause_private.h"

/* Whether @piece (@len bytes) stands at @text, whatever the case. */
static bool begins(const char *text, const char *piece, size_t len) { return strncasecmp(text, piece, len) == 0; }

/* Whether @pattern is found in @text; what its * stands for is on the same line. */
static bool contains(const char *text, const char *pattern)
{
    size_t len = strcspn(pattern, "*");
    for (; *text; text++) {
        if (!begins(text, pattern, len))
            continue;
        const char *rest = text + len, *left = pattern + len;
        bool found = true;
        while (found && *left == '*') {
            size_t n = strcspn(++left, "*");
            while (*rest && *rest != '\n' && !begins(rest, left, n))
                rest++;
            found = *rest && *rest != '\n';
            rest += found ? n : 0;
            left += n;
        }
        if (found)
            return true;
    }
    return false;
}

/* Which pairs of letters stand in a text, whatever the case: most patterns are ruled out by them without a search. */
struct pairs {
    uint64_t bits[16];
};

static unsigned pair_at(const char *text) { return ((unsigned)text[0] & 31) << 5 | ((unsigned)text[1] & 31); }

static void pairs_of(const char *text, struct pairs *pairs)
{
    memset(pairs, 0, sizeof *pairs);
    for (; text && text[0] && text[1]; text++)
        pairs->bits[pair_at(text) >> 6] |= UINT64_C(1) << (pair_at(text) & 63);
}

static bool may_contain(const struct pairs *pairs, const char *pattern)
{
    for (; pattern[0] && pattern[0] != '*' && pattern[1] && pattern[1] != '*'; pattern++)
        if (!(pairs->bits[pair_at(pattern) >> 6] >> (pair_at(pattern) & 63) & 1))
            return false;
    return true;
}

struct place {
    unsigned where; /* enum cause_place */
    const char *name, *text;
    struct pairs pairs; /* of text */
};
enum { PLACES_MAX = 8 };

static bool is_at(const struct cause_sign *sign, const struct place *place)
{
    return (sign->places & place->where) && (!sign->name || str_same(sign->name, place->name)) &&
           (!sign->text ||
            (place->text && may_contain(&place->pairs, sign->text) && contains(place->text, sign->text)));
}

static const struct cause *find_in(const struct place *places, size_t count)
{
    for (size_t i = 0; i < cause_sign_count; i++)
        for (size_t k = 0; k < count; k++)
            if (is_at(&cause_signs[i], &places[k]))
                return &cause_table[cause_signs[i].cause];
    return NULL;
}

/* Killed by a signal: what a container ends with when the kernel's or somebody's SIGKILL hits it. */
static bool is_killed(const struct backup_facts *facts)
{
    return facts->pod.present && facts->pod.ended[0] && facts->pod.exit_code == 137;
}

/* Events of coming up tell nothing any more once the container has run. */
static bool event_counts(const struct backup_facts *facts)
{
    return facts->event.at_ms != 0 &&
           (!facts->pod.present || !facts->pod.phase[0] || strcmp(facts->pod.phase, "Pending") == 0);
}

static void add_place(struct place *place, unsigned where, const char *name, const char *text)
{
    place->where = where;
    place->name = name;
    place->text = text;
    pairs_of(text, &place->pairs);
}

static size_t add_facts(const struct backup_facts *facts, struct place places[PLACES_MAX])
{
    size_t n = 0;
    if (facts->log_error[0])
        add_place(&places[n++], IN_LOG, NULL, facts->log_error);
    if (facts->pod.present && facts->pod.waiting[0])
        add_place(&places[n++], IN_WAITING, facts->pod.waiting, facts->pod.message);
    if (facts->pod.present && facts->pod.ended[0])
        add_place(&places[n++], IN_END, facts->pod.ended, facts->pod.message);
    if (facts->job.present && facts->job.reason[0])
        add_place(&places[n++], IN_JOB, facts->job.reason, "");
    if (event_counts(facts))
        add_place(&places[n++], IN_EVENT, facts->event.reason, facts->event.message);
    return n;
}

const struct cause *cause_find(const struct cause_signs *signs)
{
    struct place places[PLACES_MAX];
    const struct backup_facts *facts = signs->facts;
    size_t n = facts ? add_facts(facts, places) : 0;
    if (signs->reason || signs->message)
        add_place(&places[n++], IN_CONDITION, signs->reason, signs->message);
    if (signs->log)
        add_place(&places[n++], IN_LOG, NULL, signs->log);
    const struct cause *cause = find_in(places, n);
    if (cause || !facts)
        return cause;
    if (is_killed(facts))
        return &cause_table[CAUSE_KILLED];
    return cause_of_cluster(facts);
}

const struct cause *cause_of_cluster(const struct backup_facts *facts)
{
    if (!facts || facts->cluster.read_ms == 0)
        return NULL;
    if (facts->cluster.missing)
        return &cause_table[CAUSE_CLUSTER_MISSING];
    if (facts->cluster.suspended)
        return &cause_table[CAUSE_CLUSTER_SUSPENDED];
    return facts->cluster.paused ? &cause_table[CAUSE_CLUSTER_PAUSED] : NULL;
}

const struct cause *cause_by_id(const char *id)
{
    for (size_t i = 0; i < cause_count; i++)
        if (str_same(cause_table[i].id, id))
            return &cause_table[i];
    return NULL;
}

static bool tells_failure(enum phase phase)
{
    return phase == PHASE_FAILED || phase == PHASE_RETRY_FAILED || phase == PHASE_INVALID ||
           phase == PHASE_CLEAN_FAILED;
}

/* The Job that does what the object is at: of several brdeck knows the newest only. */
static bool is_job_of(const struct backup_record *r, const char *job)
{
    char name[128];
    if (r->deleting_ms != 0)
        return strncmp(job, "stop-", 5) == 0 || strncmp(job, "clean-", 6) == 0;
    if (r->mode != BACKUP_LOG)
        return true;
    command_job_name(r->name, command_effective(r), name, sizeof name);
    return strcmp(job, name) == 0;
}

bool cause_facts_count(const struct backup_record *r, const struct backup_facts *facts)
{
    const struct backup_sub *sub = record_sub(r, command_effective(r));
    if (!facts->job.present)
        return true;
    if (!is_job_of(r, facts->job.name))
        return false;
    if (r->deleting_ms != 0)
        return true;
    int64_t since = phase_is_active(sub->phase) ? sub->changed_ms : phase_is_active(r->phase) ? r->changed_ms : 0;
    return since == 0 || facts->job.ended_ms == 0 || facts->job.ended_ms + 1000 >= since;
}

/* Nothing is under way, and nothing has failed. */
static bool is_settled(const struct backup_record *r)
{
    if (r->mode != BACKUP_LOG)
        return r->phase == PHASE_COMPLETE;
    return !phase_is_active(record_sub(r, command_effective(r))->phase) &&
           (r->phase == PHASE_PAUSED || r->phase == PHASE_STOPPED || (r->phase == PHASE_RUNNING && r->has_commit_ts));
}

/* The condition that tells of a failure, and whether there was a Job at all. */
static bool read_condition(const struct backup_record *r, struct cause_signs *signs)
{
    const struct backup_sub *sub = record_sub(r, command_effective(r));
    bool whole = tells_failure(r->phase), part = !whole && tells_failure(sub->phase);
    if (whole || part) {
        signs->reason = whole ? r->reason : sub->reason;
        signs->message = whole ? r->message : sub->message;
    }
    return (whole ? r->phase : sub->phase) != PHASE_RETRY_FAILED || r->retries > 0;
}

const struct cause *cause_of_record(const struct backup_record *r, const struct backup_facts *facts)
{
    struct cause_signs signs = {0};
    bool had_job = true;
    if (r->deleting_ms == 0) {
        const struct cause *cluster = cause_of_cluster(facts);
        if (r->phase == PHASE_NONE)
            return cluster ? cluster : &cause_table[CAUSE_NOT_PICKED_UP];
        had_job = read_condition(r, &signs);
        if (!signs.reason && !signs.message && is_settled(r))
            return NULL;
    } else if (r->phase == PHASE_CLEAN_FAILED) {
        signs.reason = r->reason;
        signs.message = r->message;
    }
    if (facts && had_job && cause_facts_count(r, facts))
        signs.facts = facts;
    return cause_find(&signs);
}

bool cause_is_gc(const char *reason, const char *message)
{
    return cause_find(&(struct cause_signs){.reason = reason, .message = message}) == &cause_table[CAUSE_GC];
}

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

/* What stands in quotes in a line of br's log, from behind the first one, without its escapes. Returns its length. */
static size_t unquote(const char *text, char *plain, size_t size)
{
    size_t len = 0;
    for (; *text && *text != '"' && len + 1 < size; text++) {
        bool escaped = *text == '\\' && text[1];
        text += escaped;
        plain[len++] = escaped && strchr("ntr", *text) ? ' ' : *text;
    }
    plain[len] = '\0';
    return len;
}

char *cause_text(const char *reason, const char *message, char *buf, size_t size)
{
    static const char opening[] = "[error=";
    const char *text = !str_empty(message) ? message : !str_empty(reason) ? reason : "no reason is told";
    const char *own = strstr(text, opening), *end;
    char plain[1024];
    if (own && own[strlen(opening)] == '"') {
        copy_line(plain, unquote(own + strlen(opening) + 1, plain, sizeof plain), buf, size);
        return buf;
    }
    if (own)
        text = own + strlen(opening);
    end = own ? strchr(text, ']') : NULL;
    copy_line(text, end ? (size_t)(end - text) : strlen(text), buf, size);
    return buf;
}
