/**
 * A run: takes slices from the queue, reads ahead, encodes each context once, runs the network and emits finished cells.
 * App and command line share this code.
 */
import { abortable } from '../base/abort.ts';
import { yieldToEventLoop } from '../base/yield-to-event-loop.ts';
import type { MemoryUse } from '../runtime/memory-use.ts';
import type { ContextFeatures, SliceMaps } from '../runtime/segmenter.ts';
import { nextBatch } from './batch-size.ts';
import type { PlannedSlice, SlicePlan } from './grid.ts';
import type { Network } from './network.ts';
import type { SliceQueue } from './queue.ts';
import {
  RunProgress,
  type Cell,
  type SegmentEvent,
  type SegmentSummary,
  type StageTimes,
} from './run-progress.ts';
import { NetworkFailure, SliceInputs, type BatchInputs } from './slice-inputs.ts';
import type { SliceReader } from './slice-reader.ts';
import { Stitcher } from './stitch.ts';
import type { RunStore } from './store.ts';

export interface RunOptions {
  readonly reader: SliceReader;
  readonly network: Network;
  readonly plan: SlicePlan;
  readonly queue: SliceQueue;
  /** An abort stops the run once the batches in flight are done; it then resolves with `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: (event: SegmentEvent) => void;
  /** Number of slices to read ahead. 3 by default, at least a batch. */
  readonly readAhead?: number;
  /** Whether finished cells are blended and emitted. True by default; without it, only the store has the results. */
  readonly emitsCells?: boolean;
  /** Number of cached contexts. 8 by default; at least the number of batches in flight. */
  readonly keptRegions?: number;
  /** Pauses the run between slices. */
  readonly pause?: PauseGate | undefined;
  /** Slices found here are reused; computed slices are stored here. */
  readonly store?: RunStore | undefined;
  /** Returns the memory in use; called after every slice if given. */
  readonly measureMemory?: (() => MemoryUse) | undefined;
  /** The clock, milliseconds; `performance.now` by default. */
  readonly now?: () => number;
}

/** Maximum number of pending writes to the store, which bounds memory. */
const maxWrites = 8;

