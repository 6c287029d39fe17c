#include <config.h>

#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/br/facts.h>

#include "br_private.h"

/* Facts of the namespaces in which something is followed are wanted as long as it is. */

static void on_wants(void *arg) { br_wake(arg); }

static bool is_asked(const struct br *br, size_t before, const char *ns)
{
    for (size_t i = 0; i < before; i++)
        if (br->runs[i]->pub.outcome == BR_FOLLOWING && strcmp(br->runs[i]->pub.ns, ns) == 0)
            return true;
    return false;
}

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
        const struct br_run *run = &br->runs[i]->pub;
        if (run->outcome == BR_FOLLOWING && run->driver == BR_DRIVER_OPERATOR && !is_asked(br, i, run->ns))
            br_facts_want(br, run->ns); /* refused where too many namespaces are asked for: then it is told without */
    }
}
