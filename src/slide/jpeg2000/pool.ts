/** JPEG 2000 decoding in the browser. */
import { DecoderPool } from '../decoder-pool.ts';
import type { RgbaImage } from '../slide.ts';
import type { Jpeg2000Container } from '../stream-colours.ts';

/** The calls that a worker of the pool answers. */
export interface Jpeg2000Api {
  decode(bytes: Uint8Array<ArrayBuffer>, colours: Jpeg2000Container): Promise<RgbaImage>;
}

export class Jpeg2000Pool {
  readonly #pool = new DecoderPool<Jpeg2000Api>(
    () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'jpeg2000' }),
    'JPEG 2000',
  );

  /** As `DecoderPool.run`. */
  decode(
    bytes: Uint8Array<ArrayBuffer>,
    colours: Jpeg2000Container,
    signal?: AbortSignal,
  ): Promise<RgbaImage> {
    return this.#pool.run((rpc) => rpc.call('decode', [bytes, colours]), signal);
  }
}
