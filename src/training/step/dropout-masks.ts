/** Draws the dropout masks of a step with SIMD, into memory that every step uses again: a batch has millions of values. */
import { hashName } from '../../runtime/variables.ts';
import type { DropoutMask } from './differentiable-ops.ts';
import { sizeOf } from './shapes.ts';
import { dropoutModule } from './wasm/dropout-module.ts';

/** What dropout.c exports; `mask` is the first byte. */
type Draw = (
  mask: number,
  images: number,
  channels: number,
  pixels: number,
  seed: number,
  limit: number,
  kept: number,
) => void;

/** See `Feed` of batch-feeds.ts. */
interface MaskFeed {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** The stack of the module ends before. */
const firstByte = 65536;
const pageBytes = 65536;

/** The masks of one graph. */
export class DropoutMasks {
  readonly #masks: readonly DropoutMask[];
  readonly #memory: WebAssembly.Memory;
  readonly #draw: Draw;

  constructor(masks: readonly DropoutMask[]) {
    this.#masks = masks;
    const bytes = masks.reduce((sum, { shape }) => sum + 4 * sizeOf(shape), firstByte);
    this.#memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / pageBytes) });
    const module = new WebAssembly.Module(Buffer.from(dropoutModule, 'base64'));
    const { exports } = new WebAssembly.Instance(module, { env: { memory: this.#memory } });
    this.#draw = exports.dropout as Draw;
  }

  /**
   * Pixels are drawn one after the other, and the channels of each; 0, or 1 over the share that is kept.
   * @param dropoutSeed differs for every step and part
   * @returns [n, c, h, w] by name, valid until the next call
   */
  draw(dropoutSeed: number): Map<string, MaskFeed> {
    const feeds = new Map<string, MaskFeed>();
    let at = firstByte;
    for (const { name, seed, rate, shape } of this.#masks) {
      const [n, h, w, c] = shape;
      this.#draw(at, n, c, h * w, hashName(seed) ^ dropoutSeed, Math.ceil(rate * 2 ** 32), 1 / (1 - rate));
      const data = new Float32Array(this.#memory.buffer, at, sizeOf(shape));
      feeds.set(name, { data, shape: [n, c, h, w] });
      at += data.byteLength;
    }
    return feeds;
  }
}
