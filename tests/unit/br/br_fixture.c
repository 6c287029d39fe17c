#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/str.h>

#include "br/br_private.h"
#include "br_fixture.h"

/* -- the fleet --------------------------------------------------------------------------- */

struct kube_client *fleet_client(const struct fleet *fleet) { return fleet->client; }
struct store *fleet_store(const struct fleet *fleet) { return fleet->store; }
int64_t fleet_now_ms(const struct fleet *fleet)
{
    (void)fleet;
    return NOW_MS;
}
const char *fleet_cluster_uid(const struct fleet *fleet)
{
    (void)fleet;
    return "uid-of-kube-system";
}
const struct kube_resource *fleet_resource(bool v1)
{
    static const struct kube_resource resources[] = {{"br.pingcap.com", "v1alpha1", "backups", "Backup", true},
                                                     {"pingcap.com", "v1alpha1", "backups", "Backup", true}};
    return &resources[v1];
}
bool fleet_has_status_sub(const struct fleet *fleet, bool v1) { return !v1 && !fleet->no_status_sub; }
bool fleet_is_complete(const struct fleet *fleet) { return fleet->complete; }
bool fleet_is_settled(const struct fleet *fleet)
{
    (void)fleet;
    return true;
}
size_t fleet_sources(const struct fleet *fleet)
{
    (void)fleet;
    return 1;
}
const struct fleet_source *fleet_source(const struct fleet *fleet, size_t i)
{
    return i == 0 ? &fleet->source : NULL;
}
int64_t fleet_cluster_created_ms(const struct fleet *fleet, const char *cluster)
{
    (void)fleet, (void)cluster;
    return 0;
}

/* -- the bed ------------------------------------------------------------------------------ */

static void on_changed(void *arg) { ((struct bed *)arg)->told++; }

char *bed_keep(struct bed *bed, char *text)
{
    bed->kept = xreallocarray(bed->kept, bed->kept_count + 1, sizeof *bed->kept);
    return bed->kept[bed->kept_count++] = text;
}

static void open_br(struct bed *bed)
{
    struct br_options options = {.loop = bed->f.loop, .fleet = &bed->fleet, .journal = bed->journal,
                                 .read_only = bed->read_only};
    bed->br = br_new(&options, on_changed, bed);
    bed->br->pace = (struct pace){.lost_look_ms = 10, .lost_look_max_ms = 40, .unknown_ms = 200, .send_again_ms = 10,
                                  .grace_ms = 20, .late_ms = 60 * 1000};
}

void bed_open(struct bed *bed)
{
    bool read_only = bed->read_only;
    *bed = (struct bed){.read_only = read_only};
    fixture_open(&bed->f);
    bed->fleet = (struct fleet){.client = bed->f.client, .store = store_new(), .complete = true};
    char folder[] = "/tmp/brdeck-br-XXXXXX";
    assert_non_null(mkdtemp(folder));
    bed->journal = bed_keep(bed, xasprintf("%s/journal.jsonl", folder));
    open_br(bed);
}

/* The lines of a process that is not there any more: it began at another time. */
static char *as_of_the_dead(const char *journal)
{
    static const char mark[] = "\"began\":\"";
    struct str out;
    str_init(&out, STR_LARGE);
    for (const char *at = journal, *next; *at; at = next) {
        const char *found = strstr(at, mark);
        next = found ? found + strlen(mark) : at + strlen(at);
        str_addn(&out, at, (size_t)(next - at));
        if (found)
            str_addc(&out, '9');
    }
    char *text = str_take(&out);
    str_done(&out);
    return text;
}

void bed_restart(struct bed *bed, bool killed)
{
    struct str journal;
    str_init(&journal, STR_LARGE);
    bool is_there = file_read(bed->journal, &journal, NULL);
    br_free(&bed->br);
    if (killed && is_there) {
        char *text = as_of_the_dead(journal.data);
        assert_true(file_write(bed->journal, text, strlen(text), 0600, NULL));
        free(text);
    }
    str_done(&journal);
    open_br(bed);
}

