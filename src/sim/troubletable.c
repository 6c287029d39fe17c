#include <config.h>

#include "troubles.h"

#include <brdeck/base/alloc.h>

#define JOB(id_, text_) {.id = id_, .kind = TROUBLE_JOB, .text = text_}
#define FORBIDDEN(id_, text_) JOB(id_, "Error creating: pods \"@J-\" is forbidden: " text_)
#define NODE(id_, text_) {.id = id_, .kind = TROUBLE_NODE, .reason = "Unschedulable", .text = text_}
#define MOUNT(id_, reason_, text_) {.id = id_, .kind = TROUBLE_MOUNT, .reason = reason_, .text = text_}
#define IMAGE(id_, reason_, text_) {.id = id_, .kind = TROUBLE_IMAGE, .reason = reason_, .text = text_}
#define CONFIG(id_, reason_, text_) {.id = id_, .kind = TROUBLE_CONFIG, .reason = reason_, .text = text_}
#define BR(id_, source_, text_) {.id = id_, .kind = TROUBLE_BR, .reason = source_, .text = text_}
/* AWS's SDK for Go: code, message, and where it was. */
#define S3(code, message, status) \
    code ": " message "\n\tstatus code: " status ", request id: 7M1Q5P3A9C2R, host id: kQz8="
#define NOT_PULLED "failed to pull and unpack image \"docker.io/@I\": failed to resolve reference \"docker.io/@I\": "

