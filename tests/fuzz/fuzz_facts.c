/* Any object as a Job, a Pod and an Event: what is made of it stays within its bounds, and has what it is found by. */
#include <config.h>

#include "target.h"

#include <string.h>

#include "br/facts_keeper.h"

static void check(struct fact_item *item)
{
    if (!item)
        return;
    MUST(item->uid[0] && strlen(item->uid) < sizeof item->uid);
    MUST(item->owner[0] && strlen(item->owner) < sizeof item->owner);
    MUST(!item->key || ((item->key[0] == '1' || item->key[0] == '2') && strchr(item->key, '/')));
}

static void check_text(const char *text, size_t size) { MUST(memchr(text, '\0', size) != NULL); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json *object = json_parse_without((const char *)data, size, "managedFields", NULL);
    struct facts_set sets[3] = {{0}, {0}, {0}};
    struct fact_item *items[] = {read_job(object), read_pod(object), read_event(object)};
    const struct job_item *job = (const struct job_item *)items[0];
    const struct pod_item *pod = (const struct pod_item *)items[1];
    const struct event_item *event = (const struct event_item *)items[2];
    if (job)
        check_text(job->job.reason, sizeof job->job.reason);
    if (pod)
        check_text(pod->pod.message, sizeof pod->pod.message);
    if (event)
        check_text(event->event.message, sizeof event->event.message);
    for (size_t i = 0; i < 3; i++) {
        check(items[i]);
        if (!items[i])
            continue;
        facts_set_put(&sets[i], items[i]);
        MUST(facts_set_find(&sets[i], items[i]->uid) == items[i]);
        MUST(facts_set_newest(&sets[i], items[i]->owner) == items[i]);
        facts_set_done(&sets[i]);
    }
    json_free(&object);
    return 0;
}
