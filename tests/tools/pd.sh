# pd.sh - a real etcd in the place of PD, behind a Service of a real control plane: what br writes into it is what brdeck reads
# through the API server's service proxy. Read by tests after start_kube.
#
# The API server proxies only to addresses that a Pod has, and never to loopback ones: the etcd listens on this host's own
# address, and a Pod object says that it is its own.

# start_pd NS: the Cluster "tc" with its PDGroup "pd" and TiKVGroup "kv" in NS, and their PD. Sets PD_URL. Skips where this
# host has no address of its own.
start_pd()
{
    pd_ns=$1 pd_dir=$TEST_TMP/pd
    pd_ip=$(hostname -I 2>/dev/null | tr ' ' '\n' | grep -m1 '^[0-9.]*$') || :
    [ -n "$pd_ip" ] || skip "this host has no IPv4 address but loopback: the API server would not proxy to it"
    mkdir -p "$pd_dir"
    # shellcheck disable=SC2046
    set -- $(proxy --free-ports 2)
    pd_port=$1
    PD_URL=http://$pd_ip:$pd_port
    "$KUBEBUILDER_ASSETS/etcd" --data-dir "$pd_dir/etcd" --listen-client-urls "$PD_URL" --advertise-client-urls "$PD_URL" \
        --listen-peer-urls "http://127.0.0.1:$2" --initial-advertise-peer-urls "http://127.0.0.1:$2" \
        --initial-cluster "default=http://127.0.0.1:$2" --unsafe-no-fsync >"$pd_dir/log" 2>&1 </dev/null &
    PD_PID=$!
    track "$PD_PID"
    wait_for 'curl -sf "$PD_URL/health" >/dev/null' 20 || { cat "$pd_dir/log"; return 1; }
    pd_objects | "$KUBECTL" apply -f - >/dev/null 2>"$pd_dir/apply.err" || { cat "$pd_dir/apply.err"; return 1; }
    "$KUBECTL" -n "$pd_ns" patch clusters.core.pingcap.com tc --subresource=status --type=merge \
        -p "{\"status\":{\"id\":\"$PD_ID\"}}" >/dev/null
    "$KUBECTL" -n "$pd_ns" patch pod pd-pd-0 --subresource=status --type=merge \
        -p "{\"status\":{\"phase\":\"Running\",\"podIP\":\"$pd_ip\",\"podIPs\":[{\"ip\":\"$pd_ip\"}]}}" >/dev/null
}

# pd_groups NS: the Cluster "tc", its PDGroup "pd" and TiKVGroup "kv" as YAML.
pd_groups()
{
    pd_group='replicas: 1, template: {spec: {version: v8.5.0, volumes: [{name: data, mounts: [{type: data}], storage: 1Gi}]}}'
    cat <<Y
apiVersion: core.pingcap.com/v1alpha1
kind: Cluster
metadata: {name: tc, namespace: $1}
spec: {}
---
apiVersion: core.pingcap.com/v1alpha1
kind: PDGroup
metadata: {name: pd, namespace: $1}
spec: {cluster: {name: tc}, $pd_group}
---
apiVersion: core.pingcap.com/v1alpha1
kind: TiKVGroup
metadata: {name: kv, namespace: $1}
spec: {cluster: {name: tc}, $pd_group}
Y
}

pd_objects()
{
    pd_groups "$pd_ns"
    cat <<Y
---
apiVersion: v1
kind: Service
metadata: {name: pd-pd, namespace: $pd_ns}
spec: {ports: [{name: client, port: 2379, targetPort: $pd_port}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: default, namespace: $pd_ns}
---
apiVersion: v1
kind: Pod
metadata: {name: pd-pd-0, namespace: $pd_ns}
spec: {automountServiceAccountToken: false, containers: [{name: pd, image: pd}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: pd-pd, namespace: $pd_ns}
subsets:
- addresses: [{ip: $pd_ip, targetRef: {kind: Pod, namespace: $pd_ns, name: pd-pd-0}}]
  ports: [{name: client, port: $pd_port, protocol: TCP}]
Y
}

pd_base64() { base64 | tr -d '\n'; }
# pd_put KEY: what stands on stdin becomes the value of /tidb/br-stream/KEY.
pd_put()
{
    pd_value=$(pd_base64)
    curl -sf "$PD_URL/v3/kv/put" -d "{\"key\":\"$(printf '/tidb/br-stream/%s' "$1" | pd_base64)\",\"value\":\"$pd_value\"}" >/dev/null
}
pd_delete() { curl -sf "$PD_URL/v3/kv/deleterange" -d "{\"key\":\"$(printf '/tidb/br-stream/%s' "$1" | pd_base64)\"}" >/dev/null; }
# pd_gc KEY: the same under /pd/PD_ID/gc/, where PD keeps what is about GC.
PD_ID=7442089631527301234
pd_gc()
{
    pd_value=$(pd_base64)
    curl -sf "$PD_URL/v3/kv/put" -d "{\"key\":\"$(printf '/pd/%s/gc/%s' "$PD_ID" "$1" | pd_base64)\",\"value\":\"$pd_value\"}" >/dev/null
}
# pd_safepoint TSO: the GC safepoint. pd_hold SERVICE TSO EXPIRES (unix s): what must not be passed until then.
pd_safepoint() { printf '%x' "$1" | pd_gc safe_point; }
pd_hold() { printf '{"service_id":"%s","expired_at":%s,"safe_point":%s}' "$1" "$3" "$2" | pd_gc "safe_point/service/$1"; }
# pd_tso TSO: as 8 bytes, the most significant first.
pd_tso() { printf '%016x' "$1" | sed 's/../\\x&/g' | xargs -0 printf '%b'; }
# pd_task NAME [CHECKPOINT]: a task as br log start leaves it, with a checkpoint (now).
pd_task()
{
    printf '\020\001' | pd_put "info/$1"
    pd_tso "${2:-$(tso_now)}" | pd_put "checkpoint/$1/central_global"
}
# pd_pause NAME HOST: as br log pause leaves it, now.
pd_pause()
{
    printf '{"severity":"MANUAL","operation_hostname":"%s","operation_pid":71,"operation_time":"%s","payload_type":"","payload":null}' \
        "$2" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" | pd_put "pause/$1"
}
# pd_error NAME STORE MESSAGE: the last error of a store as TiKV leaves it, now: brpb.StreamBackupError with happen_at (ms),
# error_code, error_message and store_id.
pd_error()
{
    # shellcheck disable=SC2059
    printf "$(awk -v ms="$(date +%s%3N)" -v store="$2" -v message="$3" '
        function varint(n,    out) {
            for (; n >= 128; n = int(n / 128))
                out = out sprintf("\\%03o", n % 128 + 128)
            return out sprintf("\\%03o", n)
        }
        function text(tag, value) { return sprintf("\\%03o\\%03o%s", tag, length(value), value) }
        BEGIN { print "\\010" varint(ms) text(18, "KV:LogBackup:Io") text(26, message) "\\040" varint(store) }')" |
        pd_put "last-error/$1/$2"
}
