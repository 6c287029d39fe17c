/* The Job that runs br: beside TiDB Operator's own, field by field; and what makes none. */
#include <config.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <brdeck/base/alloc.h>
#include <brdeck/base/file.h>
#include <brdeck/br/job.h>

#include "../backup/samples.h"

#define RUN "19a8b3c4d5e-0a1b2c3d"

/* -- beside a recorded one ------------------------------------------------------------------ */

/* What is otherwise than in the operator's Job, on purpose. Members with no row must be equal. A path that ends in '*'
 * stands for all that begin so. */
static const struct difference {
    const char *path, *why;
} differences[] = {
    {"metadata.name", "the operator's Jobs have names of their own; the run id makes ours unique"},
    {"metadata.labels.pingcap.com/managed-by", "it is not the operator's"},
    {"metadata.labels.tidb.pingcap.com/backup", "the operator finds its Jobs by it"},
    {"metadata.labels.app.kubernetes.io/managed-by", "it is brdeck's"},
    {"metadata.labels.brdeck/*", "how brdeck finds it again"},
    {"metadata.annotations.brdeck/*", "how brdeck finds it again"},
    {"metadata.annotations.kubectl.kubernetes.io/last-applied-configuration", "it is the Backup's, not the Job's"},
    {"metadata.ownerReferences*", "only where it is wanted, and then without controller"},
    {"spec.activeDeadlineSeconds", "a probe that hangs ends by itself"},
    {"spec.ttlSecondsAfterFinished", "nobody else takes it away"},
    {"spec.template.metadata.labels.pingcap.com/managed-by", "as the Job's"},
    {"spec.template.metadata.labels.tidb.pingcap.com/backup", "as the Job's"},
    {"spec.template.metadata.labels.app.kubernetes.io/managed-by", "as the Job's"},
    {"spec.template.metadata.labels.brdeck/*", "as the Job's"},
    {"spec.template.metadata.annotations.brdeck/*", "as the Job's"},
    {"spec.template.metadata.annotations.kubectl.kubernetes.io/last-applied-configuration", "as the Job's"},
    {"spec.template.spec.initContainers*", "the image is br's own: nothing is copied out of it"},
    {"spec.template.spec.volumes[0]*", "br-bin: the same"},
    {"spec.template.spec.containers[0].volumeMounts[0]*", "br-bin: the same"},
    {"spec.template.spec.containers[0].name", "br itself, not tidb-backup-manager"},
    {"spec.template.spec.containers[0].image", "br itself"},
    {"spec.template.spec.containers[0].command[0]", "br itself"},
    {"spec.template.spec.containers[0].args*", "br's arguments, not tidb-backup-manager's"},
    {"spec.template.spec.containers[0].env[7]*", "BR_LOG_TO_TERM: 1, not U+0001, and none for a probe"},
    {"spec.template.spec.containers[0].terminationMessagePolicy", "the Pod tells br's last lines"},
    {"spec.template.spec.automountServiceAccountToken", "br does not ask the API server"},
    /* what the server and its controllers add */
    {"metadata.uid", "server"}, {"metadata.resourceVersion", "server"}, {"metadata.generation", "server"},
    {"metadata.creationTimestamp", "server"}, {"metadata.managedFields*", "server"}, {"status*", "server"},
    {"spec.parallelism", "server"}, {"spec.completions", "server"}, {"spec.selector*", "server"},
    {"spec.manualSelector", "server"}, {"spec.completionMode", "server"}, {"spec.suspend", "server"},
    {"spec.podReplacementPolicy", "server"},
    {"spec.template.metadata.labels.batch.kubernetes.io/*", "server"},
    {"spec.template.metadata.labels.controller-uid", "server"}, {"spec.template.metadata.labels.job-name", "server"},
    {"spec.template.spec.containers[0].terminationMessagePath", "server"},
    {"spec.template.spec.terminationGracePeriodSeconds", "server"}, {"spec.template.spec.dnsPolicy", "server"},
    {"spec.template.spec.serviceAccount", "server"}, {"spec.template.spec.schedulerName", "server"},
    {"apiVersion", "a list leaves it out"}, {"kind", "a list leaves it out"},
};
static bool seen[ARRAY_LEN(differences)];

static bool is_meant(const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(differences); i++) {
        const char *rule = differences[i].path;
        size_t len = strlen(rule);
        if (rule[len - 1] == '*' ? strncmp(path, rule, len - 1) == 0 : strcmp(path, rule) == 0)
            return seen[i] = true;
    }
    return false;
}

