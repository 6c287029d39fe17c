#include <config.h>

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <brdeck/backup/cause.h>
#include <brdeck/base/alloc.h>
#include <brdeck/base/json.h>
#include <brdeck/base/str.h>

#include "samples.h"

#define NOW SAMPLE_NOW

/* What each says in the real words: of the Job controller, scheduler, kubelet, TiDB Operator and br. */
enum source { CR, LOG, EVENT, WAIT, END, JOB };
static const struct row {
    const char *id;
    enum source source;
    const char *name, *text;
} rows[] = {
    /* recorded */
    {"no-service-account", EVENT, "FailedCreate", "Error creating: pods \"backup-demo1-full-\" is forbidden: error "
     "looking "
     "up service account backup-test/tidb-backup-manager: serviceaccount \"tidb-backup-manager\" not found"},
    {"no-secret", CR, "GetS3SecretFailed", "backup backup-test/no-secret, get s3 secret backup-test/absent failed, "
     "err: "
     "Secret \"absent\" not found"},
    {"secret-forbidden", CR, "GetS3SecretFailed", "backup prod/full, get s3 secret prod/s3-secret failed, err: secrets "
     "\"s3-secret\" is forbidden: User \"system:serviceaccount:tidb-admin:tidb-operator\" cannot get resource "
     "\"secrets\" in API group \"\" in the namespace \"prod\""},
    {"secret-forbidden", CR, "GetGcsSecretFailed", "backup prod/full, get gcs secret prod/gcs-secret failed, err: "
     "Forbidden"},
    {"secret-forbidden", CR, "GetAzblobSecretFailed", "backup prod/full, get azblob secret prod/az ... controller\" "
     "cannot get resource \"secrets\" in API group \"\" in the namespace \"prod\""},
    {"bucket-unset", CR, "InvalidSpec", "bucket should be configured for BR in spec of backup-test/no-bucket"},
    /* the Job controller */
    {"quota-exceeded", EVENT, "FailedCreate", "Error creating: pods \"backup-x-8hj2k\" is forbidden: exceeded quota: "
     "compute, "
     "requested: limits.memory=4Gi, used: limits.memory=30Gi, limited: limits.memory=32Gi"},
    {"quota-exceeded", EVENT, "FailedCreate", "Error creating: pods \"backup-x-8hj2k\" is forbidden: failed quota: "
     "compute: "
     "must specify limits.cpu for: backup,br"},
    {"limit-range", EVENT, "FailedCreate", "Error creating: pods \"backup-x-l2kd9\" is forbidden: maximum memory "
     "usage per "
     "Container is 1Gi, but limit is 4Gi"},
    {"limit-range", EVENT, "FailedCreate", "Error creating: pods \"backup-x-l2kd9\" is forbidden: [minimum cpu usage "
     "per "
     "Container is 100m, but request is 10m, minimum memory usage per Container is 64Mi, but request is 1Mi]"},
    {"pod-security", EVENT, "FailedCreate", "Error creating: pods \"backup-x-cvq7d\" is forbidden: violates "
     "PodSecurity "
     "\"restricted:latest\": allowPrivilegeEscalation != false (containers \"br\", \"backup\" must set ...)"},
    {"webhook-denied", EVENT, "FailedCreate", "Error creating: admission webhook \"validation.gatekeeper.sh\" denied "
     "the "
     "request: [ns-must-have-gk] you must provide labels"},
    {"webhook-denied", EVENT, "FailedCreate", "Error creating: Internal error occurred: failed calling webhook "
     "\"sidecar.istio.io\": failed to call webhook: connection refused"},
    {"no-priority-class", EVENT, "FailedCreate", "Error creating: pods \"backup-x-2kd9f\" is forbidden: no "
     "PriorityClass with "
     "name high was found"},
    {"pod-forbidden", EVENT, "FailedCreate", "Error creating: pods \"backup-x-\" is forbidden: something new"},
    {"name-too-long", CR, "CreateBackupJobFailed", "Job.batch \"backup-a\" is invalid: spec.template.labels: Invalid "
     "value: "
     "\"backup-a\": must be no more than 63 characters"},
    /* the scheduler */
    {"no-room", WAIT, "Unschedulable", "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are "
     "available: 3 No "
     "preemption victims found for incoming pod."},
    {"no-room", EVENT, "FailedScheduling", "0/4 nodes are available: 1 node(s) had untolerated taint {dedicated: "
     "tikv}, 3 "
     "Insufficient memory."},
    {"no-room", WAIT, "Unschedulable", ""},
    {"node-taints", WAIT, "Unschedulable", "0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: "
     "tikv}."},
    {"no-node", EVENT, "FailedScheduling", "0/3 nodes are available: 3 node(s) didn't match Pod's node "
     "affinity/selector."},
    {"no-node", EVENT, "FailedScheduling", "no nodes available to schedule pods"},
    {"no-volume-claim", WAIT, "Unschedulable", "0/3 nodes are available: persistentvolumeclaim \"backup-pvc\" not "
     "found."},
    {"no-volume-claim", EVENT, "FailedScheduling", "0/3 nodes are available: pod has unbound immediate "
     "PersistentVolumeClaims."},
    /* the kubelet */
    {"no-secret", WAIT, "CreateContainerConfigError", "secret \"s3-secret\" not found"},
    {"no-secret", EVENT, "Failed", "Error: secret \"s3-secret\" not found"},
    {"secret-key-missing", WAIT, "CreateContainerConfigError", "couldn't find key access_key in Secret prod/s3-secret"},
    {"secret-key-missing", EVENT, "Failed", "Error: couldn't find key secret_key in Secret prod/s3-secret"},
    {"no-config-map", WAIT, "CreateContainerConfigError", "configmap \"proxy\" not found"},
    {"container-config", WAIT, "CreateContainerConfigError", "something new"},
    {"image-not-pulled", WAIT, "ErrImagePull", "failed to pull and unpack image \"docker.io/pingcap/br:v9\": not "
     "found"},
    {"image-not-pulled", WAIT, "ImagePullBackOff", "Back-off pulling image \"pingcap/br:v9.9.9\""},
    {"image-not-pulled", EVENT, "Failed", "Failed to pull image \"pingcap/br:v9.9.9\": rpc error: code = NotFound "
     "desc = "
     "failed to pull: pull access denied, repository does not exist"},
    {"bad-image-name", WAIT, "InvalidImageName", "Failed to apply default image tag \"Pingcap/BR\": couldn't parse "
     "image "
     "reference: invalid reference format"},
    {"no-tls-secret", EVENT, "FailedMount", "MountVolume.SetUp failed for volume \"ti-cluster-client-tls\" : secret "
     "\"shop-cluster-client-secret\" not found"},
    {"volume-not-mounted", EVENT, "FailedMount", "Unable to attach or mount volumes: unmounted volumes=[local]: "
     "timed out "
     "waiting for the condition"},
    {"no-pod-network", EVENT, "FailedCreatePodSandBox", "Failed to create pod sandbox: rpc error: code = Unknown "
     "desc = failed "
     "to setup network for sandbox"},
    {"container-not-started", END, "StartError", "failed to create containerd task: exec: \"/tidb-backup-manager\": "
     "no such "
     "file or directory"},
    {"wrong-architecture", LOG, NULL, "exec /entrypoint.sh: exec format error"},
    {"out-of-memory", END, "OOMKilled", ""},
    {"out-of-memory", CR, "BackupDataToRemoteFailed", "Pod reason OOMKilled, message"},
    {"evicted", END, "Evicted", "The node was low on resource: ephemeral-storage. Threshold quantity: 1Gi, "
     "available: 0."},
    {"node-gone", END, "NodeLost", "Node n1 which was running pod x is unresponsive"},
    {"node-gone", END, "Terminated", "Pod was terminated in response to imminent node shutdown."},
    {"job-deadline", JOB, "DeadlineExceeded", ""},
    {"job-deadline", END, "DeadlineExceeded", "Pod was active on the node longer than the specified deadline"},
    /* TiDB Operator */
    {"secret-key-missing", CR, "s3KeyNotExist", "s3 secret prod/s3 missing some keys"},
    {"bad-endpoint", CR, "InvalidS3Endpoint", ""},
    {"no-project", CR, "ProjectIdIsEmpty", ""},
    {"bad-storage", CR, "UnsupportedStorageType", ""},
    {"bad-spec", CR, "InvalidSpec", "something new"},
    {"task-error", CR, "LogBackupErrorPaused", ""},
    {"task-gone", CR, "LogBackupTaskNotFound", ""},
    {"retries-used-up", CR, "ExceedRetryLimit", ""},
    {"cluster-missing", CR, "FetchFailed", "clusters.core.pingcap.com \"shop\" not found"},
    /* br and its manager */
    {"manager-forbidden", LOG, NULL, "backups.br.pingcap.com \"log-a\" is forbidden: User "
     "\"system:serviceaccount:prod:tidb-backup-manager\" cannot get resource \"backups\" in API group "
     "\"br.pingcap.com\" in "
     "the namespace \"prod\""},
    {"gc-passed", CR, "ResumeLogBackuFailed", "failed to check gc safePoint, checkpoint ts 433177834291200000: GC "
     "safepoint "
     "433193092308795392 exceed TS 433177834291200000: [BR:Backup:ErrBackupGCSafepointExceeded]backup GC safepoint "
     "exceeded"},
    {"gc-passed", LOG, NULL, "txn safe point 433193092308795392 exceed ts 433177834291200000"},
    {"unknown-flag", CR, "PauseLogBackupFailed", "Error: unknown flag: --filter"},
    {"unknown-flag", LOG, NULL, "Error: unknown shorthand flag: 'f' in -f"},
    {"bad-flag-value", LOG, NULL, "Error: invalid argument \"many\" for \"--concurrency\" flag: strconv.ParseUint"},
    {"task-exists", CR, "StartLogBackupFailed", "[ERROR] [main.go:38] [\"br failed\"] [error=\"It supports single "
     "stream log "
     "task currently: [BR:Stream:ErrStreamLogTaskExist]stream task already exists\"]"},
    {"task-exists", LOG, NULL, "failed to start the log backup, allow only one running task"},
    {"restore-running", LOG, NULL, "There are some lightning/restore tasks running: found 1 task please stop or wait"},
    {"log-backup-disabled", LOG, NULL, "Unable to create task about log-backup. please set TiKV config "
     "`log-backup.enable` to "
     "true and restart TiKVs."},
    {"other-cluster", LOG, NULL, "the stream log files from cluster ID:7 and current cluster ID:8 : [BR:Common:"
     "ErrInvalidArgument]invalid argument"},
    {"truncate-lock", CR, "TruncateLogBackuFailed", "failed to acquire lock on 'truncating.lock': There might be "
     "another "
     "truncate task running, or a truncate task that didn't exit properly."},
    {"backup-lock", CR, "x", "backup lock file and sst file exist in s3://vault/a, there may be some backup files in "
     "the path "
     "already, please specify a correct backup directory!"},
    {"path-not-empty", CR, "BackupDataToRemoteFailed", "backup meta file exists in s3://vault/a/backupmeta, there "
     "may be some "
     "backup files in the path already, please specify a correct backup directory!: [BR:Common:ErrInvalidArgument]"},
    {"version-mismatch", LOG, NULL, "TiKV node basic-tikv-0:20160 version 7.1.0 and BR 8.5.0 version mismatch: "
     "[BR:Common:ErrVersionMismatch]version mismatch"},
    {"checksum-mismatch", LOG, NULL, "[BR:Backup:ErrBackupChecksumMismatch]backup checksum mismatch"},
    {"pd-unreachable", CR, "PauseLogBackupFailed", "rpc error: code = Unavailable desc = connection error: desc = "
     "\"transport: "
     "Error while dialing: dial tcp 10.0.0.7:2379: connect: connection refused\""},
    {"pd-unreachable", LOG, NULL, "[PD:client:ErrClientGetMember]get member failed"},
    {"tikv-unreachable", LOG, NULL, "failed to connect to store: [BR:Common:ErrFailedToConnect]failed to make gRPC "
     "channels"},
    {"tikv-unreachable", LOG, NULL, "dial tcp 10.0.0.9:20160: i/o timeout"},
    {"cluster-unreachable", CR, "x", "rpc error: code = Unavailable desc = keepalive ping failed"},
    {"connection-refused", CR, "x", "dial tcp 10.1.2.3:9000: connect: connection refused"},
    {"timeout", CR, "x", "rpc error: code = DeadlineExceeded desc = context deadline exceeded"},
    {"bad-certificate", CR, "x", "tls: failed to verify certificate: x509: certificate signed by unknown authority"},
    {"unknown-host", CR, "x", "dial tcp: lookup minio.prod.svc on 10.96.0.10:53: no such host"},
    /* the storage */
    {"access-denied", CR, "BackupDataToRemoteFailed", "failed to put object: AccessDenied: Access Denied\n\tstatus "
     "code: 403"},
    {"access-denied", LOG, NULL, "operation error S3: PutObject, https response error StatusCode: 403, RequestID: 1"},
    {"bad-access-key", LOG, NULL, "InvalidAccessKeyId: The AWS Access Key Id you provided does not exist. status "
     "code: 403"},
    {"bad-secret-key", LOG, NULL, "SignatureDoesNotMatch: The request signature we calculated does not match, status "
     "code: 403"},
    {"login-expired", LOG, NULL, "ExpiredToken: The provided token has expired. status code: 400"},
    {"no-credentials", LOG, NULL, "NoCredentialProviders: no valid providers in chain. Deprecated."},
    {"clock-skew", LOG, NULL, "RequestTimeTooSkewed: The difference between the request time and the current time is "
     "too large"},
    {"wrong-region", LOG, NULL, "AuthorizationHeaderMalformed: the region 'us-east-1' is wrong; expecting 'eu-west-1'"},
    {"no-bucket", CR, "x", "NoSuchBucket: The specified bucket does not exist"},
    {"no-container", LOG, NULL, "RESPONSE 404: 404 ERROR CODE: ContainerNotFound"},
    {"storage-full", LOG, NULL, "write /mnt/nfs/1.log: no space left on device"},
    {"storage-full", LOG, NULL, "XMinioStorageFull: Storage backend has reached its minimum free drive threshold."},
    {"storage-throttles", LOG, NULL, "SlowDown: Please reduce your request rate. status code: 503"},
    /* nothing that is known */
    {NULL, CR, "BackupDataToRemoteFailed", "odd"},
    {NULL, LOG, NULL, "odd"},
    {NULL, EVENT, "Unhealthy", "Readiness probe failed"},
    {NULL, WAIT, "ContainerCreating", ""},
    {NULL, WAIT, "PodInitializing", ""},
    {NULL, END, "Error", ""},
    {NULL, END, "Completed", ""},
    {NULL, JOB, "BackoffLimitExceeded", ""},
    /* what is said of one thing tells nothing of another */
    {NULL, EVENT, "Odd", "pull access denied"},
    {NULL, CR, "ImagePullBackOff", ""},
};

