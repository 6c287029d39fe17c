/* act_show.c - the dialog of an action: what it says, and what its last line asks. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/text.h>

#include "act.h"
#include "dialog.h"

enum { CHOICES_SHOWN = 8, TIME_COLUMNS = 10 };

size_t act_count_phase(const struct act *act, enum br_plan_phase phase)
{
    size_t n = 0;
    for (size_t i = 0; act->plans && i < act->count; i++)
        n += act->plans[i]->phase == phase;
    return n;
}

bool act_all_ready(const struct act *act)
{
    return act->plans && act_count_phase(act, BR_PLAN_READY) == act->count;
}

/* -- what is shown ------------------------------------------------------------------------ */

/* Of one delete of a batch: what becomes of the data, and of PITR with it. */
static void add_removal(struct str *line, const struct br_plan *plan)
{
    bool goes = plan->removes.cleans || plan->removes.may_clean;
    str_addf(line, ", %s %s%s%s", plan->removes.cleans ? "and EVERYTHING goes under" : goes ?
             "and should it fail before it is gone, EVERYTHING goes under" : "the data stays under",
             plan->removes.prefix,
             goes && !plan->removes.all_seen ? " (who else keeps data there is unknown)" : "",
             goes && !plan->removes.users_seen ? " (who else works with it is unknown)" : "");
    if (plan->removes.loses_pitr)
        str_addf(line, "; PITR: %s", plan->removes.pitr);
}

/* Batches: rows that the filter hides come first, then what each would do, in one line each. */
static void add_batch(struct act *act)
{
    for (int hidden = 1; hidden >= 0; hidden--)
        for (size_t i = 0; i < act->count; i++) {
            const struct br_plan *plan = act->plans[i];
            static const struct { const char *word; enum style style; } words[] = {
                [BR_PLAN_LOOKING] = {"looking...", STYLE_DIM}, [BR_PLAN_READY] = {"ready", STYLE_OK},
                [BR_PLAN_REFUSED] = {"refused", STYLE_CRIT},   [BR_PLAN_FAILED] = {"no answer", STYLE_WARN},
            };
            if (act->hidden[i] != hidden)
                continue;
            struct str label, line;
            str_init(&label, 1024);
            str_init(&line, 2048);
            str_addf(&label, "%s/%s%s", plan->ns, plan->name, hidden ? " (hidden by the filter)" : "");
            str_add(&line, words[plan->phase].word);
            if (plan->error.code && plan->phase != BR_PLAN_READY)
                str_addf(&line, ": %s", plan->error.text);
            else if (plan->phase == BR_PLAN_READY)
                str_addf(&line, ", now %s%s%s", plan->state.word, plan->dry_run == BR_DRY_RUN_ACCEPTED
                         ? ", dry-run accepted" : "",
                         plan->truncates && plan->action->id != ACTION_TRUNCATE ? ", and a truncate runs with it" : "");
            if (plan->phase == BR_PLAN_READY && plan->action->id == ACTION_DELETE)
                add_removal(&line, plan);
            pager_add_labelled(act->pager, 0, 0, STYLE_TEXT, label.data, words[plan->phase].style, line.data);
            str_done(&label);
            str_done(&line);
        }
}

bool act_any_waiting(const struct act *act)
{
    for (size_t i = 0; act->plans && i < act->count; i++)
        if (act->plans[i]->waiting_truncate)
            return true;
    return false;
}

/* A delete that takes the data with it: keeping that is offered first (rule 11), also where it is refused without. */
bool act_may_keep_data(const struct act *act)
{
    for (size_t i = 0; act->plans && i < act->count; i++)
        if (act->plans[i]->removes.retain_offered)
            return true;
    return false;
}

static void offer_keeping(struct act *act)
{
    if (act->keep_data)
        pager_add(act->pager, STYLE_OK, 0,
                  "The data is kept: cleanPolicy is set to Retain first. Tab leaves cleanPolicy as it is.");
    else if (act_may_keep_data(act))
        pager_add(act->pager, STYLE_WARN, 0, "Tab keeps the data: cleanPolicy is set to Retain first, and only then "
                                             "is it deleted.");
}

/* A truncate that waits would run as well (rule 2): taking it out is offered first. */
static void offer_clearing(struct act *act)
{
    if (act_count_phase(act, BR_PLAN_REFUSED)) /* the refusal tells how */
        return;
    if (act->clear_truncate)
        pager_add(act->pager, STYLE_OK, 0, "The truncate that waits is taken out with this. Tab lets it run.");
    else if (act_any_waiting(act))
        pager_add(act->pager, STYLE_WARN, 0,
                  "A truncate waits and would run with this: log data goes. Tab takes it out instead.");
}

