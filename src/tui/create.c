/* create.c - the dialog of a new Backup: out of a manifest, or a full snapshot like the one under the cursor. */
#include <config.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/kube/yaml.h>

#include "dialog.h"

enum { MANIFEST_MAX = 4 * 1024 * 1024, FILES_MAX = 500 };

struct create {
    struct view view;
    struct ui *ui;
    bool v1;
    char *from_ns, *from_name;    /* the Backup that a snapshot is made like; NULL: out of a file */
    struct kube_request *request; /* for it; NULL: answered */
    struct br_plan *plan;         /* NULL: there is no manifest yet */
    struct line_edit line;
    struct error error;
    struct pager *pager;
    bool stale, cut;              /* cut: there is more than fits */
    bool seen;                    /* what is asked now was on the screen: keys typed before do not answer it */
};

static const struct key_binding create_keys[] = {
    {UI_COPY_KUBECTL, "ctrl-k"}, {UI_PAGE_DOWN, "pgdn"}, {UI_PAGE_UP, "pgup"},
};

/* -- the plan ----------------------------------------------------------------------------------- */

static void on_plan(void *arg, struct br_plan *plan)
{
    struct create *create = arg;
    (void)plan;
    create->stale = true;
    create->seen = false;
    ui_mark(create->ui);
}

static void make_plan(struct create *create, const struct json *manifest, const char *ns)
{
    struct br_plan_spec spec = {.action = ACTION_CREATE, .v1 = create->v1, .ns = ns,
                                .name = json_text(json_at(manifest, "metadata", "name", NULL)), .manifest = manifest};
    create->plan = br_plan_new(create->ui->br, &spec, on_plan, create);
    create->stale = true;
}

static void on_old(void *arg, const struct json *object, const struct kube_response *response)
{
    struct create *create = arg;
    struct json *manifest = NULL;
    create->request = NULL;
    if (object)
        manifest = action_new_snapshot(object, ui_now_ms(create->ui), &create->error);
    else
        create->error = response->error;
    if (manifest)
        make_plan(create, manifest, create->from_ns);
    json_free(&manifest);
    create->stale = true;
    ui_mark(create->ui);
}

static void fetch(struct create *create)
{
    create->error.code = ERROR_NONE;
    create->stale = true;
    create->request = fleet_fetch(create->ui->fleet, create->v1, create->from_ns, create->from_name, on_old, create);
}

/* -- what is shown -------------------------------------------------------------------------------- */

static void fill_plan(struct create *create)
{
    struct br_plan *plan = create->plan;
    dialog_describe(create->ui, create->pager, plan, true);
    struct json *told = plan->patch ? br_plan_json(plan) : NULL; /* secrets are blotted out there */
    const struct json *body = json_get(told, "manifest");
    char *yaml = body ? yaml_print(body) : NULL;
    if (yaml) {
        pager_add(create->pager, STYLE_TEXT, 0, "");
        pager_add_text(create->pager, STYLE_TEXT, yaml);
    }
    free(yaml);
    json_free(&told);
}

static void create_refresh(struct view *view, struct ui *ui)
{
    struct create *create = (struct create *)view;
    (void)ui;
    if (!create->stale)
        return;
    create->stale = false;
    pager_renew(create->pager);
    if (create->plan)
        fill_plan(create);
    else
        pager_add(create->pager, STYLE_TITLE, 0, "Create a full snapshot");
}

static bool is_ready(const struct create *create)
{
    return create->plan && create->plan->phase == BR_PLAN_READY;
}

static const char *question(const struct create *create)
{
    static const char *const phases[] = {
        [BR_PLAN_LOOKING] = "Trying it with dry-run... Esc leaves.", [BR_PLAN_READY] = "Create it? y/N: ",
        [BR_PLAN_REFUSED] = "It cannot be created so. Esc leaves.",
        [BR_PLAN_FAILED] = "No answer. Enter tries again, Esc leaves.",
    };
    if (create->plan)
        return phases[create->plan->phase];
    return create->request ? "Looking at the backup that it is made like... Esc leaves."
           : create->error.code == ERROR_INPUT ? "There is nothing to make it like. Esc leaves."
           : "No answer. Enter tries again, Esc leaves.";
}