void bed_close(struct bed *bed)
{
    br_free(&bed->br);
    store_free(&bed->fleet.store);
    fixture_close(&bed->f);
    unlink(bed->journal);
    *strrchr(bed->journal, '/') = '\0';
    rmdir(bed->journal);
    for (size_t i = 0; i < bed->kept_count; i++)
        free(bed->kept[i]);
    free(bed->kept);
}

/* -- objects ------------------------------------------------------------------------------- */

tso_t tso_ago(int64_t ms) { return tso_from_ms(NOW_MS - ms); }

char *tso_text(struct bed *bed, tso_t ts) { return bed_keep(bed, xasprintf("%" PRIu64, ts)); }

static char *time_text(int seconds)
{
    return seconds ? xasprintf("\"2026-11-23T15:%02d:%02dZ\"", seconds / 60, seconds % 60) : xstrdup("null");
}

char *sub_text(struct bed *bed, const char *command, const char *phase, int changed, int started, int completed,
               const char *until, const char *message)
{
    char *at = time_text(changed), *from = time_text(started), *to = time_text(completed);
    char *cut = until ? xasprintf(",\"logTruncatingUntil\":\"%s\"", until) : xstrdup("");
    char *text = xasprintf("\"%s\":{\"command\":\"%s\",\"phase\":\"%s\",\"timeStarted\":%s,\"timeCompleted\":%s%s,"
                           "\"conditions\":"
                           "[{\"type\":\"%s\",\"status\":\"True\",\"reason\":\"%s\",\"message\":\"%s\","
                           "\"lastTransitionTime\":%s}]}",
                           command, command, phase, from, to, cut, phase, phase, message ? message : "", at);
    free(at);
    free(from);
    free(to);
    free(cut);
    return bed_keep(bed, text);
}

static const char *or(const char *text, const char *other) { return text ? text : other; }

static void add_member(struct str *s, const char *key, const char *value)
{
    if (value)
        str_addf(s, ",\"%s\":\"%s\"", key, value);
}

char *backup_text(struct bed *bed, const struct backup_spec *b)
{
    struct str s;
    str_init(&s, STR_SMALL);
    char number[TSO_TEXT_MAX];
    str_addf(&s, "{\"apiVersion\":\"%spingcap.com/v1alpha1\",\"kind\":\"Backup\",\"metadata\":{\"namespace\":\"%s\","
             "\"name\":\"%s\","
             "\"uid\":\"%s\",\"resourceVersion\":\"%d\",\"generation\":%d,"
             "\"creationTimestamp\":\"2026-11-20T10:00:00Z\","
             "\"finalizers\":[\"pingcap.com/finalizer\"]%s", b->v1 ? "" : "br.", or(b->ns, "orders"),
                 or(b->name, "log-orders"),
             or(b->uid, "uid-1"), b->rv ? b->rv : 100, b->generation ? b->generation : 3, or(b->metadata, ""));
    if (b->manager)
        str_addf(&s, ",\"managedFields\":[{\"manager\":\"%s\",\"operation\":\"Update\",\"fieldsV1\":{\"f:spec\":{"
                 "\"f:logSubcommand\":{}}}}]", b->manager);
    str_addf(&s, "},\"spec\":{\"backupMode\":\"log\",\"br\":{\"cluster\":\"tc\"%s},\"s3\":{\"provider\":\"aws\","
             "\"bucket\":\"b\","
             "\"prefix\":\"p\"}%s", or(b->br, ""), or(b->spec, ""));
    add_member(&s, "logSubcommand", b->subcommand);
    add_member(&s, "logTruncateUntil", b->until);
    str_addf(&s, "},\"status\":{\"phase\":\"%s\",\"timeStarted\":\"2026-11-20T10:00:05Z\"", or(b->phase, "Running"));
    if (!b->no_commit_ts)
        add_member(&s, "commitTs", tso_format(tso_ago(10 * INT64_C(86400000)), TSO_NUMBER, 0, number));
    add_member(&s, "logCheckpointTs", b->checkpoint ? (*b->checkpoint ? b->checkpoint : NULL)
                                                    : tso_format(tso_ago(60000), TSO_NUMBER, 0, number));
    add_member(&s, "logSuccessTruncateUntil", b->success);
    str_addf(&s, ",\"logSubCommandStatuses\":{\"log-start\":{\"command\":\"log-start\",\"phase\":\"Complete\","
             "\"timeStarted\":"
             "\"2026-11-20T10:00:05Z\",\"timeCompleted\":\"2026-11-20T10:00:07Z\"}%s%s}}}", b->subs ? "," : "",
                 or(b->subs, ""));
    return bed_keep(bed, str_take(&s));
}

