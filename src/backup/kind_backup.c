#include <config.h>

#include <brdeck/backup/kind.h>

#include <string.h>
#include <strings.h>

#include <brdeck/backup/window.h>
#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>

#define PRINT(field) \
    static void print_##field(const struct column_context *ctx, const struct backup_record *r, \
                              const struct backup_facts *facts, const struct backup_state *state, struct cell *cell)
#define UNUSED_ARGS (void)ctx, (void)r, (void)facts, (void)state

/* Stands by what PD says and the object does not say yet: behind a time, before a number that ends its column. */
#define PD_MARK "*"

static void add_or_dash(struct cell *cell, const char *text) { str_add(&cell->text, str_empty(text) ? "-" : text); }

/* Only the short style reads otherwise tomorrow. */
static void add_time(struct cell *cell, const struct column_context *ctx, tso_t ts)
{
    char buf[TSO_TEXT_MAX];
    str_add(&cell->text, tso_format(ts, ctx->style, ctx->now_ms, buf));
    if (ts != 0 && ctx->style == TSO_SHORT)
        cell->holds_ms = tso_short_until_ms(ctx->now_ms) - ctx->now_ms;
}

PRINT(namespace)
{
    UNUSED_ARGS;
    add_or_dash(cell, r->ns);
}

PRINT(name)
{
    UNUSED_ARGS;
    add_or_dash(cell, r->name);
}

static const char *const mode_words[] = {
    [BACKUP_SNAPSHOT] = "snap", [BACKUP_LOG] = "log", [BACKUP_VOLUME_SNAPSHOT] = "volume", [BACKUP_MODE_OTHER] = "?",
};

PRINT(mode)
{
    UNUSED_ARGS;
    str_add(&cell->text, mode_words[r->mode]);
}

PRINT(status)
{
    UNUSED_ARGS;
    str_addf(&cell->text, "%s %s", state_mark_text(state->mark, ctx->ascii), state->word);
    cell->role = state->role;
    if (state->until_ms != INT64_MAX)
        cell->holds_ms = state->until_ms - ctx->now_ms;
}

PRINT(committs)
{
    UNUSED_ARGS;
    add_time(cell, ctx, r->commit_ts);
}

enum { CHECKPOINT_WIDTH = 11 };

/* PD's is marked, but where the mark would take the last digit of a date: the LAG beside it has it too. */
PRINT(checkpoint)
{
    UNUSED_ARGS;
    bool pd;
    add_time(cell, ctx, state_checkpoint(r, facts, &pd));
    if (pd && (ctx->style != TSO_SHORT || cell->text.len < CHECKPOINT_WIDTH))
        str_add(&cell->text, PD_MARK);
}

/* The text changes with clock_format_span, the role at the two limits. */
PRINT(lag)
{
    UNUSED_ARGS;
    static const int64_t limits[] = {LAG_WARN_MS, LAG_CRIT_MS};
    static const enum role roles[] = {ROLE_TEXT, ROLE_WARN, ROLE_CRIT};
    char buf[CLOCK_TEXT_MAX];
    int64_t lag;
    bool pd;
    if (!state_lag(r, facts, ctx->now_ms, &lag, &pd)) {
        str_add(&cell->text, "-");
        return;
    }
    /* the server's clock may be behind PD's by a little: that is no lag */
    cell->holds_ms = lag < 0 ? -lag : clock_span_holds_ms(lag, true);
    str_addf(&cell->text, "%s%s", pd ? PD_MARK : "", clock_format_span(lag < 0 ? 0 : lag, buf));
    cell->role = roles[0];
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        if (lag >= limits[i])
            cell->role = roles[i + 1];
        else if (limits[i] - lag < cell->holds_ms)
            cell->holds_ms = limits[i] - lag;
    }
}

PRINT(age)
{
    UNUSED_ARGS;
    char buf[CLOCK_TEXT_MAX];
    int64_t age = ctx->now_ms - r->created_ms;
    if (r->created_ms == 0) {
        str_add(&cell->text, "-");
        return;
    }
    cell->holds_ms = age < 0 ? -age : clock_span_holds_ms(age, true);
    str_add(&cell->text, clock_format_span(age < 0 ? 0 : age, buf));
}

PRINT(type)
{
    UNUSED_ARGS;
    add_or_dash(cell, r->type);
}

PRINT(size)
{
    UNUSED_ARGS;
    add_or_dash(cell, r->size);
}

/* As everywhere a time; what is no time stands as it was written. */
PRINT(truncated)
{
    UNUSED_ARGS;
    tso_t until = tso_from_status(r->success_until);
    if (until != 0)
        add_time(cell, ctx, until);
    else
        add_or_dash(cell, r->success_until);
}

PRINT(cluster)
{
    UNUSED_ARGS;
    if (r->v1 && r->cluster_ns && !str_same(r->cluster_ns, r->ns))
        str_addf(&cell->text, "%s/", r->cluster_ns);
    add_or_dash(cell, r->cluster);
}

PRINT(path)
{
    UNUSED_ARGS;
    add_or_dash(cell, r->path ? r->path : r->storage);
}

