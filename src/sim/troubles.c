#include <config.h>

#include "troubles.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/clock.h>
#include <brdeck/base/str.h>

enum { TSO_SHIFT = 18, DAY_MS = 24 * 3600 * 1000 };

/* The words of the API server, scheduler, kubelet, containerd and br, as they write them. */
const struct trouble_info trouble_table[] = {
    {.id = "no-service-account", .kind = TROUBLE_JOB,
     .text = "Error creating: pods \"@J-\" is forbidden: error looking up service account @N/@A: serviceaccount \"@A\" "
             "not found"},
    {.id = "quota", .kind = TROUBLE_JOB,
     .text = "Error creating: pods \"@J-\" is forbidden: exceeded quota: team-quota, requested: requests.memory=2Gi, "
             "used: requests.memory=15Gi, limited: requests.memory=16Gi"},
    {.id = "pod-security", .kind = TROUBLE_JOB,
     .text = "Error creating: pods \"@J-\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot != "
             "true (pod or containers \"br\", \"backup\" must set securityContext.runAsNonRoot=true)"},
    {.id = "unschedulable", .kind = TROUBLE_NODE, .reason = "Unschedulable",
     .text = "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption "
             "victims found for incoming pod."},
    {.id = "taints", .kind = TROUBLE_NODE, .reason = "Unschedulable",
     .text = "0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: tikv}. preemption: 0/3 nodes are "
             "available: 3 Preemption is not helpful for scheduling."},
    {.id = "mount", .kind = TROUBLE_MOUNT, .reason = "FailedMount",
     .text = "MountVolume.SetUp failed for volume \"ti-cluster-client-tls\" : secret \"@S\" not found"},
    {.id = "image", .kind = TROUBLE_IMAGE, .reason = "ErrImagePull",
     .text = "rpc error: code = NotFound desc = failed to pull and unpack image \"docker.io/@I\": failed to resolve "
             "reference \"docker.io/@I\": docker.io/@I: not found"},
    {.id = "image-denied", .kind = TROUBLE_IMAGE, .reason = "ErrImagePull",
     .text = "failed to pull and unpack image \"docker.io/@I\": failed to resolve reference \"docker.io/@I\": pull "
             "access denied, repository does not exist or may require authorization: server message: "
             "insufficient_scope: authorization failed"},
    {.id = "image-name", .kind = TROUBLE_IMAGE, .reason = "InvalidImageName",
     .text = "Failed to apply default image tag \"@I\": couldn't parse image name \"@I\": invalid reference format"},
    {.id = "no-secret", .kind = TROUBLE_CONFIG, .reason = "CreateContainerConfigError",
     .text = "secret \"@S\" not found"},
    {.id = "no-secret-key", .kind = TROUBLE_CONFIG, .reason = "CreateContainerConfigError",
     .text = "couldn't find key secret_key in Secret @N/@S"},
    {.id = "oom", .kind = TROUBLE_KILL, .reason = "OOMKilled", .exit_code = 137, .text = ""},
    {.id = "evicted", .kind = TROUBLE_KILL, .reason = "ContainerStatusUnknown", .exit_code = 137,
     .pod_reason = "Evicted",
     .text = "The node was low on resource: ephemeral-storage. Threshold quantity: 10120387530, available: 8721168Ki. "
             "Container backup was using 11223344Ki, request is 0, has larger consumption of ephemeral-storage. "},
    {.id = "node-lost", .kind = TROUBLE_KILL, .reason = "ContainerStatusUnknown", .exit_code = 137,
     .pod_reason = "NodeLost", .text = "Node node-1 which was running pod @P is unresponsive"},
    {.id = "node-shutdown", .kind = TROUBLE_KILL, .reason = "Error", .exit_code = 143, .pod_reason = "Terminated",
     .text = "Pod was terminated in response to imminent node shutdown."},
    {.id = "storage-denied", .kind = TROUBLE_BR, .reason = "s3.go:405",
     .text = "check permission ListObjects failed due to permission denied: AccessDenied: Access Denied\n\tstatus code: "
             "403, request id: 7M1Q5P3A9C2R, host id: kQz8=: [BR:ExternalStorage:ErrStorageInvalidPermission]external "
             "storage permission"},
    {.id = "task-running", .kind = TROUBLE_BR, .reason = "stream.go:510",
     .text = "It supports single stream log task currently: [BR:Stream:ErrStreamLogTaskExist]stream task already "
             "exists"},
    {.id = "pd-unreached", .kind = TROUBLE_BR, .reason = "pd.go:442",
     .text = "pd address (@D) not available, please check network: [BR:PD:ErrPDUpdateFailed]failed to update PD"},
    {.id = "gc-passed", .kind = TROUBLE_BR, .reason = "stream.go:791",
     .text = "the global checkpoint ts: @C(@W) has been gc. : GC safepoint @O exceed TS @C: "
             "[BR:Backup:ErrBackupGCSafepointExceeded]backup GC safepoint exceeded"},
    {.id = "unknown-flag", .kind = TROUBLE_BR, .reason = "main.go:38", .text = "unknown flag: --gc-ttl"},
    {.id = "truncate-locked", .kind = TROUBLE_BR, .reason = "stream.go:985",
     .text = "failed to acquire lock on 'truncating.lock': there is something holding the lock: locked, meta = "
             "Locked(at: @W, host: backup-@T-log-truncate-7h2xq, pid: 17, hint: There might be another truncate task "
             "running, or a truncate task that didn't exit properly. You may check the metadata and continue by wait "
             "other task finish or manually delete the lock file truncating.lock at the external storage.)"},
    {.id = "no-space", .kind = TROUBLE_BR, .reason = "client.go:1120",
     .text = "error happen in store 4 at tikv-2.tikv-peer.@N:20160: Io(Os { code: 28, kind: StorageFull, message: \"No "
             "space left on device\" }): [BR:KV:ErrKVStorage]tikv storage occur I/O error"},
    {.id = "no-task", .kind = TROUBLE_BR, .reason = "stream.go:640",
     .text = "no such task @T: [BR:PiTR:ErrTaskNotFound]task not found"},
};
const size_t trouble_count = ARRAY_LEN(trouble_table);