static void put(char *to, size_t size, const char *from)
{
    size_t len = from ? strlen(from) : 0;
    len = len < size ? len : size - 1;
    memcpy(to, from ? from : "", len);
    to[len] = '\0';
}

#define PUT(field, text) put(field, sizeof field, text)

/* What the cluster holds when @row is so. */
static struct cause_signs signs_of(const struct row *row, struct backup_facts *facts)
{
    struct cause_signs signs = {.facts = facts};
    memset(facts, 0, sizeof *facts);
    switch (row->source) {
    case CR:
        signs.reason = row->name;
        signs.message = row->text;
        break;
    case LOG:
        signs.log = row->text;
        break;
    case EVENT:
        facts->event.at_ms = NOW;
        PUT(facts->event.reason, row->name);
        PUT(facts->event.message, row->text);
        break;
    case WAIT:
        facts->pod.present = true;
        PUT(facts->pod.phase, "Pending");
        PUT(facts->pod.waiting, row->name);
        PUT(facts->pod.message, row->text);
        break;
    case END:
        facts->pod.present = true;
        PUT(facts->pod.phase, "Failed");
        facts->pod.exit_code = 1;
        PUT(facts->pod.ended, row->name);
        PUT(facts->pod.message, row->text);
        break;
    case JOB:
        facts->job.present = facts->job.failed = true;
        PUT(facts->job.reason, row->name);
        break;
    }
    return signs;
}

