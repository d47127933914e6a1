/** Context features of the regions in work, kept on the backend and freed in time. */
import type { ContextFeatures } from '../runtime/segmenter.ts';

/** The features of at most `capacity` regions; the one used longest ago makes way, and is disposed. */
export class ContextCache {
  readonly #features = new Map<number, ContextFeatures>();

  /** @throws RangeError unless `capacity` is at least 1. */
  constructor(readonly capacity: number) {
    if (!(capacity >= 1)) throw new RangeError(`A context cache holds at least 1 region, not ${capacity}.`);
  }

  get size(): number {
    return this.#features.size;
  }

  /** The features of `region`, or null. Counts as a use. */
  get(region: number): ContextFeatures | null {
    const features = this.#features.get(region);
    if (features === undefined) return null;
    this.#features.delete(region);
    this.#features.set(region, features);
    return features;
  }

  has(region: number): boolean {
    return this.#features.has(region);
  }

  /** Disposes what was used longest ago, until one more region fits: call it before encoding that one. */
  makeRoom(): void {
    for (const [oldest, old] of this.#features) {
      if (this.#features.size < this.capacity) break;
      this.#features.delete(oldest);
      old.dispose();
    }
  }

  /** Takes ownership of `features`. */
  put(region: number, features: ContextFeatures): void {
    this.#features.get(region)?.dispose();
    this.#features.delete(region);
    this.makeRoom();
    this.#features.set(region, features);
  }

  /** Disposes everything. */
  clear(): void {
    for (const features of this.#features.values()) features.dispose();
    this.#features.clear();
  }
}
