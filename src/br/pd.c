#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/file.h>

#include "pd_keeper.h"

static void set_turn(struct pd_keeper *k);

/* -- how a try ended ------------------------------------------------------------------------- */

static void ended(struct pd_cluster *c, enum pd_reach reach, const char *why)
{
    bool good = reach == PD_ANSWERED;
    c->pub.reach = reach;
    fact_text(c->why, sizeof c->why, good ? "" : why);
    c->back_off_ms = good ? 0 : c->back_off_ms ? c->back_off_ms * 2 : BR_PD_EACH_MS;
    if (c->back_off_ms > PD_BACK_OFF_MAX_MS)
        c->back_off_ms = PD_BACK_OFF_MAX_MS;
    int64_t wait_ms = good ? BR_PD_EACH_MS : c->back_off_ms;
    c->due_ms = clock_mono_ms() + wait_ms + random_below((unsigned)wait_ms / 5 + 1);
    if (!good)
        c->cluster_ms = 0; /* it may have moved */
    pd_tasks_done(&c->coming);
    pd_apply(c);
    set_turn(c->keeper);
}

static void forget_gc(struct pd_cluster *c)
{
    pd_gc_done(&c->gc);
    c->gc_read_ms = c->gc_due_ms = 0;
    fact_text(c->gc_id, sizeof c->gc_id, c->cluster.id);
}

static void answered(struct pd_cluster *c)
{
    pd_tasks_settle(&c->coming);
    pd_tasks_done(&c->tasks);
    c->tasks = c->coming;
    c->coming = (struct pd_tasks){0};
    c->pub.read_ms = c->asked_ms;
    ended(c, PD_ANSWERED, "");
}

/* -- the question ------------------------------------------------------------------------------- */

static void ask_pd(struct pd_cluster *c);

/* A pause that was not there before has a service safepoint of its own. */
static bool has_new_pause(const struct pd_cluster *c)
{
    for (const struct pd_task *task = c->coming.by_name; task; task = task->hh.next) {
        const struct pd_task *old = task->pd.paused ? pd_find(&c->tasks, task->name) : NULL;
        if (task->pd.paused && (!old || !old->pd.paused || old->pd.paused_at_ms != task->pd.paused_at_ms))
            return true;
    }
    return false;
}

/* All tasks are read: GC's keys, if it is time for them. */
static void tasks_are_read(struct pd_cluster *c)
{
    if (strcmp(c->gc_id, c->cluster.id) != 0)
        forget_gc(c);
    if (!c->cluster.id[0] || (clock_mono_ms() < c->gc_due_ms && !has_new_pause(c))) {
        answered(c);
        return;
    }
    c->gc_due_ms = clock_mono_ms() + BR_PD_GC_EACH_MS;
    c->gc_asked_ms = fleet_now_ms(c->keeper->br->fleet);
    c->pages = 0;
    pd_tasks_to_gc(&c->coming, c->cluster.id);
    ask_pd(c);
}

static void gc_is_read(struct pd_cluster *c)
{
    pd_gc_done(&c->gc);
    c->gc = c->coming.gc;
    c->coming.gc = (struct pd_gc){0};
    c->gc_read_ms = c->gc_asked_ms;
    answered(c);
}

static bool has(const struct kube_response *response, const char *text)
{
    return response->body && strstr(response->body, text);
}

/* A 403 or 404 of the API server is a Status with a reason; PD's own are not. */
static void refused(struct pd_cluster *c, const struct kube_response *response)
{
    char why[256];
    if (response->http == 403 && strcmp(response->reason, "Forbidden") == 0) {
        snprintf(why, sizeof why, "no right to create services/proxy of %.70s in namespace %.60s",
                 c->cluster.pd_service, c->ns);
        ended(c, PD_NO_RIGHT, why);
    } else if (response->http == 404 && strcmp(response->reason, "NotFound") == 0) {
        snprintf(why, sizeof why, "there is no Service %.60s/%.70s", c->ns, c->cluster.pd_service);
        ended(c, PD_NO_CLUSTER, why);
    } else if (has(response, "HTTP request to an HTTPS server")) {
        ended(c, PD_TLS, "PD wants client certificates");
    } else if (response->http == 404) {
        ended(c, PD_NO_ANSWER, "PD does not serve /v3/kv/range: its enable-grpc-gateway may be off");
    } else {
        ended(c, PD_NO_ANSWER, response->error.text);
    }
}

static void unreadable(struct pd_cluster *c, const struct error *err)
{
    char why[160];
    snprintf(why, sizeof why, "its answer cannot be read: %.120s", err->text);
    ended(c, PD_NO_ANSWER, why);
}

