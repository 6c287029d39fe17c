/* start_show.c - the form of a new log backup on the screen, and the manifest that it comes to. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/secret.h>
#include <brdeck/base/text.h>
#include <brdeck/kube/yaml.h>

#include "dialog.h"
#include "start.h"

const struct start_field_info start_field_table[FIELDS] = {
    [FIELD_NS] = {"namespace", "where the Cluster is", true},
    [FIELD_NAME] = {"name", "of the new Backup; at most 43 characters", true},
    [FIELD_CLUSTER] = {"cluster", "the TiDB cluster", true},
    [FIELD_STORAGE] = {"storage",
                       "s3://bucket/prefix, gcs://bucket/prefix, azure://container/prefix or local:///path/prefix",
                       true},
    [FIELD_REGION] = {"region", "of S3; empty: none", false},
    [FIELD_ENDPOINT] = {"endpoint", "of S3-compatible storage; empty: Amazon's", false},
    [FIELD_PROVIDER] = {"provider", "of S3 at an endpoint of its own: aws, ceph, minio, alibaba ...", false},
    [FIELD_PROJECT] = {"project", "of GCS, its id", false},
    [FIELD_SECRET] = {"secret", "with the storage's keys; empty: by service account or role", false},
    [FIELD_ACCOUNT] = {"account", "ServiceAccount of the Job; empty: tidb-backup-manager", false},
    [FIELD_START] = {"start", "a TSO or time to log from; empty: now", false},
};

void start_fill(struct start *s)
{
    pager_renew(s->pager);
    dialog_describe(s->ui, s->pager, s->plan, true);
    struct json *shown = secret_blot_object(s->manifest); /* it has what the one before has */
    char *yaml = yaml_print(shown);
    json_free(&shown);
    pager_add(s->pager, STYLE_TEXT, 0, "");
    pager_add_text(s->pager, STYLE_TEXT, yaml);
    free(yaml);
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
    canvas_text(c, r.row, r.col + 1, 11, here ? STYLE_TITLE : STYLE_LABEL, start_field_table[i].label);
    if (!here)
        canvas_text(c, r.row, r.col + 13, width, *text ? STYLE_TEXT : STYLE_DIM,
                    *text ? text : start_field_table[i].needed ? "(needed)" : "-");
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
        str_addf(out, "%s: %s. %s", start_field_table[s->field].label, start_field_table[s->field].hint,
                 s->field + 1 < FIELDS
                 ? "Enter: the next field." : "Enter shows and tries it; nothing is created before y.");
}

/* The fields, above what is to be known of the one that is typed. */
static void draw_fields(struct start *s, struct canvas *c, struct rect r)
{
    struct str words;
    str_init(&words, STR_SMALL);
    form_words(s, &words);
    if (r.rows > 3)
        r.rows -= draw_foot(c, r, 4, s->error.code ? STYLE_CRIT : STYLE_DIM, words.data);
    str_done(&words);
    if (s->note[0] && r.rows > 4)
        r.rows -= draw_foot(c, r, 3, STYLE_WARN, s->note);
    if (r.rows > FIELDS) { /* air */
        r.row++;
        r.rows--;
    }
    draw_form(s, c, r);
}

/* What would be created, above the question. */
static int64_t draw_review(struct start *s, struct canvas *c, struct rect r)
{
    static const char *const questions[] = {
        [BR_PLAN_LOOKING] = "Trying it with dry-run... Esc goes back to the fields.",
        [BR_PLAN_READY] = "Create it? y/N: ",
        [BR_PLAN_REFUSED] = "It cannot be created so. Esc goes back to the fields.",
        [BR_PLAN_FAILED] = "No answer. Enter tries again, Esc goes back to the fields.",
    };
    struct question question = {.text = questions[s->plan->phase], .answer = s->plan->phase == BR_PLAN_READY};
    int width = r.cols - 2, asked = question_rows(&question, width, r.rows);
    struct rect body = {r.row, r.col + 1, r.rows - asked, width};
    bool was_cut = s->cut;
    s->cut = (int)pager_rows(s->pager, width) > body.rows;
    pager_draw(s->pager, c, body);
    question_draw(&question, &s->answer, c, (struct rect){body.row + body.rows, body.col, asked, width});
    s->seen = true;
    return s->cut == was_cut ? INT64_MAX : ui_now_ms(s->ui); /* the hints were collected before that was known */
}

int64_t start_draw(struct view *view, struct ui *ui, struct canvas *c, struct rect r)
{
    struct start *s = (struct start *)view;
    const struct kube_target *target = kube_client_target(fleet_client(ui->fleet));
    struct rect body = {r.row + 1, r.col, r.rows - 1, r.cols};
    canvas_fill(c, r, STYLE_DIALOG);
    canvas_fill(c, (struct rect){r.row, r.col, 1, r.cols}, STYLE_HEADER);
    canvas_textf(c, r.row, r.col + 1, r.cols - 1, STYLE_TITLE, "Start a new log backup%s%s   context %s, %s",
                 s->from_name ? " from " : "", s->from_name ? s->from_name : "", target->context, target->server);
    if (s->asking)
        return draw_review(s, c, body);
    draw_fields(s, c, body);
    return INT64_MAX;
}
