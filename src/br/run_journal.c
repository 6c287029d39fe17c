#include <config.h>

#include <brdeck/base/log.h>

#include "br_private.h"

/* What a run leaves in the journal. */

enum { SETTLE_AGAIN_MS = 10, SETTLE_TRIES_MAX = 300 };

/* Another brdeck may be at the same run: whoever comes first writes. Its lock is waited for, but not here. */
static void settle(struct run *run, bool last)
{
    struct error err = {0};
    switch (journal_settle(run->br->journal, &run->pub, last, &err)) {
    case JOURNAL_SETTLED:
        break;
    case JOURNAL_BUSY:
        loop_timer_set(&run->settle, SETTLE_AGAIN_MS);
        break;
    case JOURNAL_FAILED:
        log_error("%s", err.text);
        break;
    }
}

static void on_settle(void *arg)
{
    struct run *run = arg;
    settle(run, ++run->settle_tries >= SETTLE_TRIES_MAX);
}

void run_journal_init(struct run *run) { loop_timer_init(&run->settle, run->br->loop, on_settle, run); }

void run_journal_outcome(struct run *run)
{
    struct error err = {0};
    bool was_here = run->pub.origin != BR_ORIGIN_JOURNAL;
    if (!run->journalled || (run->left && !was_here)) /* what was left stays so */
        return;
    if (!was_here) {
        run->settle_tries = 0;
        settle(run, false);
        return;
    }
    bool good = run->left ? journal_left(run->br->journal, &run->pub, &err)
                          : journal_outcome(run->br->journal, &run->pub, &err);
    if (!good)
        log_error("%s", err.text);
}

void run_journal_done(struct run *run)
{
    bool waits = loop_timer_is_set(&run->settle);
    loop_timer_cancel(&run->settle);
    if (waits)
        settle(run, false); /* who holds the lock now is at it; else the next brdeck looks it up */
    loop_timer_cancel(&run->settle);
}

bool run_journal_cancel(struct run *run, struct error *err)
{
    struct br *br = run->br;
    if (!br->journal && !(br->journal = journal_open(br->journal_path, err)))
        return false;
    if (!journal_cancel(br->journal, &run->pub, &run->plan->pub, err))
        return false;
    run->journalled = true; /* whoever began it, its end is told */
    return true;
}
