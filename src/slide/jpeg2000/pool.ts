/** JPEG 2000 in the browser. */
import { CodecPool, type CodecApi } from '../codec-pool.ts';
import type { RgbaImage } from '../slide.ts';
import type { Jpeg2000Container } from '../stream-colours.ts';

type Arguments = [bytes: Uint8Array<ArrayBuffer>, colours: Jpeg2000Container];

export type Jpeg2000Api = CodecApi<Arguments, RgbaImage>;

/** A pool of OpenJPEG's decoders. */
export const jpeg2000Pool = (): CodecPool<Arguments, RgbaImage> =>
  new CodecPool(
    'JPEG 2000',
    () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'jpeg2000' }),
  );
