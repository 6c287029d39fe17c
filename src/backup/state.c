#include <config.h>

#include <brdeck/backup/state.h>

#include <stdio.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/str.h>

#include "state_private.h"

const char *state_mark_text(enum state_mark mark, bool ascii)
{
    static const struct {
        const char *utf8, *ascii;
    } marks[MARK_COUNT] = {
        [MARK_NONE] = {" ", " "},     [MARK_RUNNING] = {"●", "*"}, [MARK_TROUBLE] = {"▲", "!"},
        [MARK_PAUSED] = {"‖", "="},   [MARK_UNKNOWN] = {"?", "?"}, [MARK_COMPLETE] = {"✔", "+"},
        [MARK_BUSY] = {"◐", "o"},     [MARK_FAILED] = {"✖", "x"},  [MARK_STOPPED] = {"■", "#"},
        [MARK_DELETING] = {"✂", "-"},
    };
    if (mark >= MARK_COUNT)
        mark = MARK_NONE;
    return ascii ? marks[mark].ascii : marks[mark].utf8;
}

const char *state_mark_help(enum state_mark mark)
{
    static const char *const words[MARK_COUNT] = {
        [MARK_RUNNING] = "runs", [MARK_TROUBLE] = "runs, with something wrong", [MARK_PAUSED] = "paused",
        [MARK_UNKNOWN] = "not picked up, or not known", [MARK_COMPLETE] = "complete", [MARK_BUSY] = "in progress",
        [MARK_FAILED] = "failed", [MARK_STOPPED] = "stopped, for good", [MARK_DELETING] = "being deleted",
    };
    return mark < MARK_COUNT && words[mark] ? words[mark] : "";
}

/* Of one severity the first counts. The last takes what nothing else has found. */
#define ACTIVE (IN(SCHEDULED) | IN(PREPARE))
#define SETTLED (IN(RUNNING) | IN(PAUSED) | IN(STOPPED))
const struct finder finders[] = {
    {FOR_ALL, 0, true, find_deleting},
    {FOR_ALL, IN(NONE), true, find_not_picked_up},
    {FOR_ALL, IN(INVALID), true, find_invalid},
    {FOR_ALL, IN(FAILED), false, find_failed},
    {FOR_ALL, IN(RETRY_FAILED) | IN(RESTART), false, find_retrying},
    {FOR_ALL, IN(CLEAN) | IN(CLEAN_FAILED), true, find_clean},
    {FOR_ALL, ACTIVE, false, find_scheduled},
    {FOR_LOG, IN(RUNNING) | IN(PAUSED), false, find_pd_no_task},
    {FOR_LOG, IN(RUNNING) | IN(PAUSED), false, find_pd_gc_passed},
    {FOR_LOG, IN(RUNNING) | IN(PAUSED), false, find_pd_store_error},
    {FOR_LOG, IN(RUNNING) | IN(PAUSED), false, find_pd_error_pause},
    {FOR_LOG, IN(RUNNING), false, find_pd_paused},
    {FOR_LOG, IN(RUNNING), false, find_log_starting},
    {FOR_LOG, SETTLED, false, find_log_working},
    {FOR_LOG, SETTLED, false, find_log_failed_command},
    {FOR_LOG, SETTLED, false, find_log_retrying_command},
    {FOR_LOG, SETTLED, false, find_log_rejected},
    {FOR_LOG, SETTLED, false, find_log_asked},
    {FOR_ALL, ACTIVE | IN(RUNNING) | IN(PAUSED) | IN(RETRY_FAILED) | IN(RESTART), false, find_cluster},
    {FOR_LOG, IN(RUNNING), false, find_log_lag},
    {FOR_LOG, IN(RUNNING), false, find_checkpoint_ahead},
    {FOR_LOG, IN(RUNNING), false, find_pd_operator_stale},
    {FOR_LOG, IN(RUNNING), false, find_log_no_checkpoint},
    {FOR_LOG, IN(PAUSED), false, find_pd_running},
    {FOR_LOG, IN(STOPPED) | IN(FAILED), false, find_pd_left},
    {FOR_LOG, IN(RUNNING), false, find_log_running},
    {FOR_LOG, IN(PAUSED), false, find_log_paused},
    {FOR_LOG, IN(STOPPED), false, find_log_stopped},
    {FOR_LOG, IN(RUNNING) | IN(PAUSED), false, find_pd_not_asked},
    {FOR_SNAPSHOT, IN(RUNNING), false, find_snapshot_job_failed},
    {FOR_SNAPSHOT, IN(RUNNING), false, find_snapshot_running},
    {FOR_SNAPSHOT, IN(COMPLETE), false, find_snapshot_complete},
    {FOR_ALL, 0, true, find_other},
};
const size_t finder_count = ARRAY_LEN(finders);

