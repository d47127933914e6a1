/** Entry of a worker of the pool: decodes tiles to values, with the code of the formats that it meets. */
import charlsUrl from '@cornerstonejs/codec-charls/decodewasm?url';
import openJpegUrl from '@cornerstonejs/codec-openjpeg/decodewasm?url';
import openJphUrl from '@cornerstonejs/codec-openjph/wasm?url';
import { serveRpc } from '../../base/rpc.ts';
import { SampleCodec, type LoadedWasm, type WasmFactory } from './codec.ts';
import type { SampleApi } from './pool.ts';
import type { PackagedFormat } from './samples.ts';

interface Factory {
  readonly default: unknown;
}

/** The packages have no types; codec.ts declares what we use of them. */
const formats: Readonly<
  Record<PackagedFormat, { readonly url: string; readonly code: () => Promise<Factory> }>
> = {
  // @ts-expect-error no types
  'jpeg-ls': { url: charlsUrl, code: () => import('@cornerstonejs/codec-charls/decodewasmjs') },
  // @ts-expect-error no types
  htj2k: { url: openJphUrl, code: () => import('@cornerstonejs/codec-openjph/wasmjs') },
  // @ts-expect-error no types
  jpeg2000: { url: openJpegUrl, code: () => import('@cornerstonejs/codec-openjpeg/decodewasmjs') },
};

const codec = new SampleCodec(async (format): Promise<LoadedWasm> => {
  const { url, code } = formats[format];
  const [module, response] = await Promise.all([code(), fetch(url)]);
  if (!response.ok) throw new Error(`Cannot load the decoder (HTTP ${response.status}).`);
  return { factory: module.default as WasmFactory, wasm: await response.arrayBuffer() };
});

serveRpc<SampleApi>(globalThis, {
  decode: async (context, bytes, format) => {
    const samples = await codec.decode(bytes, format);
    context.transfer(samples.data.buffer);
    return samples;
  },
});