static void compare(const char *path, const struct json *theirs, const struct json *ours);

static void compare_members(const char *path, const struct json *theirs, const struct json *ours, bool back)
{
    size_t i = 0;
    JSON_EACH (child, theirs) {
        const char *key = json_key(child);
        char *inner = key ? xasprintf("%s%s%s", path, *path ? "." : "", key) : xasprintf("%s[%zu]", path, i);
        const struct json *other = key ? json_get(ours, key) : json_first(ours);
        for (size_t k = 0; !key && k < i; k++)
            other = json_next(other);
        if (!back)
            compare(inner, child, other);
        else if (!other)
            compare(inner, NULL, child);
        free(inner);
        i++;
    }
}

static bool is_empty(const struct json *json) { return json_is_null(json) || (json_type(json) >= JSON_ARRAY &&
                                                                              !json_count(json)); }

static void compare(const char *path, const struct json *theirs, const struct json *ours)
{
    if (json_equal(theirs, ours) || (is_empty(theirs) && is_empty(ours)))
        return;
    if (*path && is_meant(path))
        return;
    if (json_type(theirs) >= JSON_ARRAY || json_type(ours) >= JSON_ARRAY) {
        compare_members(path, theirs, ours, false);
        compare_members(path, ours, theirs, true);
        return;
    }
    char *a = json_print(theirs), *b = json_print(ours);
    fail_msg("%s: the operator has %s, brdeck %s, and no reason is given", path, a, b);
}

static char *recorded(const char *file, size_t *len)
{
    const char *shared = getenv("BRDECK_SHARED"), *source = getenv("srcdir");
    struct error err = {0};
    char path[4096];
    if (shared)
        snprintf(path, sizeof path, "%s/recorded/%s", shared, file);
    else
        snprintf(path, sizeof path, "%s/../shared/recorded/%s", source ? source : ".", file);
    struct str text;
    str_init(&text, STR_LARGE);
    bool read = file_read(path, &text, &err);
    if (!read)
        print_message("%s is not there: set BRDECK_SHARED\n", path);
    *len = text.len;
    char *taken = str_take(&text);
    if (!read)
        free(taken);
    return read ? taken : NULL;
}

/* The Backup that the recorded Job was made of, with the Job's place for what its annotation leaves out. */
static struct json *backup_of(const struct json *job)
{
    struct error err = {0};
    const char *applied = json_text(json_at(job, "metadata", "annotations",
                                            "kubectl.kubernetes.io/last-applied-configuration", NULL));
    assert_non_null(applied);
    struct json *backup = json_parse(applied, strlen(applied), &err);
    const struct json *owner = json_first(json_at(job, "metadata", "ownerReferences", NULL));
    struct json *metadata = json_object_in(backup, "metadata");
    json_set_string(metadata, "uid", json_string(owner, "uid"));
    json_set_string(json_object_in(metadata, "annotations"), "kubectl.kubernetes.io/last-applied-configuration",
                    applied);
    return backup;
}

static void test_as_recorded(void **state)
{
    (void)state;
    struct error err = {0};
    size_t len;
    char *text = recorded("jobs.txt", &len);
    if (!text)
        skip();
    const char *from = strchr(text, '{'), *to = strrchr(text, '}');
    struct json *list = json_parse(from, (size_t)(to - from) + 1, &err);
    const struct json *theirs = json_first(json_get(list, "items"));
    assert_non_null(theirs);
    struct json *backup = backup_of(theirs);
    struct br_cluster cluster = {.pd_address = "pd-pd.backup-test:2379", .version = "v8.5.0"};
    for (int owned = 0; owned < 2; owned++)
        for (enum br_command command = BR_LOG_METADATA; command <= BR_LOG_PAUSE;
             command = command == BR_LOG_METADATA ? BR_LOG_PAUSE : command + 1) {
            struct br_job_spec spec = {.argv = {.command = command, .backup = backup, .cluster = &cluster},
                                       .run_id = RUN, .owned = owned};
            struct json *ours = br_job_manifest(&spec, &err);
            assert_non_null(ours);
            compare("", theirs, ours);
            /* what the operator's init container copies /br from is what runs here */
            assert_string_equal(json_string(json_first(json_at(theirs, "spec", "template", "spec", "initContainers",
                                                               NULL)),
                                            "image"),
                                json_string(json_first(json_at(ours, "spec", "template", "spec", "containers", NULL)),
                                            "image"));
            json_free(&ours);
        }
    for (size_t i = 0; i < ARRAY_LEN(differences); i++)
        if (!seen[i])
            fail_msg("%s is no difference: take it out of the table", differences[i].path);
    json_free(&backup);
    json_free(&list);
    free(text);
}