/**
 * Segments the slices of `queue`, which must come from `plan`. A slice whose pixels can't be read is reported and skipped.
 * Frees everything on the backend at the end, also after a failure.
 * @throws ModelError when the network fails; SlideError when the whole slide becomes unreadable; any error of `store.put`.
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
  /** First error of the network, or of finishing cells. */
  #failure: { readonly error: unknown } | null = null;
  /** Ends the run: of the store, or of whoever receives the cells. */
  #fatal: { readonly error: unknown } | null = null;
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
      // Yields between batches, so that messages (a new view, an abort) and finished reads are handled.
      await yieldToEventLoop();
      await this.#paused();
      await this.#recover();
      if (this.#aborted() || this.#fatal !== null) return;
      const { batch: batchSize, maxInFlight } = this.#network;
      const next = queue.peek(batchSize.size + Math.max(readAhead, batchSize.size));
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
    // A cancelled run still emits all computed slices, including borders that wait for neighbours.
    if (this.#fatal === null && this.#aborted()) this.#progress.emitCells(this.#stitcher.flush());
    this.#progress.emitStatistics();
  }

  /** @throws any error of writing to the store, because the run is then incomplete. */
  throwFailure(): void {
    if (this.#fatal !== null) throw this.#fatal.error;
  }

  summary(): SegmentSummary {
    return this.#progress.summary(this.#aborted(), this.#inputs.regionsEncoded);
  }

  /** Removes stored slices from the queue, one by one, and emits their cells. */
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
      this.#progress.sliceRestored(this.#cellsOf(slice, maps));
    }
  }

  /** Warms up the network while the first slices are read. */
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
    // An abort also ends the pause; the main loop handles it. A pause may follow at once on another.
    while (pause.paused && !this.#aborted()) await abortable(pause.wait(), signal).catch(() => undefined);
    this.#progress.paused(this.#now() - start);
  }

  /** Returns slices to the queue after the network failed on them. */
  #fail(slices: readonly PlannedSlice[], error: unknown): void {
    for (const slice of slices) this.#options.queue.requeue(slice);
    // The batch may exceed the device's memory: tries smaller ones before replacing the network.
    if (slices.length > 1 && this.#network.batch.halve()) return;
    this.#failure ??= { error };
  }

  /** Replaces the network after a failure. @throws the failure if there is no replacement. */
  async #recover(): Promise<void> {
    // An aborted run ends as cancelled, however its network fares.
    if (this.#failure === null || this.#aborted()) return;
    const { error } = this.#failure;
    await Promise.all(this.#inFlight);
    const since = this.#progress.finished - this.#finishedAtRecovery;
    if (this.#aborted()) return;
    if (!(await this.#network.recover(error, since))) throw error;
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

  /** Pixels and context of a batch, without broken slices, which are reported; null after a failure or an abort. */
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
    let measured: number | null = null;
    const options = {
      logProbabilities: this.#stitcher.blends,
      // A slice that fails is read again.
      takesImages: true,
      onComputed: (each: number) => (measured = each),
    };
    const inputs = ready.map(({ slice, image }) => ({ image, sliceInContext: slice.sliceInContext }));
    const [single] = inputs;
    const maps =
      inputs.length === 1 && single !== undefined
        ? [await segmenter.segment(single.image, context, single.sliceInContext, options)]
        : ((await segmenter.segmentBatch?.(inputs, context, options)) ?? []);
    const end = this.#now();
    const ms = measured ?? end - Math.max(start, this.#lastResult);
    this.#lastResult = end;
    this.#inferMs += ms;
    batch.note(ready.length, ms);
    if (maps.length < ready.length) throw new Error('The network returned fewer slices than it was given.');
    for (const [i, { slice }] of ready.entries()) {
      const each = maps[i];
      if (each === undefined) continue;
      // The store copies first, because receivers of the cell may transfer its maps.
      this.#keep(slice, each);
      try {
        this.#finish(slice, each);
      } catch (error) {
        this.#fatal ??= { error };
      }
      while (this.#writes.size > maxWrites) await Promise.race(this.#writes);
    }
    // Nobody has them but the store, which has copied them.
    if (this.#options.emitsCells === false) segmenter.reuse?.(maps);
  }

  /** Starts writing a slice to the store, without delaying its display. */
  #keep(slice: PlannedSlice, maps: SliceMaps): void {
    const writing = this.#options.store?.put(slice.column, slice.row, maps).catch((error: unknown) => {
      this.#fatal ??= { error };
    });
    if (writing === undefined) return;
    this.#writes.add(writing);
    void writing.then(() => this.#writes.delete(writing));
  }

  #finish(slice: PlannedSlice, maps: SliceMaps): void {
    const start = this.#now();
    this.#progress.sliceComputed(this.#cellsOf(slice, maps));
    this.#stitchMs += this.#now() - start;
  }

  /** The cells that a slice completes, if anyone wants them. */
  #cellsOf(slice: PlannedSlice, maps: SliceMaps): Cell[] {
    return this.#options.emitsCells === false ? [] : this.#stitcher.add(slice, maps);
  }
}

/** The next batch: the first slices of `next` that share a region, at most `most`. */
function firstOfRegion(next: readonly PlannedSlice[], most: number): PlannedSlice[] {
  const end = next.findIndex(({ region }) => region !== next[0]?.region);
  return next.slice(0, nextBatch(end < 0 ? next.length : end, most));
}

/** Pauses runs without ending them. */
export class PauseGate {
  #waiting: (() => void)[] = [];
  #paused = false;

  get paused(): boolean {
    return this.#paused;
  }

  /** Pauses or resumes. Slices in flight are finished. */
  set(paused: boolean): void {
    this.#paused = paused;
    if (paused) return;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  /** Resolves when the gate opens, or at once if it is open. */
  wait(): Promise<void> {
    return this.#paused ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve();
  }
}
