#!/bin/sh
# The simulated cluster, asked with curl, and with kubectl where it is at hand.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v curl >/dev/null && command -v jq >/dev/null || skip "curl and jq are needed"

start_sim --fleet demo --speed 20 --history 10000 # a slow machine asks for what was long ago
BR=/apis/br.pingcap.com/v1alpha1
LOG=$BR/namespaces/orders/backups/log-orders

# raw METHOD PATH [CURL ARG...]: the HTTP status; the body in $TEST_TMP/raw.out, the headers in raw.head.
raw()
{
    raw_method=$1 raw_path=$2
    shift 2
    curl -sS -m 10 -K "$TEST_TMP/curlrc" -X "$raw_method" -o "$TEST_TMP/raw.out" -D "$TEST_TMP/raw.head" \
        -w '%{http_code}' "$@" "$API_SERVER$raw_path"
}
# answers CODE METHOD PATH [CURL ARG...]
answers() { answers_code=$1; shift; answers_got=$(raw "$@") || :; [ "$answers_got" = "$answers_code" ] ||
    { echo "HTTP $answers_got, not $answers_code"; head -c 2000 "$TEST_TMP/raw.out"; return 1; }; }
# is FILTER: true of the last answer, as jq sees it.
is() { jq -e "$1" "$TEST_TMP/raw.out" >/dev/null || { head -c 2000 "$TEST_TMP/raw.out"; return 1; }; }
# as TOKEN COMMAND...: with the login of another user.
as()
{
    cp "$TEST_TMP/curlrc" "$TEST_TMP/curlrc.admin"
    sed -i "s/admin-token/$1/" "$TEST_TMP/curlrc"
    shift
    as_code=0
    "$@" || as_code=$?
    cp "$TEST_TMP/curlrc.admin" "$TEST_TMP/curlrc"
    return $as_code
}
both() { answers "$2" "$3" "$4" ${5:+-H "$5"} ${6:+--data-binary "$6"} && is "$1"; }
patch() { both "$1" "$2" PATCH "$3" "Content-Type: application/merge-patch+json" "$4"; }
phase() { [ "$(api GET "$LOG" | jq -r .status.phase)" = "$1" ]; }
reaches() { wait_for "phase $1" 15 || { api GET "$LOG"; return 1; }; }

# -- who may ask
check "no login is 401" as nonsense answers 401 GET "$BR/backups"
check "a viewer may not list all namespaces" as viewer-token answers 403 GET "$BR/backups"
check "the message is the recorded one" is '.message == "backups.br.pingcap.com is forbidden: User \"viewer\" cannot list resource \"backups\" in API group \"br.pingcap.com\" at the cluster scope"'
check "a viewer may list one" as viewer-token answers 200 GET "$BR/namespaces/orders/backups"
check "an access review" both '.status.allowed == true' 201 POST \
    /apis/authorization.k8s.io/v1/selfsubjectaccessreviews "Content-Type: application/json" \
    '{"spec":{"resourceAttributes":{"namespace":"orders","verb":"patch","group":"br.pingcap.com","resource":"backups"}}}'

# -- discovery
check "the resources tell of /status" both '[.resources[].name] | index("backups/status") != null' 200 GET "$BR"
check "no v1 group" answers 404 GET /apis/pingcap.com/v1alpha1
check "the version" both '.minor == "35"' 200 GET /version
check "an unknown path" both '.reason == "NotFound"' 404 GET /openapi/v2

# -- lists
check "a page" both '(.items | length) == 3 and .metadata.remainingItemCount > 20 and .kind == "BackupList"' 200 GET "$BR/backups?limit=3"
TOKEN=$(jq -r .metadata.continue "$TEST_TMP/raw.out")
check "the next page goes on" both '(.items | length) == 4' 200 GET "$BR/backups?limit=4&continue=$TOKEN"
check "a label selector" both '(.items | length) > 5 and all(.items[]; .metadata.labels.team == "audit")' 200 GET "$BR/backups?labelSelector=team%3Daudit"
check "a field selector" both '.items | length == 1' 200 GET "$BR/backups?fieldSelector=metadata.name%3Dlog-audit"
sim_order /sim/expire '{"what":"continue"}' >/dev/null
check "an expired token is 410" answers 410 GET "$BR/backups?limit=4&continue=$TOKEN"
check "a table" both '.kind == "Table" and .rows[0].cells[0] != null' 200 GET "$BR/backups" "Accept: application/json;as=Table;v=v1;g=meta.k8s.io"

