/* start.h - the form of a new log backup, shared by start.c (what it does) and start_show.c (what is seen). */
#ifndef BRDECK_SRC_TUI_START_H
#define BRDECK_SRC_TUI_START_H

#include "view.h"

enum start_field { FIELD_NS, FIELD_NAME, FIELD_CLUSTER, FIELD_STORAGE, FIELD_REGION, FIELD_ENDPOINT, FIELD_PROVIDER,
                   FIELD_PROJECT, FIELD_SECRET, FIELD_ACCOUNT, FIELD_START, FIELDS };

struct start_field_info {
    const char *label, *hint;
    bool needed;
};
extern const struct start_field_info start_field_table[FIELDS];

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
    bool stale, cut;             /* cut: there is more than fits */
    bool seen;                   /* the question was on the screen: keys typed before do not answer it */
};

/* What the reader is to see of the plan, into s->pager. */
void start_fill(struct start *s);
int64_t start_draw(struct view *view, struct ui *ui, struct canvas *c, struct rect r);

#endif
