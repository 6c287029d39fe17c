#!/bin/sh
# screentest.sh SCRIPT: runs screentest, or skips where it was not built.
if [ ! -x "$abs_top_builddir/tests/tools/screentest" ]; then
    echo "skipped: no screentest (libvterm-dev is missing)"
    exit 77
fi
exec "$abs_top_builddir/tests/tools/screentest" "$@"