# -- writes that are refused, or change nothing
check "absent is 404" both '.reason == "NotFound"' 404 GET "$BR/namespaces/orders/backups/absent"
check "a stale resourceVersion is 409" patch '.reason == "Conflict"' 409 "$LOG" '{"metadata":{"resourceVersion":"1"},"spec":{"logSubcommand":"log-pause"}}'
check "another uid is 409" patch '.reason == "Conflict"' 409 "$LOG" '{"metadata":{"uid":"x"},"spec":{"logSubcommand":"log-pause"}}'
check "an unknown command is 422" patch '.details.causes[0].field == "spec.logSubcommand"' 422 "$LOG" '{"spec":{"logSubcommand":"log-explode"}}'
check "the rule on logStop" patch '.details.causes[0].field == "spec"' 422 "$LOG" '{"spec":{"logSubcommand":"log-pause","logStop":false}}'
check "an unknown field warns" patch '.spec.nonsense == null' 200 "$LOG?dryRun=All" '{"spec":{"nonsense":1}}'
check "with a header" grep -qi '^warning: 299 - "unknown field \\"spec.nonsense\\""' "$TEST_TMP/raw.head"
check "and Strict refuses it" patch '.message | test("strict decoding error: unknown field \"spec.nonsense\"$")' 422 "$LOG?fieldValidation=Strict" '{"spec":{"nonsense":1}}'
check "a patch that is no object is 400" patch '.reason == "BadRequest"' 400 "$LOG" '[]'
check "nor one that is no JSON" patch '.reason == "BadRequest"' 400 "$LOG" '{"spec":'
check "a spec of the wrong type is 422" patch '.details.causes[0].field == "spec"' 422 "$LOG" '{"spec":5}'
check "metadata of the wrong type does no harm" patch '.metadata.name == "log-orders"' 200 "$LOG?dryRun=All" '{"metadata":{"labels":["x"]}}'
check "a resourceVersion to come is 504" answers 504 GET "$BR/backups?resourceVersion=99999999"
check "server-side apply is refused" answers 415 PATCH "$LOG" -H "Content-Type: application/apply-patch+yaml" --data-binary x
check "dry-run tells what would be" patch '.spec.logSubcommand == "log-pause" and .metadata.generation == 3' 200 "$LOG?dryRun=All&fieldManager=brdeck" '{"spec":{"logSubcommand":"log-pause"}}'
check "by whom" is '[.metadata.managedFields[] | select(.manager == "brdeck") | .fieldsV1["f:spec"]["f:logSubcommand"]] == [{}]'
check "and changes nothing" both '.spec.logSubcommand == null and .metadata.generation == 2' 200 GET "$LOG"
check "a name that is none is 422" both '.details.causes[0].field == "metadata.name"' 422 POST "$BR/namespaces/orders/backups" "Content-Type: application/json" '{"metadata":{"name":"Bad_Name"},"spec":{"br":{"cluster":"orders"}}}'
check "an existing name is 409" both '.reason == "AlreadyExists"' 409 POST "$BR/namespaces/orders/backups" "Content-Type: application/json" '{"metadata":{"name":"log-orders"},"spec":{"br":{"cluster":"orders"}}}'

