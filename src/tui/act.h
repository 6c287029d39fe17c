/* act.h - the dialog of an action, shared by act.c (what it does) and act_show.c (what it says). */
#ifndef BRDECK_SRC_TUI_ACT_H
#define BRDECK_SRC_TUI_ACT_H

#include "view.h"

/* A snapshot that a truncate may go up to. */
struct choice {
    char *name;
    tso_t ts;
};
struct act {
    struct view view;
    struct ui *ui;
    const struct action *action;
    struct br_plan **plans;    /* made at once; truncate: when the time is known */
    struct br_plan_spec *specs;
    char **names, **spaces;    /* of @specs */
    bool *hidden;              /* marked, but not shown by the filter */
    size_t count;
    bool asking_time;          /* truncate: @line holds the time, not the confirmation */
    struct choice *choices;
    size_t choice_count, choice;  /* choice 0: none picked */
    size_t choice_line;        /* of the picked one, in the pager */
    struct line_edit line;     /* the time, or what confirms */
    bool clear_truncate;
    bool keep_data;            /* delete: cleanPolicy Retain first */
    tso_t until;
    bool zoneless;
    struct error error;        /* of what was typed */
    struct pager *pager;
    bool stale;
    bool seen;                 /* what is asked now was on the screen: keys typed before do not answer it */
    bool cut;                  /* there is more than fits */
    bool may_ask;              /* truncate: the state allows it, only the time may not */
};

/* How many of its plans are in that phase; whether they can be confirmed. */
size_t act_count_phase(const struct act *act, enum br_plan_phase phase);
bool act_all_ready(const struct act *act);
/* A truncate waits and would run with it; a delete takes data with it that could be kept. */
bool act_any_waiting(const struct act *act);
bool act_may_keep_data(const struct act *act);
/* Put into the pager what is to be read, and append what the last line asks. */
void act_fill(struct act *act);
/* Returns the columns that are to be typed in answer; 0: nothing is. */
int act_question(struct act *act, struct str *out, int width);

#endif