static void the_real_words(void **state)
{
    (void)state;
    struct backup_facts facts;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct cause_signs signs = signs_of(&rows[i], &facts);
        const struct cause *cause = cause_find(&signs);
        if (!str_same(cause ? cause->id : NULL, rows[i].id))
            fail_msg("row %zu %s: %s, want %s", i, rows[i].text, cause ? cause->id : "none", rows[i].id ? rows[i].id
                     : "none");
    }
}

/* Each cause of the table is met by a row above, or is none of words. */
static void every_cause_has_its_sign(void **state)
{
    (void)state;
    static const char *const wordless[] = {"cluster-paused", "cluster-suspended", "not-picked-up", "killed"};
    for (size_t c = 0; c < cause_count; c++) {
        bool met = false;
        for (size_t i = 0; i < ARRAY_LEN(rows); i++)
            met = met || str_same(rows[i].id, cause_table[c].id);
        for (size_t i = 0; i < ARRAY_LEN(wordless); i++)
            met = met || str_same(wordless[i], cause_table[c].id);
        if (!met)
            fail_msg("no row shows %s", cause_table[c].id);
    }
}

static void the_table_is_whole(void **state)
{
    (void)state;
    for (size_t c = 0; c < cause_count; c++) {
        const struct cause *cause = &cause_table[c];
        assert_true(cause->id && cause->word && cause->sentence && cause->action);
        assert_true(strlen(cause->word) <= 26); /* behind "Scheduled, " it still is a word of a list */
        assert_true(cause->sentence[strlen(cause->sentence) - 1] != '.'); /* it stands within another */
        assert_true(cause->action[strlen(cause->action) - 1] == '.');
        assert_true(strlen(cause->action) < 200);
        assert_ptr_equal(cause_by_id(cause->id), cause);
        for (size_t k = 0; k < c; k++)
            assert_string_not_equal(cause_table[k].id, cause->id);
    }
    assert_null(cause_by_id("odd"));
    assert_null(cause_by_id(NULL));
}