static void put(struct bed *bed, const char *text)
{
    struct backup_record *record = record_decode_text(text, strlen(text), store_pool(bed->fleet.store), NULL);
    assert_non_null(record);
    store_put(bed->fleet.store, 0, record, NOW_MS);
}

void backup_put(struct bed *bed, const struct backup_spec *spec) { put(bed, backup_text(bed, spec)); }

void snapshot_put(struct bed *bed, const char *name, int64_t age_ms)
{
    put(bed, bed_keep(bed, xasprintf("{\"apiVersion\":\"br.pingcap.com/v1alpha1\",\"kind\":\"Backup\","
                                     "\"metadata\":{\"namespace\":"
                                     "\"orders\",\"name\":\"%s\",\"uid\":\"u-%s\"},"
                                     "\"spec\":{\"br\":{\"cluster\":\"tc\"}},"
                                     "\"status\":{\"phase\":\"Complete\",\"commitTs\":\"%" PRIu64 "\"}}", name, name,
                                         tso_ago(age_ms))));
}

/* -- the server -------------------------------------------------------------------------------- */

void expect_get(struct bed *bed, const char *body, int http, int times)
{
    fake_expect(bed->f.server, &(struct fake_rule){.request = "GET " OBJECT " ", .http = http, .body = body,
                                                   .times = times});
}

void expect_right(struct bed *bed, bool allowed)
{
    fake_expect(bed->f.server, &(struct fake_rule){
        .request = "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews", .http = 201,
        .body = allowed ? "{\"kind\":\"SelfSubjectAccessReview\",\"status\":{\"allowed\":true}}"
                        : "{\"kind\":\"SelfSubjectAccessReview\",\"status\":{\"allowed\":false}}"});
}

void expect_dry(struct bed *bed, const char *body, int http, int times)
{
    fake_expect(bed->f.server, &(struct fake_rule){.request = "PATCH " OBJECT, .has = "dryRun=All", .http = http,
                                                   .body = body,
                                                   .times = times});
}

void expect_patch(struct bed *bed, const char *body, int http, int times)
{
    fake_expect(bed->f.server, &(struct fake_rule){.request =
                                                   "PATCH " OBJECT "?fieldManager=brdeck&fieldValidation=Strict",
                                                   .http = http, .body = body, .times = times});
}

void expect_cut(struct bed *bed, const char *request, int times)
{
    fake_expect(bed->f.server, &(struct fake_rule){.request = request, .how = FAKE_CUT, .times = times});
}

char *status_text(struct bed *bed, int code, const char *reason, const char *message)
{
    return bed_keep(bed, xasprintf("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\","
                                   "\"message\":\"%s\",\"reason\":"
                                   "\"%s\",\"code\":%d}", message, reason, code));
}

/* -- plans --------------------------------------------------------------------------------------- */

struct br_plan *plan_made(struct bed *bed, const struct br_plan_spec *spec)
{
    struct br_plan_spec whole = *spec;
    if (!whole.ns)
        whole.ns = "orders";
    if (!whole.name)
        whole.name = "log-orders";
    struct br_plan *plan = br_plan_new(bed->br, &whole, NULL, NULL);
    assert_int_equal(plan->phase, BR_PLAN_LOOKING);
    UNTIL(bed->f.loop, plan->phase != BR_PLAN_LOOKING);
    return plan;
}

