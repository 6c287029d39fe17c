/* view.h - what a view is, and what all views share.
 *
 * A view is one file and one ops table. Views lie on a stack; the top one gets the keys, and what it does not
 * know goes to the global commands of app.c. A dialog is a view that lets the one below show round it.
 * Nothing draws but draw(), and that once a frame: everything else changes state and calls ui_mark.
 */
#ifndef BRDECK_SRC_TUI_VIEW_H
#define BRDECK_SRC_TUI_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include <brdeck/br/runner.h>
#include <brdeck/conf/options.h>
#include <brdeck/conf/theme.h>
#include <brdeck/fleet/fleet.h>
#include <brdeck/tui/canvas.h>
#include <brdeck/tui/keymap.h>
#include <brdeck/tui/term.h>
#include <brdeck/tui/widgets.h>

#include "role.h"

struct view;
struct ui;

/* A key and what it does here, for the last line: "p pause". Collected anew for each frame. */
struct hints {
    struct str text;      /* built by hints_add: drawn by app.c */
    struct { enum ui_command command; const char *word; bool dim; } items[24];
    size_t count;
};
/* @word is what it does ("pause"); @dim: shown as forbidden, "(no right)". More than fit are dropped. */
void hints_add(struct hints *hints, enum ui_command command, const char *word, bool dim);

struct view_ops {
    const char *name;                 /* of its keymap and in help: "deck", "pager", "action" */
    const struct key_binding *keys;   /* its default bindings */
    size_t key_count;
    bool overlay;                     /* the view below is drawn first */
    /* Bring its state up to date before a frame; NULL: nothing to do. */
    void (*refresh)(struct view *view, struct ui *ui);
    /* Draw into @r of the canvas; rows and cols may be 0. Returns when it would read otherwise although nothing came:
     * wall
     * ms, corrected; INT64_MAX: never. */
    int64_t (*draw)(struct view *view, struct ui *ui, struct canvas *c, struct rect r);
    /* A key before the keymaps see it (inputs); true: taken. May be NULL. */
    bool (*key)(struct view *view, struct ui *ui, struct key_press key);
    /* Pasted text; NULL: dropped. */
    void (*paste)(struct view *view, struct ui *ui, const char *text, size_t len);
    /* A command; false: not known here. */
    bool (*command)(struct view *view, struct ui *ui, enum ui_command command);
    /* What the keys do here, for the last line. */
    void (*hints)(struct view *view, struct ui *ui, struct hints *hints);
    void (*free)(struct view *view);
};
/* First member of every view's struct. */
struct view {
    const struct view_ops *ops;
    struct view *below;
    bool painted;          /* it was on the screen at least once: keys typed before do not reach a dialog */
};

/* The screen, as views see it. Fields are app.c's to change but where a function says so. */
struct ui {
    struct loop *loop;
    struct fleet *fleet;
    struct br *br;
    struct term *term;
    struct keymap *keys;
    const struct options *options;
    struct theme theme;
    bool ascii, read_only, demo, quitting;
    enum tso_style time_style;
    struct view *top;
    struct canvas canvas;
    struct app *app;       /* app.c's own */
};

/* The screen must be painted. */
void ui_mark(struct ui *ui);
int64_t ui_now_ms(const struct ui *ui); /* corrected wall time */
/* Put @view (taken over) on top; take the top one off and free it. */
void ui_push(struct ui *ui, struct view *view);
void ui_pop(struct ui *ui);
/* One line above the hints, until the next key: plain, or as an error. */
__attribute__((format(printf, 3, 4)))
void ui_say(struct ui *ui, enum style style, const char *format, ...);
/* Have a line typed at the foot of the screen: @label, begun with @initial. @done is called with the text, or NULL
 * when it was
 * left with Esc; @typing (may be NULL) at each change. @history names the list that arrow up goes through (NULL: none);
 * @complete (may be NULL) appends completions of the text, one a line. */
struct prompt_spec {
    const char *label, *initial, *history;
    void (*done)(void *arg, struct ui *ui, const char *text);
    void (*typing)(void *arg, struct ui *ui, const char *text);
    void (*complete)(void *arg, struct ui *ui, const char *text, struct str *out);
    void *arg;
};
void ui_prompt(struct ui *ui, const struct prompt_spec *spec);
/* Run a command as if its key had been pressed; false: nobody knows it here. */
bool ui_command(struct ui *ui, enum ui_command command);
/* Run a line typed after ":" ("theme light", "ns orders", "sort -lag"); errors are said. */
void ui_command_line(struct ui *ui, const char *text);

/* -- the views, each in its own file: view_NAME in the table of views.c, which help, the man page and the keymap read */
extern const struct view_ops view_deck, view_look, view_help, view_notices, view_namespaces, view_act, view_start,
    view_logs, view_runs, view_run, view_journal, view_entry, view_ask, view_create;
extern const struct view_ops *const view_table[];
extern const size_t view_count;
struct view *deck_new(struct ui *ui);                       /* deck.c: the list with the detail */
/* The Backup under the cursor of the deck, and the marked ones; 0 when there is none. The records are valid until the
 * next turn. */