# -- the operator
RV=$(api GET "$BR/backups?limit=1" | jq -r .metadata.resourceVersion)
check "pause" patch '.spec.logSubcommand == "log-pause"' 200 "$LOG" '{"spec":{"logSubcommand":"log-pause"}}'
check "becomes Paused" reaches Paused
check "its Job" both '.items[0].metadata.name == "backup-log-orders-log-pause" and .items[0].status.succeeded == 1 and .items[0].kind == null' 200 GET "/apis/batch/v1/namespaces/orders/jobs?labelSelector=tidb.pingcap.com%2Fbackup%3Dlog-orders"
POD=$(api GET "/api/v1/namespaces/orders/pods?labelSelector=tidb.pingcap.com%2Fbackup%3Dlog-orders" | jq -r '.items[0].metadata.name')
check "its Pod's log" sh -c "curl -sS -m 10 -K $TEST_TMP/curlrc '$API_SERVER/api/v1/namespaces/orders/pods/$POD/log?container=backup&follow=true' | grep -q Welcome"
check "its Events" both '[.items[].reason] | index("SuccessfulCreate") != null' 200 GET "/api/v1/namespaces/orders/events?fieldSelector=involvedObject.name%3Dbackup-log-orders-log-pause"
check "resume" patch '.spec.logSubcommand == "log-start"' 200 "$LOG" '{"spec":{"logSubcommand":"log-start"}}'
check "runs again" reaches Running
sim_order /sim/br '{"command":"log-pause","name":"log-orders","message":"PD is down"}' >/dev/null
check "a pause that fails" patch true 200 "$LOG" '{"spec":{"logSubcommand":"log-pause"}}'
failed() { [ "$(api GET "$LOG" | jq -r '.status.logSubCommandStatuses["log-pause"].phase')" = Failed ]; }
check "shows in the sub-status only" wait_for failed 15
check "the phase stays Running" phase Running
check "the entry dropped, it is tried again" patch true 200 "$LOG/status" '{"status":{"logSubCommandStatuses":{"log-pause":null}}}'
check "and works" reaches Paused
check "stop" patch true 200 "$LOG" '{"spec":{"logSubcommand":"log-stop"}}'
check "is Stopped" reaches Stopped

# -- PD
KEY=$(printf %s /tidb/br-stream/checkpoint/log-audit-core/central_global | base64 | tr -d '\n')
check "PD's checkpoint through the service proxy" both '.count == "1" and (.kvs[0].value | length) == 12' 200 POST /api/v1/namespaces/audit/services/audit-core-pd:2379/proxy/v3/kv/range "Content-Type: application/json" "{\"key\":\"$KEY\"}"

SERVICE=/api/v1/namespaces/audit/services/audit-core-pd:2379/proxy
ALL='{"key":"L3RpZGIvYnItc3RyZWFt","range_end":"L3RpZGIvYnItc3RyZWFz","limit":"2"}'
JSON="Content-Type: application/json"
check "a limit, and more" both '.more == true and (.kvs | length) == 2' 200 POST $SERVICE/v3/kv/range "$JSON" "$ALL"
check "another path is not there" answers 404 GET $SERVICE/pd/api/v1/stores
check "nor another method" answers 405 GET $SERVICE/v3/kv/range
check "both are counted" both '.pdOthers == 2 and .pdRanges == 2' 200 GET /sim/state
check "no right" as viewer-token both '.message | startswith("services \"orders-pd:2379\" is forbidden: User \"viewer\" cannot create resource \"services/proxy\" in API group \"\"")' 403 POST /api/v1/namespaces/orders/services/orders-pd:2379/proxy/v3/kv/range "$JSON" "$ALL"
check "no such Service" both '.reason == "NotFound"' 404 POST /api/v1/namespaces/audit/services/none-pd:2379/proxy/v3/kv/range "$JSON" "$ALL"
sim_order /sim/pd '{"namespace":"audit","service":"audit-core-pd","unreachable":true}' >/dev/null
check "PD down" both '.message == "no endpoints available for service \"audit-core-pd\"" and .reason == "ServiceUnavailable"' 503 POST $SERVICE/v3/kv/range "$JSON" "$ALL"
sim_order /sim/pd '{"namespace":"audit","service":"audit-core-pd","unreachable":false,"tls":true}' >/dev/null
check "plain HTTP to TLS" answers 400 POST $SERVICE/v3/kv/range -H "$JSON" --data-binary "$ALL"
check "as Go says it" grep -q '^Client sent an HTTP request to an HTTPS server.$' "$TEST_TMP/raw.out"
sim_order /sim/pd '{"namespace":"audit","service":"audit-core-pd","tls":false}' >/dev/null
check "orders to nobody are refused" answers 400 POST /sim/pd -H "$JSON" --data-binary '{"namespace":"audit","task":"none","paused":true}'

