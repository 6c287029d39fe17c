/* check_private.h - what `check` has found, and the forms it is printed in.
 *
 * A report borrows the store's records and facts: nothing turns the loop while there is one. Findings are made anew
 * where they are printed (they come of pure functions), so that 100,000 fine Backups need no memory for them.
 */
#ifndef BRDECK_SRC_CLI_CHECK_PRIVATE_H
#define BRDECK_SRC_CLI_CHECK_PRIVATE_H

#include <brdeck/backup/check.h>
#include <brdeck/backup/window.h>
#include <brdeck/base/json.h>
#include <brdeck/base/str.h>
#include <brdeck/fleet/filter.h>

#include "cli_private.h"

enum check_form { CHECK_TEXT, CHECK_JSON, CHECK_PROMETHEUS };

/* The Backups of one cluster, whether they were asked for or not. */
struct check_group {
    const char *cluster;                  /* record_cluster's key; "" they name none */
    const struct backup_record **records; /* in the report's array */
    size_t count;
    bool wanted;                          /* its own findings are asked for */
    bool complete;                        /* all of its Backups are listed */
    struct check_task *unknown_tasks;     /* own array; names are br's */
    size_t unknown_count;
    enum severity severity;
    const struct backup_record *newest;   /* full backup that can be restored to any time; NULL: none */
};

struct check_object {
    const struct backup_record *record;
    const struct backup_facts *facts; /* NULL: none */
    const char *cluster;              /* interned */
    struct check_group *group;
    enum severity severity;           /* of its gravest finding */
    bool has_lag, lag_from_pd;
    int64_t lag_ms;
    tso_t checkpoint;                 /* the fresher of the CR's and PD's; 0: none */
    struct window window;
};

struct check_report {
    int64_t now_ms;
    struct check_limits limits;
    struct check_object *objects;         /* that were asked for, by namespace, name, group */
    size_t object_count;
    struct check_group *groups;           /* by their key */
    size_t group_count;
    const struct backup_record **records; /* of the groups */
    struct str notes;                     /* what could not be had, a line each */
    struct error unknown;                 /* why not all is known; NONE: it is */
    size_t bad_objects, bad_groups, wanted_groups;
    size_t warnings, criticals;           /* findings */
};

/* What is asked for; @words NULL: all. @selector may be NULL. */
struct check_spec {
    const char *const *words; /* NAME, backup/NAME; NULL-terminated */
    struct label_selector *selector;
    struct check_limits limits;
};
/* Fill *@report with what the session has listed and its br has read. check_report_done in any case. */
void check_report_init(struct check_report *report, struct session *s, const struct check_spec *spec);
void check_report_done(struct check_report *report);
/* Of an object, of a group: the findings, the gravest first. */
size_t check_object_findings(const struct check_report *report, const struct check_object *object,
                             struct finding findings[FINDINGS_MAX]);
size_t check_group_findings(const struct check_report *report, const struct check_group *group,
                            struct finding findings[FINDINGS_MAX]);
/* The exit code: critical before unknown before a warning, as what is known to be critical is no less so when something
 * else is not known. */
enum check_code check_code_of(const struct check_report *report);
extern const char *const check_code_names[]; /* "OK", "WARNING", "CRITICAL", "UNKNOWN" */
const char *check_severity_name(const struct finding *finding); /* "ok", "busy", "warning", "critical", "unknown" */
/* Seconds of the newest full backup's age; false: there is none. */
bool check_group_age(const struct check_report *report, const struct check_group *group, int64_t *age_s);

void check_print_text(const struct check_report *report);
void check_print_json(const struct check_report *report);
void check_print_prometheus(const struct check_report *report);
/* Nothing is known: @err says why. */
void check_print_unknown(enum check_form form, const struct error *err, int64_t now_ms);
/* The UNKNOWN line by itself. */
void check_print_unknown_line(FILE *to, const char *text);

#endif
