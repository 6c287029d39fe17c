#!/bin/sh
# What the shells complete: the scripts as they are installed, in each shell that there is; names of a cluster, and none in time.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
start_sim --fleet demo --still

for shell in bash:bash/brdeck zsh:zsh/_brdeck fish:fish/brdeck.fish; do
    brdeck completion "${shell%%:*}" >"$TEST_TMP/script"
    check "${shell%%:*}: the installed script is the one that is printed (make doc)" \
        cmp "$TEST_TMP/script" "$abs_top_srcdir/completions/${shell#*:}"
done
check_code "no such shell" 2 brdeck completion tcsh
check_code "no shell" 2 brdeck completion

# -- names, by what the command may do to them
next() { brdeck completion next -- "$@" | sed 's/	.*//' | tr '\n' ' '; }
is() { want=$1; shift; said=$(next "$@"); [ "$said" = "$want" ] || { echo "$said"; return 1; }; }
check "only what is paused can be resumed" is "log-billing :4 " resume -n billing ''
check "not twice" is ":4 " resume -n billing log-billing log-billing
check "only what failed can be retried" is "log-orders-eu :4 " retry -n orders ''
check "only logs are started from" is "log-orders log-orders-eu :4 " start -n orders x --from ''
check "with its kind, as -o name prints it" is "backup/log-billing backup/log-billing-2025 backup/log-billing-dr :4 " describe -n billing backup/log-b
check "of the group that is named" is ":4 " describe -n billing backup.pingcap.com/log-
check "namespaces" is "orders :4 " get backups -n ord
check "the second of several" is "orders,billing :4 " get backups -n orders,b
check "contexts" is "demo :4 " --context de
check "what the state is stands beside it" sh -c "brdeck completion next -- resume -n billing '' | grep -q '	Paused'"

# -- nothing there, and in time
check "without a right" is ":4 " --context nobody pause -n orders ''
check "without a kubeconfig" is ":4 " --kubeconfig /nonexistent pause ''
start_proxy
proxy_do blackhole on
began=$(date +%s)
check "of a cluster that does not answer" is ":4 " pause -n orders ''
check "after two seconds" [ $(($(date +%s) - began)) -lt $((5 * TIMEOUT_FACTOR)) ]
proxy_do blackhole off
mkfifo "$TEST_TMP/pipe"
began=$(date +%s)
check "a pipe that nobody writes to" is ":4 " --kubeconfig "$TEST_TMP/pipe" pause ''
check "... is given up" [ $(($(date +%s) - began)) -lt $((12 * TIMEOUT_FACTOR)) ]

# -- the shells themselves
if command -v bash >/dev/null; then
    cat >"$TEST_TMP/try.bash" <<'EOF'
source <(brdeck completion bash)
try() { COMP_WORDS=(brdeck "$@"); COMP_CWORD=$#; COMPREPLY=(); _brdeck brdeck; echo "${COMPREPLY[*]}"; }
unbroken() { COMP_WORDBREAKS=' '; try "$@"; }
[[ $1 == unbroken ]] || set -- try "$@"
"$@"
EOF
    in_bash() { want=$1; shift; said=$(bash --norc "$TEST_TMP/try.bash" "$@"); [ "$said" = "$want" ] || { echo "$said"; return 1; }; }
    check "bash: commands" in_bash "pause" pa
    check "bash: names" in_bash "log-billing" resume -n billing ''
    check "bash: = is a word of its own" in_bash "json" get backups --output = j
    check "bash: twice" in_bash "Paused" wait x --for = phase = Pa
    check "bash: after the =" in_bash "true false" --read-only =
    check "bash: where = and : part no words" in_bash "--for=phase=Paused" unbroken wait x --for=phase=Pa
    check "bash: a file" in_bash "" create -f ''
fi
if command -v zsh >/dev/null; then
    cat >"$TEST_TMP/try.zsh" <<'EOF'
autoload -Uz compinit && compinit -u -D
source <(brdeck completion zsh)
_describe() { echo "$candidates"; }
_files() { echo files; }
compset() { true; }
try() { words=(brdeck "$@"); CURRENT=$#words; _brdeck || echo "nothing found"; }
try "$@"
EOF
    in_zsh() { want=$1; shift; said=$(HOME=$TEST_TMP zsh -f "$TEST_TMP/try.zsh" "$@"); [ "$said" = "$want" ] || { echo "$said"; return 1; }; }
    check "zsh: names, and what they are" sh -c "HOME=$TEST_TMP zsh -f $TEST_TMP/try.zsh resume -n billing '' | grep -q '^log-billing:Paused'"
    check "zsh: values" in_zsh "--output=json" get backups --output=j
    check "zsh: the next completer is to ask" in_zsh "nothing found" xyz
    check "zsh: a file" in_zsh "files" create -f ''
fi
if command -v fish >/dev/null; then
    in_fish() { want=$1; shift; said=$(HOME=$TEST_TMP fish -N -c "brdeck completion fish | source; complete -C '$1'" | sed 's/	.*//' | tr '\n' ' ')
        [ "$said" = "$want" ] || { echo "$said"; return 1; }; }
    check "fish: commands" in_fish "pause " "brdeck pa"
    check "fish: names" in_fish "log-billing " "brdeck resume -n billing "
    check "fish: values" in_fish "--output=json " "brdeck get backups --output=j"
fi
check "kubectl" sh -c "[ \"\$('$abs_top_srcdir/completions/kubectl_complete-brdeck' resume -n billing '' | tail -n 1)\" = :4 ]"