static void add_choice(struct act *act, size_t i)
{
    int64_t now = ui_now_ms(act->ui);
    char at[TSO_TEXT_MAX], number[TSO_TEXT_MAX];
    bool picked = i + 1 == act->choice;
    struct str line;
    str_init(&line, 512);
    str_addf(&line, "%s%s  %s  TSO %s", picked ? "> " : "  ", tso_format(act->choices[i].ts, TSO_LOCAL, now, at),
             act->choices[i].name,
             tso_format(act->choices[i].ts, TSO_NUMBER, now, number));
    if (picked)
        act->choice_line = pager_lines(act->pager);
    pager_add(act->pager, picked ? STYLE_TITLE : STYLE_TEXT, 0, line.data);
    str_done(&line);
}

static void add_time_question(struct act *act)
{
    struct str line;
    str_init(&line, 1024);
    if (act->count == 1)
        str_addf(&line, "Truncate the log of %s/%s", act->spaces[0], act->names[0]);
    else
        str_addf(&line, "Truncate the logs of %zu backups", act->count);
    pager_add(act->pager, STYLE_TITLE, 0, line.data);
    str_clear(&line);
    const struct kube_target *target = kube_client_target(fleet_client(act->ui->fleet));
    str_addf(&line, "%s, %s", target->context, target->server);
    pager_add_labelled(act->pager, 0, 7, STYLE_LABEL, "context", STYLE_TEXT, line.data);
    str_done(&line);
    pager_add(act->pager, STYLE_TEXT, 0,
              "Up to when does its log go? A time, a TSO, an age such as -7d, or a snapshot (up, down):");
    if (!act->choice_count)
        pager_add(act->pager, STYLE_DIM, 2, "no complete snapshot of this cluster is listed");
    /* those round the picked one */
    size_t first = act->choice > CHOICES_SHOWN / 2 ? act->choice - CHOICES_SHOWN / 2 : 0;
    if (first + CHOICES_SHOWN > act->choice_count)
        first = act->choice_count > CHOICES_SHOWN ? act->choice_count - CHOICES_SHOWN : 0;
    for (size_t i = first; i < act->choice_count && i < first + CHOICES_SHOWN; i++)
        add_choice(act, i);
}

void act_fill(struct act *act)
{
    pager_renew(act->pager);
    offer_keeping(act);
    offer_clearing(act);
    if (act->asking_time) {
        add_time_question(act);
    } else if (act->count == 1) {
        dialog_describe(act->ui, act->pager, act->plans[0], false);
    } else {
        struct str title;
        str_init(&title, 512);
        str_addf(&title, "%s: %zu backups, one after another; the first that fails halts the rest",
                 act->action->title, act->count);
        pager_add(act->pager, STYLE_TITLE, 0, title.data);
        str_clear(&title);
        const struct kube_target *target = kube_client_target(fleet_client(act->ui->fleet));
        str_addf(&title, "%s, %s", target->context, target->server);
        pager_add_labelled(act->pager, 0, 0, STYLE_LABEL, "context", STYLE_TEXT, title.data);
        str_done(&title);
        add_batch(act);
    }
}

/* What is asked where not all can be done. */
static const char *unready_question(const struct act *act)
{
    if (act_count_phase(act, BR_PLAN_LOOKING))
        return "Looking... Esc leaves all as it is.";
    if (act_count_phase(act, BR_PLAN_FAILED))
        return "No answer. Enter tries again, Esc leaves all as it is.";
    if (act->action->id == ACTION_TRUNCATE && act->may_ask)
        return "Enter takes another time, Esc leaves all as it is.";
    return act->count > 1 ? "Not all can be done: take the marks off those. Esc leaves."
                          : "Nothing is done. Esc leaves.";
}

int act_question(struct act *act, struct str *out, int width)
{
    char typed[512];
    if (act->asking_time) {
        str_add(out, "until: ");
        return TIME_COLUMNS;
    }
    if (!act_all_ready(act) || act->ui->read_only) {
        str_add(out, act_all_ready(act) ? "Read-only: nothing is sent. Esc leaves." : unready_question(act));
        return 0;
    }
    br_batch_confirm(act->plans, act->count, typed, sizeof typed);
    if (act->plans[0]->confirm == BR_CONFIRM_YES && act->count == 1) {
        str_addf(out, "%s? y/N: ", act->action->title);
        return 1;
    }
    int columns = (int)text_width(typed);
    str_addf(out, width >= columns * 2 + 48 ? "Type %s to do it, Esc to leave all as it is: " : "Type %s: ", typed);
    return columns;
}