static void on_answer(void *arg, const struct kube_response *response)
{
    struct pd_cluster *c = arg;
    struct error err = {0};
    bool more = false;
    bool gc = c->coming.gc_root[0];
    c->request = NULL;
    if (response->error.code) {
        if (gc)
            answered(c); /* what was read of the tasks stands */
        else
            refused(c, response);
        return;
    }
    struct json *answer = json_parse(response->body, response->len, &err);
    bool good = answer && pd_read_answer(&c->coming, answer, &more, &err);
    json_free(&answer);
    bool again = good && more && ++c->pages < PD_PAGES_MAX;
    if (again)
        ask_pd(c);
    else if (gc && good && !more)
        gc_is_read(c);
    else if (gc)
        answered(c);
    else if (!good)
        unreadable(c, &err);
    else if (more)
        ended(c, PD_NO_ANSWER, "PD has more keys of log tasks than brdeck reads");
    else
        tasks_are_read(c);
}

static void ask_pd(struct pd_cluster *c)
{
    struct str path;
    if (!c->pages && !c->coming.gc_root[0])
        c->asked_ms = fleet_now_ms(c->keeper->br->fleet);
    str_init(&path, STR_SMALL);
    str_add(&path, "/api/v1/namespaces/");
    str_add_escaped(&path, c->ns);
    str_add(&path, "/services/");
    str_add_escaped(&path, c->cluster.pd_service);
    str_addf(&path, ":%d/proxy/v3/kv/range", c->cluster.pd_port);
    char *body = pd_question(&c->coming), *what = xasprintf("ask PD %s", c->cluster.pd_address);
    c->request = kube_request_start(fleet_client(c->keeper->br->fleet), &(struct kube_request_spec){
        .method = "POST", .path = path.data, .what = what, .body = body, .body_len = strlen(body), .harmless = true,
        .timeout_ms = PD_TIMEOUT_MS, .body_max = PD_BODY_MAX, .on_end = on_answer, .arg = c});
    free(body);
    free(what);
    str_done(&path);
}

static void ask_or_say(struct pd_cluster *c)
{
    const struct br_cluster *cluster = &c->cluster;
    if (cluster->missing)
        ended(c, PD_NO_CLUSTER, cluster->error.text);
    else if (cluster->tls)
        ended(c, PD_TLS, "PD wants client certificates");
    else if (cluster->pd_service[0])
        ask_pd(c);
    else if (cluster->error.code)
        ended(c, cluster->error.code == ERROR_DENIED ? PD_NO_RIGHT : PD_NO_ANSWER, cluster->error.text);
    else
        ended(c, PD_NO_CLUSTER, "the Cluster has no PDGroup");
}

static void on_cluster(void *arg, const struct br_cluster *told)
{
    struct pd_cluster *c = arg;
    c->ask = NULL;
    c->cluster = *told;
    c->cluster_ms = clock_mono_ms();
    ask_or_say(c);
}

static void begin(struct pd_cluster *c)
{
    pd_tasks_done(&c->coming);
    c->pages = 0;
    if (c->cluster_ms && clock_mono_ms() - c->cluster_ms < PD_CLUSTER_AGAIN_MS) {
        ask_or_say(c);
        return;
    }
    const struct backup_record record = {.ns = c->ns, .name = "", .cluster = c->name, .v1 = c->v1};
    c->ask = br_cluster_get(c->keeper->br, &record, on_cluster, c);
}

/* -- who is asked when ------------------------------------------------------------------------------ */

static bool is_asked(const struct pd_cluster *c) { return c->ask || c->request; }

static void free_cluster(struct pd_cluster *c)
{
    br_cluster_cancel(&c->ask);
    kube_request_cancel(&c->request);
    pd_tasks_done(&c->coming);
    pd_tasks_done(&c->tasks);
    pd_gc_done(&c->gc);
    free(c->public_tasks);
    free(c->ns);
    free(c->name);
    free(c->key);
    free(c);
}

static void drop_unwanted(struct pd_keeper *k)
{
    for (struct pd_cluster **link = &k->clusters; *link;) {
        struct pd_cluster *c = *link;
        if (clock_mono_ms() - c->wanted_ms < BR_FACTS_KEEP_MS) {
            link = &c->next;
            continue;
        }
        *link = c->next;
        pd_take_off(c);
        free_cluster(c);
    }
}

static bool is_wanted(const struct pd_cluster *c) { return clock_mono_ms() - c->wanted_ms < BR_PD_KEEP_MS; }

static size_t asked_now(const struct pd_keeper *k)
{
    size_t count = 0;
    for (const struct pd_cluster *c = k->clusters; c; c = c->next)
        count += is_asked(c);
    return count;
}

