/**
 * A run: takes slices from the queue, reads ahead, encodes each context once, runs the network and emits finished cells.
 * The same code runs in the page's worker and in Node.
 */
import { abortable } from '../base/abort.ts';
import { yieldToEventLoop } from '../base/yield-to-event-loop.ts';
import type { MemoryUse } from '../runtime/memory-use.ts';
import type { ContextFeatures, SliceMaps } from '../runtime/segmenter.ts';
import type { PlannedSlice, SlicePlan } from './grid.ts';
import type { Network } from './network.ts';
import type { SliceQueue } from './queue.ts';
import { RunProgress, type SegmentEvent, type SegmentSummary, type StageTimes } from './run-progress.ts';
import { NetworkFailure, SliceInputs, type BatchInputs } from './slice-inputs.ts';
import type { SliceReader } from './slice-reader.ts';
import { Stitcher } from './stitch.ts';
import type { RunStore } from './store.ts';

export interface RunOptions {
  readonly reader: SliceReader;
  readonly network: Network;
  readonly plan: SlicePlan;
  readonly queue: SliceQueue;
  /** Aborting stops within a slice; the run then resolves with `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: (event: SegmentEvent) => void;
  /** Slices that are read before they are needed. 3 by default. */
  readonly readAhead?: number;
  /** Regions whose features are kept. 8 by default; never fewer than batches in flight. */
  readonly keptRegions?: number;
  /** Holds the run between two slices. */
  readonly pause?: PauseGate | undefined;
  /** Slices found here are not computed; those that are computed are kept here. */
  readonly store?: RunStore | undefined;
  /** Memory in use; measured after every slice where it is given. */
  readonly measureMemory?: (() => MemoryUse) | undefined;
  /** Milliseconds; `performance.now` by default. */
  readonly now?: () => number;
}

/** Slices that a store may still be writing: nothing piles up in memory. */
const maxWrites = 8;

/**
 * Segments the slices of `queue`, which must come from `plan`. A slice whose pixels can't be read is reported and skipped.
 * Everything that was allocated on the backend is freed when the run ends, however it ends.
 * @throws ModelError when the network fails; SlideError when the slide as a whole can't be read any more; what `store.put`
 * rejects with.
 */
export async function segmentSlide(options: RunOptions): Promise<SegmentSummary> {
  const run = new Run(options);
  try {
    await run.all();
  } finally {
    await run.end();
  }
  run.throwFailure();
  return run.summary();
}

class Run {
  readonly #options: RunOptions;
  readonly #network: Network;
  readonly #now: () => number;
  readonly #inputs: SliceInputs;
  readonly #stitcher: Stitcher;
  readonly #progress: RunProgress;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #writes = new Set<Promise<void>>();
  #finishedAtRecovery = 0;
  #lastResult = 0;
  /** Of the network, or of cells that could not be finished. */
  #failure: { readonly error: unknown } | null = null;
  #storeFailure: { readonly error: unknown } | null = null;
  #inferMs = 0;
  #stitchMs = 0;

  constructor(options: RunOptions) {
    const { plan, queue, reader, network, signal, measureMemory, keptRegions = 8 } = options;
    this.#options = options;
    this.#network = network;
    this.#now = options.now ?? (() => performance.now());
    const regions = Math.max(keptRegions, network.maxInFlight);
    this.#inputs = new SliceInputs(reader, plan, regions, this.#now, signal);
    this.#stitcher = new Stitcher(plan);
    const emit = (event: SegmentEvent): void => options.onEvent?.(event);
    this.#progress = new RunProgress(
      { total: queue.length, skipped: plan.skipped, now: this.#now, emit, measureMemory },
      () => this.#stages(),
    );
  }

