#include <config.h>

#include "fleet/fleet_private.h"

#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/base/log.h>
#include <brdeck/base/str.h>

enum {
    FIRST_WAIT_MS = 500,
    LONGEST_WAIT_MS = 30 * 1000,
    ABSENT_WAIT_MS = 30 * 1000,      /* no Backups on this server: they may be installed */
    OTHER_WAIT_MS = 10 * 60 * 1000,  /* one group is there: the other may come, as clusters are migrated */
};

const struct kube_resource fleet_resources[GROUPS] = {
    [GROUP_V2] = {"br.pingcap.com", "v1alpha1", "backups", "Backup", true},
    [GROUP_V1] = {"pingcap.com", "v1alpha1", "backups", "Backup", true},
};

const struct kube_resource fleet_cluster_resources[GROUPS] = {
    [GROUP_V2] = {"core.pingcap.com", "v1alpha1", "clusters", "Cluster", true},
    [GROUP_V1] = {"pingcap.com", "v1alpha1", "tidbclusters", "TidbCluster", true},
};

static void read_group(struct fleet *fleet, unsigned g, const struct kube_discovery *d)
{
    struct group *group = &fleet->groups[g];
    const struct kube_group *found = kube_discovery_group(d, fleet_resources[g].group);
    const struct kube_group_resource *backups = kube_group_find(found, fleet_resources[g].plural);
    const struct kube_group *core = kube_discovery_group(d, fleet_cluster_resources[g].group);
    if (!found)
        return;
    if (found->presence == KUBE_UNKNOWN) {
        if (group->presence != KUBE_PRESENT) /* what was seen once is not gone because of a 500 */
            group->error = found->error;
        return;
    }
    group->error = (struct error){.code = ERROR_NONE};
    group->presence = backups ? KUBE_PRESENT : KUBE_ABSENT;
    group->has_status = backups && backups->has_status;
    group->has_clusters = kube_group_find(core, fleet_cluster_resources[g].plural) != NULL;
}

bool look_has_any(const struct fleet *fleet)
{
    for (unsigned g = 0; g < GROUPS; g++)
        if (fleet->groups[g].presence == KUBE_PRESENT)
            return true;
    return false;
}

bool look_uses(const struct fleet *fleet, unsigned group)
{
    return fleet->groups[group].presence == KUBE_PRESENT || fleet->groups[group].presumed;
}

static bool is_all_known(const struct fleet *fleet)
{
    for (unsigned g = 0; g < GROUPS; g++)
        if (fleet->groups[g].presence == KUBE_UNKNOWN)
            return false;
    return true;
}

static int64_t backoff_ms(unsigned failures)
{
    int64_t wait = FIRST_WAIT_MS;
    for (unsigned i = 1; i < failures && wait < LONGEST_WAIT_MS; i++)
        wait *= 2;
    wait = wait > LONGEST_WAIT_MS ? LONGEST_WAIT_MS : wait;
    return wait - random_below((unsigned)(wait / 2) + 1);
}

static void look_again(struct fleet *fleet)
{
    int64_t wait;
    if (!is_all_known(fleet) && fleet->look_error.code == ERROR_DENIED)
        wait = LONGEST_WAIT_MS; /* each try may run a login plugin */
    else if (!is_all_known(fleet))
        wait = backoff_ms(++fleet->look_failures);
    else if (!look_has_any(fleet))
        wait = ABSENT_WAIT_MS;
    else
        wait = OTHER_WAIT_MS;
    if (is_all_known(fleet))
        fleet->look_failures = 0;
    if (fleet->look_error.code && !fleet->look_since_ms)
        fleet->look_since_ms = clock_mono_ms();
    else if (!fleet->look_error.code)
        fleet->look_since_ms = 0;
    fleet->look_at_ms = clock_mono_ms() + wait;
    if (!fleet->once || !is_all_known(fleet))
        loop_timer_set(&fleet->look, wait);
}

static void replace(char **text, const char *with)
{
    if (!*with)
        return;
    free(*text);
    *text = xstrdup(with);
}

static void on_discovered(void *arg, const struct kube_discovery *d)
{
    struct fleet *fleet = arg;
    fleet->look_error = *kube_discovery_error(d);
    replace(&fleet->version, kube_discovery_version(d));
    replace(&fleet->uid, kube_discovery_cluster_uid(d));
    for (unsigned g = 0; g < GROUPS; g++) {
        fleet->groups[g].presumed = false;
        read_group(fleet, g, d);
    }
    if (!is_all_known(fleet) && !fleet->look_error.code)
        for (unsigned g = GROUPS; g-- > 0;)
            if (fleet->groups[g].presence == KUBE_UNKNOWN)
                fleet->look_error = fleet->groups[g].error;
    if (fleet->look_error.code)
        log_warn("%s", fleet->look_error.text);
    fleet->looked = fleet->looked || is_all_known(fleet) || look_has_any(fleet);
    look_again(fleet);
    sources_fit(fleet);
    sources_narrow(fleet);
    fleet_mark(fleet);
}

static void on_look(void *arg)
{
    static const struct kube_resource *const wanted[] = {
        &fleet_resources[GROUP_V2], &fleet_resources[GROUP_V1], &fleet_cluster_resources[GROUP_V2],
    };
    struct fleet *fleet = arg;
    kube_discovery_free(&fleet->discovery);
    fleet->discovery = kube_discovery_start(fleet->client, wanted, ARRAY_LEN(wanted), on_discovered, fleet);
}

void look_start(struct fleet *fleet)
{
    loop_timer_init(&fleet->look, fleet->loop, on_look, fleet);
    /* v2's Backups are listed beside the question whether there are any: a 404 does no harm */
    fleet->groups[GROUP_V2].presumed = fleet->groups[GROUP_V2].has_status = true;
    sources_fit(fleet);
    on_look(fleet);
}

void look_retry(struct fleet *fleet)
{
    if (loop_timer_is_set(&fleet->look))
        loop_timer_set(&fleet->look, 0);
}