static void the_cluster_and_what_has_no_words(void **state)
{
    (void)state;
    struct backup_facts facts = {.cluster = {.read_ms = NOW, .missing = true}};
    assert_string_equal(cause_of_cluster(&facts)->id, "cluster-missing");
    facts.cluster.missing = false;
    assert_null(cause_of_cluster(&facts));
    facts.cluster.paused = true;
    assert_string_equal(cause_of_cluster(&facts)->id, "cluster-paused");
    facts.cluster.suspended = true;
    assert_string_equal(cause_find(&(struct cause_signs){.facts = &facts})->id, "cluster-suspended");
    facts.cluster.read_ms = 0; /* not known */
    assert_null(cause_of_cluster(&facts));
    assert_null(cause_of_cluster(NULL));
    struct backup_facts killed = {.pod = {.present = true, .phase = "Failed", .ended = "Error", .exit_code = 137}};
    assert_string_equal(cause_find(&(struct cause_signs){.facts = &killed})->id, "killed");
    assert_null(cause_find(&(struct cause_signs){0}));
    /* TiDB Operator 2 watches no Clusters on behalf of Backups: nothing wakes it */
    struct backup_facts still = {.cluster = {.read_ms = 1, .suspended = true}};
    assert_false(cause_of_cluster(&still)->mends_itself);
    assert_non_null(strstr(cause_of_cluster(&still)->action, "touch the Backup"));
    still.cluster.suspended = false;
    still.cluster.paused = true;
    assert_false(cause_of_cluster(&still)->mends_itself);
}