static int64_t create_draw(struct view *view, struct ui *ui, struct canvas *c, struct rect r)
{
    struct create *create = (struct create *)view;
    struct question asked = {.text = question(create), .answer = is_ready(create) ? 1 : 0,
                             .error = create->error.code ? create->error.text : NULL};
    int64_t until_ms = INT64_MAX;
    (void)c;
    create->cut = dialog_draw(ui, create->pager, NOTHING, &asked, &create->line, r, create->cut, &until_ms);
    create->seen = is_ready(create);
    return until_ms;
}

/* -- keys -------------------------------------------------------------------------------------------- */

static void leave(struct create *create)
{
    ui_say(create->ui, STYLE_DIM, "Nothing was created.");
    ui_pop(create->ui);
}

static void confirm(struct create *create)
{
    struct ui *ui = create->ui;
    struct br_plan *plan = create->plan;
    struct error err = {.code = ERROR_NONE};
    char *name = xstrdup(plan->name);
    create->plan = NULL;
    bool begun = br_execute(ui->br, &plan, 1, create->line.text.data, NULL, &err);
    dialog_say_created(ui, begun, name, &err);
    free(name);
    ui_pop(ui);
}

static void enter(struct create *create)
{
    if (!create->plan && !create->request && create->error.code && create->error.code != ERROR_INPUT)
        fetch(create);
    else if (create->plan && create->plan->phase == BR_PLAN_FAILED)
        br_plan_look(create->plan);
    else if (is_ready(create) && br_plan_is_confirmed(create->plan, create->line.text.data))
        confirm(create);
    else if (is_ready(create) && create->line.text.len)
        error_set(&create->error, ERROR_INPUT, "Nothing was done: y does it, Esc leaves.");
    else if (is_ready(create)) /* the default is No */
        leave(create);
}

static bool create_key(struct view *view, struct ui *ui, struct key_press key)
{
    struct create *create = (struct create *)view;
    if (dialog_leaves(key)) {
        leave(create);
        return true;
    }
    if (dialog_is_command(ui, "create", key, UI_NONE))
        return false;
    if (!dialog_takes(is_ready(create), create->seen, key))
        return true;
    if (create->plan)
        create->error.code = ERROR_NONE;
    ui_mark(ui);
    switch (line_edit_key(&create->line, key)) {
    case LINE_CANCEL: leave(create); break;
    case LINE_DONE: enter(create); break;
    default: break;
    }
    return true;
}

static void create_paste(struct view *view, struct ui *ui, const char *text, size_t len)
{
    struct create *create = (struct create *)view;
    (void)ui;
    if (create->seen)
        line_edit_paste(&create->line, text, len);
}

static bool create_command(struct view *view, struct ui *ui, enum ui_command command)
{
    struct create *create = (struct create *)view;
    if (command != UI_COPY_KUBECTL)
        return pager_command(create->pager, command);
    dialog_copy(ui, &create->plan, 1);
    return true;
}

static void create_hints(struct view *view, struct ui *ui, struct hints *hints)
{
    struct create *create = (struct create *)view;
    (void)ui;
    hints_add(hints, UI_BACK, "leave", false);
    if (create->cut)
        hints_add(hints, UI_PAGE_DOWN, "more", false);
    dialog_hint_copy(hints, &create->plan, 1);
}

static void create_free(struct view *view)
{
    struct create *create = (struct create *)view;
    kube_request_cancel(&create->request);
    br_plan_free(&create->plan);
    line_edit_done(&create->line);
    pager_free(&create->pager);
    free(create->from_ns);
    free(create->from_name);
    free(create);
}

const struct view_ops view_create = {
    .name = "create", .keys = create_keys, .key_count = ARRAY_LEN(create_keys), .overlay = true,
    .refresh = create_refresh, .draw = create_draw, .key = create_key, .paste = create_paste,
    .command = create_command, .hints = create_hints, .free = create_free,
};