/* -- parts ------------------------------------------------------------------------------------- */

#define BACKUP(metadata, spec) "{'apiVersion':'br.pingcap.com/v1alpha1','kind':'Backup','metadata':{'name':'log-a'," \
    "'namespace':'prod','uid':'u'" metadata "},'spec':{" spec "}}"
#define S3 "'s3':{'provider':'aws','bucket':'b','secretName':'s'}"

static struct json *manifest(const char *text, const struct br_job_spec *wish, struct error *err)
{
    struct json *backup = sample_json(text);
    struct br_job_spec spec = *wish;
    spec.argv.backup = backup;
    spec.run_id = RUN;
    struct json *job = br_job_manifest(&spec, err);
    json_free(&backup);
    return job;
}

/* One member of the manifest: where, and its JSON with ' for ". */
static const struct part {
    const char *backup;
    enum br_command command;
    bool tls, owned;
    const char *image, *version;
    const char *at, *json;
} parts[] = {
    /* the image */
    {BACKUP("", S3), BR_LOG_STATUS, false, false, NULL, "v8.5.0", "container.image", "'pingcap/br:v8.5.0'"},
    {BACKUP("", S3 ",'toolImage':'my/br'"), BR_LOG_STATUS, false, false, NULL, "v8.5.0", "container.image",
     "'my/br:v8.5.0'"},
    {BACKUP("", S3 ",'toolImage':'my/br:v7'"), BR_LOG_STATUS, false, false, NULL, "v8.5.0", "container.image",
     "'my/br:v7'"},
    {BACKUP("", S3 ",'toolImage':'reg:5000/br'"), BR_LOG_STATUS, false, false, NULL, "v8.5.0", "container.image",
     "'reg:5000/br'"}, /* so does the operator */
    {BACKUP("", S3), BR_LOG_STATUS, false, false, "x/y@sha256:0", "v8.5.0", "container.image", "'x/y@sha256:0'"},
    /* where it runs, as whom */
    {BACKUP("", S3), BR_LOG_STATUS, false, false, NULL, "v1", "pod.serviceAccountName", "'tidb-backup-manager'"},
    {BACKUP("", S3 ",'serviceAccount':'irsa'"), BR_LOG_STATUS, false, false, NULL, "v1", "pod.serviceAccountName",
     "'irsa'"},
    {BACKUP("", S3 ",'tolerations':[{'key':'k'}]"), BR_LOG_STATUS, false, false, NULL, "v1", "pod.tolerations",
     "[{'key':'k'}]"},
    {BACKUP("", S3 ",'affinity':{'nodeAffinity':{}}"), BR_LOG_STATUS, false, false, NULL, "v1", "pod.affinity",
     "{'nodeAffinity':{}}"},
    {BACKUP("", S3 ",'imagePullSecrets':[{'name':'p'}]"), BR_LOG_STATUS, false, false, NULL, "v1",
     "pod.imagePullSecrets",
     "[{'name':'p'}]"},
    {BACKUP("", S3 ",'podSecurityContext':{'runAsUser':1}"), BR_LOG_STATUS, false, false, NULL, "v1",
     "pod.securityContext",
     "{'runAsUser':1}"},
    {BACKUP("", S3 ",'priorityClassName':'high'"), BR_LOG_STATUS, false, false, NULL, "v1", "pod.priorityClassName",
     "'high'"},
    {BACKUP("", S3 ",'resources':{'limits':{'cpu':'1'}}"), BR_LOG_STATUS, false, false, NULL, "v1",
     "container.resources",
     "{'limits':{'cpu':'1'}}"},
    {BACKUP("", S3), BR_LOG_STATUS, false, false, NULL, "v1", "pod.restartPolicy", "'Never'"},
    {BACKUP("", S3), BR_LOG_STATUS, false, false, NULL, "v1", "job.backoffLimit", "0"},
    {BACKUP("", S3), BR_LOG_STATUS, false, false, NULL, "v1", "job.ttlSecondsAfterFinished", "3600"},
    {BACKUP("", S3), BR_LOG_TRUNCATE, false, false, NULL, "v1", "job.activeDeadlineSeconds", "null"},
    /* environment: none for what reads no storage; spec.env overrides and follows */
    {BACKUP("", S3), BR_LOG_STATUS, false, false, NULL, "v1", "container.env", "[]"},
    {BACKUP("",
            S3 ",'env':[{'name':'AWS_ACL','value':'mine'},{'name':'X','valueFrom':{'secretKeyRef':{'name':'n',"
            "'key':'k'}}}]"),
     BR_LOG_METADATA, false, false, NULL, "v1", "container.env",
     "[{'name':'S3_PROVIDER','value':'aws'},{'name':'S3_ENDPOINT'},{'name':'AWS_REGION'},{'name':'AWS_ACL',"
     "'value':'mine'},"
     "{'name':'AWS_STORAGE_CLASS','value':'STANDARD_IA'},"
     "{'name':'AWS_ACCESS_KEY_ID','valueFrom':{'secretKeyRef':{'name':'s','key':'access_key'}}},"
     "{'name':'AWS_SECRET_ACCESS_KEY','valueFrom':{'secretKeyRef':{'name':'s','key':'secret_key'}}},"
     "{'name':'X','valueFrom':{'secretKeyRef':{'name':'n','key':'k'}}}]"},
    {BACKUP("", "'useKMS':true,'s3':{'provider':'ceph','bucket':'b','endpoint':'rgw:80','region':'r'}"),
     BR_LOG_METADATA, false,
     false, NULL, "v1", "container.env",
     "[{'name':'S3_PROVIDER','value':'ceph'},{'name':'S3_ENDPOINT',"
     "'value':'http://rgw:80'},{'name':'AWS_REGION','value':'r'},"
     "{'name':'AWS_ACL'},{'name':'AWS_STORAGE_CLASS'},{'name':'AWS_DEFAULT_REGION','value':'r'}]"},
    {BACKUP("", "'gcs':{'projectId':'p','bucket':'b','secretName':'g'}"), BR_LOG_METADATA, false, false, NULL, "v1",
     "container.env",
     "[{'name':'GCS_PROJECT_ID',"
     "'value':'p'},{'name':'GCS_OBJECT_ACL'},{'name':'GCS_BUCKET_ACL'},{'name':'GCS_LOCATION'},"
     "{'name':'GCS_STORAGE_CLASS'},"
     "{'name':'GCS_SERVICE_ACCOUNT_JSON_KEY','valueFrom':{'secretKeyRef':{'name':'g','key':'credentials'}}},"
     "{'name':'GOOGLE_APPLICATION_CREDENTIALS','value':'/gcs/credentials'}]"},
    {BACKUP("", "'gcs':{'projectId':'p','bucket':'b','secretName':'g'}"), BR_LOG_METADATA, false, false, NULL, "v1",
     "pod.volumes", "[{'name':'gcs-credentials','secret':{'secretName':'g'}}]"},
    {BACKUP("", "'azblob':{'container':'c','secretName':'z'}"), BR_LOG_METADATA, false, false, NULL, "v1",
     "container.env",
     "[{'name':'AZURE_ACCESS_TIER','value':'Cool'},"
     "{'name':'AZURE_STORAGE_ACCOUNT','valueFrom':{'secretKeyRef':{'name':'z','key':'AZURE_STORAGE_ACCOUNT'}}},"
     "{'name':'AZURE_CLIENT_ID','valueFrom':{'secretKeyRef':{'name':'z','key':'AZURE_CLIENT_ID','optional':true}}},"
     "{'name':'AZURE_CLIENT_SECRET','valueFrom':{'secretKeyRef':{'name':'z','key':'AZURE_CLIENT_SECRET',"
     "'optional':true}}},"
     "{'name':'AZURE_TENANT_ID','valueFrom':{'secretKeyRef':{'name':'z','key':'AZURE_TENANT_ID','optional':true}}},"
     "{'name':'AZURE_STORAGE_KEY','valueFrom':{'secretKeyRef':{'name':'z','key':'AZURE_STORAGE_KEY',"
     "'optional':true}}}]"},
    /* volumes */
    {BACKUP("", S3), BR_LOG_STATUS, true, false, NULL, "v1", "pod.volumes",
     "[{'name':'ti-cluster-client-tls','secret':{'secretName':'tc-cluster-client-secret'}}]"},
    {BACKUP("", S3), BR_LOG_STATUS, true, false, NULL, "v1", "container.volumeMounts",
     "[{'name':'ti-cluster-client-tls','readOnly':true,'mountPath':'/var/lib/cluster-client-tls'}]"},
    {BACKUP("", S3), BR_LOG_METADATA, true, false, NULL, "v1", "pod.volumes", "[]"}, /* it does not ask PD */
    {BACKUP("", S3 ",'additionalVolumes':[{'name':'ca'}],'additionalVolumeMounts':[{'name':'ca','mountPath':'/ca'}]"),
     BR_LOG_METADATA, false, false, NULL, "v1", "container.volumeMounts", "[{'name':'ca','mountPath':'/ca'}]"},
    {BACKUP("", "'local':{'prefix':'p','volume':{'name':'n','nfs':{}},'volumeMount':{'name':'n','mountPath':'/n'}}"),
     BR_LOG_METADATA, false, false, NULL, "v1", "pod.volumes", "[{'name':'n','nfs':{}}]"},
    /* whose it is */
    {BACKUP("", S3), BR_LOG_STATUS, false, false, NULL, "v1", "metadata.ownerReferences", "null"},
    {BACKUP("", S3), BR_LOG_STATUS, false, true, NULL, "v1", "metadata.ownerReferences",
     "[{'apiVersion':'br.pingcap.com/v1alpha1','kind':'Backup','name':'log-a','uid':'u','controller':false,"
     "'blockOwnerDeletion':false}]"},
    {BACKUP("", S3), BR_LOG_STATUS, false, false, NULL, "v1", "metadata.name", "'brdeck-status-log-a-" RUN "'"},
    {BACKUP(",'labels':{'team':'x','tidb.pingcap.com/backup':'log-a','app.kubernetes.io/instance':'argo','n':7}", S3),
     BR_LOG_STATUS, false, false, NULL, "v1", "metadata.labels",
     "{'team':'x','app.kubernetes.io/component':'backup','app.kubernetes.io/instance':'log-a',"
     "'app.kubernetes.io/name':'backup',"
     "'app.kubernetes.io/managed-by':'brdeck','brdeck/backup':'log-a','brdeck/command':'status',"
     "'brdeck/run-id':'" RUN "'}"},
    {BACKUP(",'annotations':{'iam.amazonaws.com/role':'arn','argocd.argoproj.io/tracking-id':'x'}", S3), BR_LOG_STATUS,
     false,
     false, NULL, "v1", "template.annotations",
     "{'iam.amazonaws.com/role':'arn','brdeck/run-id':'" RUN "','brdeck/backup':'log-a'}"},
    /* $(NAME) of the Backup's is not expanded by the kubelet */
    {BACKUP("", "'s3':{'bucket':'b','prefix':'$(AWS_SECRET_ACCESS_KEY)$$(x)'}"), BR_LOG_METADATA, false, false, NULL,
     "v1",
     "container.args", "['log','metadata','--storage=s3://b/$$(AWS_SECRET_ACCESS_KEY)$$$(x)']"},
};