/* The Events of coming up are of no account once it runs. */
static void events_grow_old(void **state)
{
    (void)state;
    struct backup_facts facts = {
        .event = {.reason = "FailedScheduling", .message = "0/3 nodes are available: 3 Insufficient cpu.",
            .at_ms = NOW},
        .pod = {.present = true, .phase = "Pending"},
    };
    const struct cause_signs signs = {.facts = &facts};
    assert_string_equal(cause_find(&signs)->id, "no-room");
    PUT(facts.pod.phase, "Running");
    assert_null(cause_find(&signs));
}

#define SUB(phase, reason, message) \
    "{'spec':{'logSubcommand':'log-pause'},'status':{'logSubCommandStatuses':{'log-pause':{'phase':'" phase "'," \
    "'conditions':[{'type':'" phase "','reason':'" reason "','message':'" message "'," \
    "'lastTransitionTime':'2026-11-22T13:59:00Z'}]}}}}"

static const struct backup_facts no_account = {.event = {.reason = "FailedCreate", .at_ms = NOW,
    .message = "Error creating: serviceaccount \"tidb-backup-manager\" not found"}};
static const struct backup_facts oom_of_pause = {
    .job = {.present = true, .failed = true, .name = "backup-log-shop-log-pause", .ended_ms = NOW},
    .pod = {.present = true, .phase = "Failed", .ended = "OOMKilled", .exit_code = 137}};
