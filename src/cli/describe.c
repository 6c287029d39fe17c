/* describe.c - `brdeck describe backup [NAME...]`: the same lines as the screen's. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/backup/describe.h>
#include <brdeck/base/alloc.h>
#include <brdeck/base/text.h>
#include <brdeck/br/facts.h>

#include "asking.h"

enum { FACTS_MS = 5000 }; /* who does not answer by then is not waited for */

struct asked {
    struct kube_request *request;
    struct json *object;
    struct error error;
    bool answered;
};

static void on_object(void *arg, const struct json *object, const struct kube_response *response)
{
    struct asked *asked = arg;
    asked->request = NULL;
    asked->answered = true;
    asked->object = json_copy(object);
    asked->error = response->error;
}

static bool is_answered(void *arg) { return ((struct asked *)arg)->answered; }

static void print_line(const struct describe_line *line, size_t width)
{
    struct str out;
    str_init(&out, STR_LARGE);
    str_pad(&out, ' ', line->indent);
    if (line->label) {
        text_add_clean(&out, line->label);
        size_t used = text_width(line->label);
        str_pad(&out, ' ', width > used ? width - used : 0);
        str_add(&out, "  ");
    }
    text_add_clean_lines(&out, line->text);
    printf("%s\n", out.data);
    str_done(&out);
}

/* As the screen has it: what stands in the way of a new log backup of the same cluster. */
static void add_unknown_tasks(struct session *s, const struct backup_record *record, struct description *d)
{
    char key[RECORD_CLUSTER_MAX];
    record_cluster(record, key);
    for (size_t i = 0; *key && i < br_pd_clusters(s->br); i++) {
        const struct br_pd_cluster *cluster = br_pd_cluster_at(s->br, i);
        if (cluster->v1 != record->v1 || !br_pd_is_of(cluster, key) || !br_pd_is_sure(s->br, cluster))
            continue;
        for (size_t k = 0; k < cluster->count; k++) {
            struct str line;
            if (cluster->tasks[k].known)
                continue;
            str_init(&line, STR_SMALL);
            br_pd_add_unknown(cluster, &cluster->tasks[k], fleet_now_ms(s->fleet), &line);
            description_add(d, ROLE_WARN, 0, "log task", "%s", line.data);
            str_done(&line);
        }
    }
}

static void print_all(struct session *s, const struct store_row *row, const struct json *object)
{
    struct window window;
    struct description d;
    bool has_window = fleet_window(s->fleet, row->record, row->facts, &window);
    enum tso_style style = TSO_LOCAL;
    tso_style_parse(options_text(s->args->opts, OPTION_TIME), &style);
    if (style == TSO_SHORT) /* that is for columns; what is copied into a ticket has its date and zone */
        style = TSO_LOCAL;
    struct describe_context ctx = {
        .facts = row->facts, .window = has_window ? &window : NULL, .window_known = fleet_is_complete(s->fleet),
        .has_status_sub = fleet_has_status_sub(s->fleet, row->record->v1), .now_ms = fleet_now_ms(s->fleet),
        .style = style, .ascii = !text_is_utf8(),
        .read_only = options_bool(s->args->opts, OPTION_READ_ONLY),
    };
    description_init(&d);
    describe_full(&d, row->record, object, &ctx);
    add_unknown_tasks(s, row->record, &d);
    size_t width = 0;
    for (size_t i = 0; i < d.count; i++)
        if (d.lines[i].label && text_width(d.lines[i].label) > width)
            width = text_width(d.lines[i].label);
    for (size_t i = 0; i < d.count; i++)
        print_line(&d.lines[i], width);
    description_done(&d);
}

static int describe_one(struct session *s, const char *word)
{
    int code = EXIT_DONE;
    slot_t slot = session_find(s, word, &code);
    if (slot == SLOT_NONE)
        return code;
    const struct store_row *row = store_get(fleet_store(s->fleet), slot);
    struct asked asked = {.object = NULL};
    asked.request = fleet_fetch(s->fleet, row->record->v1, row->record->ns, cli_name(word), on_object, &asked);
    if (!session_wait(s, is_answered, &asked)) {
        kube_request_cancel(&asked.request);
        return session_code(s, EXIT_ERROR);
    }
    struct asking asking;
    asking_init(&asking, s);
    asking_about(&asking, &slot, 1, false);
    asking_wait(&asking, FACTS_MS);
    asking_done(&asking);
    row = store_get(fleet_store(s->fleet), slot);
    if (row)
        print_all(s, row, asked.object);
    code = asked.error.code ? cli_fail(&asked.error) : EXIT_DONE;
    json_free(&asked.object);
    return code;
}

static int compare_words(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int describe_words(struct session *s, const char *const *words, size_t count)
{
    int code = EXIT_DONE;
    for (size_t i = 0; i < count; i++) {
        int one = describe_one(s, words[i]);
        code = one != EXIT_DONE ? one : code;
        if (s->signal)
            break;
        if (i + 1 < count)
            printf("\n");
    }
    return code;
}

/* Without names: all of the namespace, each as "backup.GROUP/NAME". */
static int describe_all(struct session *s)
{
    struct store *store = fleet_store(s->fleet);
    size_t count = 0;
    char **words = xcalloc(store_slots(store) + 1, sizeof *words);
    for (slot_t slot = 0; slot < store_slots(store); slot++) {
        const struct store_row *row = store_get(store, slot);
        if (row && strcmp(row->record->ns, session_namespace(s)) == 0)
            words[count++] = xasprintf("backup.%s/%s", fleet_resource(row->record->v1)->group, row->record->name);
    }
    qsort(words, count, sizeof *words, compare_words);
    int code = describe_words(s, (const char *const *)words, count);
    if (!count)
        cli_say("No Backups in %s.", session_namespace(s));
    for (size_t i = 0; i < count; i++)
        free(words[i]);
    free(words);
    return code;
}

int run_describe(struct loop *loop, const struct arguments *args)
{
    struct session s;
    struct fleet_options options = {.once = true};
    int code = EXIT_DONE;
    size_t first = args->word_count && cli_is_kind(args->words[0]) ? 1 : 0;
    if (!args->word_count) {
        cli_say("describe what? want \"brdeck describe backup [NAME...]\"");
        return EXIT_USAGE;
    }
    if (args->all_namespaces || (args->namespaces && args->namespaces[0] && args->namespaces[1])) {
        cli_say("describe takes names in one namespace: neither -A nor several");
        return EXIT_USAGE;
    }
    if (session_open(&s, loop, args, &options, &code) && session_settle(&s, &code))
        code = first == args->word_count ? describe_all(&s) :
               describe_words(&s, (const char *const *)args->words + first, args->word_count - first);
    session_done(&s);
    return cli_end_of_output(code);
}
