/* faults.h - what goes wrong, by order.
 *
 * All orders are requests of the admin user (Authorization: Bearer admin-token) with a
 * JSON body:
 *
 * POST /sim/faults   the next requests that match are answered wrongly.
 *   fault      "status"       that HTTP status ("code") with a Status object; "retryAfter": seconds for a
 *                             Retry-After header, "message": its text. On a watch with code 410: HTTP 200, then
 *                             an ERROR event.
 *              "garbage"      HTTP 200 with a body that is not JSON
 *              "close"        the connection is closed before anything is done
 *              "lose-answer"  the request is carried out, then the connection is closed without an answer
 *              "freeze"       no answer at all until the fault is cleared
 *              "cut"          the answer (a watch, a list, a log) breaks off after "after" bytes, in the middle
 *                             of an object
 *              "delay"        answered "ms" later
 *   count      how many requests (1); 0: all until cleared
 *   method     only this method; path: only where path and query hold this text; watch: true only
 *              watches, false only what is none; user: only this user
 * DELETE /sim/faults  no more faults; what is frozen is closed.
 *
 * POST /sim/br       {"command":"log-pause","name":"NAME","namespace":"NS","message":"TEXT","count":1}
 *                    the next br of that command ("snapshot", "log-start", …; absent: any) fails with that text;
 *                    "dies":true: the Job fails without a word to the Backup.
 * POST /sim/job      {"cause":"image-not-pulled","namespace":"NS","name":"NAME","command":"log-pause","count":1}
 *                    the next so many Jobs (0: all to come) of that Backup (or of that Job's name) and command
 *                    ("log-start", …, "snapshot", "stop-task", "clean"; of a user's br "log-status", …; absent: any)
 *                    get into that trouble. An order holds its Job until it is withdrawn, then the Job goes on:
 *                    {"withdraw":true} and any of cause, namespace, name, command; DELETE /sim/job: all.
 *   "message" replaces its text; "container": which one's image.
 *   the operator makes no Job      secret-forbidden (where a Secret is named; until it is withdrawn)
 *   no Pod is made, FailedCreate   no-service-account quota-exceeded limit-range pod-security no-priority-class
 *                                  pod-forbidden webhook-denied
 *   the Pod gets no node           no-room node-taints no-node no-volume-claim
 *   volumes, network               no-tls-secret volume-not-mounted; FailedCreatePodSandBox: no-pod-network
 *   ErrImagePull, ImagePullBackOff image-not-pulled image-denied; InvalidImageName: bad-image-name
 *   CreateContainerConfigError     no-secret secret-key-missing no-config-map container-config;
 *                                  CreateContainerError: container-not-started
 *   killed as it runs, unreported  out-of-memory killed wrong-architecture evicted node-gone node-shutdown
 *                                  job-deadline
 *   br says ERROR, exits with 1    access-denied bad-access-key bad-secret-key login-expired no-credentials
 *                                  clock-skew wrong-region no-bucket storage-full storage-throttles task-exists
 *                                  restore-running log-backup-disabled other-cluster task-gone gc-passed
 *                                  truncate-lock path-not-empty backup-lock checksum-mismatch version-mismatch
 *                                  unknown-flag bad-flag-value pd-unreachable tikv-unreachable bad-certificate
 *                                  unknown-host connection-refused timeout manager-forbidden
 *                    GET /sim/job tells them all. By themselves, from the objects, come no-service-account, no-secret,
 *                    secret-key-missing, no-tls-secret, unknown-flag.
 * POST /sim/operator {"running":false}     the operator stops reconciling, and later goes on
 *                    {"checkpoints":false} it writes no checkpoint any more, all else goes on: a stale operator
 * POST /sim/pd       {"namespace":"NS","task":"NAME", …}: what PD says of that log task; the Backup is not told.
 *   paused     true, or {"by":"host-7","at":"3h" (ago, or RFC 3339),"why":"TEXT","pid":4711,"severity":"ERROR",
 *              "bare":true (as an old br: no value)}: paused out of band; false: it goes on, errors are gone
 *   keeps      "1h" (from now, or RFC 3339): so long PD keeps GC off a paused one's checkpoint; false: not at all. By
 *              itself: --gc-ttl, 24 h
 *   error      {"store":4,"code":"KV:LogBackup:RaftReq","message":"TEXT","at":"5m"}: of that store; false: no more
 *   lag        "3h": how far the checkpoint is behind; checkpoint: "TSO", exactly that
 *   remove     true: PD forgets the task
 *   add        {"storage":"s3://b/p","start":"24h"}: a task that no Backup knows; needs "service"
 *                    {"namespace":"NS","service":"NAME-pd", …}: of that PD
 *   unreachable  true: the proxy answers 503, no endpoints
 *   tls        true: it speaks TLS only (so it does by itself where its Cluster has spec.tlsCluster.enabled)
 *   gc         "TSO": its GC safepoint is that; "2h": it is so old; false: it follows (10 min ago, not past what is
 *              kept)
 * POST /sim/expire   {"what":"continue"}   continue tokens answer 410; {"what":"history"}: so do watches
 * POST /sim/cut      {"watches":true}      all watches end now, as when a server is restarted
 * POST /sim/touch    {"count":1000,"rate":1000,"namespace":"NS","name":"NAME"}
 *                    that many changes of status, so many a second, over the Backups in order (or over one)
 * POST /sim/shutdown {}                    as SIGTERM
 * GET  /sim/state                          counters: requests, watches, resourceVersion, faults, troubles, pdRanges
 *                                          (kv/range of any PD), pdOthers (anything else that was asked of a PD)
 */
#ifndef BRDECK_SIM_FAULTS_H
#define BRDECK_SIM_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <brdeck/base/error.h>
#include <brdeck/base/json.h>

enum fault_kind {
    FAULT_NONE,
    FAULT_STATUS,
    FAULT_GARBAGE,
    FAULT_CLOSE,
    FAULT_LOSE_ANSWER,
    FAULT_FREEZE,
    FAULT_CUT,
    FAULT_DELAY,
};

enum { FAULT_MESSAGE_MAX = 256 };

struct fault_effect {
    enum fault_kind kind;
    unsigned code;
    int64_t retry_after_s; /* 0: no header */
    int64_t delay_ms;
    int64_t after; /* bytes before a cut */
    char message[FAULT_MESSAGE_MAX];
};

struct faults;
const char *faults_word(size_t i); /* what may be ordered; NULL: there are no more */
struct faults *faults_new(void);
void faults_free(struct faults **faults);
/* Add the order @json; false and @err when it makes no sense. */
bool faults_order(struct faults *faults, const struct json *json, struct error *err);
void faults_clear(struct faults *faults);
size_t faults_count(const struct faults *faults);
/* The effect on a request, which uses up one of the order's count. */
struct fault_effect faults_meet(struct faults *faults, const char *method, const char *uri, bool watch,
                                const char *user);

#endif
