# kube.sh - a real control plane on loopback for tests: etcd, kube-apiserver with RBAC,
# kube-controller-manager, from KUBEBUILDER_ASSETS (the layout of envtest). There is no kubelet: Pods
# stay Pending until a test moves them. Read by lib.sh.
#
# Users: admin (system:masters, client certificate), viewer and operator (bearer tokens viewer-token
# and operator-token, without rights until a test binds some).

# kube_up DIR: start it. Sets KUBE_PORT; DIR has kubeconfig, curlrc, ca.crt, *.log.
kube_up()
{
    mkdir -p "$1"
    kube_dir=$1
    # shellcheck disable=SC2046
    set -- $(proxy --free-ports 3)
    kube_etcd=http://127.0.0.1:$1 kube_peer=http://127.0.0.1:$2 KUBE_PORT=$3
    kube_make_keys
    kube_write_configs
    kube_run etcd --data-dir "$kube_dir/etcd" --listen-client-urls "$kube_etcd" --advertise-client-urls "$kube_etcd" \
        --listen-peer-urls "$kube_peer" --initial-advertise-peer-urls "$kube_peer" \
        --initial-cluster "default=$kube_peer" --unsafe-no-fsync
    kube_run kube-apiserver --etcd-servers "$kube_etcd" --bind-address 127.0.0.1 --secure-port "$KUBE_PORT" \
        --tls-cert-file "$kube_dir/server.crt" --tls-private-key-file "$kube_dir/server.key" \
        --client-ca-file "$kube_dir/ca.crt" --token-auth-file "$kube_dir/tokens" --authorization-mode RBAC \
        --service-cluster-ip-range 10.0.0.0/24 --service-account-issuer https://kubernetes.default.svc \
        --service-account-key-file "$kube_dir/sa.key" --service-account-signing-key-file "$kube_dir/sa.key"
    wait_for "curl -sf -K $kube_dir/curlrc https://127.0.0.1:$KUBE_PORT/readyz >/dev/null" 60 || {
        echo "kube-apiserver is not ready:"
        tail -n 5 "$kube_dir/etcd.log" "$kube_dir/kube-apiserver.log"
        return 1
    }
    kube_run kube-controller-manager --kubeconfig "$kube_dir/kubeconfig" --leader-elect=false --secure-port 0 \
        --use-service-account-credentials --service-account-private-key-file "$kube_dir/sa.key" \
        --root-ca-file "$kube_dir/ca.crt"
}

# kube_down DIR: the reverse of the order in which they were started.
kube_down()
{
    for kube_name in kube-controller-manager kube-apiserver etcd; do
        [ -f "$1/$kube_name.pid" ] || continue
        stop "$(cat "$1/$kube_name.pid")"
        rm -f "$1/$kube_name.pid"
    done
}

# kube_pause and kube_go_on: the server is gone for a while, and comes back with what it knew.
kube_pause() { kill -STOP "$(cat "$KUBE_DIR/kube-apiserver.pid")"; }
kube_go_on() { kill -CONT "$(cat "$KUBE_DIR/kube-apiserver.pid")"; }

kube_run()
{
    kube_name=$1
    shift
    "$KUBEBUILDER_ASSETS/$kube_name" "$@" >"$kube_dir/$kube_name.log" 2>&1 </dev/null &
    echo $! >"$kube_dir/$kube_name.pid"
}

# kube_sign NAME SUBJECT EXTENSION: a key and a certificate by our CA.
kube_sign()
{
    printf '%s\n' "$3" >"$kube_dir/$1.ext"
    openssl req -newkey rsa:2048 -nodes -subj "$2" -keyout "$kube_dir/$1.key" -out "$kube_dir/$1.csr" 2>/dev/null
    openssl x509 -req -in "$kube_dir/$1.csr" -CA "$kube_dir/ca.crt" -CAkey "$kube_dir/ca.key" -CAcreateserial \
        -days 2 -extfile "$kube_dir/$1.ext" -out "$kube_dir/$1.crt" 2>/dev/null
}

kube_make_keys()
{
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=brdeck-tests \
        -keyout "$kube_dir/ca.key" -out "$kube_dir/ca.crt" 2>/dev/null
    openssl genrsa -out "$kube_dir/sa.key" 2048 2>/dev/null
    kube_sign server /CN=kube-apiserver 'subjectAltName = IP:127.0.0.1, DNS:localhost'
    kube_sign admin /O=system:masters/CN=admin 'extendedKeyUsage = clientAuth'
    printf '%s\n' 'viewer-token,viewer,viewer-uid' 'operator-token,operator,operator-uid' >"$kube_dir/tokens"
}

kube_write_configs()
{
    cat >"$kube_dir/kubeconfig" <<K
apiVersion: v1
kind: Config
current-context: test
clusters:
- name: test
  cluster:
    server: https://127.0.0.1:$KUBE_PORT
    certificate-authority: $kube_dir/ca.crt
users:
- name: admin
  user:
    client-certificate: $kube_dir/admin.crt
    client-key: $kube_dir/admin.key
- name: viewer
  user:
    token: viewer-token
- name: operator
  user:
    token: operator-token
contexts:
- name: test
  context: {cluster: test, user: admin}
- name: test-viewer
  context: {cluster: test, user: viewer}
- name: test-operator
  context: {cluster: test, user: operator}
K
    printf 'cacert = "%s"\ncert = "%s"\nkey = "%s"\n' "$kube_dir/ca.crt" "$kube_dir/admin.crt" \
        "$kube_dir/admin.key" >"$kube_dir/curlrc"
}
