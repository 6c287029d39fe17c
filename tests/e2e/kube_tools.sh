#!/bin/sh
# The real control plane of the tests and the CRDs of this project's own: what they refuse, what they keep.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
BRDECK_SHARED=/nonexistent # our own CRDs
start_kube v1
fails() { ! "$@"; }
status_is() # NS NAME JQ-FREE TEXT
{
    get_backup "$1" "$2" | tr -d ' \n' | grep -F "$3"
}
log_spec='{"backupMode":"log","br":{"cluster":"tc"},"s3":{"bucket":"b","prefix":"p"}}'

check "a namespace is made" make_namespace orders
for API_GROUP in br.pingcap.com pingcap.com; do
    check "$API_GROUP: a log backup is made" make_backup orders log-orders "$log_spec"
    check "$API_GROUP: an unknown subcommand is refused" fails \
        patch_backup orders log-orders '{"spec":{"logSubcommand":"log-explode"}}'
    check "$API_GROUP: logStop beside logSubcommand is refused" fails \
        patch_backup orders log-orders '{"spec":{"logSubcommand":"log-pause","logStop":true}}'
    check "$API_GROUP: log-pause is taken" patch_backup orders log-orders '{"spec":{"logSubcommand":"log-pause"}}'
    check "$API_GROUP: the operator's part can be played" put_status orders log-orders \
        '{"phase":"Paused","logCheckpointTs":"436568622965194755"}'
    check "$API_GROUP: and is kept" status_is orders log-orders '"phase":"Paused"'
    check "$API_GROUP: with all digits" status_is orders log-orders '"logCheckpointTs":"436568622965194755"'
done
API_GROUP=br.pingcap.com
patch_backup orders log-orders '{"status":{"phase":"Stopped"}}'
check "v2: a status outside /status is ignored" status_is orders log-orders '"phase":"Paused"'
API_GROUP=pingcap.com
patch_backup orders log-orders '{"status":{"phase":"Stopped"}}'
check "v1: it is the object's own" status_is orders log-orders '"phase":"Stopped"'

check "the viewer has no rights" fails "$KUBECTL" --context test-viewer get backups.br.pingcap.com -A
start_proxy
check "kubectl passes through the proxy" "$KUBECTL" get backups.br.pingcap.com -A
proxy_do refuse on >/dev/null
proxy_do cut >/dev/null
check "and fails without it" fails "$KUBECTL" --request-timeout=5s get backups.br.pingcap.com -A
check "which the api function does not mind" get_backup orders log-orders