# -- troubles of Jobs, and a user's own Job that runs br
check "the causes" both '(.causes | length) > 50 and (.causes | any(.cause == "image-not-pulled" and .strikes == "image"))' 200 GET /sim/job
api GET /sim/job | jq -r '.causes[].cause' | sort >"$TEST_TMP/causes"
sed -n '/^The causes of/,/^A log Job/s/^|[^|]*| \([a-z -]*\) |$/\1/p' "$abs_top_srcdir/doc/testing.md" |
    sed '1{/^causes$/d;}' | tr ' ' '\n' | sort >"$TEST_TMP/documented"
check "doc/testing.md has the same ones" diff "$TEST_TMP/causes" "$TEST_TMP/documented"
api GET /sim | jq -r '.orders[]' | sort >"$TEST_TMP/orders"
sed -n 's/^| \(\/sim\/[a-z]*\) .*/\1/p' "$abs_top_srcdir/doc/testing.md" | sort -u >"$TEST_TMP/documented"
check "and the same orders" diff "$TEST_TMP/orders" "$TEST_TMP/documented"
api GET /sim | jq -r '.faults[]' | sort >"$TEST_TMP/orders"
sed -n 's/^| .*{"fault":"\([a-z-]*\)".*/\1/p' "$abs_top_srcdir/doc/testing.md" | sort -u >"$TEST_TMP/documented"
check "and faults" diff "$TEST_TMP/orders" "$TEST_TMP/documented"
check "no other" answers 400 POST /sim/job -H "$JSON" --data-binary '{"cause":"bad luck"}'
sim_order /sim/job '{"cause":"image-not-pulled","name":"ask"}' >/dev/null
BATCH=/apis/batch/v1/namespaces/audit/jobs
ASK='{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"ask"},"spec":{"backoffLimit":0,"ttlSecondsAfterFinished":3600,"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"br","image":"pingcap/br:v8.5.0","command":["/br"],"args":["log","status","--json","--pd=audit-core-pd.audit:2379"],"env":[{"name":"BR_LOG_TO_TERM","value":"1"}]}]}}}}'
check "a Job, dry" answers 201 POST "$BATCH?dryRun=All" -H "$JSON" --data-binary "$ASK"
check "is not made" answers 404 GET $BATCH/ask
check "a Job" answers 201 POST $BATCH -H "$JSON" --data-binary "$ASK"
PODS="/api/v1/namespaces/audit/pods?labelSelector=job-name%3Dask"
backs_off() { api GET "$PODS" | jq -e '.items[0].status.containerStatuses[0].state.waiting.reason == "ImagePullBackOff"' >/dev/null; }
check "its image is not pulled" wait_for backs_off 10
ASK_POD=$(api GET "$PODS" | jq -r '.items[0].metadata.name')
check "its log says so" both '.message | endswith("is waiting to start: trying and failing to pull image")' 400 GET "/api/v1/namespaces/audit/pods/$ASK_POD/log"
check "as its Events do" both '[.items[].message] | index("Error: ImagePullBackOff") != null' 200 GET "/api/v1/namespaces/audit/events?fieldSelector=involvedObject.name%3D$ASK_POD"
check "all orders are withdrawn" api DELETE /sim/job
ask_ended() { api GET $BATCH/ask | jq -e '.status.succeeded == 1' >/dev/null; }
check "it goes on" wait_for ask_ended 10
check "no previous log" answers 400 GET "/api/v1/namespaces/audit/pods/$ASK_POD/log?previous=true"
check "br's log" answers 200 GET "/api/v1/namespaces/audit/pods/$ASK_POD/log"
check "with its answer among it" sh -c "grep '^\[{' $TEST_TMP/raw.out | jq -e '.[0].name == \"log-audit-core\" and .[0].checkpoint > 400000000000000000' >/dev/null"
check "the Job can be deleted" answers 200 DELETE $BATCH/ask
check "with its Pod" both '.items | length == 0' 200 GET "$PODS"