PRINT(started)
{
    UNUSED_ARGS;
    char buf[TSO_TEXT_MAX];
    str_add(&cell->text, tso_format_ms(r->started_ms, ctx->style, ctx->now_ms, buf));
    if (r->started_ms != 0 && ctx->style == TSO_SHORT)
        cell->holds_ms = tso_short_until_ms(ctx->now_ms) - ctx->now_ms;
}

PRINT(taken)
{
    UNUSED_ARGS;
    add_or_dash(cell, r->taken);
}

#define COMPARE(field, order) \
    static int compare_##field(const struct column_row *x, const struct column_row *y) \
    { \
        const struct backup_record *a = x->record, *b = y->record; \
        (void)a, (void)b; \
        return order; \
    }
#define NUMBERS(x, y) (((x) > (y)) - ((x) < (y)))

static int64_t duration_ms(const struct backup_record *r)
{
    int64_t ms = -1;
    clock_parse_span(r->taken ? r->taken : "", &ms);
    return ms;
}

static tso_t checkpoint_key(const struct column_row *row) { return state_checkpoint(row->record, row->facts, NULL); }

/* Without a checkpoint there is no lag: such rows come first. The older checkpoint lags more, whatever the time. */
static tso_t lag_key(const struct column_row *row)
{
    int64_t lag;
    return state_lag(row->record, row->facts, 0, &lag, NULL) ? checkpoint_key(row) : UINT64_MAX;
}

COMPARE(namespace, str_compare(a->ns, b->ns))
COMPARE(name, str_compare(a->name, b->name))
COMPARE(mode, NUMBERS(a->mode, b->mode))
/* The worst first. */
COMPARE(status, x->state->severity != y->state->severity ? NUMBERS(y->state->severity, x->state->severity)
                                                         : str_compare(x->state->word, y->state->word))
COMPARE(committs, NUMBERS(a->commit_ts, b->commit_ts))
COMPARE(checkpoint, NUMBERS(checkpoint_key(x), checkpoint_key(y)))
COMPARE(lag, NUMBERS(lag_key(y), lag_key(x)))
COMPARE(age, NUMBERS(b->created_ms, a->created_ms))
COMPARE(type, str_compare(a->type, b->type))
COMPARE(size, NUMBERS(a->size_bytes, b->size_bytes))
COMPARE(truncated, NUMBERS(tso_from_status(a->success_until), tso_from_status(b->success_until)))
COMPARE(cluster, str_compare(a->cluster, b->cluster))
COMPARE(path, str_compare(a->path ? a->path : a->storage, b->path ? b->path : b->storage))
COMPARE(started, NUMBERS(a->started_ms, b->started_ms))
COMPARE(taken, NUMBERS(duration_ms(a), duration_ms(b)))

/* title, name, help, least, ideal, keep, right. Below 100 columns AGE goes first, then MODE, COMMITTS, CHECKPOINT. */
static const struct column columns[] = {
    {"NAMESPACE", "namespace", "the namespace", 9, 12, 90, false, print_namespace, compare_namespace},
    {"NAME", "name", "the name", 14, 30, 100, false, print_name, compare_name},
    {"MODE", "mode", "log, or snap for a snapshot", 4, 6, 20, false, print_mode, compare_mode},
    {"STATUS", "status", "what is true of it, not only the phase", 18, 30, 95, false, print_status, compare_status},
    {"COMMITTS", "committs", "what a snapshot restores; where a log begins", 11, 11, 60, false, print_committs,
     compare_committs},
    {"CHECKPOINT", "checkpoint", "up to where the log is backed up; * as PD says", CHECKPOINT_WIDTH,
     CHECKPOINT_WIDTH, 70, false, print_checkpoint,
     compare_checkpoint},
    {"LAG", "lag",
     "now minus the checkpoint; * by PD's, which is fresher than the object's", 6, 6, 93, true, print_lag, compare_lag},
    {"AGE", "age", "since when the object exists", 5, 6, 10, true, print_age, compare_age},
    {"TYPE", "type", "backupType: full, db or table", 4, 5, 0, false, print_type, compare_type},
    {"SIZE", "size", "the size of a snapshot", 7, 9, 0, true, print_size, compare_size},
    {"TRUNCATED UNTIL", "truncated", "up to where the log is truncated", 11, 15, 0, false, print_truncated,
     compare_truncated},
    {"CLUSTER", "cluster", "the TiDB cluster", 8, 14, 0, false, print_cluster, compare_cluster},
    {"PATH", "path", "where the data lies", 16, 0, 0, false, print_path, compare_path},
    {"STARTED", "started", "when it was started", 11, 11, 0, false, print_started, compare_started},
    {"TAKEN", "taken", "how long it took", 5, 8, 0, true, print_taken, compare_taken},
};

const struct kind kind_backup = {
    .columns = columns,
    .column_count = ARRAY_LEN(columns),
};

int kind_column(const struct kind *kind, const char *name)
{
    for (size_t i = 0; name && i < kind->column_count; i++)
        if (strcasecmp(name, kind->columns[i].name) == 0 || strcasecmp(name, kind->columns[i].title) == 0)
            return (int)i;
    return -1;
}
