#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a static library in which only what a version script exports is visible, so that our helpers
# cannot clash with the functions of a program that links it: archive.sh MAP OUTPUT LIBRARY...
set -eu
map=$1 output=$2
shift 2
object=$output.o
exports=$(sed -n 's/^\t\t\(.*[^*]\*\{0,1\}\);$/--keep-global-symbol=\1/p' "$map" | grep -v '=\*$')
ld -r --whole-archive "$@" -o "$object"
# shellcheck disable=SC2086
objcopy --wildcard $exports "$object"
rm -f "$output"
ar rcs "$output" "$object"
rm -f "$object"
