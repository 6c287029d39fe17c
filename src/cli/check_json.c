/* check_json.c - what `check` has found, as an array of findings. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>


#include "check_private.h"

/* TSOs are strings, as in the Backup: a reader that holds numbers in doubles would change them. */
static void set_tso(struct json *json, const char *key, tso_t ts)
{
    char text[TSO_TEXT_MAX];
    if (ts)
        json_set_string(json, key, tso_format(ts, TSO_NUMBER, 0, text));
    else
        json_set(json, key, json_new_null());
}

static struct json *new_finding(const char *object, const char *cluster, const struct finding *finding)
{
    struct json *json = json_new_object();
    json_set_string(json, "id", finding->id);
    json_set_string(json, "severity", check_severity_name(finding));
    json_set_string(json, "object", object);
    json_set_string(json, "cluster", cluster && *cluster ? cluster : NULL);
    json_set_string(json, "word", finding->word);
    json_set_string(json, "sentence", finding->sentence);
    json_set_string(json, "evidence", finding->evidence);
    json_set_string(json, "action", finding->action);
    return json;
}

static void add_object(const struct check_report *report, const struct check_object *object, struct json *array)
{
    struct finding findings[FINDINGS_MAX];
    struct str name;
    size_t count = check_object_findings(report, object, findings);
    str_init(&name, 1024);
    str_addf(&name, "%s/%s", object->record->ns, object->record->name);
    for (size_t i = 0; i < count; i++) {
        struct json *json = new_finding(name.data, object->cluster, &findings[i]);
        json_set_string(json, "cause", findings[i].cause);
        json_set_string(json, "apiGroup", fleet_resource(object->record->v1)->group);
        json_set_string(json, "mode", object->record->mode == BACKUP_LOG ? "log" : "snapshot");
        if (object->has_lag)
            json_set_int(json, "lagSeconds", object->lag_ms / 1000);
        if (object->has_lag)
            json_set_string(json, "lagFrom", object->lag_from_pd ? "pd" : "status");
        if (object->record->mode == BACKUP_LOG) {
            set_tso(json, "checkpoint", object->checkpoint);
            set_tso(json, "gcSafepoint", object->facts ? object->facts->pd.gc_safepoint : 0);
            set_tso(json, "restorableFrom", object->window.from);
            set_tso(json, "restorableTo", object->window.to);
        } else {
            set_tso(json, "commitTs", object->record->commit_ts);
        }
        json_append(array, json);
    }
    str_done(&name);
}

static void add_group(const struct check_report *report, const struct check_group *group, struct json *array)
{
    struct finding findings[FINDINGS_MAX];
    int64_t age;
    size_t count = check_group_findings(report, group, findings);
    for (size_t i = 0; i < count; i++) {
        struct json *json = new_finding(NULL, group->cluster, &findings[i]);
        if (check_group_age(report, group, &age)) {
            json_set_int(json, "fullAgeSeconds", age);
            set_tso(json, "fullCommitTs", group->newest->commit_ts);
        }
        json_append(array, json);
    }
}

/* What is not known is a finding, too: of nobody. */
static void add_word(struct json *array, const char *id, const char *severity, const char *sentence)
{
    struct json *json = json_new_object();
    json_set_string(json, "id", id);
    json_set_string(json, "severity", severity);
    json_set_string(json, "object", NULL);
    json_set_string(json, "cluster", NULL);
    json_set_string(json, "word", "");
    json_set_string(json, "sentence", sentence);
    json_set_string(json, "evidence", "");
    json_set_string(json, "action", "");
    json_append(array, json);
}

static void print(struct json **array)
{
    char *text = json_print_pretty(*array);
    fputs(text, stdout);
    free(text);
    json_free(array);
}

void check_print_json(const struct check_report *report)
{
    struct json *array = json_new_array();
    if (report->unknown.code != ERROR_NONE)
        add_word(array, "unknown", "unknown", report->unknown.text);
    for (size_t i = 0; i < report->object_count; i++)
        add_object(report, &report->objects[i], array);
    for (size_t i = 0; i < report->group_count; i++)
        if (report->groups[i].wanted)
            add_group(report, &report->groups[i], array);
    for (const char *note = report->notes.data; *note; note += strcspn(note, "\n"), note += *note == '\n') {
        struct str text;
        str_init(&text, STR_SMALL);
        str_addn(&text, note, strcspn(note, "\n"));
        add_word(array, "not-asked", "ok", text.data);
        str_done(&text);
    }
    print(&array);
}

static void print_unknown_json(const char *text)
{
    struct json *array = json_new_array();
    add_word(array, "unknown", "unknown", text);
    print(&array);
}

void check_print_unknown(enum check_form form, const struct error *err, int64_t now_ms)
{
    struct check_report nothing = {.now_ms = now_ms, .unknown = *err};
    check_print_unknown_line(form == CHECK_TEXT ? stdout : stderr, err->text);
    if (form == CHECK_JSON)
        print_unknown_json(err->text);
    else if (form == CHECK_PROMETHEUS)
        check_print_prometheus(&nothing);
}
