/* look.c - one Backup in full: described, or as YAML; a pager over the object as the server has it. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/secret.h>
#include <brdeck/base/text.h>
#include <brdeck/kube/yaml.h>

#include "deck.h"

enum { AGAIN_MS = 5000, DENIED_AGAIN_MS = 60000 }; /* after a GET that failed */

struct look {
    struct view view;
    struct ui *ui;
    bool yaml;
    char *ns, *name, *uid;
    bool v1;
    struct pager *pager;
    struct kube_request *request;
    struct json *object;      /* as fetched last; NULL: not yet */
    char *version;            /* the resourceVersion that @object has, or that was asked for */
    struct error error;       /* of the last fetch */
    int64_t again_ms;         /* it failed: not asked again before then (monotonic), unless the reader wants it */
    uint32_t generation;      /* of the row that the pager shows */
    bool stale;               /* the pager must be filled anew */
    bool gone;
    enum tso_style style;     /* that the pager was filled with */
    int64_t until_ms;
};

static const struct key_binding look_keys[] = {
    {UI_PAGE_DOWN, "space"}, {UI_SEARCH, "/"}, {UI_SEARCH_NEXT, "n"}, {UI_SEARCH_PREV, "N"},
    {UI_WRAP, "w"}, {UI_DOWN, "enter"}, {UI_LOGS, "l"},
};

static const struct store_row *look_row(const struct look *look)
{
    slot_t slot = store_find_group(fleet_store(look->ui->fleet), look->v1, look->ns, look->name);
    const struct store_row *row = slot == SLOT_NONE ? NULL : store_get(fleet_store(look->ui->fleet), slot);
    return row && strcmp(row->record->uid, look->uid) == 0 ? row : NULL;
}

/* -- the object as the server has it -------------------------------------------------- */

static void on_object(void *arg, const struct json *object, const struct kube_response *response)
{
    struct look *look = arg;
    look->request = NULL;
    look->error = response->error;
    if (object) {
        json_free(&look->object);
        look->object = json_copy(object);
    } else { /* what was asked for is still to be had */
        free(look->version);
        look->version = NULL;
        look->again_ms = clock_mono_ms() + (look->error.code == ERROR_DENIED ? DENIED_AGAIN_MS : AGAIN_MS);
    }
    look->stale = true;
    ui_mark(look->ui);
}

static void fetch(struct look *look, const struct store_row *row)
{
    if (look->request || (look->version && strcmp(look->version, row->record->resource_version) == 0) ||
        (!look->version && clock_mono_ms() < look->again_ms))
        return;
    free(look->version);
    look->version = xstrdup(row->record->resource_version);
    look->request = fleet_fetch(look->ui->fleet, look->v1, look->ns, look->name, on_object, look);
}

/* -- filling the pager ------------------------------------------------------------------ */

static void fill_yaml(struct look *look)
{
    if (!look->object) {
        pager_add(look->pager, look->error.code ? STYLE_CRIT : STYLE_DIM, 0,
                  look->error.code ? look->error.text : "Asking for the object...");
        return;
    }
    /* managedFields is 40 % of an object, and for no reader. Who sits at the next desk reads the screen, too. */
    struct json *shown = secret_blot_object(look->object);
    struct json *metadata = json_get_mut(shown, "metadata");
    if (json_type(metadata) == JSON_OBJECT)
        json_remove(metadata, "managedFields");
    char *text = yaml_print(shown);
    pager_add_text(look->pager, STYLE_TEXT, text);
    free(text);
    json_free(&shown);
}

static void fill_describe(struct look *look, const struct store_row *row)
{
    struct ui *ui = look->ui;
    struct window window;
    struct description d;
    struct describe_context ctx;
    described_context(ui, row, &window, &ctx);
    description_init(&d);
    describe_full(&d, row->record, look->object, &ctx);
    tasks_describe(ui, row->record, &d, "Its cluster");
    described_fill(look->pager, &d);
    description_done(&d);
    struct backup_state state;
    state_of(row->record, row->facts, ctx.now_ms, false, &state);
    look->until_ms = state.until_ms;
}

static void look_refresh(struct view *view, struct ui *ui)
{
    struct look *look = (struct look *)view;
    const struct store_row *row = look_row(look);
    if (!row) { /* what was shown stays, and says so */
        look->gone = fleet_is_complete(ui->fleet);
        return;
    }
    look->gone = false;
    view_wants(ui, row, true);
    fetch(look, row);
    bool due = !look->yaml && (row->generation != look->generation || ui->time_style != look->style ||
                               ui_now_ms(ui) >= look->until_ms);
    if (!look->stale && !due)
        return;
    look->stale = false;
    look->generation = row->generation;
    look->style = ui->time_style;
    pager_renew(look->pager);
    if (look->yaml)
        fill_yaml(look);
    else
        fill_describe(look, row);
}

