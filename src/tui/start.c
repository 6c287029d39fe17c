/* start.c - the form of a new log backup: fields, the YAML they come to, dry-run, then the creation. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/text.h>
#include <brdeck/kube/yaml.h>

#include "view.h"

enum field_id { FIELD_NS, FIELD_NAME, FIELD_CLUSTER, FIELD_STORAGE, FIELD_REGION, FIELD_ENDPOINT, FIELD_SECRET,
               FIELD_ACCOUNT, FIELD_START, FIELDS };

static const struct {
    const char *label, *hint;
    bool needed;
} field_table[FIELDS] = {
    [FIELD_NS] = {"namespace", "where the Cluster is", true},
    [FIELD_NAME] = {"name", "of the new Backup; at most 43 characters", true},
    [FIELD_CLUSTER] = {"cluster", "the TiDB cluster", true},
    [FIELD_STORAGE] = {"storage",
                       "s3://bucket/prefix, gcs://bucket/prefix, azure://container/prefix or local:///path/prefix",
                       true},
    [FIELD_REGION] = {"region", "of S3; empty: none", false},
    [FIELD_ENDPOINT] = {"endpoint", "of S3-compatible storage; empty: Amazon's", false},
    [FIELD_SECRET] = {"secret", "with the storage's keys; empty: by service account or role", false},
    [FIELD_ACCOUNT] = {"account", "ServiceAccount of the Job; empty: tidb-backup-manager", false},
    [FIELD_START] = {"start", "a TSO or time to log from; empty: now", false},
};

struct start {
    struct view view;
    struct ui *ui;
    bool v1, asking;             /* asking: the manifest is shown, and confirmed */
    struct line_edit fields[FIELDS];
    size_t field;
    char *from_ns, *from_name;   /* NULL: from nothing */
    char *from_storage;          /* as it was filled in: unchanged keeps the old object's own fields */
    struct json *from;           /* the old object; NULL while it is fetched, or there is none */
    struct kube_request *request;
    struct json *manifest;
    struct br_plan *plan;
    struct line_edit answer;
    struct pager *pager;
    struct error error;
    char note[256];              /* said above the fields; "" nothing */
    bool stale;
    bool seen;                   /* the question was on the screen: keys typed before do not answer it */
};

static const struct key_binding start_keys[] = {{UI_COPY_KUBECTL, "ctrl-k"}, {UI_PAGE_DOWN, "pgdn"},
                                                {UI_PAGE_UP, "pgup"}};

static const char *text_of(const struct start *s, enum field_id id)
{
    const char *text = s->fields[id].text.data;
    return *text ? text : NULL;
}

/* -- the old object --------------------------------------------------------------------- */

static void fill_from(struct start *s, const struct json *object)
{
    const struct json *s3 = json_at(object, "spec", "s3", NULL);
    const char *region = json_string(s3, "region"), *endpoint = json_string(s3, "endpoint");
    json_free(&s->from);
    s->from = json_copy(object);
    if (region && !text_of(s, FIELD_REGION))
        line_edit_set(&s->fields[FIELD_REGION], region);
    if (endpoint && !text_of(s, FIELD_ENDPOINT))
        line_edit_set(&s->fields[FIELD_ENDPOINT], endpoint);
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
        if (field_table[i].needed && !text_of(s, (enum field_id)i)) {
            s->field = (size_t)i;
            return error_set(&s->error, ERROR_INPUT, "%s is needed: %s.", field_table[i].label, field_table[i].hint);
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
        .endpoint = text_of(s, FIELD_ENDPOINT),
        .secret = text_of(s, FIELD_SECRET), .service_account = text_of(s, FIELD_ACCOUNT),
        .start_ts = text_of(s, FIELD_START) ? start_ts : NULL, .from = s->from,
    };
    json_free(&s->manifest);
    s->manifest = action_new_log_backup(&spec, &s->error);
    if (!s->manifest)
        return;
    br_plan_free(&s->plan);
    struct br_plan_spec plan = {.action = ACTION_START, .v1 = s->v1, .ns = spec.ns, .name = spec.name,
                                .manifest = s->manifest};
    s->plan = br_plan_new(s->ui->br, &plan, on_plan, s);
    s->asking = s->stale = true;
    s->seen = false;
    pager_clear(s->pager);
    line_edit_set(&s->answer, "");
}

