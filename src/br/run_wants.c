#include <config.h>

#include <string.h>

#include <brdeck/base/alloc.h>
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
    if (!br->pace.want_ms || (loop_timer_is_set(&br->wants) && br->wanted_runs == br->count))
        return;
    if (!br->wants.loop)
        loop_timer_init(&br->wants, br->loop, on_wants, br);
    loop_timer_set(&br->wants, br->pace.want_ms);
    br->wanted_runs = br->count;
    for (size_t i = 0; i < br->count; i++) {
        struct run *run = br->runs[i];
        if (run->following && run->pub.outcome == BR_FOLLOWING)
            run->facts = br_facts_want(br, run->pub.ns) ? RUN_FACTS_WANTED : RUN_FACTS_REFUSED;
    }
}