/* -- orders --------------------------------------------------------------------------- */

static void trouble_free(struct trouble *trouble)
{
    free(trouble->ns);
    free(trouble->name);
    free(trouble->command);
    free(trouble->message);
    free(trouble->container);
    free(trouble);
}

void troubles_done(struct troubles *troubles)
{
    while (troubles->first) {
        struct trouble *trouble = troubles->first;
        troubles->first = trouble->next;
        trouble_free(trouble);
    }
}

/* Those that nobody waits for any more go. */
static void sweep(struct troubles *troubles)
{
    for (struct trouble **at = &troubles->first; *at;) {
        struct trouble *trouble = *at;
        if (trouble->holds > 0 || (trouble->left != 0 && !trouble->withdrawn)) {
            at = &trouble->next;
            continue;
        }
        *at = trouble->next;
        trouble_free(trouble);
    }
}

static const struct trouble_info *find_info(const char *id)
{
    for (size_t i = 0; i < trouble_count; i++)
        if (str_same(trouble_table[i].id, id))
            return &trouble_table[i];
    return NULL;
}

static bool unknown_cause(const char *id, struct error *err)
{
    struct str known;
    str_init(&known, STR_SMALL);
    for (size_t i = 0; i < trouble_count; i++)
        str_addf(&known, "%s%s", i ? " " : "", trouble_table[i].id);
    error_set(err, ERROR_INPUT, "no such cause: %s; there are: %s", id ? id : "(none given)", known.data);
    str_done(&known);
    return false;
}

static bool is_covered(const char *wanted, const char *got) { return !wanted || str_same(wanted, got); }

static void withdraw(struct troubles *troubles, const struct trouble_info *info, const struct json *order)
{
    for (struct trouble *trouble = troubles->first; trouble; trouble = trouble->next)
        if ((!info || trouble->info == info) && is_covered(json_string(order, "namespace"), trouble->ns) &&
            is_covered(json_string(order, "name"), trouble->name) &&
            is_covered(json_string(order, "command"), trouble->command))
            trouble->withdrawn = true;
    sweep(troubles);
}

