/* state_private.h - how findings look at a Backup and what they say.
 *
 * All that depends on time is asked through a look, which so learns when the answer may change.
 */
#ifndef BRDECK_BACKUP_STATE_PRIVATE_H
#define BRDECK_BACKUP_STATE_PRIVATE_H

#include <brdeck/backup/cause.h>
#include <brdeck/backup/check.h>
#include <brdeck/backup/state.h>
#include <brdeck/base/clock.h>

enum {
    STUCK_MS = 2 * 60 * 1000,          /* Scheduled or Prepare so long: its Pod does not come up */
    DELETING_LONG_MS = 10 * 60 * 1000, /* a cleaner that takes so long needs a look */
    STARTING_LONG_MS = 10 * 60 * 1000, /* a log backup without COMMITTS or checkpoint */
    PD_FRESH_MS = 5 * 60 * 1000,       /* what PD, or the Cluster, said longer ago counts no more */
    CHECKPOINT_AHEAD_MS = 5 * 60 * 1000, /* a checkpoint may be so far ahead of our clock */
    RETRY_LATE_MS = 10 * 60 * 1000,    /* the operator looks again within minutes: it backs off */
    STALE_MS = 5 * 60 * 1000,          /* the operator writes the checkpoint each minute; so far behind PD, not */
    PAUSE_SOON_MS = 6 * 60 * 60 * 1000,
    PAUSE_NOW_MS = 2 * 60 * 60 * 1000,
    CAUSE_MAX = 160,
};

/* What a finding fills. */
struct found {
    const char *id, *cause;
    enum state_mark mark;
    enum severity severity;
    enum role role;
    bool needs_you;
    int64_t until_ms; /* until when its words read so */
    char word[STATE_WORD_MAX], sentence[STATE_TEXT_MAX], evidence[EVIDENCE_MAX], action[EVIDENCE_MAX];
};

struct look {
    const struct backup_record *record;
    const struct backup_facts *facts;   /* never NULL */
    const struct check_limits *limits;  /* never NULL */
    int64_t now_ms;
    bool sentence;                      /* also sentence, evidence and action are wanted */
    int64_t until_ms;                   /* until when no other finding comes or goes */
    struct found *found;                /* the one that is being filled */
    const struct cause *cause;          /* of look_cause() */
    bool cause_asked;
};
void look_init(struct look *look, const struct backup_record *record, const struct backup_facts *facts, int64_t now_ms,
               bool sentence);

/* Whether @at_ms has come; if not, the state holds until then at most. */
bool look_reached(struct look *look, int64_t at_ms);
/* How long ago @since_ms was, and how long until @at_ms: as text that holds until it changes. Return @buf. */
char *look_age(struct look *look, int64_t since_ms, char buf[CLOCK_TEXT_MAX]);
char *look_left(struct look *look, int64_t at_ms, char buf[CLOCK_TEXT_MAX]);
/* A time as people read it; today's may read otherwise tomorrow. look_clock: for the word, no seconds ("02:11"). */
char *look_time(struct look *look, int64_t ms, char buf[TSO_TEXT_MAX]);
char *look_clock(struct look *look, int64_t ms, char buf[TSO_TEXT_MAX]);

/* Each sets what rows need; the word is written by look_word. True, so that a finding can end with it. */
bool look_found(struct look *look, const char *id, enum state_mark mark, enum severity severity);
__attribute__((format(printf, 2, 3)))
bool look_word(struct look *look, const char *format, ...);
/* Add to the sentence, to what shows it, to what is to be done; nothing when they are not wanted. */
__attribute__((format(printf, 2, 3)))
bool look_say(struct look *look, const char *format, ...);
__attribute__((format(printf, 2, 3)))
bool look_show(struct look *look, const char *format, ...);
__attribute__((format(printf, 2, 3)))
bool look_do(struct look *look, const char *format, ...);