# -- watches
watch() { curl -sS -m 20 -K "$TEST_TMP/curlrc" "$API_SERVER$1" >"$TEST_TMP/watch.out"; }
check "a watch from there on tells it all" watch "$BR/namespaces/orders/backups?watch=1&resourceVersion=$RV&allowWatchBookmarks=true&timeoutSeconds=1&fieldSelector=metadata.name%3Dlog-orders"
check "each change" sh -c "jq -s -e '([.[] | select(.type == \"MODIFIED\")] | length) >= 18 and .[-1].type == \"BOOKMARK\"' $TEST_TMP/watch.out"
check "initial events" watch "$BR/backups?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&timeoutSeconds=1"
check "end in a bookmark" grep -q '"k8s.io/initial-events-end":"true"' "$TEST_TMP/watch.out"
sim_order /sim/expire '{"what":"history"}' >/dev/null
check "a forgotten past" watch "$BR/backups?watch=1&resourceVersion=$RV&timeoutSeconds=5"
check "is an ERROR event 410" sh -c "jq -e '.type == \"ERROR\" and .object.code == 410' $TEST_TMP/watch.out"

# -- faults
fault() { sim_order /sim/faults "$1" >/dev/null; }
fault '{"fault":"status","code":429,"retryAfter":3,"path":"/backups"}'
check "429 by order" answers 429 GET "$BR/backups?limit=1"
check "with Retry-After" grep -qi '^retry-after: 3' "$TEST_TMP/raw.head"
check "once" answers 200 GET "$BR/backups?limit=1"
fault '{"fault":"garbage","path":"/backups"}'
check "no JSON" sh -c "curl -sS -K $TEST_TMP/curlrc '$API_SERVER$BR/backups' | jq . >/dev/null 2>&1; [ \$? -ne 0 ]"
fault '{"fault":"close","path":"/version"}'
check_code "a closed connection" 52 curl -sS -K "$TEST_TMP/curlrc" "$API_SERVER/version"
fault '{"fault":"cut","after":5000,"path":"/backups"}'
check_code "a list cut in the middle" 18 curl -sS -K "$TEST_TMP/curlrc" -o "$TEST_TMP/cut.out" "$API_SERVER$BR/backups"
fault '{"fault":"lose-answer","method":"PATCH"}'
OTHER=$BR/namespaces/audit/backups/log-audit-core
check_code "a lost answer" 52 curl -sS -K "$TEST_TMP/curlrc" -X PATCH -H "Content-Type: application/merge-patch+json" --data-binary '{"metadata":{"labels":{"lost":"answer"}}}' "$API_SERVER$OTHER"
check "the write was done" both '.metadata.labels.lost == "answer"' 200 GET "$OTHER"
fault '{"fault":"freeze","path":"/version","count":0}'
check_code "a frozen server" 28 curl -sS -m 1 -K "$TEST_TMP/curlrc" "$API_SERVER/version"
check "thawed" api DELETE /sim/faults
check "answers again" answers 200 GET /version
fault '{"fault":"delay","ms":300,"path":"/version"}'
check "a delay" sh -c "curl -sS -K $TEST_TMP/curlrc -o /dev/null -w '%{time_total}' $API_SERVER/version | grep -qv '^0\.[012]'"

# -- deleting
uid_of() { api GET "$1" | jq -r .metadata.uid; }
check "delete with another uid" both '.reason == "Conflict"' 409 DELETE "$LOG" "Content-Type: application/json" '{"preconditions":{"uid":"x"}}'
check "delete of another version" both '.reason == "Conflict"' 409 DELETE "$LOG" "$JSON" '{"preconditions":{"resourceVersion":"1"}}'
check "delete, dry" both '.metadata.deletionTimestamp != null' 200 DELETE "$LOG" "$JSON" '{"dryRun":["All"]}'
check "did nothing" both '.metadata.deletionTimestamp == null' 200 GET "$LOG"
check "delete" both '.metadata.deletionTimestamp != null' 200 DELETE "$LOG" "Content-Type: application/json" "{\"preconditions\":{\"uid\":\"$(uid_of "$LOG")\"}}"
gone() { answers 404 GET "$LOG" >/dev/null; }
check "is gone once the operator lets go" wait_for gone 10
check "with its Jobs" both '.items | length == 0' 200 GET "/apis/batch/v1/namespaces/orders/jobs?labelSelector=tidb.pingcap.com%2Fbackup%3Dlog-orders"

