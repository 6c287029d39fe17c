#!/bin/sh
# Run each fuzz target that was built over its corpus: fuzz_NAME over corpus/NAME.
# A target on libFuzzer takes the same folder, and with -runs=0 only replays it.
corpus=${srcdir:-.}/tests/fuzz/corpus
failed=0
ran=0
for target in tests/fuzz/fuzz_*; do
    case $target in
    *.* | *'*') continue ;;
    esac
    name=${target##*/fuzz_}
    if test ! -d "$corpus/$name"; then
        echo "FAIL: $target has no corpus $corpus/$name"
        failed=1
        continue
    fi
    if grep -q LLVMFuzzerRunDriver "$target" 2>/dev/null; then
        set -- -runs=0
    else
        set --
    fi
    echo "== $target"
    "./$target" "$@" "$corpus/$name" || { echo "FAIL: $target"; failed=1; }
    ran=$((ran + 1))
done
echo "$ran fuzz targets"
test "$ran" -gt 0 || exit 77
exit $failed