/* The cause of what does not get on or has failed, looked for once; NULL: none is known. */
const struct cause *look_cause(struct look *look);
/* The cause of an error that PD tells; only where the sentence is wanted. */
const struct cause *look_cause_of(struct look *look, const char *error);
/* "Failed, access denied"; "Failed" where the cause is none that is known. */
bool look_word_with_cause(struct look *look, const char *word);
/* What the cause says is to be done; @otherwise where none is known. */
bool look_do_cause(struct look *look, const char *otherwise);
/* What Job, Pod and Events show, and br's last error. */
void look_show_job(struct look *look);

/* Whether what PD said counts: asked, not long ago, and after the object's last change (an answer from before a resume
 * tells of the pause). */
bool look_pd_counts(struct look *look);
/* A command is asked for, or under way: PD may be ahead of the object. */
bool look_in_flight(const struct look *look);
/* The Job of the command that the spec asks for is under way. */
bool look_is_working(const struct look *look);
/* The fresher of the object's checkpoint and PD's. */
tso_t look_checkpoint(const struct look *look);
/* Whether the checkpoint that PD told can be one: not of a time that had not come when it was read. */
bool pd_checkpoint_is_sane(const struct backup_facts *facts);
/* What keeps @paused_ms from being resumed for ever. */
int64_t look_gc_ttl_ms(const struct look *look);
/* Until when PD itself says that it keeps what the resume of a task paused in PD needs; 0: it does not say. */
int64_t look_hold_ms(const struct look *look);
/* Since when it is paused; 0: not known. */
int64_t look_paused_since_ms(const struct look *look);
/* GC has passed the checkpoint, as PD told now. */
bool look_gc_passed(struct look *look);
/* " BR keeps what resume needs until about 14:00.", exact where PD tells it; @deadline_ms 0: nothing. */
void look_say_until(struct look *look, int64_t deadline_ms);

/* A finding looks, and if it is so fills look->found and returns true. */
enum { FOR_LOG = 1, FOR_SNAPSHOT = 2, FOR_ALL = 3 };
struct finder {
    unsigned modes;
    unsigned phases; /* bits; 0: any */
    bool alone;      /* nothing else is told beside it */
    bool (*finds)(struct look *look);
};
#define IN(phase) (1u << PHASE_##phase)

/* In the order in which they count among those of one severity. */
extern const struct finder finders[];
extern const size_t finder_count;
/* Whether finder @i finds something: then look->found is filled. */
bool look_find(struct look *look, size_t i);

bool find_deleting(struct look *look);
bool find_not_picked_up(struct look *look);
bool find_invalid(struct look *look);
bool find_failed(struct look *look);
bool find_retrying(struct look *look);
bool find_clean(struct look *look);
bool find_scheduled(struct look *look);
bool find_cluster(struct look *look);
bool find_other(struct look *look);
bool find_snapshot_running(struct look *look);
bool find_snapshot_job_failed(struct look *look);
bool find_snapshot_complete(struct look *look);

bool find_log_stopped(struct look *look);
bool find_log_paused(struct look *look);
bool find_log_starting(struct look *look);
bool find_log_working(struct look *look);
bool find_log_failed_command(struct look *look);
bool find_log_retrying_command(struct look *look);
bool find_log_rejected(struct look *look);
bool find_log_asked(struct look *look);
bool find_log_lag(struct look *look);
bool find_log_no_checkpoint(struct look *look);
bool find_log_running(struct look *look);

bool find_pd_no_task(struct look *look);
bool find_pd_gc_passed(struct look *look);
bool find_pd_store_error(struct look *look);
bool find_pd_error_pause(struct look *look);
bool find_pd_paused(struct look *look);
bool find_pd_running(struct look *look);
bool find_pd_left(struct look *look);
bool find_checkpoint_ahead(struct look *look);
bool find_pd_operator_stale(struct look *look);
bool find_pd_not_asked(struct look *look);

#endif
