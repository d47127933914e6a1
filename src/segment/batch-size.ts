/**
 * Finds the best batch size by measuring. One small slice leaves a GPU underused, but fills a CPU, where larger batches only
 * cause cache misses.
 */

export interface BatchLimits {
  /** Maximum number of slices. */
  readonly most: number;
  /** Maximum duration of a batch, milliseconds, because a new view has to wait for it. */
  readonly longestMs: number;
  /** Whether larger batches are known to be better, so that only their duration limits them. False by default. */
  readonly largeIsBest?: boolean;
}

/** Timed batches per size, after an untimed first one, which may compile kernels or allocate memory. */
const timed = 3;
/** A larger batch must be faster by this share per slice to be worth the longer wait. */
const leastGain = 0.05;

export class BatchSize {
  #size = 1;
  #most: number;
  #settled: boolean;
  #seen = 0;
  #best = Infinity;
  /** Milliseconds per slice at half the size. */
  #before = Infinity;

  readonly #limits: BatchLimits;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
    this.#most = Math.max(1, limits.most);
    this.#settled = this.#most === 1;
  }

  /** Maximum size of the next batch. */
  get size(): number {
    return this.#size;
  }

  /** Records the duration of a batch. Ignores batches well below `size`, as at the end of a region. */
  note(slices: number, ms: number): void {
    if (this.#settled || slices > this.#size || slices < 0.75 * this.#size) return;
    this.#seen++;
    if (this.#seen === 1) return;
    this.#best = Math.min(this.#best, ms / slices);
    if (this.#seen <= timed) return;
    if (this.#limits.largeIsBest !== true && this.#best > this.#before * (1 - leastGain)) {
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

  /** After a failure, halves the size for good. @returns false if it is already 1. */
  halve(): boolean {
    if (this.#size === 1) return false;
    this.#size /= 2;
    this.#most = this.#size;
    this.#settled = true;
    return true;
  }
}

/**
 * Slices of the next batch, when `count` of a region are left and a batch has at most `most`. They are divided evenly: a batch
 * of eight and one of a single slice take longer than five and four.
 */
export function nextBatch(count: number, most: number): number {
  return Math.ceil(count / Math.max(1, Math.ceil(count / most)));
}
