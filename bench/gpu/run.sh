#!/bin/sh
# Runs the packed benchmark: sh run.sh OUT-FOLDER [flags of run.ts]
. "$(dirname "$0")/setup.sh"
out=$1
shift
mkdir -p "$out"
out=$(cd "$out" && pwd)
cd "$work" || exit 1
exec ./node program.mjs --models "$work/models" --out "$out/gpu-results.json" "$@" >"$out/gpu-results.out"
