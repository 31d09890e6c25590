#!/bin/bash
# Builds the addon with AddressSanitizer and UBSan in a folder of its own, gives its parsers spoilt messages, and
# plays the survival suite with it:
#
#	sudo native/sanitize.sh
#
# Needs what `npm test` needs, and `npm run build` before. Leaks are not looked for, since Node itself leaves
# much behind when it exits; the suite counts descriptors and memory on its own, for which freed memory is kept
# back (quarantined) only up to a bound.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cd "$root"
mkdir -p "$folder/native" "$folder/test/native"
cp native/binding.gyp native/*.c native/*.h "$folder/native"
cp test/native/parser-fuzz.c "$folder/test/native"
npm exec --no -- node-gyp rebuild --silent -C "$folder/native" -- -Dsanitize=1
release="$folder/native/build/Release"
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=1:quarantine_size_mb=16
export UBSAN_OPTIONS=print_stacktrace=1:abort_on_error=1

"$release/parser-fuzz" 2000000

# The program is node, which knows nothing of the sanitizer, so its library has to be there before the addon.
export SIPEXPECTD_ADDON="$release/sipexpectd.node"
SIPEXPECTD_PRELOAD=$(gcc -print-file-name=libasan.so)
export SIPEXPECTD_PRELOAD
npm exec --no -- vitest run --config test/vitest.config.ts --project lab test/lab/native-
