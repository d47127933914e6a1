/** Slices that an earlier run has kept, and those that this one keeps. */
import type { SliceMaps } from '../runtime/segmenter.ts';
import type { PlannedSlice, SlicePlan } from './grid.ts';
import type { SliceQueue } from './queue.ts';
import type { SliceStore } from './slice-store.ts';

/** Slices that a store may still be writing. */
const mostKeeping = 8;

export class SliceKeeper {
  readonly #keeping = new Set<Promise<void>>();

  /** @param store null where nothing is kept. */
  constructor(private readonly store: SliceStore | null) {}

  /** Slices that are being written. */
  get pending(): readonly Promise<void>[] {
    return [...this.#keeping];
  }

  /**
   * Takes what is kept out of the queue, slice by slice, and gives it to `restored`.
   * @param blends whether slices are of use only with log-probabilities.
   * @param stop asked between two slices.
   */
  async restore(
    plan: SlicePlan,
    queue: SliceQueue,
    blends: boolean,
    stop: () => boolean,
    restored: (slice: PlannedSlice, maps: SliceMaps) => void,
  ): Promise<void> {
    const { store } = this;
    if (store === null) return;
    for (const slice of queue.peek(queue.length)) {
      if (!store.has(slice.column, slice.row)) continue;
      if (stop()) return;
      const maps = await store.get(slice.column, slice.row);
      const usable =
        maps !== null && maps.size === plan.sizePx && (!blends || maps.logProbabilities !== undefined);
      if (!usable) continue;
      queue.take(slice);
      restored(slice, maps);
    }
  }

  /**
   * Keeps a slice, then tells `kept`: what was shown is never computed again. Resolves early, but not while too
   * many slices wait for the store, so that nothing piles up in memory.
   * @param failed is given what `kept` throws.
   */
  async keep(
    slice: PlannedSlice,
    maps: SliceMaps,
    kept: () => void,
    failed: (error: unknown) => void,
  ): Promise<void> {
    if (this.store === null) {
      kept();
      return;
    }
    const writing = this.store.put(slice.column, slice.row, maps).then(kept).catch(failed);
    this.#keeping.add(writing);
    void writing.then(() => this.#keeping.delete(writing));
    while (this.#keeping.size > mostKeeping) await Promise.race(this.#keeping);
  }

  /** Waits until everything is written. */
  async settle(): Promise<void> {
    await Promise.all(this.#keeping);
  }
}