static const struct backup_facts oom_of_before = {
    .job = {.present = true, .failed = true, .name = "backup-log-shop-log-pause", .ended_ms = NOW - 600000},
    .pod = {.present = true, .phase = "Failed", .ended = "OOMKilled", .exit_code = 137}};
static const struct backup_facts oom_of_resume = {
    .job = {.present = true, .failed = true, .name = "backup-log-shop-log-resume", .ended_ms = NOW},
    .pod = {.present = true, .phase = "Failed", .ended = "OOMKilled", .exit_code = 137}};
static const struct backup_facts oom_of_stop = {
    .job = {.present = true, .failed = true, .name = "stop-log-shop", .ended_ms = NOW},
    .pod = {.present = true, .phase = "Failed", .ended = "OOMKilled", .exit_code = 137}};

static void of_a_record(void **state)
{
    (void)state;
    static const struct {
        bool snapshot;
        const char *patch;
        const struct backup_facts *facts;
        const char *id;
    } cases[] = {
        {false, NULL, NULL, NULL},
        {false, NULL, &oom_of_pause, NULL}, /* nothing is under way */
        {false, NULL, &no_account, NULL},
        {true, NULL, &no_account, NULL},
        {true, "{'status':{'phase':'Scheduled'}}", &no_account, "no-service-account"},
        {true, "{'status':{'phase':'Running'}}", &oom_of_resume, "out-of-memory"},
        {false, "{'status':{'phase':'Scheduled','commitTs':null}}", &no_account, "no-service-account"},
        {false, SUB("Failed", "PauseLogBackupFailed", "unknown flag: --filter"), NULL, "unknown-flag"},
        {false, SUB("Failed", "PauseLogBackupFailed", "odd"), &oom_of_pause, "out-of-memory"},
        {false, SUB("Failed", "PauseLogBackupFailed", "odd"), &oom_of_resume, NULL},
        {false, SUB("RetryFailed", "GetS3SecretFailed", "odd"), &oom_of_pause, "no-secret"}, /* there was no Job */
        {false, SUB("Scheduled", "", ""), &no_account, "no-service-account"},
        {false, SUB("Scheduled", "", ""), &oom_of_pause, "out-of-memory"},
        {false, SUB("Scheduled", "", ""), &oom_of_before, NULL}, /* of the run before */
        {false, SUB("Scheduled", "", ""), &oom_of_resume, NULL},
        {false,
         "{'spec':{'logSubcommand':'log-start'},'status':{'logSubCommandStatuses':{'log-pause':{'phase':'Failed',"
         "'conditions':[{'type':'Failed','message':'unknown flag: --x'}]}}}}", NULL, NULL}, /* asked for no more */
        {false, "{'status':{'phase':'Failed','conditions':[{'type':'Failed','message':'NoSuchBucket'}]}}", NULL,
         "no-bucket"},
        {true, "{'status':{'phase':'RetryFailed','conditions':[{'type':'RetryFailed','message':'odd'}],"
         "'backoffRetryStatus':[{}]}}", &oom_of_pause, "out-of-memory"},
        {false, "{'status':null}", NULL, "not-picked-up"},
        {false, "{'metadata':{'deletionTimestamp':'2026-11-22T13:55:00Z'}}", &oom_of_stop, "out-of-memory"},
        {false, "{'metadata':{'deletionTimestamp':'2026-11-22T13:55:00Z'}}", &oom_of_pause, NULL},
        {false, "{'metadata':{'deletionTimestamp':'2026-11-22T13:55:00Z'},'status':{'phase':'Failed','conditions':["
         "{'type':'Failed','message':'NoSuchBucket'}]}}", NULL, NULL}, /* not what the delete waits for */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct backup_record *r = cases[i].snapshot ? sample_snapshot(cases[i].patch) : sample_log(cases[i].patch);
        const struct cause *cause = cause_of_record(r, cases[i].facts);
        if (!str_same(cause ? cause->id : NULL, cases[i].id))
            fail_msg("case %zu: %s, want %s", i, cause ? cause->id : "none", cases[i].id ? cases[i].id : "none");
        record_free(&r);
    }
}

