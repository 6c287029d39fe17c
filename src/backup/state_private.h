/* state_private.h - how findings look at a Backup and what they say.
 *
 * All that depends on time is asked through a look, which so learns when the answer may change.
 */
#ifndef BRDECK_BACKUP_STATE_PRIVATE_H
#define BRDECK_BACKUP_STATE_PRIVATE_H

#include <brdeck/backup/state.h>
#include <brdeck/base/clock.h>

enum {
    STUCK_MS = 2 * 60 * 1000,          /* Scheduled or Prepare so long: its Pod does not come up */
    DELETING_LONG_MS = 10 * 60 * 1000, /* a cleaner that takes so long needs a look */
    STARTING_LONG_MS = 10 * 60 * 1000, /* a log backup without COMMITTS or checkpoint */
    PD_FRESH_MS = 5 * 60 * 1000,       /* what PD said longer ago counts no more */
    PAUSE_SOON_MS = 6 * 60 * 60 * 1000,
    PAUSE_NOW_MS = 2 * 60 * 60 * 1000,
};

struct look {
    const struct backup_record *record;
    const struct backup_facts *facts; /* never NULL */
    int64_t now_ms;
    bool sentence;
    struct backup_state *state;
};

/* Whether @at_ms has come; if not, the state holds until then at most. */
bool look_reached(struct look *look, int64_t at_ms);
/* How long ago @since_ms was, and how long until @at_ms: as text that holds until it changes. Return @buf. */
char *look_age(struct look *look, int64_t since_ms, char buf[CLOCK_TEXT_MAX]);
char *look_left(struct look *look, int64_t at_ms, char buf[CLOCK_TEXT_MAX]);
/* A time as people read it; today's may read otherwise tomorrow. */
char *look_time(struct look *look, int64_t ms, char buf[TSO_TEXT_MAX]);

/* Each sets what rows need; the word is written by look_word. True, so that a finding can end with it. */
bool look_found(struct look *look, enum state_mark mark, enum severity severity, enum role role);
__attribute__((format(printf, 2, 3)))
bool look_word(struct look *look, const char *format, ...);
/* Add to the sentence, when one is wanted. */
__attribute__((format(printf, 2, 3)))
bool look_say(struct look *look, const char *format, ...);
/* Add what Job, Pod and Events tell of a Job that does not get on. */
void look_say_job(struct look *look);

/* A finding looks, and if it is so fills the state and returns true. The first that does so counts. */
enum { FOR_LOG = 1, FOR_SNAPSHOT = 2, FOR_ALL = 3 };
struct finder {
    unsigned modes;
    unsigned phases; /* bits; 0: any */
    bool (*finds)(struct look *look);
};
#define IN(phase) (1u << PHASE_##phase)

bool find_log_stopped(struct look *look);
bool find_log_paused(struct look *look);
bool find_log_starting(struct look *look);
bool find_log_pd_trouble(struct look *look);
bool find_log_working(struct look *look);
bool find_log_failed_command(struct look *look);
bool find_log_retrying_command(struct look *look);
bool find_log_rejected(struct look *look);
bool find_log_asked(struct look *look);
bool find_log_lag_crit(struct look *look);
bool find_log_lag_warn(struct look *look);
bool find_log_no_checkpoint(struct look *look);
bool find_log_running(struct look *look);

#endif
