#!/bin/sh
# Compiles jxrlib (Microsoft's reference decoder, BSD-2-Clause) and decode.c and packs them into jxr-module.ts.
# Debian 12: clang, lld, wasi-libc, libclang-rt-dev-wasm32; the result is the same for the same versions.
#
#     build.sh FOLDER    a checkout of jxrlib 1.2 (github.com/4creators/jxrlib, commit f752187)
set -eu
source="$1"
out="$(mktemp -d)"
here="$(cd "$(dirname "$0")" && pwd)"
sys="$source/image/sys" decode="$source/image/decode"
clang --target=wasm32-wasi -mexec-model=reactor -O3 -w -DNDEBUG -D__ANSI__ -DDISABLE_PERF_MEASUREMENT \
  -I"$source/common/include" -I"$sys" -I"$decode" \
  "$sys/adapthuff.c" "$sys/image.c" "$sys/strcodec.c" "$sys/strPredQuant.c" "$sys/strTransform.c" \
  "$decode/decode.c" "$decode/postprocess.c" "$decode/segdec.c" "$decode/strdec.c" \
  "$decode/strInvTransform.c" "$decode/strPredQuantDec.c" "$here/decode.c" \
  -Wl,--gc-sections -Wl,--strip-all -Wl,--max-memory=402653184 -Wl,-z,stack-size=1048576 \
  -o "$out/jxr.wasm"
{
  # A comment that bundlers keep: the licence asks for its notice in binaries.
  echo "/*!"
  echo " * @license jxrlib"
  sed 's/^/ * /; s/ *$//' "$here/LICENSE"
  echo " */"
  echo "/** jxrlib as a gzipped wasm module in Base64; build.sh writes it. */"
  printf "export const jxrModule =\n  '%s';\n" "$(gzip -9nc "$out/jxr.wasm" | base64 -w0)"
} >"$here/jxr-module.ts"
rm -r "$out"
