/** Entry of a worker of the pool: decodes JPEG 2000 tiles. */
// @ts-expect-error The package has no types; codec.ts declares what we use of it.
import openJpeg from '@cornerstonejs/codec-openjpeg/decodewasmjs';
import wasmUrl from '@cornerstonejs/codec-openjpeg/decodewasm?url';
import { serveRpc } from '../../base/rpc.ts';
import { Jpeg2000Codec, type OpenJpegFactory } from './codec.ts';
import type { Jpeg2000Api } from './pool.ts';

const codec = new Jpeg2000Codec(async () => {
  const response = await fetch(wasmUrl);
  if (!response.ok) throw new Error(`Cannot load the JPEG 2000 decoder (HTTP ${response.status}).`);
  return { factory: openJpeg as OpenJpegFactory, wasm: await response.arrayBuffer() };
});

serveRpc<Jpeg2000Api>(globalThis, {
  decode: async (context, bytes, colours) => {
    const image = await codec.decode(bytes, colours);
    context.transfer(image.data.buffer);
    return image;
  },
});
