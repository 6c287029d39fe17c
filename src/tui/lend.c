/* lend.c - a login plugin that must ask gets the terminal when a key says so (rule 19): what is typed for the screen
 * never lands in its question. */
#include <config.h>

#include <stdio.h>

#include <brdeck/base/str.h>
#include <brdeck/base/text.h>

#include "app.h"

/* Enter and Esc are ours only where no line and no dialog wants them. */
static bool may_ask(const struct app *app)
{
    return app->loan.ready && !app->prompt.open && !app->ui.top->ops->overlay;
}

static void answer(struct app *app, bool lent)
{
    struct loan loan = app->loan;
    app->loan = (struct loan){.ready = NULL};
    ui_mark(&app->ui);
    loan.ready(loan.ctx, lent);
}

static void borrow(void *arg, const char *why, void (*ready)(void *ctx, bool lent), void *ctx)
{
    struct app *app = arg;
    app->loan = (struct loan){.ready = ready, .ctx = ctx};
    snprintf(app->loan.why, sizeof app->loan.why, "%s", why);
    ui_mark(&app->ui);
}

static void give_back(void *arg)
{
    struct app *app = arg;
    app->lent = false;
    term_take_back(app->ui.term);
    ui_mark(&app->ui);
}

void loan_begin(struct app *app, struct kube_auth *auth)
{
    kube_auth_set_terminal(auth, &(struct kube_terminal){.borrow = borrow, .give_back = give_back, .arg = app});
}

void loan_end(struct app *app, struct kube_auth *auth)
{
    kube_auth_set_terminal(auth, NULL);
    if (app->loan.ready)
        answer(app, false);
}

bool loan_draw(struct app *app, struct rect r)
{
    char line[sizeof app->loan.why + 80];
    if (!may_ask(app))
        return false;
    snprintf(line, sizeof line, "Enter lends the terminal, Esc does not: %s must ask.", app->loan.why);
    canvas_fill(&app->ui.canvas, r, STYLE_NOTICE);
    canvas_text(&app->ui.canvas, r.row, r.col + 1, r.cols - 1, STYLE_NOTICE, line);
    app->loan.shown = true;
    return true;
}

bool loan_key(struct app *app, struct key_press key)
{
    if (!may_ask(app) || !app->loan.shown || key.mods || (key.name != KEY_NAME_ENTER && key.name != KEY_NAME_ESC))
        return false;
    if (key.name == KEY_NAME_ENTER) {
        struct str why; /* names of a kubeconfig: no escape codes */
        str_init(&why, STR_SMALL);
        text_add_clean(&why, app->loan.why);
        term_lend(app->ui.term);
        app->lent = true;
        printf("\n%s\n", why.data);
        fflush(stdout);
        str_done(&why);
    }
    answer(app, key.name == KEY_NAME_ENTER);
    return true;
}