static const struct json *part_at(const struct json *job, const char *at)
{
    const struct json *pod = json_at(job, "spec", "template", "spec", NULL);
    const struct { const char *word; const struct json *json; } roots[] = {
        {"container.", json_first(json_get(pod, "containers"))}, {"pod.", pod}, {"job.", json_get(job, "spec")},
        {"metadata.", json_get(job, "metadata")}, {"template.", json_at(job, "spec", "template", "metadata", NULL)},
    };
    for (size_t i = 0; i < ARRAY_LEN(roots); i++)
        if (str_starts(at, roots[i].word))
            return json_get(roots[i].json, at + strlen(roots[i].word));
    fail_msg("%s: what is that", at);
    return NULL;
}

static void test_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        struct error err = {0};
        struct br_cluster cluster = {.tls = parts[i].tls, .pd_address = "pd-pd.prod:2379",
                                     .tls_secret = "tc-cluster-client-secret"};
        snprintf(cluster.version, sizeof cluster.version, "%s", parts[i].version);
        struct br_job_spec wish = {.argv = {.command = parts[i].command, .cluster = &cluster, .until = 7},
                                   .image = parts[i].image, .owned = parts[i].owned};
        struct json *job = manifest(parts[i].backup, &wish, &err), *wanted = sample_json(parts[i].json);
        if (!job)
            fail_msg("row %zu: %s", i, err.text);
        if (!json_equal(part_at(job, parts[i].at), wanted)) {
            char *got = json_print(part_at(job, parts[i].at));
            fail_msg("row %zu, %s is %s", i, parts[i].at, got);
        }
        json_free(&wanted);
        json_free(&job);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct { const char *backup, *error; enum error_code code; } rows[] = {
        {BACKUP("", ""), "names no storage", ERROR_INPUT},
        {"{'spec':{" S3 "}}", "has no name or namespace", ERROR_INPUT},
        {"{'metadata':[],'spec':7}", "names no storage", ERROR_INPUT},
        {BACKUP("", S3 ",'tolerations':{}"), "spec.tolerations", ERROR_INPUT},
        {BACKUP("", S3 ",'tolerations':[7]"), "spec.tolerations", ERROR_INPUT},
        {BACKUP("", S3 ",'env':'x'"), "spec.env", ERROR_INPUT},
        {BACKUP("", S3 ",'resources':[]"), "spec.resources", ERROR_INPUT},
        {BACKUP("", S3 ",'priorityClassName':7"), "spec.priorityClassName", ERROR_INPUT},
        {BACKUP("", "'local':{'volumeMount':{'mountPath':'/x'}}"), "spec.local", ERROR_INPUT},
        {BACKUP("", "'gcs':{'bucket':'b'}"), "projectId", ERROR_INPUT},
        {BACKUP("", "'s3':{'provider':'ceph','bucket':'b','endpoint':'https://x'}"), "ceph", ERROR_INPUT},
        {BACKUP("", "'azblob':{'container':'c','storageAccount':'a','sasToken':'hush'}"), "sasToken", ERROR_REFUSED},
        {BACKUP("", "'azblob':{'container':'c'}"), "storageAccount", ERROR_INPUT},
    };
    struct br_cluster cluster = {.pd_address = "a:1", .version = "v1"};
    struct br_job_spec wish = {.argv = {.command = BR_LOG_METADATA, .cluster = &cluster}};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = {0};
        assert_null(manifest(rows[i].backup, &wish, &err));
        if (!strstr(err.text, rows[i].error) || err.code != rows[i].code || strstr(err.text, "hush"))
            fail_msg("%s: %s", rows[i].backup, err.text);
    }
    /* no version, a secret in the user's own arguments */
    struct error err = {0};
    struct br_cluster none = {.error = {ERROR_MISSING, "no Cluster prod/tc"}};
    wish.argv.cluster = &none;
    assert_null(manifest(BACKUP("", S3), &wish, &err));
    assert_non_null(strstr(err.text, "no Cluster prod/tc"));
    const char *const more[] = {"--crypter.key=hush", NULL};
    wish.argv.cluster = &cluster;
    wish.argv.more = more;
    assert_null(manifest(BACKUP("", S3), &wish, &err));
    assert_non_null(strstr(err.text, "--crypter.key holds a secret"));
}