/* The next of those that are due, the one that waits longest first. */
static struct pd_cluster *next_due(const struct pd_keeper *k)
{
    struct pd_cluster *next = NULL;
    for (struct pd_cluster *c = k->clusters; c; c = c->next)
        if (!is_asked(c) && is_wanted(c) && c->due_ms <= clock_mono_ms() && (!next || c->due_ms < next->due_ms))
            next = c;
    return next;
}

static void set_turn(struct pd_keeper *k)
{
    int64_t now = clock_mono_ms(), at = INT64_MAX;
    bool full = asked_now(k) >= PD_AT_ONCE_MAX; /* whoever ends sets it anew */
    for (const struct pd_cluster *c = k->clusters; c; c = c->next) {
        int64_t drop_at = c->wanted_ms + BR_FACTS_KEEP_MS;
        at = drop_at < at ? drop_at : at;
        if (!full && !is_asked(c) && is_wanted(c) && c->due_ms < at)
            at = c->due_ms;
        if (c->apply)
            at = now;
    }
    if (at == INT64_MAX)
        loop_timer_cancel(&k->turn);
    else
        loop_timer_set(&k->turn, at > now ? at - now : 0);
}

static void on_turn(void *arg)
{
    struct pd_keeper *k = arg;
    drop_unwanted(k);
    for (struct pd_cluster *c = k->clusters; c; c = c->next)
        if (c->apply)
            pd_apply(c);
    for (struct pd_cluster *c; asked_now(k) < PD_AT_ONCE_MAX && (c = next_due(k)) != NULL;)
        begin(c);
    set_turn(k);
}

/* -- in public -------------------------------------------------------------------------------------- */

/* It came into the store, or into use, after the last answer. */
static bool should_tell(const struct pd_cluster *c, const struct store_row *row)
{
    return row->record->mode == BACKUP_LOG && c->pub.reach != PD_NOT_ASKED &&
           (!row->facts || row->facts->pd.reach == PD_NOT_ASKED) && pd_row_counts(c, row->record);
}

static struct pd_keeper *keeper_of(struct br *br)
{
    if (!br->pd) {
        br->pd = xcalloc(1, sizeof *br->pd);
        br->pd->br = br;
        loop_timer_init(&br->pd->turn, br->loop, on_turn, br->pd);
    }
    return br->pd;
}

static struct pd_cluster *cluster_of(struct pd_keeper *k, const struct backup_record *record, const char *key)
{
    struct pd_cluster **link = &k->clusters;
    for (; *link; link = &(*link)->next)
        if ((*link)->v1 == record->v1 && strcmp((*link)->key, key) == 0)
            return *link;
    struct pd_cluster *c = xcalloc(1, sizeof *c);
    *link = c;
    c->keeper = k;
    c->v1 = record->v1;
    c->key = xstrdup(key);
    c->ns = xstrdup(record->v1 && !str_empty(record->cluster_ns) ? record->cluster_ns : record->ns);
    c->name = xstrdup(record->cluster);
    c->pub.ns = c->ns;
    c->pub.name = c->name;
    c->pub.v1 = c->v1;
    c->pub.why = c->why;
    return c;
}

void br_pd_want(struct br *br, const struct backup_record *record)
{
    char key[RECORD_CLUSTER_MAX];
    record_cluster(record, key);
    if (!*key)
        return;
    struct pd_keeper *k = keeper_of(br);
    struct pd_cluster *c = cluster_of(k, record, key);
    const struct store_row *row = find_row(fleet_store(br->fleet), record->v1, record->ns, record->name);
    bool was_wanted = c->wanted_ms && is_wanted(c);
    c->wanted_ms = clock_mono_ms();
    if (row && should_tell(c, row))
        c->apply = true;
    if (!was_wanted || c->apply)
        set_turn(k);
}

bool br_pd_are_there(const struct br *br)
{
    for (const struct pd_cluster *c = br->pd ? br->pd->clusters : NULL; c; c = c->next)
        if ((c->pub.reach == PD_NOT_ASKED && is_wanted(c)) || c->apply)
            return false;
    return true;
}

size_t br_pd_clusters(const struct br *br)
{
    size_t count = 0;
    for (const struct pd_cluster *c = br->pd ? br->pd->clusters : NULL; c; c = c->next)
        count++;
    return count;
}

const struct br_pd_cluster *br_pd_cluster_at(const struct br *br, size_t i)
{
    const struct pd_cluster *c = br->pd ? br->pd->clusters : NULL;
    for (; c && i > 0; i--)
        c = c->next;
    return c ? &c->pub : NULL;
}

void pd_keeper_free(struct pd_keeper **keeper)
{
    struct pd_keeper *k = *keeper;
    *keeper = NULL;
    if (!k)
        return;
    loop_timer_cancel(&k->turn);
    while (k->clusters) {
        struct pd_cluster *next = k->clusters->next;
        free_cluster(k->clusters);
        k->clusters = next;
    }
    free(k);
}
