#!/bin/sh
# What `make install` puts in place, run from there.
set -eu
. "$(dirname "$0")/../tools/lib.sh"
command -v make >/dev/null && [ -f "$abs_top_builddir/Makefile" ] || skip "make and a build are needed"
tree=$TEST_TMP/tree
install_tree() { make -C "$abs_top_builddir" --no-print-directory install DESTDIR="$tree"; }
check "make install" install_tree
bin=$tree$(sed -n 's/^prefix = //p' "$abs_top_builddir/Makefile")/bin
[ -x "$bin/brdeck" ] || bin=$(dirname "$(find "$tree" -name brdeck -type f -perm -u+x | head -n 1)")
check "brdeck" "$bin/brdeck" --version
check "brdeck-sim" "$bin/brdeck-sim" --version
check "the plugin's link leads to it" sh -c "[ \"\$(readlink $bin/kubectl-brdeck)\" = brdeck ]"
check "the man page" sh -c "find $tree -name brdeck.1 | grep -q man/man1"
check "README" sh -c "find $tree -name README | grep -q ."
for theme in dark light high-contrast mono; do
    check "theme $theme" sh -c "find $tree -path '*brdeck/themes/$theme.ini' | grep -q ."
done
for file in bin/kubectl_complete-brdeck bash-completion/completions/brdeck zsh/site-functions/_brdeck fish/vendor_completions.d/brdeck.fish; do
    check "completion: $file" sh -c "find $tree -path '*/$file' | grep -q ."
done
PATH=$bin:/usr/bin:/bin
check "the demo finds its simulation beside it" sh -c "TMPDIR=$TEST_TMP KUBECONFIG=/nonexistent brdeck --demo get backups -A </dev/null | grep -q log-orders"
if [ -n "${KUBEBUILDER_ASSETS:-}" ] && [ -x "$KUBEBUILDER_ASSETS/kubectl" ]; then
    start_sim --fleet demo --still
    check "kubectl brdeck" sh -c "$KUBEBUILDER_ASSETS/kubectl brdeck get backups -n orders | grep -q log-orders"
fi
uninstall_tree() { make -C "$abs_top_builddir" --no-print-directory uninstall DESTDIR="$tree"; }
check "make uninstall" uninstall_tree
check "leaves nothing behind" sh -c "! find $tree -type f -o -type l | grep ."
