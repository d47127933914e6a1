/** Decoding of values in the browser: JPEG-LS, HTJ2K, deep JPEG 2000. */
import { DecoderPool } from '../decoder-pool.ts';
import type { SampleFormat, Samples } from './samples.ts';

/** The calls that a worker of the pool answers. */
export interface SampleApi {
  decode(bytes: Uint8Array<ArrayBuffer>, format: SampleFormat): Promise<Samples>;
}

export class SamplePool {
  readonly #pool = new DecoderPool<SampleApi>(
    () => new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'samples' }),
    'image',
  );

  /** As `DecoderPool.run`. */
  decode(bytes: Uint8Array<ArrayBuffer>, format: SampleFormat, signal?: AbortSignal): Promise<Samples> {
    return this.#pool.run((rpc) => rpc.call('decode', [bytes, format]), signal);
  }
}