bool troubles_order(struct troubles *troubles, const struct json *order, struct error *err)
{
    const char *id = json_string(order, "cause");
    const struct trouble_info *info = find_info(id);
    bool withdraws = json_is_true(json_get(order, "withdraw"));
    if (!info && (id || !withdraws))
        return unknown_cause(id, err);
    if (withdraws) {
        withdraw(troubles, info, order);
        return true;
    }
    struct trouble *trouble = xcalloc(1, sizeof *trouble);
    trouble->info = info;
    trouble->ns = xstrdup(json_string(order, "namespace"));
    trouble->name = xstrdup(json_string(order, "name"));
    trouble->command = xstrdup(json_string(order, "command"));
    trouble->message = xstrdup(json_string(order, "message"));
    trouble->container = xstrdup(json_string(order, "container"));
    trouble->left = 1;
    json_int(json_get(order, "count"), &trouble->left);
    if (trouble->left <= 0)
        trouble->left = -1;
    struct trouble **end = &troubles->first;
    while (*end)
        end = &(*end)->next;
    *end = trouble;
    return true;
}

void troubles_clear(struct troubles *troubles)
{
    for (struct trouble *trouble = troubles->first; trouble; trouble = trouble->next)
        trouble->withdrawn = true;
    sweep(troubles);
}

size_t troubles_count(const struct troubles *troubles)
{
    size_t count = 0;
    for (const struct trouble *trouble = troubles->first; trouble; trouble = trouble->next)
        count += !trouble->withdrawn;
    return count;
}

struct trouble *troubles_take(struct troubles *troubles, const char *ns, const char *job, const char *name,
                              const char *command)
{
    for (struct trouble *trouble = troubles->first; trouble; trouble = trouble->next) {
        if (trouble->withdrawn || trouble->left == 0 || !is_covered(trouble->ns, ns) ||
            !(is_covered(trouble->name, name) || is_covered(trouble->name, job)) ||
            !is_covered(trouble->command, command))
            continue;
        if (trouble->left > 0)
            trouble->left--;
        trouble->holds++;
        return trouble;
    }
    return NULL;
}

void trouble_release(struct troubles *troubles, struct trouble **trouble)
{
    if (!*trouble)
        return;
    (*trouble)->holds--;
    *trouble = NULL;
    sweep(troubles);
}

bool trouble_is(const struct trouble *trouble, enum trouble_kind kind)
{
    return trouble && !trouble->withdrawn && trouble->info->kind == kind;
}

/* -- words ---------------------------------------------------------------------------- */

static void add_word(struct str *out, char letter, const struct trouble_words *words)
{
    char when[CLOCK_TEXT_MAX];
    int64_t now = clock_wall_ms();
    const char *const named[] = {['N'] = words->ns,     ['J'] = words->job,   ['P'] = words->pod, ['A'] = words->account,
                                 ['S'] = words->secret, ['I'] = words->image, ['T'] = words->task, ['D'] = words->pd};
    size_t at = (unsigned char)letter;
    if (letter == 'W')
        str_add(out, clock_format_rfc3339(now - DAY_MS, when));
    else if (letter == 'O' || letter == 'C')
        str_addf(out, "%" PRIu64, (uint64_t)(letter == 'O' ? now : now - DAY_MS) << TSO_SHIFT);
    else if (at < ARRAY_LEN(named) && named[at])
        str_add(out, named[at]);
}

char *trouble_text(const struct trouble *trouble, const struct trouble_words *words)
{
    struct str out;
    if (trouble->message)
        return xstrdup(trouble->message);
    str_init(&out, STR_SMALL);
    for (const char *c = trouble->info->text; *c; c++)
        if (*c == '@' && c[1] >= 'A' && c[1] <= 'Z')
            add_word(&out, *++c, words);
        else
            str_addc(&out, *c);
    return str_take(&out);
}