static void fill_pager(struct start *s)
{
    struct ui *ui = s->ui;
    struct describe_context ctx = {.read_only = ui->read_only, .now_ms = ui_now_ms(ui), .style = ui->time_style,
                                   .ascii = ui->ascii};
    struct description d;
    pager_renew(s->pager);
    description_init(&d);
    br_plan_describe(s->plan, &ctx, &d);
    if (s->plan->phase == BR_PLAN_READY && d.count) { /* how to confirm it: the last line asks that */
        d.count--;
        free(d.lines[d.count].label);
        free(d.lines[d.count].text);
    }
    for (size_t i = 0; i < d.count; i++) { /* what is sent stands below, as YAML */
        char *body = str_same(d.lines[i].label, "sends") ? strstr(d.lines[i].text, " {") : NULL;
        if (body)
            memcpy(body, ":", 2);
    }
    described_fill(s->pager, &d);
    description_done(&d);
    char *yaml = yaml_print(s->manifest);
    pager_add(s->pager, STYLE_TEXT, 0, "");
    pager_add_text(s->pager, STYLE_TEXT, yaml);
    free(yaml);
}

/* -- the view -------------------------------------------------------------------------------- */

static void start_refresh(struct view *view, struct ui *ui)
{
    struct start *s = (struct start *)view;
    (void)ui;
    if (s->stale && s->asking)
        fill_pager(s);
    s->stale = false;
}

/* @text wrapped at the foot of @r, at most @most rows; returns the rows it took. */
static int draw_foot(struct canvas *c, struct rect r, int most, enum style style, const char *text)
{
    int rows = 0, width = r.cols > 3 ? r.cols - 2 : 1;
    for (const char *next = text; next && rows < most; rows++)
        text_wrap(next, (size_t)width, &next);
    int row = r.row + r.rows - rows;
    for (const char *next = text; next && row < r.row + r.rows; row++) {
        const char *from = next;
        size_t len = text_wrap(from, (size_t)width, &next);
        bool last = row + 1 == r.row + r.rows;
        if (row >= r.row)
            canvas_textn(c, row, r.col + 1, width, style, from, last ? strlen(from) : len);
    }
    return rows;
}

static void draw_field(struct start *s, struct canvas *c, struct rect r, size_t i)
{
    int width = r.cols - 14;
    bool here = i == s->field;
    const char *text = s->fields[i].text.data;
    canvas_text(c, r.row, r.col, 1, STYLE_TEXT, here ? ">" : " ");
    canvas_text(c, r.row, r.col + 1, 11, here ? STYLE_TITLE : STYLE_LABEL, field_table[i].label);
    if (!here)
        canvas_text(c, r.row, r.col + 13, width, *text ? STYLE_TEXT : STYLE_DIM, *text ? text : field_table[i].needed
                    ? "(needed)" : "-");
}

static void draw_form(struct start *s, struct canvas *c, struct rect r)
{
    int rows = r.rows, width = r.cols - 14;
    if (rows <= 0)
        return;
    size_t top = s->field >= (size_t)rows ? s->field - (size_t)rows + 1 : 0;
    for (size_t i = top; i < FIELDS && (int)(i - top) < rows; i++)
        draw_field(s, c, (struct rect){r.row + (int)(i - top), r.col, 1, r.cols}, i);
    int row = r.row + (int)(s->field - top); /* last: the cursor is there */
    canvas_fill(c, (struct rect){row, r.col + 13, 1, width}, STYLE_INPUT);
    line_edit_draw(&s->fields[s->field], c, row, r.col + 13, width, STYLE_INPUT);
}

/* What the field is for, or what is wrong. */
static void form_words(const struct start *s, struct str *out)
{
    if (s->error.code)
        str_add(out, s->error.text);
    else
        str_addf(out, "%s: %s. %s", field_table[s->field].label, field_table[s->field].hint,
                 s->field + 1 < FIELDS
                 ? "Enter: the next field." : "Enter shows and tries it; nothing is created before y.");
}

