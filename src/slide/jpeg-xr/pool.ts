/** JPEG XR in the browser. */
import { CodecPool, type CodecApi } from '../codec-pool.ts';
import type { Samples } from '../slide.ts';

type Arguments = [bytes: Uint8Array<ArrayBuffer>];

export type JpegXrApi = CodecApi<Arguments, Samples>;

/** A pool of jxrlib's decoders. */
export const jpegXrPool = (): CodecPool<Arguments, Samples> =>
  new CodecPool(
    'JPEG XR',
    () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'jpeg-xr' }),
  );
