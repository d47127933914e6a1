/**
 * How many slices go through the network at once, found by measuring. A GPU is not filled by one small slice; a processor
 * is, and larger batches only wear out its caches.
 */

export interface BatchLimits {
  /** Never more slices than this. */
  readonly most: number;
  /** A batch is not made longer than this, milliseconds: meanwhile a new view has to wait. */
  readonly longestMs: number;
}

/** Batches of a size that are timed, after one that is not: it may compile kernels or take memory. */
const timed = 3;
/** A larger batch must be faster by this share per slice, or it is not worth the wait. */
const leastGain = 0.05;

export class BatchSize {
  #size = 1;
  #most: number;
  #settled: boolean;
  #seen = 0;
  #best = Infinity;
  /** Milliseconds per slice of half the size. */
  #before = Infinity;

  readonly #limits: BatchLimits;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
    this.#most = Math.max(1, limits.most);
    this.#settled = this.#most === 1;
  }

  /** Slices of the next batch, at most. */
  get size(): number {
    return this.#size;
  }

  /** Notes what a batch took. Batches that are smaller than `size`, at the end of a region, tell nothing. */
  note(slices: number, ms: number): void {
    if (this.#settled || slices !== this.#size) return;
    this.#seen++;
    if (this.#seen === 1) return;
    this.#best = Math.min(this.#best, ms / slices);
    if (this.#seen <= timed) return;
    if (this.#best > this.#before * (1 - leastGain)) {
      this.#size /= 2;
      this.#settled = true;
      return;
    }
    const next = 2 * this.#size;
    if (next > this.#most || next * this.#best > this.#limits.longestMs) {
      this.#settled = true;
      return;
    }
    this.#before = this.#best;
    this.#best = Infinity;
    this.#seen = 0;
    this.#size = next;
  }

  /** After a failure: half as many from now on, and never more. @returns false when it is one slice already. */
  halve(): boolean {
    if (this.#size === 1) return false;
    this.#size /= 2;
    this.#most = this.#size;
    this.#settled = true;
    return true;
  }
}