static void meet(struct backup_record *r, void *user)
{
    static const struct {
        const char *name, *cause;
    } known[] = {{"no-secret", "no-secret"}, {"no-bucket", "bucket-unset"}, {"no-cluster", "not-picked-up"}};
    bool *met = user;
    const struct cause *cause = cause_of_record(r, NULL);
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        met[i] = met[i] || (strcmp(r->name, known[i].name) == 0 && cause && str_same(cause->id, known[i].cause));
}

/* Of each object of the real operator's life: no crash, and what failed there is known. */
static void recorded_lives(void **state)
{
    (void)state;
    bool met[3] = {false};
    sample_lives(meet, met);
    assert_true(met[0] && met[1] && met[2]);
}

static void texts_are_cut_out(void **state)
{
    (void)state;
    char buf[64];
    assert_string_equal(cause_text(NULL, NULL, buf, sizeof buf), "no reason is told");
    assert_string_equal(cause_text("InvalidSpec", "", buf, sizeof buf), "InvalidSpec");
    assert_string_equal(cause_text("x", "[ERROR] [error=\"PD\nis down\"] [more]", buf, sizeof buf), "PD is down");
    /* br quotes it as Go does */
    assert_string_equal(cause_text("x", "[error=\"Get \\\"https://pd\\\": x509\\n\\tstatus 403\"] [more=1]", buf,
                                   sizeof buf), "Get \"https://pd\": x509  status 403");
    assert_string_equal(cause_text("x", "[error=\"it says \\\"[a\\\"]\\\" once\"]", buf, sizeof buf),
                        "it says \"[a\"]\" once");
    assert_string_equal(cause_text("x", "[error=\"never ends \\", buf, sizeof buf), "never ends \\");
    assert_string_equal(cause_text("x", "[error=plain] [more]", buf, sizeof buf), "plain");
    assert_string_equal(cause_find(&(struct cause_signs){.message = "code: AccessDenied"})->word, "access denied");
    assert_null(cause_find(&(struct cause_signs){0}));
    assert_null(cause_find(&(struct cause_signs){.reason = "Running", .message = ""}));
    assert_true(cause_is_gc(NULL, "GC safepoint 1 exceed TS 2"));
    assert_false(cause_is_gc(NULL, "failed to check gc safePoint, ts 2: rpc error: code = Unavailable"));
    assert_false(cause_is_gc(NULL, "failed to remove service GC safepoint log-a_pause_safepoint: PD is down"));
    assert_false(cause_is_gc("GCSafepointExceeded", "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_real_words),
        cmocka_unit_test(every_cause_has_its_sign),
        cmocka_unit_test(the_table_is_whole),
        cmocka_unit_test(the_cluster_and_what_has_no_words),
        cmocka_unit_test(events_grow_old),
        cmocka_unit_test(of_a_record),
        cmocka_unit_test(recorded_lives),
        cmocka_unit_test(texts_are_cut_out),
    };
    return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
