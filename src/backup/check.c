#include <config.h>

#include <brdeck/backup/check.h>

#include <stdio.h>
#include <string.h>

#include <brdeck/base/secret.h>

#include "state_private.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)

const struct check_limits check_defaults = {
    .lag_warn_ms = LAG_WARN_MS, .lag_crit_ms = LAG_CRIT_MS, .pause_warn_ms = 2 * HOUR_MS, .pause_crit_ms = 12 * HOUR_MS,
    .age_warn_ms = 26 * HOUR_MS, .age_crit_ms = 50 * HOUR_MS,
};

static void fill(struct finding *finding, const struct found *found)
{
    *finding = (struct finding){
        .id = found->id, .cause = found->cause, .severity = found->severity, .mark = found->mark, .role = found->role,
        .needs_you = found->needs_you,
    };
    memcpy(finding->word, found->word, sizeof finding->word);
    memcpy(finding->sentence, found->sentence, sizeof finding->sentence);
    memcpy(finding->evidence, found->evidence, sizeof finding->evidence);
    memcpy(finding->action, found->action, sizeof finding->action);
    secret_blot_buffer(finding->sentence, sizeof finding->sentence); /* what br and servers say is quoted */
    secret_blot_buffer(finding->evidence, sizeof finding->evidence);
}

/* The gravest first; those of one severity as they were found. */
static size_t insert(struct finding findings[FINDINGS_MAX], size_t count, const struct found *found)
{
    size_t at = count;
    while (at > 0 && findings[at - 1].severity < found->severity)
        at--;
    if (at == FINDINGS_MAX)
        return count;
    size_t moved = (count < FINDINGS_MAX ? count : FINDINGS_MAX - 1) - at;
    memmove(&findings[at + 1], &findings[at], moved * sizeof *findings);
    fill(&findings[at], found);
    return count < FINDINGS_MAX ? count + 1 : count;
}

size_t check_record(const struct backup_record *record, const struct backup_facts *facts,
                    const struct check_limits *limits, int64_t now_ms, struct finding findings[FINDINGS_MAX])
{
    struct found found;
    struct look look;
    size_t count = 0;
    look_init(&look, record, facts, now_ms, true);
    look.limits = limits ? limits : &check_defaults;
    look.found = &found;
    for (size_t i = 0; i < finder_count; i++) {
        if ((count && i + 1 == finder_count) || !look_find(&look, i))
            continue;
        count = insert(findings, count, &found);
        if (finders[i].alone)
            break;
    }
    return count;
}
