/**
 * The engine: takes slices from the queue, reads ahead, encodes each context once, runs the network and
 * hands finished slices on. The same code runs in the worker and in Node.
 */
import type { ContextFeatures, Segmenter, SliceMaps } from '../runtime/segmenter.ts';
import { abortable } from '../base/abort.ts';
import { BatchSize } from './batch-size.ts';
import type { PlannedSlice } from './grid.ts';
import { nextTask } from './next-task.ts';
import type { Recovery, RunOptions } from './run-options.ts';
import { RunProgress } from './run-progress.ts';
import type { EngineEvent, RunSummary, StageTimes } from './run-report.ts';
import { NetworkFailure, SliceInputs, type BatchInputs } from './slice-inputs.ts';
import { SliceKeeper } from './slice-keeper.ts';
import { Stitcher } from './stitcher.ts';

export type { Recovery, RunOptions } from './run-options.ts';
export type { FinishedSlice } from './stitcher.ts';
export type { EngineEvent, RunSummary, StageTimes } from './run-report.ts';

/** Longest that a batch may take, so that a new view is followed soon. */
const longestBatchMs = 200;

/**
 * Segments the slices of `queue`, which must come from `plan`. A slice whose pixels can't be read is
 * reported and left out. Everything that was allocated on the backend is freed when the run ends, however
 * it ends.
 * @throws ModelError when the network fails; SlideError when the slide as a whole can't be read any more.
 */
export async function segmentSlide(options: RunOptions): Promise<RunSummary> {
  const run = new Run(options);
  try {
    await run.all();
  } finally {
    await run.end();
  }
  return run.summary();
}

/** What runs the slices, and how many of them at a time. */
interface Network {
  readonly segmenter: Segmenter;
  readonly mostInFlight: number;
  readonly batch: BatchSize;
}

function networkOf({
  segmenter,
  inFlight = 1,
  mostInBatch = 1,
}: Partial<Recovery> & Pick<Recovery, 'segmenter'>): Network {
  const most = segmenter.segmentBatch === undefined ? 1 : mostInBatch;
  return { segmenter, mostInFlight: inFlight, batch: new BatchSize({ most, longestMs: longestBatchMs }) };
}

class Run {
  readonly #options: RunOptions;
  readonly #now: () => number;
  readonly #inputs: SliceInputs;
  readonly #keeper: SliceKeeper;
  readonly #stitcher: Stitcher;
  readonly #progress: RunProgress;
  readonly #inFlight = new Set<Promise<void>>();
  #network: Network;
  #finishedAtRecovery = 0;
  #lastResult = 0;
  #failure: { readonly error: unknown } | null = null;
  #inferMs = 0;
  #stitchMs = 0;