  async all(): Promise<void> {
    const { queue, readAhead = 3 } = this.#options;
    const all = queue.peek(queue.length);
    this.#progress.planned(new Set(all.map(({ region }) => region)).size);
    await this.#restore(all);
    this.#finishedAtRecovery = this.#progress.finished;
    await this.#warmUp();
    for (;;) {
      // Messages (a new view, an abort) and finished reads come in between two batches.
      await yieldToEventLoop();
      await this.#paused();
      await this.#recover();
      if (this.#aborted() || this.#storeFailure !== null) return;
      const { batch: batchSize, maxInFlight } = this.#network;
      const next = queue.peek(batchSize.size + readAhead);
      if (next.length === 0) {
        // A slice in flight may fail and return to the queue.
        if (this.#inFlight.size === 0) return;
        await Promise.race(this.#inFlight);
        continue;
      }
      const batch = firstOfRegion(next, batchSize.size);
      for (const slice of batch) queue.take(slice);
      this.#inputs.want(next);
      const inputs = await this.#read(batch);
      if (inputs === null || inputs.ready.length === 0) continue;
      if (this.#aborted()) return;
      const { ready, context } = inputs;
      const job = this.#network
        .turn(() => this.#infer(ready, context))
        .catch((error: unknown) => {
          this.#fail(
            ready.map(({ slice }) => slice),
            error,
          );
        });
      this.#inFlight.add(job);
      void job.then(() => this.#inFlight.delete(job));
      while (this.#inFlight.size >= maxInFlight) await Promise.race(this.#inFlight);
    }
  }

  async end(): Promise<void> {
    this.#inputs.stopReading();
    await Promise.all(this.#inFlight);
    await Promise.all(this.#writes);
    this.#inputs.forgetContexts();
    // What a cancelled run has computed is shown, borders and all.
    if (this.#failure === null && this.#aborted()) this.#progress.emitCells(this.#stitcher.flush());
    this.#progress.emitStatistics();
  }

  /** @throws what the store could not write: such a run is not complete. */
  throwFailure(): void {
    if (this.#storeFailure !== null) throw this.#storeFailure.error;
  }

  summary(): SegmentSummary {
    return this.#progress.summary(this.#aborted(), this.#inputs.regionsEncoded);
  }

  /** Takes what the store holds out of the queue, slice by slice, and emits its cells. */
  async #restore(slices: readonly PlannedSlice[]): Promise<void> {
    const { store, queue, plan } = this.#options;
    if (store === undefined) return;
    for (const slice of slices) {
      if (!store.has(slice.column, slice.row)) continue;
      if (this.#aborted()) return;
      const maps = await store.get(slice.column, slice.row);
      const isComplete = !this.#stitcher.blends || maps?.logProbabilities !== undefined;
      if (maps?.size !== plan.sizePx || !isComplete) continue;
      queue.take(slice);
      this.#progress.sliceRestored(this.#stitcher.add(slice, maps));
    }
  }

  /** Gets the network ready while the first slices are read. */
  async #warmUp(): Promise<void> {
    const { queue, readAhead = 3 } = this.#options;
    const { segmenter } = this.#network;
    const next = queue.peek(1 + readAhead);
    if (segmenter.warmUp === undefined || next.length === 0 || this.#aborted()) return;
    this.#inputs.want(next);
    const options = { logProbabilities: this.#stitcher.blends };
    try {
      await this.#network.turn(async () => segmenter.warmUp?.(options));
    } catch (error) {
      this.#fail([], error);
    }
  }

  async #paused(): Promise<void> {
    const { pause, signal } = this.#options;
    if (pause?.paused !== true) return;
    const start = this.#now();
    // An abort ends the pause; the loop sees it for itself.
    await abortable(pause.wait(), signal).catch(() => undefined);
    this.#progress.paused(this.#now() - start);
  }

  /** The network failed on slices: they return to the queue. */
  #fail(slices: readonly PlannedSlice[], error: unknown): void {
    for (const slice of slices) this.#options.queue.requeue(slice);
    // Too many at once, perhaps, for the device's memory: fewer are tried before another network is.
    if (slices.length > 1 && this.#network.batch.halve()) return;
    this.#failure ??= { error };
  }

  /** Replaces the network after a failure. @throws the failure when there is no replacement. */
  async #recover(): Promise<void> {
    if (this.#failure === null) return;
    const { error } = this.#failure;
    await Promise.all(this.#inFlight);
    const since = this.#progress.finished - this.#finishedAtRecovery;
    if (this.#aborted() || !(await this.#network.recover(error, since))) throw error;
    this.#failure = null;
    this.#progress.recoveries++;
    this.#finishedAtRecovery = this.#progress.finished;
    this.#inputs.forgetContexts();
  }

  #aborted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  #stages(): StageTimes {
    const { readTimes, waitMs, encodeMs } = this.#inputs;
    return { ...readTimes, waitMs, encodeMs, inferMs: this.#inferMs, stitchMs: this.#stitchMs };
  }

  /** Pixels and context of a batch, broken slices reported; null when the network failed or the run was aborted. */
  async #read(batch: readonly PlannedSlice[]): Promise<BatchInputs | null> {
    try {
      const inputs = await this.#inputs.of(batch, this.#network.segmenter);
      for (const { slice, error } of inputs.broken) {
        this.#progress.sliceBroken(slice, error, this.#stitcher.skip(slice));
      }
      return inputs;
    } catch (error) {
      if (this.#aborted()) return null;
      if (!(error instanceof NetworkFailure)) throw error;
      this.#fail(batch, error.cause);
      return null;
    }
  }

  async #infer(ready: BatchInputs['ready'], context: ContextFeatures | null): Promise<void> {
    const start = this.#now();
    const { segmenter, batch } = this.#network;
    const options = { logProbabilities: this.#stitcher.blends };
    const inputs = ready.map(({ slice, image }) => ({ image, sliceInContext: slice.sliceInContext }));
    const [single] = inputs;
    const maps =
      inputs.length === 1 && single !== undefined
        ? [await segmenter.segment(single.image, context, single.sliceInContext, options)]
        : ((await segmenter.segmentBatch?.(inputs, context, options)) ?? []);
    const end = this.#now();
    const ms = end - Math.max(start, this.#lastResult);
    this.#lastResult = end;
    this.#inferMs += ms;
    batch.note(ready.length, ms);
    if (maps.length < ready.length) throw new Error('The network returned fewer slices than it was given.');
    for (const [i, { slice }] of ready.entries()) {
      const each = maps[i];
      if (each === undefined) continue;
      // The store takes its copy first; the maps may be transferred by whoever receives the cell.
      this.#keep(slice, each);
      try {
        this.#finish(slice, each);
      } catch (error) {
        this.#failure ??= { error };
      }
      while (this.#writes.size > maxWrites) await Promise.race(this.#writes);
    }
  }

  /** Starts writing a slice to the store. Display does not wait for it. */
  #keep(slice: PlannedSlice, maps: SliceMaps): void {
    const writing = this.#options.store?.put(slice.column, slice.row, maps).catch((error: unknown) => {
      this.#storeFailure ??= { error };
    });
    if (writing === undefined) return;
    this.#writes.add(writing);
    void writing.then(() => this.#writes.delete(writing));
  }

  #finish(slice: PlannedSlice, maps: SliceMaps): void {
    const start = this.#now();
    this.#progress.sliceComputed(this.#stitcher.add(slice, maps));
    this.#stitchMs += this.#now() - start;
  }
}

/** The first slices of `next`, as far as they are in one region; at most `most`. */
function firstOfRegion(next: readonly PlannedSlice[], most: number): PlannedSlice[] {
  const end = next.findIndex(({ region }) => region !== next[0]?.region);
  return next.slice(0, Math.min(most, end < 0 ? next.length : end));
}

/** Holds runs back without ending them. */
export class PauseGate {
  #waiting: (() => void)[] = [];
  #paused = false;

  get paused(): boolean {
    return this.#paused;
  }

  /** Slices in flight are finished; nothing new begins while paused. */
  set(paused: boolean): void {
    this.#paused = paused;
    if (paused) return;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** Resolves when the gate opens; at once when nothing is paused. */
  wait(): Promise<void> {
    return this.#paused ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve();
  }
}
