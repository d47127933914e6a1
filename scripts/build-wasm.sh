#!/bin/sh
# Compiles our own loops in C to WebAssembly with SIMD: `npm run build:wasm`. Each NAME.c becomes NAME-module.ts beside it, the
# module in Base64 with the hash of its source, which a test compares.
# Debian 12: clang and lld; no C library. The result is the same for the same versions.
set -eu
cd "$(dirname "$0")/.."
out="$(mktemp -d)"
for source in src/training/step/wasm/update.c src/training/step/wasm/dropout.c \
  src/slide/resample-wasm/resample.c; do
  name="$(basename "$source" .c)"
  clang --target=wasm32 -O3 -msimd128 -ffp-contract=off -Wall -Werror -nostdlib \
    -Wl,--no-entry -Wl,--strip-all -Wl,--import-memory -Wl,-z,stack-size=4096 -o "$out/$name.wasm" "$source"
  {
    echo "/** $name.c as a wasm module in Base64; scripts/build-wasm.sh writes it. */"
    printf "export const %sModule =\n  '%s';\n\n" "$name" "$(base64 -w0 "$out/$name.wasm")"
    echo "/** SHA-256 of $name.c when it was compiled. */"
    printf "export const %sSource = '%s';\n" "$name" "$(sha256sum "$source" | cut -d' ' -f1)"
  } >"$(dirname "$source")/$name-module.ts"
done
rm -r "$out"