  constructor(options: RunOptions) {
    const { plan, queue, reader, signal, store, measureMemory, inFlight = 1, keptRegions = 8 } = options;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#inputs = new SliceInputs(reader, plan, Math.max(keptRegions, inFlight), this.#now, signal);
    this.#keeper = new SliceKeeper(store ?? null);
    this.#stitcher = new Stitcher(plan);
    this.#network = networkOf(options);
    const emit = (event: EngineEvent): void => options.onEvent?.(event);
    this.#progress = new RunProgress({ total: queue.length, now: this.#now, emit, measureMemory }, () =>
      this.#stages(),
    );
  }

  async all(): Promise<void> {
    const { queue, plan, readAhead = 3, turn } = this.#options;
    const all = queue.peek(queue.length);
    this.#progress.planned(new Set(all.map(({ region }) => region)).size);
    await this.#keeper.restore(
      plan,
      queue,
      this.#stitcher.blends,
      () => this.#aborted(),
      (slice, maps) => this.#progress.sliceRestored(this.#stitcher.add(slice, maps)),
    );
    this.#finishedAtRecovery = this.#progress.finished;
    await this.#warmUp();
    for (;;) {
      // Messages (a new view, an abort) and finished reads come in between two batches.
      await nextTask();
      await this.#paused();
      await this.#recover();
      if (this.#aborted()) return;
      const next = queue.peek(this.#network.batch.size + readAhead);
      const [first] = next;
      if (first === undefined) {
        // A slice in flight may fail and come back.
        const open = [...this.#inFlight, ...this.#keeper.pending];
        if (open.length === 0) return;
        await Promise.race(open);
        continue;
      }
      const batch = firstOfRegion(next, this.#network.batch.size);
      for (const slice of batch) queue.take(slice);
      this.#inputs.want(next);
      const inputs = await this.#read(batch);
      if (inputs === null || inputs.ready.length === 0) continue;
      if (this.#aborted()) return;
      const { ready, context } = inputs;
      const work = (): Promise<void> => this.#infer(ready, context);
      const job = (turn === undefined ? work() : turn(work)).catch((error: unknown) => {
        this.#fail(
          ready.map(({ slice }) => slice),
          error,
        );
      });
      this.#inFlight.add(job);
      void job.then(() => this.#inFlight.delete(job));
      while (this.#inFlight.size >= this.#network.mostInFlight) await Promise.race(this.#inFlight);
    }
  }

  async end(): Promise<void> {
    this.#inputs.stopReading();
    await Promise.all(this.#inFlight);
    await this.#keeper.settle();
    this.#inputs.forgetContexts();
    // What a cancelled run has computed is shown, borders and all.
    if (this.#failure === null && this.#aborted()) this.#progress.handOn(this.#stitcher.flush());
    this.#progress.tellStatistics();
  }

  summary(): RunSummary {
    return this.#progress.summary(this.#aborted(), this.#inputs.regionsEncoded);
  }

  /** Gets the network ready while the first slices are read. */
  async #warmUp(): Promise<void> {
    const { queue, readAhead = 3, turn } = this.#options;
    const { segmenter } = this.#network;
    const next = queue.peek(1 + readAhead);
    if (segmenter.warmUp === undefined || next.length === 0 || this.#aborted()) return;
    this.#inputs.want(next);
    const options = { logProbabilities: this.#stitcher.blends };
    const work = async (): Promise<void> => segmenter.warmUp?.(options);
    try {
      await (turn === undefined ? work() : turn(work));
    } catch (error) {
      this.#fail([], error);
    }
  }

  async #paused(): Promise<void> {
    const { pause, signal } = this.#options;
    if (pause?.paused !== true) return;
    const start = this.#now();
    // An abort ends the pause; the loop then sees it by itself.
    await abortable(pause.wait(), signal).catch(() => undefined);
    this.#progress.paused(this.#now() - start);
  }

  /** The network failed on slices: they go back into the queue. */
  #fail(slices: readonly PlannedSlice[], error: unknown): void {
    for (const slice of slices) this.#options.queue.putBack(slice);
    // Too many at once, perhaps, for the device's memory: fewer are tried before another network is.
    if (slices.length > 1 && this.#network.batch.halve()) return;
    this.#failure ??= { error };
  }

  /** Goes on with another network after a failure. @throws the failure when there is none. */
  async #recover(): Promise<void> {
    if (this.#failure === null) return;
    const { error } = this.#failure;
    await Promise.all(this.#inFlight);
    const since = this.#progress.finished - this.#finishedAtRecovery;
    const recovery = this.#aborted() ? null : ((await this.#options.recover?.(error, since)) ?? null);
    if (recovery === null) throw error;
    this.#failure = null;
    this.#progress.recoveries++;
    this.#finishedAtRecovery = this.#progress.finished;
    this.#inputs.forgetContexts();
    this.#network = networkOf(recovery);
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
        this.#progress.sliceBroken(slice.index, error, this.#stitcher.leaveOut(slice));
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
    const inputs = ready.map(({ slice, image }) => ({ image, where: slice.where }));
    const [single] = inputs;
    const maps =
      inputs.length === 1 && single !== undefined
        ? [await segmenter.segment(single.image, context, single.where, options)]
        : ((await segmenter.segmentBatch?.(inputs, context, options)) ?? []);
    const end = this.#now();
    const ms = end - Math.max(start, this.#lastResult);
    this.#lastResult = end;
    this.#inferMs += ms;
    batch.note(ready.length, ms);
    for (const [i, { slice }] of ready.entries()) {
      const each = maps[i];
      if (each === undefined) throw new Error('The network gave fewer slices than it was given.');
      await this.#keeper.keep(
        slice,
        each,
        () => this.#finish(slice, each),
        (error) => void (this.#failure ??= { error }),
      );
    }
  }

  #finish(slice: PlannedSlice, maps: SliceMaps): void {
    const start = this.#now();
    this.#progress.sliceComputed(this.#stitcher.add(slice, maps));
    this.#stitchMs += this.#now() - start;
  }
}

/** The first slices of `next`, as far as they lie in one region; at most `most`. */
function firstOfRegion(next: readonly PlannedSlice[], most: number): PlannedSlice[] {
  const end = next.findIndex(({ region }) => region !== next[0]?.region);
  return next.slice(0, Math.min(most, end < 0 ? next.length : end));
}
