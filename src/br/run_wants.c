#include <config.h>

#include <brdeck/br/facts.h>

#include "br_private.h"

/* Facts of the namespaces in which something is followed are wanted as long as it is. */

static void on_wants(void *arg) { br_wake(arg); }

void br_want_facts(struct br *br, bool follows)
{
    if (!follows) {
        loop_timer_cancel(&br->wants);
        return;
    }
    if (!br->pace.want_ms)
        return;
    if (!br->wants.loop)
        loop_timer_init(&br->wants, br->loop, on_wants, br);
    bool due = !loop_timer_is_set(&br->wants);
    for (size_t i = 0; i < br->count; i++) {
        struct run *run = br->runs[i];
        if (run->following && run->pub.outcome == BR_FOLLOWING && (due || run->facts == RUN_FACTS_NOT_YET))
            run->facts = br_facts_want(br, run->pub.ns) ? RUN_FACTS_WANTED : RUN_FACTS_REFUSED;
    }
    if (due)
        loop_timer_set(&br->wants, br->pace.want_ms);
}