/* The words of the API server, scheduler, kubelet, containerd, the storages and br, as they write them. */
const struct trouble_info trouble_table[] = {
    {.id = "secret-forbidden", .kind = TROUBLE_SECRET, .reason = "Forbidden",
     .text = "secrets \"@S\" is forbidden: User \"system:serviceaccount:tidb-admin:tidb-operator\" cannot get resource "
             "\"secrets\" in API group \"\" in the namespace \"@N\""},
    FORBIDDEN("no-service-account",
              "error looking up service account @N/@A: serviceaccount \"@A\" not found"),
    FORBIDDEN("quota-exceeded", "exceeded quota: team-quota, requested: requests.memory=2Gi, used: "
                                "requests.memory=15Gi, limited: requests.memory=16Gi"),
    FORBIDDEN("limit-range", "maximum memory usage per Container is 512Mi, but limit is 2Gi"),
    FORBIDDEN("pod-security", "violates PodSecurity \"restricted:latest\": runAsNonRoot != true (pod or containers "
                              "\"br\", \"backup\" must set securityContext.runAsNonRoot=true)"),
    FORBIDDEN("no-priority-class", "no PriorityClass with name backup-high was found"),
    FORBIDDEN("pod-forbidden", "unable to create new content in namespace @N because it is being terminated"),
    JOB("webhook-denied", "Error creating: admission webhook \"validate.kyverno.svc-fail\" denied the request: "
                          "resource Pod/@N/@J- was blocked: an image must come from registry.internal"),
    NODE("no-room", "0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: 3 No "
                    "preemption victims found for incoming pod."),
    NODE("node-taints", "0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: tikv}. preemption: 0/3 "
                        "nodes are available: 3 Preemption is not helpful for scheduling."),
    NODE("no-node", "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 "
                    "nodes are available: 3 Preemption is not helpful for scheduling."),
    NODE("no-volume-claim", "0/3 nodes are available: persistentvolumeclaim \"backup-nfs\" not found. preemption: 0/3 "
                            "nodes are available: 3 Preemption is not helpful for scheduling."),
    MOUNT("no-tls-secret", "FailedMount",
          "MountVolume.SetUp failed for volume \"ti-cluster-client-tls\" : secret \"tc-cluster-client-secret\" not "
          "found"),
    MOUNT("volume-not-mounted", "FailedMount",
          "MountVolume.SetUp failed for volume \"backup-nfs\" : mount failed: exit status 32"),
    MOUNT("no-pod-network", "FailedCreatePodSandBox",
          "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "
          "\"4be0a1c2d3\": plugin type=\"calico\" failed (add): error getting ClusterInformation: connection is "
          "unauthorized"),
    IMAGE("image-not-pulled", "ErrImagePull",
          "rpc error: code = NotFound desc = " NOT_PULLED "docker.io/@I: not found"),
    IMAGE("image-denied", "ErrImagePull",
          NOT_PULLED "pull access denied, repository does not exist or may require authorization: server message: "
                     "insufficient_scope: authorization failed"),
    IMAGE("bad-image-name", "InvalidImageName",
          "Failed to apply default image tag \"@I\": couldn't parse image name \"@I\": invalid reference format"),
    CONFIG("no-secret", "CreateContainerConfigError", "secret \"@S\" not found"),
    CONFIG("secret-key-missing", "CreateContainerConfigError", "couldn't find key secret_key in Secret @N/@S"),
    CONFIG("no-config-map", "CreateContainerConfigError", "configmap \"backup-env\" not found"),
    CONFIG("container-config", "CreateContainerConfigError",
           "container has runAsNonRoot and image will run as root (pod: \"@P\", container: backup)"),
    CONFIG("container-not-started", "CreateContainerError",
           "failed to create containerd container: error unpacking image: apply layer error for \"@I\": wrong diff id"),
    {.id = "out-of-memory", .kind = TROUBLE_KILL, .reason = "OOMKilled", .exit_code = 137, .text = ""},
    {.id = "killed", .kind = TROUBLE_KILL, .reason = "Error", .exit_code = 137, .text = ""},
    {.id = "wrong-architecture", .kind = TROUBLE_KILL, .reason = "StartError", .exit_code = 128,
     .text = "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create "
             "failed: unable to start container process: exec /tidb-backup-manager: exec format error: unknown"},
    {.id = "evicted", .kind = TROUBLE_KILL, .reason = "ContainerStatusUnknown", .exit_code = 137,
     .pod_reason = "Evicted",
     .text = "The node was low on resource: ephemeral-storage. Threshold quantity: 10120387530, available: 8721168Ki. "
             "Container backup was using 11223344Ki, request is 0, has larger consumption of ephemeral-storage. "},
    {.id = "node-gone", .kind = TROUBLE_KILL, .reason = "ContainerStatusUnknown", .exit_code = 137,
     .pod_reason = "NodeLost", .text = "Node node-1 which was running pod @P is unresponsive"},
    {.id = "node-shutdown", .kind = TROUBLE_KILL, .reason = "Error", .exit_code = 143, .pod_reason = "Terminated",
     .text = "Pod was terminated in response to imminent node shutdown."},
    {.id = "job-deadline", .kind = TROUBLE_KILL, .reason = "Error", .exit_code = 143, .job_reason = "DeadlineExceeded",
     .text = "Job was active longer than specified deadline"},
    BR("access-denied", "s3.go:405",
       "check permission ListObjects failed due to permission denied: " S3("AccessDenied", "Access Denied", "403")
       ": [BR:ExternalStorage:ErrStorageInvalidPermission]external storage permission"),
    BR("bad-access-key", "s3.go:405",
       S3("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", "403")),
    BR("bad-secret-key", "s3.go:405",
       S3("SignatureDoesNotMatch", "The request signature we calculated does not match the signature you provided. "
                                   "Check your key and signing method.", "403")),
    BR("login-expired", "s3.go:405", S3("ExpiredToken", "The provided token has expired.", "400")),
    BR("no-credentials", "s3.go:405", "NoCredentialProviders: no valid providers in chain. Deprecated.\n\tFor verbose "
                                      "messaging see aws.Config.CredentialsChainVerboseErrors"),
    BR("clock-skew", "s3.go:405",
       S3("RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", "403")),
    BR("wrong-region", "s3.go:405",
       S3("AuthorizationHeaderMalformed", "The authorization header is malformed; the region 'us-east-1' is wrong; "
                                          "expecting 'eu-central-1'", "400")),
    BR("no-bucket", "s3.go:405", S3("NoSuchBucket", "The specified bucket does not exist", "404")),
    BR("storage-full", "client.go:1120",
       "error happen in store 4 at tikv-2.tikv-peer.@N:20160: Io(Os { code: 28, kind: StorageFull, message: \"No space "
       "left on device\" }): [BR:KV:ErrKVStorage]tikv storage occur I/O error"),
    BR("storage-throttles", "s3.go:405", S3("SlowDown", "Please reduce your request rate.", "503")),
    BR("task-exists", "stream.go:510",
       "It supports single stream log task currently: [BR:Stream:ErrStreamLogTaskExist]stream task already exists"),
    BR("restore-running", "stream.go:540",
       "There are some lightning/restore tasks running: TOTAL 1 TASKS please stop or wait finishing at first. If the "
       "lightning/restore task is forced to terminate by system, please wait until ttl to decrease to 0.: "
       "[BR:Common:ErrUnknown]internal error"),
    BR("log-backup-disabled", "stream.go:505",
       "Unable to create task about log-backup. please set TiKV config `log-backup.enable` to true and restart TiKVs."),
    BR("other-cluster", "stream.go:560",
       "the stream log files from cluster ID:7442089631527301234 and current cluster ID:7398123456789012345 : "
       "[BR:Common:ErrInvalidArgument]invalid argument"),
    BR("task-gone", "stream.go:640", "no such task @T: [BR:PiTR:ErrTaskNotFound]task not found"),
    BR("gc-passed", "stream.go:791",
       "the global checkpoint ts: @C(@W) has been gc. : GC safepoint @O exceed TS @C: "
       "[BR:Backup:ErrBackupGCSafepointExceeded]backup GC safepoint exceeded"),
    BR("truncate-lock", "stream.go:985",
       "failed to acquire lock on 'truncating.lock': there is something holding the lock: locked, meta = Locked(at: "
       "@W, host: backup-@T-log-truncate-7h2xq, pid: 17, hint: There might be another truncate task running, or a "
       "truncate task that didn't exit properly. You may check the metadata and continue by wait other task finish or "
       "manually delete the lock file truncating.lock at the external storage.)"),
    BR("path-not-empty", "client.go:310",
       "backup meta file exists in s3://b/p, there may be some backup files in the path already, please specify a "
       "correct backup directory: [BR:Common:ErrInvalidArgument]invalid argument"),
    BR("backup-lock", "client.go:315",
       "backup lock file exists in s3://b/p, there may be some backup files in the path already, please specify a "
       "correct backup directory: [BR:Common:ErrInvalidArgument]invalid argument"),
    BR("checksum-mismatch", "schema.go:188",
       "backup checksum mismatch: [BR:Backup:ErrBackupChecksumMismatch]backup checksum mismatch"),
    BR("version-mismatch", "conn.go:280",
       "running BR in incompatible version: TiKV node tikv-0:20160 version v7.1.0 is too low when use PiTR v2, please "
       "update TiKV's version to at least v7.5.0: [BR:Common:ErrVersionMismatch]version mismatch"),
    BR("unknown-flag", "main.go:38", "unknown flag: --gc-ttl"),
    BR("bad-flag-value", "main.go:38",
       "invalid argument \"lots\" for \"--concurrency\" flag: strconv.ParseUint: parsing \"lots\": invalid syntax"),
    BR("pd-unreachable", "pd.go:442",
       "pd address (@D) not available, please check network: [BR:PD:ErrPDUpdateFailed]failed to update PD"),
    BR("tikv-unreachable", "conn.go:190",
       "failed to make gRPC channels: dial tcp 10.244.1.9:20160: connect: connection refused: "
       "[BR:Common:ErrFailedToConnect]failed to make gRPC channels"),
    BR("bad-certificate", "pd.go:430",
       "Get \"https://@D/pd/api/v1/config/cluster-version\": tls: failed to verify certificate: x509: certificate has "
       "expired or is not yet valid: current time 2026-11-22T18:00:00Z is after 2026-10-01T00:00:00Z"),
    BR("unknown-host", "s3.go:405",
       "RequestError: send request failed\ncaused by: Get \"http://minio.storage:9000/b\": dial tcp: lookup "
       "minio.storage on 10.96.0.10:53: no such host"),
    BR("connection-refused", "s3.go:405",
       "RequestError: send request failed\ncaused by: Get \"http://minio.storage:9000/b\": dial tcp 10.96.7.7:9000: "
       "connect: connection refused"),
    BR("timeout", "client.go:1120", "context deadline exceeded"),
    BR("manager-forbidden", "main.go:1",
       "backups.br.pingcap.com \"@T\" is forbidden: User \"system:serviceaccount:@N:@A\" cannot get resource "
       "\"backups\" in API group \"br.pingcap.com\" in the namespace \"@N\""),
};
const size_t trouble_count = ARRAY_LEN(trouble_table);