/* Whatever the Backup is called, the name fits, is a label of DNS, and ends in the run id. */
static void test_names(void **state)
{
    (void)state;
    static const char *const names[] = {
        "a", "a.b.c", "log-orders-of-a-very-long-name-that-goes-on-and-on-and-on-and-on-and-on-until-it-ends",
        "x23456789012345678.y", "x2345678901234567.y.z",
    };
    struct br_cluster cluster = {.pd_address = "a:1", .version = "v1"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        for (enum br_command c = 0; c < BR_COMMAND_COUNT; c++) {
            struct error err = {0};
            char *text = xasprintf("{'metadata':{'name':'%s','namespace':'n'},'spec':{" S3 "}}", names[i]);
            struct br_job_spec wish = {.argv = {.command = c, .cluster = &cluster, .until = 7}};
            struct json *job = manifest(text, &wish, &err);
            const char *name = json_text(json_at(job, "metadata", "name", NULL));
            assert_non_null(name);
            assert_true(strlen(name) <= 63 && str_starts(name, "brdeck-") && str_ends(name, "-" RUN));
            assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(name));
            assert_null(strstr(name, "--"));
            JSON_EACH (label, json_at(job, "metadata", "labels", NULL))
                assert_true(strlen(json_text(label)) <= 63);
            json_free(&job);
            free(text);
        }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_recorded),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