STUCK=$BR/namespaces/audit/backups/log-audit
check "a Backup without its Cluster" both '.metadata.deletionTimestamp != null' 200 DELETE "$STUCK" "$JSON" '{}'
check "stays, on its finalizer" answers 200 GET "$STUCK"
check "which is taken off" patch '.metadata.name == "log-audit"' 200 "$STUCK" '{"metadata":{"finalizers":[]}}'
check "and it is gone" answers 404 GET "$STUCK"

# -- kubectl
if [ -n "${KUBEBUILDER_ASSETS:-}" ] && [ -x "$KUBEBUILDER_ASSETS/kubectl" ]; then
    kubectl() { "$KUBEBUILDER_ASSETS/kubectl" "$@"; }
    check "kubectl get" sh -c "$KUBEBUILDER_ASSETS/kubectl get backups -A | grep -q 'COMMITTS'"
    check "kubectl patch" kubectl patch backup log-audit-core -n audit --type=merge -p '{"spec":{"logSubcommand":"log-pause"}}'
    check "kubectl wait sees it" kubectl wait backup/log-audit-core -n audit --for=jsonpath='{.status.phase}'=Paused --timeout=20s
    check "kubectl auth can-i" kubectl auth can-i patch backups.br.pingcap.com -n orders
    check_code "kubectl auth can-i, no" 1 kubectl --context viewer auth can-i patch backups.br.pingcap.com -n orders
    check "kubectl describe" kubectl describe backup log-audit-core -n audit
    check "kubectl delete" kubectl delete backup log-audit-core -n audit --timeout=20s
fi

# -- a large fleet
sim_order /sim/shutdown '{}' >/dev/null
start_sim --fleet 1000
plain() { curl -sS -m 20 -K "$TEST_TMP/curlrc" "$API_SERVER$BR/backups" >"$TEST_TMP/plain.json"; }
packed() { curl -sS -m 20 -K "$TEST_TMP/curlrc" -D "$TEST_TMP/raw.head" --compressed "$API_SERVER$BR/backups" >"$TEST_TMP/packed.json"; }
check "a list in one piece" plain
check "is whole and in order" jq -e '[.items[].metadata | .namespace + "/" + .name] | length == 1000 and . == (. | sort)' "$TEST_TMP/plain.json"
for again in "compressed" "compressed, from the cache"; do
    check "$again" packed
    check "it says gzip" grep -qi '^content-encoding: gzip' "$TEST_TMP/raw.head"
    check "it is the same" cmp "$TEST_TMP/plain.json" "$TEST_TMP/packed.json"
done
pages()
{
    pages_token= && : >"$TEST_TMP/pages"
    while :; do
        api GET "$BR/backups?limit=300&continue=$pages_token" >"$TEST_TMP/page.json"
        jq -c '.items[]' "$TEST_TMP/page.json" >>"$TEST_TMP/pages"
        pages_token=$(jq -r '.metadata.continue // empty' "$TEST_TMP/page.json")
        [ -n "$pages_token" ] || break
    done
    jq -c '.items[]' "$TEST_TMP/plain.json" | cmp - "$TEST_TMP/pages"
}
check "pages put together are the same" pages
sim_order /sim/touch '{"count":300,"rate":3000}' >/dev/null
touched() { [ "$(api GET /sim/state | jq .resourceVersion)" -ge "$(($(jq -r .metadata.resourceVersion "$TEST_TMP/plain.json") + 300))" ]; }
check "touched" wait_for touched 5
check "a log among the many can be paused" api PATCH "$BR/namespaces/team-000/backups/log-000000" '{"spec":{"logSubcommand":"log-pause"}}' application/merge-patch+json
many_paused() { [ "$(api GET "$BR/namespaces/team-000/backups/log-000000" | jq -r .status.phase)" = Paused ]; }
check "and is Paused" wait_for many_paused 15

check "it ends by order" sim_order /sim/shutdown '{}'
check "and is gone" wait_for "! kill -0 $SIM_PID 2>/dev/null" 5
check_code "without a complaint" 0 wait "$SIM_PID"
check "nor a word" sh -c "! grep . $TEST_TMP/sim.err"
