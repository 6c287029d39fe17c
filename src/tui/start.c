/* start.c - the form of a new log backup: fields, the YAML they come to, dry-run, then the creation. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>

#include "dialog.h"
#include "start.h"

static const struct key_binding start_keys[] = {{UI_COPY_KUBECTL, "ctrl-k"}, {UI_PAGE_DOWN, "pgdn"},
                                                {UI_PAGE_UP, "pgup"}};

static const char *text_of(const struct start *s, enum start_field id)
{
    const char *text = s->fields[id].text.data;
    return *text ? text : NULL;
}

/* -- the old object --------------------------------------------------------------------- */

static void fill_from(struct start *s, const struct json *object)
{
    const struct json *s3 = json_at(object, "spec", "s3", NULL);
    const char *project = json_string(json_at(object, "spec", "gcs", NULL), "projectId");
    const char *region = json_string(s3, "region"), *endpoint = json_string(s3, "endpoint");
    const char *provider = json_string(s3, "provider");
    json_free(&s->from);
    s->from = json_copy(object);
    if (region && !text_of(s, FIELD_REGION))
        line_edit_set(&s->fields[FIELD_REGION], region);
    if (endpoint && !text_of(s, FIELD_ENDPOINT))
        line_edit_set(&s->fields[FIELD_ENDPOINT], endpoint);
    if (provider && !text_of(s, FIELD_PROVIDER))
        line_edit_set(&s->fields[FIELD_PROVIDER], provider);
    if (project && !text_of(s, FIELD_PROJECT))
        line_edit_set(&s->fields[FIELD_PROJECT], project);
}

static void on_old(void *arg, const struct json *object, const struct kube_response *response)
{
    struct start *s = arg;
    s->request = NULL;
    if (object)
        fill_from(s, object);
    else
        s->error = response->error;
    ui_mark(s->ui);
}

/* -- from the fields to a manifest ---------------------------------------------------------- */

static void on_plan(void *arg, struct br_plan *plan)
{
    struct start *s = arg;
    (void)plan;
    s->stale = true;
    s->seen = false;
    ui_mark(s->ui);
}

static bool check_fields(struct start *s, char start_ts[TSO_TEXT_MAX])
{
    for (int i = 0; i < FIELDS; i++)
        if (start_field_table[i].needed && !text_of(s, (enum start_field)i)) {
            s->field = (size_t)i;
            return error_set(&s->error, ERROR_INPUT, "%s is needed: %s.", start_field_table[i].label,
                             start_field_table[i].hint);
        }
    tso_t ts = 0;
    int64_t now = ui_now_ms(s->ui);
    if (text_of(s, FIELD_START) && !tso_parse(text_of(s, FIELD_START), now, &ts, NULL, &s->error)) {
        s->field = FIELD_START;
        return false;
    }
    tso_format(ts, TSO_NUMBER, now, start_ts);
    return true;
}

/* "provider: is missing": there it is typed. */
static void go_to_named(struct start *s)
{
    for (size_t i = 0; i < FIELDS; i++) {
        size_t len = strlen(start_field_table[i].label);
        if (strncmp(s->error.text, start_field_table[i].label, len) == 0 && s->error.text[len] == ':')
            s->field = i;
    }
}

