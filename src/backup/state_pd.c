/* state_pd.c - what PD tells of a log task and the object does not: v2's operator never looks whether the task really
 * runs. */
#include <config.h>

#include "cause_private.h"
#include "state_private.h"

#include <stdio.h>
#include <string.h>

#include <brdeck/backup/command.h>
#include <brdeck/base/str.h>

enum { ERROR_WORDS = 24 };

static void show_pause(struct look *look)
{
    const struct backup_facts *facts = look->facts;
    char at[TSO_TEXT_MAX], pid[24] = "";
    if (facts->pd.paused_pid)
        snprintf(pid, sizeof pid, ", process %d", facts->pd.paused_pid);
    look_show(look, "PD: pause/%.63s", look->record->name);
    if (facts->pd.paused_at_ms)
        look_show(look, " of %s", look_time(look, facts->pd.paused_at_ms, at));
    if (facts->pd.paused_by[0])
        look_show(look, " by %s%s", facts->pd.paused_by, pid);
    look_show(look, ", read at %s", look_time(look, facts->pd.read_ms, at));
}

/* " since 02:11 by host-7", as far as it is known. */
static void word_of_pause(struct look *look, const char *what)
{
    const struct backup_facts *facts = look->facts;
    const char *phase = phase_name(look->record->phase);
    char at[TSO_TEXT_MAX] = "";
    if (facts->pd.paused_at_ms)
        look_clock(look, facts->pd.paused_at_ms, at);
    look_word(look, "%s, %s%s%s%s%.20s", phase, what, *at ? " since " : "", at, facts->pd.paused_by[0] ? " by " : "",
              facts->pd.paused_by);
}

static void say_why(struct look *look)
{
    if (look->facts->pd.paused_why[0])
        look_say(look, " (%.120s)", look->facts->pd.paused_why);
}

/* Until when a task that is paused in PD can be resumed. */
static void say_until(struct look *look)
{
    int64_t hold = look_hold_ms(look), since = look->facts->pd.paused_at_ms;
    look_say_until(look, hold ? hold : since ? since + look_gc_ttl_ms(look) : 0);
}

static bool do_resume(struct look *look, const char *first)
{
    return look_do(look, "%s: brdeck br resume %.63s -n %.63s.", first, look->record->name, look->record->ns);
}

/* What is to be done about @error, then the resume. */
static bool do_mend(struct look *look, const char *error, bool paused)
{
    const struct cause *cause = look_cause_of(look, error);
    look_do(look, "%s", cause ? cause->action : "See TiKV's log, and its way to the storage.");
    return paused ? do_resume(look, " Then resume it") : true;
}

bool find_pd_no_task(struct look *look)
{
    const struct backup_record *r = look->record;
    char at[TSO_TEXT_MAX];
    if (!look->facts->pd.task_missing || !r->has_commit_ts || !look_pd_counts(look) ||
        (look_in_flight(look) && command_effective(r) == LOG_COMMAND_STOP))
        return false;
    look_found(look, "no-task-in-pd", MARK_TROUBLE, SEVERITY_CRIT);
    look_word(look, "%s, no task in PD", phase_name(r->phase));
    look_say(look, "The object says %s, but PD knows no such log task: nothing is backed up.", phase_name(r->phase));
    look_show(look, "PD: no info/%.63s, read at %s", r->name, look_time(look, look->facts->pd.read_ms, at));
    return look_do(look, "Stop it, then s makes a new log backup; it needs a new full backup.");
}

/* LogBackupGCSafePointExceedsCheckpoint: the chain is broken, whatever else is told. */
bool find_pd_gc_passed(struct look *look)
{
    const struct backup_record *r = look->record;
    const struct backup_facts *facts = look->facts;
    char gc[TSO_TEXT_MAX], checkpoint[TSO_TEXT_MAX], at[TSO_TEXT_MAX];
    if ((look_in_flight(look) && command_effective(r) == LOG_COMMAND_STOP) || !look_gc_passed(look))
        return false;
    look_found(look, "gc-passed-checkpoint", MARK_TROUBLE, SEVERITY_CRIT);
    look->found->cause = cause_table[CAUSE_GC].id;
    look_word(look, "%s, %s", phase_name(r->phase), cause_table[CAUSE_GC].word);
    look_say(look, "The cluster's GC safepoint has passed the log's checkpoint: changes after the checkpoint may be "
             "gone before they were backed up");
    look_say(look, facts->pd.paused ? ", and br refuses to resume it." : ".");
    look_show(look, "PD: GC safepoint %s, checkpoint %s, read at %s",
              look_time(look, tso_to_ms(facts->pd.gc_safepoint), gc),
              look_time(look, tso_to_ms(look_checkpoint(look)), checkpoint),
              look_time(look, facts->pd.gc_read_ms, at));
    return look_do(look, "Stop it, take a full backup and start a new log backup with s.");
}