static struct create *new_dialog(struct ui *ui)
{
    struct create *create = xcalloc(1, sizeof *create);
    create->view.ops = &view_create;
    create->ui = ui;
    create->pager = pager_new();
    create->stale = true;
    line_edit_init(&create->line, 64);
    return create;
}

struct view *create_like_new(struct ui *ui, const struct store_row *row)
{
    struct create *create = new_dialog(ui);
    create->v1 = row->record->v1;
    create->from_ns = xstrdup(row->record->ns);
    create->from_name = xstrdup(row->record->name);
    fetch(create);
    return &create->view;
}

/* -- files ------------------------------------------------------------------------------------------- */

/* "~/" as a shell has it; the caller frees. */
static char *path_of(const char *typed)
{
    const char *home = getenv("HOME");
    return str_starts(typed, "~/") && !str_empty(home) ? xasprintf("%s%s", home, typed + 1) : xstrdup(typed);
}

/* The one document of @typed; NULL and @err. Only a regular file is read: a pipe would hold up the screen. */
static struct json *read_manifest(const char *typed, struct error *err)
{
    struct stat st;
    struct str text;
    struct json *docs = NULL;
    char *path = path_of(typed);
    str_init(&text, MANIFEST_MAX);
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
        error_set(err, ERROR_INPUT, "%s is no file", typed);
    else if (file_read(path, &text, err))
        docs = yaml_parse(text.data, text.len, typed, err);
    str_done(&text);
    free(path);
    size_t count = docs ? json_count(docs) : 0;
    struct json *doc = NULL;
    if (docs && !count)
        error_set(err, ERROR_INPUT, "%s: there is nothing in it", typed);
    else if (count > 1)
        error_set(err, ERROR_INPUT, "%s holds %zu documents, and here one is created at a time: brdeck create -f "
                  "takes them all", typed, count);
    else if (docs && action_check_manifest(json_first(docs), typed, err))
        doc = json_copy(json_first(docs));
    json_free(&docs);
    return doc;
}

void create_open_file(struct ui *ui, const char *file)
{
    struct error err;
    if (ui->read_only) {
        ui_say(ui, STYLE_WARN, "Read-only: brdeck was started with --read-only and changes nothing.");
        return;
    }
    struct json *manifest = read_manifest(file, &err);
    if (!manifest) {
        ui_say(ui, STYLE_CRIT, "Nothing was created: %s", err.text);
        return;
    }
    struct create *create = new_dialog(ui);
    const char *ns = json_text(json_at(manifest, "metadata", "namespace", NULL));
    create->v1 = str_same(json_string(manifest, "apiVersion"), "pingcap.com/v1alpha1");
    make_plan(create, manifest, str_empty(ns) ? kube_client_target(fleet_client(ui->fleet))->namespace_ : ns);
    json_free(&manifest);
    ui_push(ui, &create->view);
}

static bool is_folder(const char *folder, const char *name)
{
    struct stat st;
    char *path = xasprintf("%s/%s", folder, name);
    bool yes = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
    free(path);
    return yes;
}

void create_complete(struct ui *ui, const char *begin, struct str *out)
{
    const char *slash = strrchr(begin, '/'), *base = slash ? slash + 1 : begin;
    char *typed = xstrndup(begin, (size_t)(base - begin)), *folder = path_of(*typed ? typed : ".");
    DIR *dir = opendir(folder);
    size_t count = 0;
    (void)ui;
    for (struct dirent *entry; dir && count < FILES_MAX && (entry = readdir(dir));) {
        bool hidden = entry->d_name[0] == '.' && *base != '.';
        if (hidden || !str_starts(entry->d_name, base) || strpbrk(entry->d_name, "\n\r\033"))
            continue;
        str_addf(out, "%s%s%s\n", typed, entry->d_name, is_folder(folder, entry->d_name) ? "/" : "");
        count++;
    }
    if (dir)
        closedir(dir);
    free(folder);
    free(typed);
}