static int64_t start_draw(struct view *view, struct ui *ui, struct canvas *c, struct rect r)
{
    struct start *s = (struct start *)view;
    const struct kube_target *target = kube_client_target(fleet_client(ui->fleet));
    struct rect body = {r.row + 1, r.col, r.rows - 1, r.cols};
    canvas_fill(c, r, STYLE_DIALOG);
    canvas_fill(c, (struct rect){r.row, r.col, 1, r.cols}, STYLE_HEADER);
    canvas_textf(c, r.row, r.col + 1, r.cols - 1, STYLE_TITLE, "Start a new log backup%s%s   context %s, %s",
                 s->from_name ? " from " : "", s->from_name ? s->from_name : "", target->context, target->server);
    if (!s->asking) {
        struct str words;
        str_init(&words, STR_SMALL);
        form_words(s, &words);
        if (body.rows > 3)
            body.rows -= draw_foot(c, body, 4, s->error.code ? STYLE_CRIT : STYLE_DIM, words.data);
        str_done(&words);
        if (s->note[0] && body.rows > 4)
            body.rows -= draw_foot(c, body, 3, STYLE_WARN, s->note);
        if (body.rows > FIELDS) { /* air */
            body.row++;
            body.rows--;
        }
        draw_form(s, c, body);
        return INT64_MAX;
    }
    pager_draw(s->pager, c, (struct rect){body.row, r.col + 1, body.rows - 1, r.cols - 2});
    static const char *const questions[] = {
        [BR_PLAN_LOOKING] = "Trying it with dry-run... Esc goes back to the fields.",
        [BR_PLAN_READY] = "Create it? y/N: ",
        [BR_PLAN_REFUSED] = "It cannot be created so. Esc goes back to the fields.",
        [BR_PLAN_FAILED] = "No answer. Enter tries again, Esc goes back to the fields.",
    };
    int last = r.row + r.rows - 1;
    bool ready = s->plan->phase == BR_PLAN_READY;
    canvas_fill(c, (struct rect){last, r.col, 1, r.cols}, STYLE_DIALOG);
    int col = 1 + canvas_text(c, last, r.col + 1, r.cols - 2, ready ? STYLE_TITLE : STYLE_WARN,
                              questions[s->plan->phase]);
    if (ready)
        line_edit_draw(&s->answer, c, last, r.col + col, r.cols - col - 1, STYLE_INPUT);
    s->seen = true;
    return INT64_MAX;
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
    if (br_execute(ui->br, &plan, 1, s->answer.text.data, NULL, &err))
        ui_say(ui, STYLE_BUSY, "Created %s. It is followed in its row and under %s.", text_of(s, FIELD_NAME),
               keymap_key(ui->keys, "", UI_NOTICES));
    else
        ui_say(ui, STYLE_CRIT, "Nothing was created: %s", err.text);
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

/* A key that is not typed: the form's own, and those that every screen has. */
static bool is_command(struct start *s, struct key_press key)
{
    static const enum ui_command commands[] = {UI_COPY_KUBECTL, UI_PAGE_UP, UI_PAGE_DOWN, UI_REDRAW, UI_SUSPEND};
    enum ui_command command = keymap_find(s->ui->keys, "start", key);
    bool is_text = key.name == KEY_NAME_CHAR && !(key.mods & (KEY_CTRL | KEY_ALT));
    for (size_t i = 0; !is_text && i < ARRAY_LEN(commands); i++)
        if (commands[i] == command)
            return true;
    return false;
}

static bool start_key(struct view *view, struct ui *ui, struct key_press key)
{
    struct start *s = (struct start *)view;
    (void)ui;
    if (is_command(s, key))
        return false;
    if (!s->asking) {
        form_key(s, key);
        return true;
    }
    bool leaves = key.name == KEY_NAME_ESC || (key.mods & KEY_CTRL && (key.ch == L'c' || key.ch == L'g'));
    bool ready = s->plan->phase == BR_PLAN_READY;
    if (!leaves && (ready ? !s->seen : key.name != KEY_NAME_ENTER))
        return true; /* typed before the question could be read */
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
    bool copied = s->plan && s->plan->kubectl && term_copy(ui->term, s->plan->kubectl);
    ui_say(ui, STYLE_TEXT, "%s", copied
           ? "Copied the kubectl line that does the same." : "There is nothing to copy yet.");
    return true;
}

static void start_hints(struct view *view, struct ui *ui, struct hints *hints)
{
    struct start *s = (struct start *)view;
    (void)ui;
    hints_add(hints, UI_BACK, s->asking ? "back to the fields" : "leave", false);
    if (s->asking) {
        hints_add(hints, UI_PAGE_DOWN, "more", false);
        hints_add(hints, UI_COPY_KUBECTL, "copy as kubectl", false);
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