/* An error stays in PD until the task is resumed; one that the checkpoint has passed is over. */
static bool has_store_error(struct look *look)
{
    const struct backup_facts *facts = look->facts;
    if (!facts->pd.error[0] || facts->pd.task_missing || !look_pd_counts(look))
        return false;
    return facts->pd.paused || facts->pd.error_at_ms == 0 || !pd_checkpoint_is_sane(facts) ||
           tso_to_ms(facts->pd.checkpoint) <= facts->pd.error_at_ms;
}

/* The first words of an error; the list has no room for more. */
static const char *first_words(const char *error, char buf[ERROR_WORDS + 4])
{
    size_t len = strlen(error);
    if (len <= ERROR_WORDS) {
        memcpy(buf, error, len + 1);
        return buf;
    }
    for (len = ERROR_WORDS; len > ERROR_WORDS / 2 && error[len] != ' ';)
        len--;
    if (error[len] != ' ') /* one long word: at a whole character */
        for (len = ERROR_WORDS; len > 0 && ((unsigned char)error[len] & 0xC0) == 0x80;)
            len--;
    while (len > 0 && strchr(" :,", error[len - 1]))
        len--;
    memcpy(buf, error, len);
    memcpy(buf + len, "...", 4);
    return buf;
}

bool find_pd_store_error(struct look *look)
{
    const struct backup_facts *facts = look->facts;
    char at[TSO_TEXT_MAX], words[ERROR_WORDS + 4];
    if (!has_store_error(look))
        return false;
    look_found(look, "store-error", MARK_TROUBLE, SEVERITY_CRIT);
    look_word(look, "%s, error on store %d: %s", phase_name(look->record->phase), facts->pd.error_store,
              first_words(facts->pd.error, words));
    look_say(look, "TiKV store %d reports: %s.", facts->pd.error_store, facts->pd.error);
    if (facts->pd.error_count > 1)
        look_say(look, facts->pd.error_count > 2 ? " %d more stores report errors." : " %d more store reports an error.",
                 facts->pd.error_count - 1);
    if (facts->pd.paused)
        say_until(look);
    look_show(look, "PD: last-error/%.63s/%d", look->record->name, facts->pd.error_store);
    if (facts->pd.error_at_ms)
        look_show(look, " of %s", look_time(look, facts->pd.error_at_ms, at));
    return do_mend(look, facts->pd.error, facts->pd.paused);
}

bool find_pd_error_pause(struct look *look)
{
    if (!look->facts->pd.paused || !look->facts->pd.paused_by_error || !look_pd_counts(look))
        return false;
    look_found(look, "paused-by-error", MARK_TROUBLE, SEVERITY_CRIT);
    word_of_pause(look, "paused by an error");
    look_say(look, "An error has paused the log task in PD");
    say_why(look);
    look_say(look, ": nothing is backed up.");
    say_until(look);
    show_pause(look);
    return do_mend(look, look->facts->pd.paused_why, true);
}

bool find_pd_paused(struct look *look)
{
    const struct backup_facts *facts = look->facts;
    if (!facts->pd.paused || facts->pd.paused_by_error || look_in_flight(look) || !look_pd_counts(look))
        return false;
    look_found(look, "paused-in-pd", MARK_TROUBLE, SEVERITY_CRIT);
    word_of_pause(look, "paused in PD");
    look_say(look, "The object says Running, but the log task is paused in PD%s%.63s",
             facts->pd.paused_by[0] ? " by " : "", facts->pd.paused_by);
    say_why(look);
    look_say(look, ": nothing is backed up.");
    say_until(look);
    show_pause(look);
    return do_resume(look, "The operator does not see it. Resume it");
}

bool find_pd_running(struct look *look)
{
    const struct backup_facts *facts = look->facts;
    char at[TSO_TEXT_MAX], read_at[TSO_TEXT_MAX];
    if (facts->pd.paused || facts->pd.task_missing || look_in_flight(look) || !look_pd_counts(look))
        return false;
    look_found(look, "running-in-pd", MARK_TROUBLE, SEVERITY_WARN);
    look_word(look, "Paused, running in PD");
    look_say(look, "The object says Paused, but the log task runs in PD: somebody has resumed it, and the operator "
             "does not see it.");
    look_show(look, "PD: no pause/%.63s, checkpoint %s, read at %s", look->record->name,
              facts->pd.checkpoint ? look_time(look, tso_to_ms(facts->pd.checkpoint), at) : "none yet",
              look_time(look, facts->pd.read_ms, read_at));
    return look_do(look, "Pause it again with brdeck br pause %.63s -n %.63s, then r resumes both.", look->record->name,
                   look->record->ns);
}

