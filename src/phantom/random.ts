/**
 * Random numbers that depend only on the seed and the keys, so that any part of a phantom can be drawn on its
 * own and in any order.
 */

/** Mixes a seed and three integer keys to 32 well-spread bits (finaliser of MurmurHash3). */
export function hash(seed: number, a: number, b = 0, c = 0): number {
  let h = seed | 0;
  h = Math.imul(h ^ Math.imul(a | 0, 0x9e3779b1), 0x85ebca6b);
  h ^= h >>> 15;
  h = Math.imul(h ^ Math.imul(b | 0, 0xc2b2ae35), 0x27d4eb2f);
  h ^= h >>> 13;
  h = Math.imul(h ^ Math.imul(c | 0, 0x165667b1), 0x9e3779b1);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A small generator (mulberry32); call `reseed` instead of creating one per cell in loops. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  reseed(seed: number): this {
    this.#state = seed | 0;
    return this;
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.next();
  }
}