/* -- the view ------------------------------------------------------------------------------ */

static int64_t look_draw(struct view *view, struct ui *ui, struct canvas *c, struct rect r)
{
    struct look *look = (struct look *)view;
    struct str title, before;
    str_init(&title, 512);
    str_init(&before, 1024);
    str_addf(&title, "%s %s/%s", look->yaml ? "yaml" : "describe", look->ns, look->name);
    bool unread = look->error.code && look->object && !look->gone; /* what is shown is from before */
    if (unread)
        str_addf(&before, "As it was before: %s", look->error.text);
    text_draw(look->pager, c, r, title.data, look->gone ? "deleted: this is its last state" : NULL,
              unread ? before.data : NULL);
    str_done(&title);
    str_done(&before);
    int64_t wants = ui_now_ms(ui) + WANTS_EACH_MS;
    return look->gone ? INT64_MAX : !look->yaml && look->until_ms < wants ? look->until_ms : wants;
}

/* d in YAML describes, y in the description shows YAML; the same key again leaves. */
static void turn(struct look *look, bool yaml)
{
    if (look->yaml == yaml) {
        ui_pop(look->ui);
        return;
    }
    look->yaml = yaml;
    look->stale = true;
    pager_clear(look->pager);
}

static bool look_command(struct view *view, struct ui *ui, enum ui_command command)
{
    struct look *look = (struct look *)view;
    const struct store_row *row = look_row(look);
    int action;
    if (act_of_command(command, &action)) {
        if (row)
            act_open(ui, action, &row, 1);
        return true;
    }
    switch (command) {
    case UI_DESCRIBE:
    case UI_YAML: turn(look, command == UI_YAML); return true;
    case UI_LOGS:
        if (row)
            logs_open(ui, row);
        return true;
    case UI_ASK:
        if (row)
            ui_push(ui, ask_new(ui, row));
        return true;
    case UI_RETRY_CONNECTION: /* the object, now; and the connection, as everywhere */
        look->again_ms = 0;
        return false;
    default: return text_command(ui, look->pager, command);
    }
}

static void look_hints(struct view *view, struct ui *ui, struct hints *hints)
{
    struct look *look = (struct look *)view;
    const struct store_row *row = look_row(look);
    hints_add(hints, UI_BACK, "back", false);
    if (look->error.code && row)
        hints_add(hints, UI_RETRY_CONNECTION, "ask again", false);
    hints_add(hints, look->yaml ? UI_DESCRIBE : UI_YAML, look->yaml ? "describe" : "yaml", false);
    if (row) {
        hints_add(hints, UI_LOGS, "log", false);
        hints_add(hints, UI_ASK, "ask br", false);
    }
    hints_add(hints, UI_PAGE_DOWN, "page", false);
    hints_add(hints, UI_SEARCH, "search", false);
    if (row)
        act_hint(ui, &row, 1, hints);
    hints_add(hints, UI_SEARCH_NEXT, "next", false);
    hints_add(hints, UI_WRAP, "wrap", false);
    hints_add(hints, UI_COPY, "copy", false);
    hints_add(hints, UI_TIME_STYLE, "times", false);
    hints_add(hints, UI_HELP, "help", false);
}

static void look_free(struct view *view)
{
    struct look *look = (struct look *)view;
    kube_request_cancel(&look->request);
    pager_free(&look->pager);
    json_free(&look->object);
    free(look->version);
    free(look->ns);
    free(look->name);
    free(look->uid);
    free(look);
}

const struct view_ops view_look = {
    .name = "look", .keys = look_keys, .key_count = ARRAY_LEN(look_keys), .refresh = look_refresh, .draw = look_draw,
    .command = look_command, .hints = look_hints, .free = look_free,
};

static struct view *look_new(struct ui *ui, slot_t slot, bool yaml)
{
    const struct store_row *row = store_get(fleet_store(ui->fleet), slot);
    struct look *look = xcalloc(1, sizeof *look);
    look->view.ops = &view_look;
    look->ui = ui;
    look->yaml = yaml;
    look->stale = true;
    look->until_ms = INT64_MAX;
    look->pager = pager_new();
    look->ns = xstrdup(row ? row->record->ns : "");
    look->name = xstrdup(row ? row->record->name : "");
    look->uid = xstrdup(row ? row->record->uid : "");
    look->v1 = row && row->record->v1;
    return &look->view;
}

struct view *describe_new(struct ui *ui, slot_t slot) { return look_new(ui, slot, false); }
struct view *yaml_new(struct ui *ui, slot_t slot) { return look_new(ui, slot, true); }