/* A log Backup that failed, or whose stop did, may leave its task behind. */
bool find_pd_left(struct look *look)
{
    const struct backup_facts *facts = look->facts;
    char at[TSO_TEXT_MAX];
    if (facts->pd.task_missing || (facts->pd.start_ts == 0 && facts->pd.checkpoint == 0) || look_in_flight(look) ||
        !look_pd_counts(look))
        return false;
    look_found(look, "left-in-pd", MARK_TROUBLE, SEVERITY_WARN);
    look_word(look, "%s, still in PD", phase_name(look->record->phase));
    look_say(look, "The object says %s, but PD still has its log task%s: no other can be started, and GC may wait "
             "for it.", phase_name(look->record->phase), facts->pd.paused ? ", paused" : "");
    look_show(look, "PD: info/%.63s, read at %s", look->record->name, look_time(look, facts->pd.read_ms, at));
    return look_do(look, "Stop it: brdeck br stop %.63s -n %.63s.", look->record->name, look->record->ns);
}

/* A checkpoint of a time that has not come, PD's or the object's: no lag can be told by it. */
bool find_checkpoint_ahead(struct look *look)
{
    const struct backup_record *r = look->record;
    const struct backup_facts *facts = look->facts;
    bool in_pd = facts->pd.checkpoint != 0 && !pd_checkpoint_is_sane(facts) && look_pd_counts(look);
    int64_t at_ms = tso_to_ms(in_pd ? facts->pd.checkpoint : r->checkpoint);
    char at[TSO_TEXT_MAX], ahead[CLOCK_TEXT_MAX];
    if (!r->has_commit_ts || (!in_pd && (r->checkpoint == 0 || look_reached(look, at_ms - CHECKPOINT_AHEAD_MS))))
        return false;
    look_found(look, "checkpoint-ahead", MARK_TROUBLE, SEVERITY_WARN);
    look_word(look, "Running, checkpoint ahead");
    if (!look->sentence)
        return true;
    look_say(look, "The checkpoint in %s is of %s, %s ahead of now: a clock is wrong, or the value. ",
             in_pd ? "PD" : "the object", look_time(look, at_ms, at), look_left(look, at_ms, ahead));
    look_say(look, "How far the log is backed up cannot be told by it.");
    if (in_pd)
        look_show(look, "PD: checkpoint %s, read at %s", look_time(look, at_ms, at),
                  look_time(look, facts->pd.read_ms, ahead));
    return look_do(look, "Compare the clocks of PD and of the API server; br log status says more.");
}

bool find_pd_operator_stale(struct look *look)
{
    const struct backup_record *r = look->record;
    const struct backup_facts *facts = look->facts;
    int64_t own_ms = r->checkpoint ? tso_to_ms(r->checkpoint) : record_sub(r, LOG_COMMAND_START)->completed_ms;
    int64_t pd_ms = tso_to_ms(facts->pd.checkpoint);
    char pd[CLOCK_TEXT_MAX], own[CLOCK_TEXT_MAX], at[TSO_TEXT_MAX];
    if (!r->has_commit_ts || facts->pd.checkpoint == 0 || own_ms == 0 || pd_ms - own_ms < STALE_MS ||
        !pd_checkpoint_is_sane(facts) || !look_pd_counts(look))
        return false;
    look_found(look, "operator-stale", MARK_TROUBLE, SEVERITY_WARN);
    look_word(look, "Running, operator stale");
    if (!look->sentence)
        return true;
    look_say(look, "Operator stale: the checkpoint in PD is %s old, in the object %s: it no longer writes the status.",
             look_age(look, pd_ms, pd), r->checkpoint ? look_age(look, own_ms, own) : "there is none");
    look_show(look, "PD: checkpoint %s", look_time(look, pd_ms, at));
    look_show(look, ", read at %s", look_time(look, facts->pd.read_ms, at));
    return look_do(look, "The backup goes on. See that the operator runs and reaches PD.");
}

/* No trouble, but what PD would tell is not known: for the detail, never for the list. */
bool find_pd_not_asked(struct look *look)
{
    static const char *const what[] = {
        [PD_NO_RIGHT] = "no right", [PD_TLS] = "it wants client certificates", [PD_NO_CLUSTER] = "it is not found",
        [PD_NO_ANSWER] = "no answer",
    };
    const struct backup_facts *facts = look->facts;
    if (facts->pd.reach < PD_NO_RIGHT || facts->pd.reach > PD_NO_ANSWER)
        return false;
    look_found(look, "pd-not-asked", MARK_UNKNOWN, SEVERITY_OK);
    look->found->role = ROLE_DIM;
    look_word(look, "PD not asked");
    look_say(look, "PD cannot be asked: %s.", what[facts->pd.reach]);
    look_show(look, "%s", facts->pd.why);
    return look_do(look, "b asks br itself (brdeck br status %.63s -n %.63s).", look->record->name,
                   look->record->ns);
}
