/* keymap.h - what keys do: the table of commands, and bindings as data.
 *
 * A key is looked up in the view's map, then in the global one. Help, the hint line, completion and the man page
 * come out of these tables.
 */
#ifndef BRDECK_TUI_KEYMAP_H
#define BRDECK_TUI_KEYMAP_H

#include <stdbool.h>
#include <stddef.h>

#include <brdeck/base/error.h>
#include <brdeck/conf/options.h>
#include <brdeck/tui/term.h>

/* Every command of the screen: COMMAND(enum, "name", "group", "help"). The name is what `:` and the config
 * file take. */
#define UI_COMMANDS(COMMAND) \
    COMMAND(UP, "up", "move", "One row up") \
    COMMAND(DOWN, "down", "move", "One row down") \
    COMMAND(PAGE_UP, "page-up", "move", "One page up") \
    COMMAND(PAGE_DOWN, "page-down", "move", "One page down") \
    COMMAND(TOP, "top", "move", "To the first row") \
    COMMAND(BOTTOM, "bottom", "move", "To the last row") \
    COMMAND(LEFT, "left", "move", "Scroll or step left") \
    COMMAND(RIGHT, "right", "move", "Scroll or step right") \
    COMMAND(OPEN, "open", "move", "Open what the cursor is on") \
    COMMAND(BACK, "back", "move", "Back: clear the filter, leave the view") \
    COMMAND(QUIT, "quit", "move", "Leave brdeck, or the view") \
    COMMAND(PAUSE, "pause", "act", "Pause the log backup") \
    COMMAND(RESUME, "resume", "act", "Resume the paused log backup") \
    COMMAND(START, "start", "act", "Start a new log backup") \
    COMMAND(CREATE, "create", "act", "Create a full snapshot: cluster and storage as here") \
    COMMAND(STOP, "stop", "act", "Stop the log backup, for good") \
    COMMAND(TRUNCATE, "truncate", "act", "Delete old log up to a point in time") \
    COMMAND(DELETE, "delete", "act", "Delete the backup; by its cleanPolicy its data, too") \
    COMMAND(RETAIN, "retain", "act", "Set cleanPolicy to Retain: a delete leaves the data") \
    COMMAND(REMOVE_FINALIZER, "remove-finalizer", "act", "Let an object go whose delete hangs") \
    COMMAND(RETRY, "retry", "act", "Have the failed command run again") \
    COMMAND(ASK, "ask", "act", "Ask br itself: a Job that looks and changes nothing") \
    COMMAND(CLEAR_TRUNCATE, "clear-truncate", "act", \
            "In a dialog: the safer way, or back: take a waiting truncate out, keep the data of a delete") \
    COMMAND(CANCEL_RUN, "cancel", "act", "In the runs: stop br itself, where brdeck started it") \
    COMMAND(MARK, "mark", "list", "Mark the row, or take its mark off") \
    COMMAND(MARK_RANGE, "mark-range", "list", "Mark from the last mark to here") \
    COMMAND(UNMARK_ALL, "unmark-all", "list", "Take all marks off") \
    COMMAND(FILTER, "filter", "list", "Filter: text, /regex, !not, -l label, state:WORD") \
    COMMAND(NEED_YOU, "need-you", "list", "Only what needs you, or everything again") \
    COMMAND(SORT_PREV, "sort-prev", "list", "Sort by the column to the left") \
    COMMAND(SORT_NEXT, "sort-next", "list", "Sort by the column to the right") \
    COMMAND(SORT_REVERSE, "sort-reverse", "list", "Turn the order round") \
    COMMAND(JUMP, "jump", "list", "Jump to the backup whose name begins so") \
    COMMAND(WIDE, "wide", "list", "More columns, or fewer") \
    COMMAND(TIME_STYLE, "time-style", "list", "COMMITTS and CHECKPOINT short, full, as UTC, as TSO") \
    COMMAND(NAMESPACES, "namespaces", "list", "Pick namespaces") \
    COMMAND(ALL_NAMESPACES, "all-namespaces", "list", "All namespaces") \
    COMMAND(DESCRIBE, "describe", "look", "Everything about the backup") \
    COMMAND(YAML, "yaml", "look", "The object as YAML") \
    COMMAND(LOGS, "logs", "look", "The log of its Job") \
    COMMAND(ERRORS, "errors", "look", "In a log: only errors and warnings, or all lines") \
    COMMAND(PREVIOUS, "previous", "look", "In a log: that of the run before, or the present one") \
    COMMAND(RUNS, "runs", "look", "Runs: what is under way, and what has ended") \
    COMMAND(JOURNAL, "journal", "look", "The journal: what was ever done from here") \
    COMMAND(NOTICES, "notices", "look", "Notices: what became of what you did, and what no backup knows of") \
    COMMAND(COPY, "copy", "look", "Copy the name, or the shown text, to the clipboard") \
    COMMAND(COPY_KUBECTL, "copy-kubectl", "look", "In a dialog: copy the kubectl line that does the same") \
    COMMAND(PROMPT, "prompt", "other", "Type a command") \
    COMMAND(HELP, "help", "other", "Keys and commands") \
    COMMAND(RETRY_CONNECTION, "reconnect", "other", "Try to connect now") \
    COMMAND(REDRAW, "redraw", "other", "Draw the screen anew") \
    COMMAND(SUSPEND, "suspend", "other", "Stop brdeck; fg brings it back") \
    COMMAND(SEARCH, "search", "look", "Search in the text") \
    COMMAND(SEARCH_NEXT, "search-next", "look", "The next match") \
    COMMAND(SEARCH_PREV, "search-prev", "look", "The match before") \
    COMMAND(WRAP, "wrap", "look", "Wrap long lines, or not")

enum ui_command {
    UI_NONE,
#define AS_ENUM(id, name, group, help) UI_##id,
    UI_COMMANDS(AS_ENUM)
#undef AS_ENUM
    UI_COMMAND_COUNT,
};
struct ui_command_info {
    const char *name, *group, *help;
};
extern const struct ui_command_info ui_command_table[UI_COMMAND_COUNT];
enum ui_command ui_command_find(const char *name); /* UI_NONE: none of that name */

/* A default binding: keys separated by spaces ("j down"). */
struct key_binding {
    enum ui_command command;
    const char *keys;
};
/* The global defaults: made into the manual's table. */
extern const struct key_binding global_keys[];
extern const size_t global_keys_count;
struct keymap;
/* The global map with its default keys. @options may change bindings of "" (global) and of views by their names. */
struct keymap *keymap_new(void);
void keymap_free(struct keymap **map);
/* Add a view's default bindings; they win over the global ones in that view, and the user's win over them. */
void keymap_add(struct keymap *map, const char *view, const struct key_binding *bindings, size_t count);
/* Apply what the config file says; "none" unbinds. After every view was added: one that was not is an error ("FILE:3:
 * ..."). */
bool keymap_configure(struct keymap *map, const struct options *options, struct error *err);
enum ui_command keymap_find(const struct keymap *map, const char *view, struct key_press key);
/* The first key bound to @command in @view ("" when none); borrowed until the map changes. */
const char *keymap_key(const struct keymap *map, const char *view, enum ui_command command);
/* All keys of it, "j, down", appended. */
struct str;
void keymap_keys(const struct keymap *map, const char *view, enum ui_command command, struct str *out);

#endif