bool look_find(struct look *look, size_t i)
{
    const struct backup_record *r = look->record;
    const struct finder *f = &finders[i];
    struct found *found = look->found;
    unsigned mode = r->mode == BACKUP_LOG ? FOR_LOG : FOR_SNAPSHOT;
    if (!(f->modes & mode) || (f->phases && !(f->phases & 1u << r->phase)))
        return false;
    found->until_ms = INT64_MAX;
    found->cause = NULL;
    found->word[0] = found->sentence[0] = found->evidence[0] = found->action[0] = '\0';
    return f->finds(look);
}

/* The gravest; among equals the first. Until when: of the words of that one, and until any finding comes or goes. */
static const struct found *gravest(struct look *look, struct found slots[2])
{
    const struct found *best = NULL;
    size_t slot = 0;
    for (size_t i = 0; i < finder_count; i++) {
        look->found = &slots[slot];
        if ((best && i + 1 == finder_count) || !look_find(look, i))
            continue;
        if (!best || look->found->severity > best->severity) {
            best = look->found;
            slot = 1 - slot;
        }
        if (finders[i].alone || best->severity == SEVERITY_CRIT)
            break;
    }
    return best;
}

void state_of(const struct backup_record *record, const struct backup_facts *facts, int64_t now_ms, bool sentence,
              struct backup_state *state)
{
    struct found slots[2];
    struct look look;
    look_init(&look, record, facts, now_ms, sentence);
    const struct found *found = gravest(&look, slots);
    state->id = found->id;
    state->mark = found->mark;
    state->severity = found->severity;
    state->role = found->role;
    state->needs_you = found->needs_you;
    state->until_ms = found->until_ms < look.until_ms ? found->until_ms : look.until_ms;
    memcpy(state->word, found->word, sizeof state->word);
    state->sentence[0] = '\0';
    if (sentence)
        snprintf(state->sentence, sizeof state->sentence, "%s%s%s", found->sentence,
                 found->sentence[0] && found->action[0] ? " " : "", found->action);
}

/* -- what is told of a log backup's time ------------------------------------------------------ */

tso_t state_checkpoint(const struct backup_record *record, const struct backup_facts *facts, bool *from_pd)
{
    struct look look;
    look_init(&look, record, facts, 0, false);
    tso_t checkpoint = look_checkpoint(&look);
    if (from_pd)
        *from_pd = checkpoint > record->checkpoint;
    return checkpoint;
}

bool state_lag(const struct backup_record *record, const struct backup_facts *facts, int64_t now_ms, int64_t *lag_ms,
               bool *from_pd)
{
    if (record->mode != BACKUP_LOG || record->phase == PHASE_STOPPED || record->phase == PHASE_FAILED)
        return false;
    bool pd;
    tso_t checkpoint = state_checkpoint(record, facts, &pd);
    if (checkpoint == 0)
        return false;
    *lag_ms = now_ms - tso_to_ms(checkpoint);
    if (from_pd)
        *from_pd = pd;
    return true;
}

/* When PD lets go of what @facts' pause holds; 0: it did not tell, or not after that pause. */
static int64_t expires_in_pd_ms(const struct backup_record *record, const struct backup_facts *facts)
{
    if (!facts || facts->pd.read_ms == 0 || facts->pd.read_ms < record->changed_ms || !facts->pd.paused)
        return 0;
    bool after = facts->pd.gc_read_ms >= record->changed_ms && facts->pd.gc_read_ms >= facts->pd.paused_at_ms;
    return facts->pd.gc_read_ms != 0 && after ? facts->pd.pause_expires_ms : 0;
}

int64_t look_hold_ms(const struct look *look) { return expires_in_pd_ms(look->record, look->facts); }

static int64_t paused_since_ms(const struct backup_record *record, const struct backup_facts *facts)
{
    if (facts && facts->pd.read_ms != 0 && facts->pd.read_ms >= record->changed_ms && facts->pd.paused &&
        facts->pd.paused_at_ms)
        return facts->pd.paused_at_ms;
    return record_sub(record, LOG_COMMAND_PAUSE)->started_ms;
}

int64_t look_paused_since_ms(const struct look *look) { return paused_since_ms(look->record, look->facts); }

static bool is_paused(const struct backup_record *record)
{
    return record->mode == BACKUP_LOG && record->phase == PHASE_PAUSED;
}

bool state_pause_deadline_is_exact(const struct backup_record *record, const struct backup_facts *facts)
{
    return is_paused(record) && expires_in_pd_ms(record, facts) != 0;
}

int64_t state_pause_deadline_ms(const struct backup_record *record, const struct backup_facts *facts)
{
    if (!is_paused(record))
        return 0;
    int64_t expires = expires_in_pd_ms(record, facts), since = paused_since_ms(record, facts);
    if (expires)
        return expires;
    return since ? since + (record->gc_ttl_ms ? record->gc_ttl_ms : PAUSE_GC_TTL_MS) : 0;
}

bool state_gc_passed(const struct backup_record *record, const struct backup_facts *facts, int64_t now_ms)
{
    struct look look;
    look_init(&look, record, facts, now_ms, false);
    return look_gc_passed(&look);
}