static void review(struct start *s)
{
    char start_ts[TSO_TEXT_MAX];
    s->error.code = ERROR_NONE;
    if (s->from_name && !s->from) {
        if (!s->request) /* there was no answer: once more */
            s->request = fleet_fetch(s->ui->fleet, s->v1, s->from_ns, s->from_name, on_old, s);
        error_set(&s->error, ERROR_NETWORK, "%s is still being asked for; try again in a moment.", s->from_name);
        return;
    }
    if (!check_fields(s, start_ts))
        return;
    const char *storage = text_of(s, FIELD_STORAGE);
    bool same = s->from && str_same(storage, s->from_storage);
    struct log_backup_spec spec = {
        .v1 = s->v1, .ns = text_of(s, FIELD_NS), .name = text_of(s, FIELD_NAME), .cluster = text_of(s, FIELD_CLUSTER),
        .storage_url = same ? NULL : storage, .region = text_of(s, FIELD_REGION),
        .endpoint = text_of(s, FIELD_ENDPOINT), .provider = text_of(s, FIELD_PROVIDER),
        .project = text_of(s, FIELD_PROJECT),
        .secret = text_of(s, FIELD_SECRET), .service_account = text_of(s, FIELD_ACCOUNT),
        .start_ts = text_of(s, FIELD_START) ? start_ts : NULL, .from = s->from,
    };
    json_free(&s->manifest);
    s->manifest = action_new_log_backup(&spec, &s->error);
    if (!s->manifest) {
        go_to_named(s);
        return;
    }
    br_plan_free(&s->plan);
    struct br_plan_spec plan = {.action = ACTION_START, .v1 = s->v1, .ns = spec.ns, .name = spec.name,
                                .manifest = s->manifest};
    s->plan = br_plan_new(s->ui->br, &plan, on_plan, s);
    s->asking = s->stale = true;
    s->seen = false;
    pager_clear(s->pager);
    line_edit_set(&s->answer, "");
}

/* -- the view -------------------------------------------------------------------------------- */

static void start_refresh(struct view *view, struct ui *ui)
{
    struct start *s = (struct start *)view;
    (void)ui;
    if (s->stale && s->asking)
        start_fill(s);
    s->stale = false;
}

static void leave(struct start *s)
{
    if (s->asking) {
        s->asking = false;
        return;
    }
    ui_say(s->ui, STYLE_DIM, "Nothing was created.");
    ui_pop(s->ui);
}

static void answer(struct start *s)
{
    struct ui *ui = s->ui;
    struct error err = {.code = ERROR_NONE};
    if (s->plan->phase == BR_PLAN_FAILED)
        br_plan_look(s->plan);
    if (s->plan->phase != BR_PLAN_READY)
        return;
    if (!br_plan_is_confirmed(s->plan, s->answer.text.data)) {
        leave(s); /* the default is No: back to the fields, nothing is lost */
        return;
    }
    struct br_plan *plan = s->plan;
    s->plan = NULL;
    bool begun = br_execute(ui->br, &plan, 1, s->answer.text.data, NULL, &err);
    dialog_say_created(ui, begun, text_of(s, FIELD_NAME), &err);
    ui_pop(ui);
}

static void form_key(struct start *s, struct key_press key)
{
    bool back = key.name == KEY_NAME_UP || (key.name == KEY_NAME_TAB && key.mods & KEY_SHIFT);
    if (back || key.name == KEY_NAME_DOWN || key.name == KEY_NAME_TAB) {
        s->field = (s->field + (back ? FIELDS - 1 : 1)) % FIELDS;
        return;
    }
    s->error.code = ERROR_NONE;
    switch (line_edit_key(&s->fields[s->field], key)) {
    case LINE_CANCEL: leave(s); break;
    case LINE_DONE:
        if (s->field + 1 < FIELDS)
            s->field++;
        else
            review(s);
        break;
    default: break;
    }
}

static bool start_key(struct view *view, struct ui *ui, struct key_press key)
{
    struct start *s = (struct start *)view;
    if (dialog_is_command(ui, "start", key, UI_NONE))
        return false;
    if (!s->asking) {
        form_key(s, key);
        return true;
    }
    if (!dialog_leaves(key) && !dialog_takes(s->plan->phase == BR_PLAN_READY, s->seen, key))
        return true;
    switch (line_edit_key(&s->answer, key)) {
    case LINE_CANCEL: leave(s); break;
    case LINE_DONE: answer(s); break;
    default: break;
    }
    return true;
}

static void start_paste(struct view *view, struct ui *ui, const char *text, size_t len)
{
    struct start *s = (struct start *)view;
    (void)ui;
    if (!s->asking || (s->seen && s->plan->phase == BR_PLAN_READY))
        line_edit_paste(s->asking ? &s->answer : &s->fields[s->field], text, len);
}