const char *plan_said(struct bed *bed, const struct br_plan *plan)
{
    struct description d;
    struct describe_context ctx = {.now_ms = NOW_MS, .style = TSO_RFC3339};
    struct str s;
    str_init(&s, STR_SMALL);
    description_init(&d);
    br_plan_describe(plan, &ctx, &d);
    for (size_t i = 0; i < d.count; i++)
        str_addf(&s, "%s: %s\n", d.lines[i].label ? d.lines[i].label : "", d.lines[i].text);
    description_done(&d);
    return bed_keep(bed, str_take(&s));
}

void expect_usual(struct bed *bed, const struct backup_spec *before, const struct backup_spec *after)
{
    expect_get(bed, backup_text(bed, before), 200, 0);
    expect_right(bed, true);
    expect_dry(bed, backup_text(bed, after), 200, 0);
}

/* -- runs ------------------------------------------------------------------------------------------ */

const struct backup_spec running = {.subcommand = "log-start"};
const struct backup_spec asked = {.rv = 101, .generation = 4, .subcommand = "log-pause", .manager = "brdeck"};

struct br_plan *pause_planned(struct bed *bed)
{
    backup_put(bed, &running);
    expect_get(bed, backup_text(bed, &running), 200, 1);
    expect_right(bed, true);
    expect_dry(bed, backup_text(bed, &asked), 200, 1);
    struct br_plan *plan = plan_made(bed, &(struct br_plan_spec){.action = ACTION_PAUSE});
    assert_int_equal(plan->phase, BR_PLAN_READY);
    return plan;
}

const struct br_run *execute(struct bed *bed, struct br_plan *plan, const char *typed)
{
    struct error err = {0};
    if (!br_execute(bed->br, &plan, 1, typed, NULL, &err))
        fail_msg("%s", err.text);
    assert_null(plan);
    return br_run_at(bed->br, br_runs(bed->br) - 1);
}

void until_end(struct bed *bed, const struct br_run *run)
{
    UNTIL(bed->f.loop, br_outcome_is_end(run->outcome));
}

size_t journal_lines(struct bed *bed, const char *what)
{
    struct str text;
    char *mark = xasprintf("\"what\":\"%s\"", what);
    size_t count = 0;
    str_init(&text, STR_SMALL);
    file_read(bed->journal, &text, NULL);
    for (const char *at = text.data; (at = strstr(at, mark)) != NULL; at++)
        count++;
    str_done(&text);
    free(mark);
    return count;
}

/* -- lists and watches -------------------------------------------------------------------------------- */

void expect_rule(struct bed *bed, const char *request, struct fake_rule rule)
{
    rule.request = request;
    fake_expect(bed->f.server, &rule);
}

void expect_list(struct bed *bed, const char *what, const char *items)
{
    expect_rule(bed, what, (struct fake_rule){
        .has = "limit=500",
        .body = bed_keep(bed, xasprintf("{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[%s]}", items))});
    expect_rule(bed, what, (struct fake_rule){.has = "watch=1", .how = FAKE_STREAM});
}

void send_event(struct bed *bed, const char *what, const char *type, const char *object)
{
    char *watch = xasprintf("%swatch=1", what), *line = xasprintf("{\"type\":\"%s\",\"object\":%s}\n", type, object);
    UNTIL(bed->f.loop, fake_is_open(bed->f.server, watch));
    assert_true(fake_send(bed->f.server, watch, line));
    free(watch);
    free(line);
}

/* -- for every test ---------------------------------------------------------------------------------- */

int bed_setup(void **state)
{
    static struct bed bed;
    bed.read_only = false;
    bed_open(&bed);
    *state = &bed;
    return 0;
}

int bed_teardown(void **state)
{
    bed_close(*state);
    return 0;
}

void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" does not hold \"%s\"", text, part);
}

void assert_has_not(const char *text, const char *part)
{
    if (strstr(text, part))
        fail_msg("\"%s\" holds \"%s\"", text, part);
}

void assert_outcome(const struct br_run *run, enum br_outcome outcome, const char *words)
{
    if (run->outcome != outcome)
        fail_msg("%s, not %s: %s", br_outcome_word(run->outcome), br_outcome_word(outcome), run->text);
    assert_has(run->text, words);
}
