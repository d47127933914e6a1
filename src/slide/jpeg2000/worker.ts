/** Worker of the pool: decodes one JPEG 2000 tile after the other. */
// @ts-expect-error The package comes without types; codec.ts declares what is used of it.
import openJpeg from '@cornerstonejs/codec-openjpeg/decodewasmjs';
import wasmUrl from '@cornerstonejs/codec-openjpeg/decodewasm?url';
import { Jpeg2000Codec, type OpenJpegFactory } from './codec.ts';
import type { Jpeg2000Reply, Jpeg2000Request } from './pool.ts';

const codec = new Jpeg2000Codec(async () => {
  const response = await fetch(wasmUrl);
  if (!response.ok) throw new Error(`The JPEG 2000 decoder can not be loaded (${response.status}).`);
  return { factory: openJpeg as OpenJpegFactory, wasm: await response.arrayBuffer() };
});

const reply = (message: Jpeg2000Reply, transfer: Transferable[] = []): void => {
  self.postMessage(message, { transfer });
};

self.onmessage = async ({ data }: MessageEvent<Jpeg2000Request>) => {
  try {
    const image = await codec.decode(data.bytes, data.colours);
    reply({ id: data.id, image }, [image.data.buffer]);
  } catch (error) {
    reply({ id: data.id, error: error instanceof Error ? error.message : String(error) });
  }
};
