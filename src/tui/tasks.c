/* tasks.c - log tasks that PD has and no Backup knows: told once at the foot, and where their cluster's backups are. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/br/facts.h>

#include "app.h"

static void add_task(struct ui *ui, const struct br_pd_cluster *cluster, const struct br_pd_task *task, struct str *out)
{
    br_pd_add_unknown(cluster, task, ui_now_ms(ui), out);
}

static char *key_of(const struct br_pd_cluster *cluster, const struct br_pd_task *task)
{
    return xasprintf("\n%s/%s/%s\n", cluster->ns, cluster->name, task->name);
}

static bool was_seen(const struct ui *ui, const char *key)
{
    return ui->app->tasks_seen && strstr(ui->app->tasks_seen, key) != NULL;
}

/* Each task that no Backup knows, for sure, until @each says that it has enough. */
static void each_task(struct ui *ui, bool (*each)(struct ui *ui, const struct br_pd_cluster *cluster,
                                                  const struct br_pd_task *task, void *arg), void *arg)
{
    for (size_t i = 0; i < br_pd_clusters(ui->br); i++) {
        const struct br_pd_cluster *cluster = br_pd_cluster_at(ui->br, i);
        bool sure = br_pd_is_sure(ui->br, cluster);
        for (size_t k = 0; sure && k < cluster->count; k++)
            if (!cluster->tasks[k].known && !each(ui, cluster, &cluster->tasks[k], arg))
                return;
    }
}

static bool first_news(struct ui *ui, const struct br_pd_cluster *cluster, const struct br_pd_task *task, void *arg)
{
    char *key = key_of(cluster, task);
    bool seen = was_seen(ui, key);
    free(key);
    if (!seen)
        add_task(ui, cluster, task, arg);
    return seen;
}

bool tasks_notice(struct ui *ui, struct str *out)
{
    size_t before = out->len;
    each_task(ui, first_news, out);
    return out->len > before;
}

static bool see(struct ui *ui, const struct br_pd_cluster *cluster, const struct br_pd_task *task, void *arg)
{
    char *key = key_of(cluster, task);
    (void)arg;
    if (!was_seen(ui, key)) {
        char *all = xasprintf("%s%s", ui->app->tasks_seen ? ui->app->tasks_seen : "", key);
        free(ui->app->tasks_seen);
        ui->app->tasks_seen = all;
    }
    free(key);
    return true;
}

static bool add_to_pager(struct ui *ui, const struct br_pd_cluster *cluster, const struct br_pd_task *task, void *arg)
{
    struct str line;
    str_init(&line, STR_SMALL);
    str_addf(&line, "%s ", state_mark_text(MARK_TROUBLE, ui->ascii));
    add_task(ui, cluster, task, &line);
    pager_add(arg, STYLE_WARN, 1, line.data);
    str_done(&line);
    return true;
}

void tasks_fill(struct ui *ui, struct pager *pager)
{
    each_task(ui, see, NULL);
    each_task(ui, add_to_pager, pager);
}

struct of_cluster {
    const char *cluster; /* record_cluster's key */
    struct description *d;
    const char *heading; /* above the first; NULL: none */
};

static bool describe(struct ui *ui, const struct br_pd_cluster *cluster, const struct br_pd_task *task, void *arg)
{
    struct of_cluster *of = arg;
    if (br_pd_is_of(cluster, of->cluster)) {
        struct str line;
        str_init(&line, STR_SMALL);
        add_task(ui, cluster, task, &line);
        if (of->heading) {
            description_add(of->d, ROLE_TEXT, 0, NULL, "%s", "");
            description_add(of->d, ROLE_TITLE, 0, NULL, "%s", of->heading);
        }
        description_add(of->d, ROLE_WARN, 2, "log task", "%s", line.data);
        of->heading = NULL;
        str_done(&line);
    }
    return true;
}

void tasks_describe(struct ui *ui, const struct backup_record *record, struct description *d, const char *heading)
{
    char key[RECORD_CLUSTER_MAX];
    struct of_cluster of = {.cluster = record_cluster(record, key), .d = d, .heading = heading};
    if (*key)
        each_task(ui, describe, &of);
}
