#include <config.h>

#include "follow_private.h"

#include <stdio.h>
#include <string.h>

static const char *or_none(const char *text) { return str_empty(text) ? "not set" : text; }

static void add_difference(struct str *out, const char *what, const char *a, const char *b)
{
    if (str_same(a ? a : "", b ? b : ""))
        return;
    str_addf(out, "%s%s was %.100s, is %.100s", out->len ? "; " : "", what, or_none(a), or_none(b));
}

void follow_difference(const struct backup_record *a, const struct backup_record *b, char *buf, size_t size)
{
    struct str out;
    str_init(&out, size - 1);
    if (strcmp(a->uid, b->uid) != 0) { /* what it says is no change */
        snprintf(buf, size, "it is another object of that name");
        str_done(&out);
        return;
    }
    if (!a->deleting_ms && b->deleting_ms)
        str_addf(&out, "%sit is being deleted", out.len ? "; " : "");
    add_difference(&out, "the phase", a->phase_text ? a->phase_text : phase_name(a->phase),
                   b->phase_text ? b->phase_text : phase_name(b->phase));
    add_difference(&out, "logSubcommand", a->subcommand_text, b->subcommand_text);
    add_difference(&out, "logTruncateUntil", a->until, b->until);
    add_difference(&out, "logSuccessTruncateUntil", a->success_until, b->success_until);
    for (int c = LOG_COMMAND_START; c < LOG_COMMAND_COUNT; c++) {
        const struct backup_sub *x = record_sub(a, (enum log_command)c), *y = record_sub(b, (enum log_command)c);
        if (x->phase != y->phase)
            add_difference(&out, log_command_name((enum log_command)c), phase_name(x->phase), phase_name(y->phase));
        else if (!follow_sub_equal(x, y))
            str_addf(&out, "%s%s ran again", out.len ? "; " : "", log_command_name((enum log_command)c));
    }
    if (!out.len)
        str_add(&out, "the spec was changed");
    snprintf(buf, size, "%s", out.data);
    str_done(&out);
}
