/** The decoders of `SampleCodec` in Node, loaded from their packages' files. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { SampleCodec, type WasmFactory } from './codec.ts';

const require = createRequire(import.meta.url);

/** A codec that loads a format's wasm with the first image of it. */
export function nodeSampleCodec(): SampleCodec {
  return new SampleCodec(async (format) => {
    // Written out, so that the bundler of the command line sees them.
    switch (format) {
      case 'jpeg-ls':
        return {
          factory: require('@cornerstonejs/codec-charls/decodewasmjs') as WasmFactory,
          wasm: await readFile(require.resolve('@cornerstonejs/codec-charls/decodewasm')),
        };
      case 'htj2k':
        return {
          factory: require('@cornerstonejs/codec-openjph/wasmjs') as WasmFactory,
          wasm: await readFile(require.resolve('@cornerstonejs/codec-openjph/wasm')),
        };
      default:
        return {
          factory: require('@cornerstonejs/codec-openjpeg/decodewasmjs') as WasmFactory,
          wasm: await readFile(require.resolve('@cornerstonejs/codec-openjpeg/decodewasm')),
        };
    }
  });
}