size_t deck_chosen(struct view *deck, struct ui *ui, const struct store_row **rows, size_t max);
/* Whether a filter hides rows, and how many are shown. */
bool deck_is_narrowed(struct view *deck, size_t *shown);
/* The deck itself, the lowest view. */
struct view *ui_deck(struct ui *ui);
bool deck_set_filter(struct view *deck, const char *text, struct error *err);
/* "lag", "-lag"; "" is namespace and name. */
bool deck_set_sort(struct view *deck, const char *text, struct error *err);
/* described.c: the lines of @d, labels in one column. */
void described_fill(struct pager *pager, const struct description *d);
/* What describes @row is to know; @window is where the row's window goes, which *@ctx points to. */
void described_context(struct ui *ui, const struct store_row *row, struct window *window, struct describe_context *ctx);
/* A name that is wider than @width is cut in its middle: many differ at their end only. (Other texts than ASCII are
 * left.) */
void text_cut_middle(struct str *text, int width);
/* A text with its title, and where in it one is. @note (NULL: none) stands behind the title, @above (NULL: none) in a
 * row between both. */
void text_draw(struct pager *pager, struct canvas *c, struct rect r, const char *title, const char *note,
               const char *above);
/* What every view of a text does with its pager: search, copy all of it, move. False: it is none of these. */
bool text_command(struct ui *ui, struct pager *pager, enum ui_command command);
/* The actions (1 << enum action_id) that this login is known not to be allowed on @record: where it is not known they
 * are
 * not among them (rule 18), and it is asked in the background. */
unsigned view_no_right(struct ui *ui, const struct backup_record *record);
struct view *describe_new(struct ui *ui, slot_t slot);      /* look.c: d */
struct view *yaml_new(struct ui *ui, slot_t slot);          /* look.c: y */
struct view *help_new(struct ui *ui, struct view *of);/* help.c: ? */
struct view *notices_new(struct ui *ui);                    /* notices.c: ! */
struct view *namespaces_new(struct ui *ui);                 /* namespaces.c: n */
/* logs.c: l; @job NULL: the newest of the Backup. @over: it has ended, and what is not there is not waited for. */
struct view *logs_new(struct ui *ui, const char *ns, const char *name, bool v1, const char *job, bool over);
struct view *runs_new(struct ui *ui);                       /* runs.c: R */
struct view *run_new(struct ui *ui, unsigned id);           /* run.c: enter on a run */
struct view *journal_new(struct ui *ui);                    /* journal.c: J */
struct journal_entry;
struct view *entry_new(struct ui *ui, const struct journal_entry *entry); /* entry.c: enter in the journal */
/* logs.c: the log that is meant on @row: of the run under way there, or the one that just failed; else of the newest
 * Job. */
void logs_open(struct ui *ui, const struct store_row *row);
/* wants.c: what is asked for beside the object, for as long as it is on the screen: call it at each refresh. */
void view_wants(struct ui *ui, const struct store_row *row, bool is_cursor);
/* tasks.c: log tasks that PD has and no Backup knows: as lines (they count as seen then), and those of a Backup's
 * cluster, below @heading (NULL: none). */
void tasks_fill(struct ui *ui, struct pager *pager);
void tasks_describe(struct ui *ui, const struct backup_record *record, struct description *d, const char *heading);
enum { WANTS_EACH_MS = 5000 }; /* a view that wants is drawn again after so long */
/* act.c: the dialog of an action on @count Backups; rows are read during the call. */
struct view *act_new(struct ui *ui, enum action_id action, const struct store_row *const *rows, size_t count);
struct view *ask_new(struct ui *ui, const struct store_row *row); /* ask.c: b */
/* create.c: C, and ":create FILE"; like the Backup of @row, and out of a manifest (what is wrong with it is said). */
struct view *create_like_new(struct ui *ui, const struct store_row *row);
void create_open_file(struct ui *ui, const char *file);
/* The files that @begin may be the begin of, one a line, appended. */
void create_complete(struct ui *ui, const char *begin, struct str *out);
struct view *start_new(struct ui *ui, const struct store_row *from); /* start.c: s; @from may be NULL */
/* act_keys.c: what an action's key does on @count rows: opens its dialog, or says why not (read-only, no row, no
 * right). */
void act_open(struct ui *ui, int action, const struct store_row *const *rows, size_t count);
/* Not an action of its own: the one of them whose last run failed and can be tried again, on all the rows. */
enum { ACT_RETRY = ACTION_COUNT };
/* The action of UI_PAUSE..., ACT_RETRY of UI_RETRY; false: another command. */
bool act_of_command(enum ui_command command, int *action);
/* Whether the state of every row allows it, as far as the list knows; *@is_retry (may be NULL): for all it is a retry.
 * */
bool act_can_all(struct ui *ui, enum action_id id, const struct store_row *const *rows, size_t count, bool *is_retry);
/* The actions that can be done now to every one of @rows, as hints. */
void act_hint(struct ui *ui, const struct store_row *const *rows, size_t count, struct hints *hints);

#endif