static bool start_command(struct view *view, struct ui *ui, enum ui_command command)
{
    struct start *s = (struct start *)view;
    if (command != UI_COPY_KUBECTL)
        return (s->asking && pager_command(s->pager, command)) || command == UI_PAGE_UP || command == UI_PAGE_DOWN;
    dialog_copy(ui, &s->plan, 1);
    return true;
}

static void start_hints(struct view *view, struct ui *ui, struct hints *hints)
{
    struct start *s = (struct start *)view;
    (void)ui;
    hints_add(hints, UI_BACK, s->asking ? "back to the fields" : "leave", false);
    if (s->asking) {
        if (s->cut)
            hints_add(hints, UI_PAGE_DOWN, "more", false);
        dialog_hint_copy(hints, &s->plan, 1);
    }
}

static void start_free(struct view *view)
{
    struct start *s = (struct start *)view;
    kube_request_cancel(&s->request);
    br_plan_free(&s->plan);
    for (int i = 0; i < FIELDS; i++)
        line_edit_done(&s->fields[i]);
    line_edit_done(&s->answer);
    pager_free(&s->pager);
    json_free(&s->from);
    json_free(&s->manifest);
    free(s->from_ns);
    free(s->from_name);
    free(s->from_storage);
    free(s);
}

const struct view_ops view_start = {
    .name = "start", .keys = start_keys, .key_count = ARRAY_LEN(start_keys), .overlay = true, .refresh = start_refresh,
    .draw = start_draw, .key = start_key, .paste = start_paste, .command = start_command, .hints = start_hints,
    .free = start_free,
};

/* Take over what the old one says; the whole object comes by a GET. */
static void begin_from(struct start *s, const struct backup_record *old)
{
    char name[64];
    snprintf(name, sizeof name, "%.40s-2", old->name);
    line_edit_set(&s->fields[FIELD_NAME], name);
    line_edit_set(&s->fields[FIELD_CLUSTER], old->cluster);
    line_edit_set(&s->fields[FIELD_STORAGE], old->storage);
    line_edit_set(&s->fields[FIELD_SECRET], old->secret ? old->secret : "");
    line_edit_set(&s->fields[FIELD_ACCOUNT], old->service_account ? old->service_account : "");
    s->from_ns = xstrdup(old->ns);
    s->from_name = xstrdup(old->name);
    s->from_storage = xstrdup(old->storage);
    s->field = FIELD_NAME;
    s->request = fleet_fetch(s->ui->fleet, old->v1, old->ns, old->name, on_old, s);
}

struct view *start_new(struct ui *ui, const struct store_row *from)
{
    struct start *s = xcalloc(1, sizeof *s);
    s->view.ops = &view_start;
    s->ui = ui;
    s->pager = pager_new();
    for (int i = 0; i < FIELDS; i++)
        line_edit_init(&s->fields[i], 1024);
    line_edit_init(&s->answer, 64);
    const struct backup_record *old = from ? from->record : NULL;
    const struct kube_target *target = kube_client_target(fleet_client(ui->fleet));
    line_edit_set(&s->fields[FIELD_NS], old ? old->ns : target->namespace_);
    s->v1 = old ? old->v1 : fleet_sources(ui->fleet) && fleet_source(ui->fleet, 0)->v1;
    if (old && old->mode == BACKUP_LOG && (old->phase == PHASE_STOPPED || old->phase == PHASE_FAILED))
        begin_from(s, old);
    else if (old && *old->cluster)
        line_edit_set(&s->fields[FIELD_CLUSTER], old->cluster);
    if (old && old->mode == BACKUP_LOG && old->phase == PHASE_PAUSED)
        snprintf(s->note, sizeof s->note,
                 "%.63s is paused: leave, and %s resumes it. A cluster has one log backup task; a second would not "
                 "start.", old->name, keymap_key(ui->keys, "deck", UI_RESUME));
    return &s->view;
}
