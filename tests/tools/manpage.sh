#!/bin/sh
# doc/brdeck.1 says what the tables say; "make doc" writes it anew.
set -eu
tests/tools/manpage >manpage.tmp
trap 'rm -f manpage.tmp' EXIT
if diff -u "${srcdir:-.}/doc/brdeck.1" manpage.tmp; then
    echo "ok - the man page says what the tables say"
else
    echo "not ok - doc/brdeck.1 differs from the tables: make doc"
    exit 1
fi
