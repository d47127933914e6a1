/** OpenJPEG in Node, loaded from the package's files. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Jpeg2000Codec, type OpenJpegFactory } from './codec.ts';

const require = createRequire(import.meta.url);

/** A codec that loads its wasm with the first image. */
export function nodeJpeg2000Codec(): Jpeg2000Codec {
  return new Jpeg2000Codec(async () => ({
    factory: require('@cornerstonejs/codec-openjpeg/decodewasmjs') as OpenJpegFactory,
    wasm: await readFile(require.resolve('@cornerstonejs/codec-openjpeg/decodewasm')),
  }));
}
