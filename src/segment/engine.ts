/**
 * The engine: takes slices from the queue, reads ahead, encodes each context once, runs the network and
 * hands finished slices on. The same code runs in the worker and in Node.
 */
import type { ContextFeatures, InputImage, Segmenter, SliceMaps } from '../runtime/segmenter.ts';
import { SlideError } from '../slide/slide.ts';
import { ContextCache } from './context-cache.ts';
import type { PlannedSlice, SlicePlan } from './grid.ts';
import { nextTask } from './next-task.ts';
import type { PauseSwitch } from './pause-switch.ts';
import type { SliceQueue } from './queue.ts';
import { RateMeter } from './rate.ts';
import type { SliceReader } from './read-ahead.ts';
import { ReadAhead } from './read-ahead.ts';
import type { SliceStore } from './slice-store.ts';
import type { FinishedSlice } from './stitcher.ts';
import { Stitcher } from './stitcher.ts';

export type { FinishedSlice } from './stitcher.ts';

export type EngineEvent =
  | { readonly kind: 'planned'; readonly slices: number; readonly regions: number }
  | {
      readonly kind: 'slice';
      readonly result: FinishedSlice;
      /** Slices finished or broken so far, this one included, of `total`. */
      readonly done: number;
      readonly total: number;
      /** Slices per second over the last ten seconds. */
      readonly rate: number;
      readonly etaSeconds: number;
    }
  /** A slice has been through the network, but its cell waits for the slices that overlap it. */
  | {
      readonly kind: 'progress';
      readonly done: number;
      readonly total: number;
      readonly rate: number;
      readonly etaSeconds: number;
    }
  | { readonly kind: 'broken-slice'; readonly index: number; readonly error: SlideError };

/** Where the time of a run went, milliseconds. */
export interface StageTimes {
  /** Reading, decoding and resampling, summed over reads; they overlap each other and the network. */
  readonly readMs: number;
  /** The part of it that the network had to wait for. */
  readonly waitMs: number;
  /** Context encoding, as far as the caller waited for it. */
  readonly encodeMs: number;
  /** The network on slices, read-back included; overlapping slices are not counted twice. */
  readonly inferMs: number;
  /** Blending with the neighbours and handing on. */
  readonly stitchMs: number;
}

export interface RunSummary {
  /** Slices finished, without broken ones. */
  readonly slices: number;
  /** Of these, slices that an earlier run had kept; absent where a summary is not of a run. */
  readonly restored?: number;
  /** How often the network failed and was replaced. */
  readonly recoveries?: number;
  readonly broken: number;
  readonly regionsEncoded: number;
  /** Without pauses. */
  readonly seconds: number;
  readonly cancelled: boolean;
  readonly stages: StageTimes;
}

export interface RunOptions {
  readonly reader: SliceReader;
  readonly segmenter: Segmenter;
  readonly plan: SlicePlan;
  readonly queue: SliceQueue;
  /** Aborting stops within a slice; the run then resolves with `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: (event: EngineEvent) => void;
  /** Slices that are read before they are needed. 3 by default. */
  readonly readAhead?: number;
  /** Regions whose features are kept. 8 by default; never fewer than slices in flight. */
  readonly keptRegions?: number;
  /**
   * Slices given to the network before the first of them has come back: 1 (default) where it computes on
   * this thread, 2 to keep a GPU busy during read-back.
   */
  readonly inFlight?: number;
  /** Called round each slice's turn on the network, so that several runs can share it. */
  readonly turn?: (work: () => Promise<void>) => Promise<void>;
  /** Holds the run back between two slices. */
  readonly pause?: PauseSwitch | undefined;
  /** Slices found here are not computed; those that are computed are kept here. */
  readonly store?: SliceStore | undefined;
  /**
   * Asked for another network when this one fails, once nothing runs on it any more; what was in work is done
   * again. null, or no such function, ends the run with the error.
   */
  readonly recover?: ((error: unknown, slicesSince: number) => Promise<Recovery | null>) | undefined;
  /** Milliseconds; `performance.now` by default. */
  readonly now?: () => number;
}

export interface Recovery {
  readonly segmenter: Segmenter;
  readonly inFlight: number;
}

/** Errors of the whole slide rather than of one place in it: going on would only repeat them. */
const fatalCodes: ReadonlySet<string> = new Set(['network', 'not-found', 'no-range', 'not-a-slide']);

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

/** Slices that a store may still be writing. */
const mostKeeping = 8;

/** Tells what the network threw from what reading threw. */
class NetworkFailure extends Error {}

class Run {
  readonly #options: RunOptions;
  readonly #now: () => number;
  readonly #reads: ReadAhead;
  readonly #contexts: ContextCache;
  readonly #stitcher: Stitcher;
  /** Regions whose context could not be read: their slices are broken. */
  readonly #brokenRegions = new Map<number, SlideError>();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #keeping = new Set<Promise<void>>();
  readonly #start: number;
  readonly #rate: RateMeter;
  readonly #total: number;
  #segmenter: Segmenter;
  #mostInFlight: number;
  #finished = 0;
  #restored = 0;
  #broken = 0;
  #recoveries = 0;
  #finishedAtRecovery = 0;
  #pausedMs = 0;
  #regionsEncoded = 0;
  #lastResult = 0;
  #ratePerSecond = 0;
  #failure: { readonly error: unknown } | null = null;
  #waitMs = 0;
  #encodeMs = 0;
  #inferMs = 0;
  #stitchMs = 0;

  constructor(options: RunOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#reads = new ReadAhead(options.reader, options.plan, this.#now);
    this.#contexts = new ContextCache(Math.max(options.keptRegions ?? 8, options.inFlight ?? 1));
    this.#segmenter = options.segmenter;
    this.#mostInFlight = options.inFlight ?? 1;
    this.#stitcher = new Stitcher(options.plan);
    this.#start = this.#now();
    this.#rate = new RateMeter(this.#start);
    this.#total = options.queue.length;
  }

  async all(): Promise<void> {
    const { queue, plan, readAhead = 3, turn } = this.#options;
    this.#emit({
      kind: 'planned',
      slices: this.#total,
      regions: new Set(queue.peek(this.#total).map(({ region }) => region)).size,
    });
    await this.#restore();
    for (;;) {
      // Messages (a new view, an abort) and finished reads come in between two slices.
      await nextTask();
      await this.#paused();
      await this.#recover();
      if (this.#aborted()) return;
      const next = queue.peek(1 + readAhead);
      const [slice] = next;
      if (slice === undefined) {
        // A slice in flight may fail and come back.
        const open = [...this.#inFlight, ...this.#keeping];
        if (open.length === 0) return;
        await Promise.race(open);
        continue;
      }
      queue.take(slice);
      this.#reads.want(next, (region) => plan.contextSizePx !== null && !this.#isSettled(region));
      const inputs = await this.#inputs(slice);
      if (inputs === null) continue;
      if (this.#aborted()) return;
      const work = (): Promise<void> => this.#infer(slice, inputs.image, inputs.context);
      const job = (turn === undefined ? work() : turn(work)).catch((error: unknown) => {
        this.#fail(slice, error);
      });
      this.#inFlight.add(job);
      void job.then(() => this.#inFlight.delete(job));
      while (this.#inFlight.size >= this.#mostInFlight) await Promise.race(this.#inFlight);
    }
  }

  /** Takes what an earlier run has kept out of the queue. */
  async #restore(): Promise<void> {
    const { store, queue } = this.#options;
    if (store === undefined) return;
    for (const slice of queue.peek(this.#total)) {
      if (!store.has(slice.column, slice.row)) continue;
      if (this.#aborted()) return;
      const maps = await store.get(slice.column, slice.row);
      const usable =
        maps !== null &&
        maps.size === this.#options.plan.sizePx &&
        (!this.#stitcher.blends || maps.logProbabilities !== undefined);
      if (!usable) continue;
      queue.take(slice);
      this.#restored++;
      this.#finished++;
      const cells = this.#stitcher.add(slice, maps);
      this.#handOn(cells);
      if (cells.length === 0) this.#emit({ kind: 'progress', ...this.#progress() });
    }
    this.#finishedAtRecovery = this.#finished;
  }

  async #paused(): Promise<void> {
    const { pause } = this.#options;
    if (pause?.paused !== true) return;
    const start = this.#now();
    // An abort ends the pause; the loop then sees it by itself.
    await this.#abortable(pause.wait()).catch(() => undefined);
    const ms = this.#now() - start;
    this.#pausedMs += ms;
    this.#rate.skip(ms);
  }

  /** The network failed on a slice: it goes back into the queue. */
  #fail(slice: PlannedSlice, error: unknown): void {
    this.#failure ??= { error };
    this.#options.queue.putBack(slice);
  }

  /** Goes on with another network after a failure. @throws the failure when there is none. */
  async #recover(): Promise<void> {
    if (this.#failure === null) return;
    const { error } = this.#failure;
    await Promise.all(this.#inFlight);
    const recovery = this.#aborted()
      ? null
      : ((await this.#options.recover?.(error, this.#finished - this.#finishedAtRecovery)) ?? null);
    if (recovery === null) throw error;
    this.#failure = null;
    this.#recoveries++;
    this.#finishedAtRecovery = this.#finished;
    this.#contexts.clear();
    this.#segmenter = recovery.segmenter;
    this.#mostInFlight = recovery.inFlight;
  }

  async end(): Promise<void> {
    this.#reads.clear();
    await Promise.all(this.#inFlight);
    await Promise.all(this.#keeping);
    this.#contexts.clear();
    // What a cancelled run has computed is shown, borders and all.
    if (this.#failure === null && this.#aborted()) this.#handOn(this.#stitcher.flush());
  }

  summary(): RunSummary {
    return {
      slices: this.#finished,
      restored: this.#restored,
      recoveries: this.#recoveries,
      broken: this.#broken,
      regionsEncoded: this.#regionsEncoded,
      seconds: (this.#now() - this.#start - this.#pausedMs) / 1000,
      cancelled: this.#aborted() && this.#finished + this.#broken < this.#total,
      stages: {
        readMs: this.#reads.readMs,
        waitMs: this.#waitMs,
        encodeMs: this.#encodeMs,
        inferMs: this.#inferMs,
        stitchMs: this.#stitchMs,
      },
    };
  }

  #aborted(): boolean {
    return this.#options.signal?.aborted === true;
  }

  #isSettled(region: number): boolean {
    return this.#contexts.has(region) || this.#brokenRegions.has(region);
  }

  /** Pixels and context of a slice; null when it is broken (and reported) or the run was aborted. */
  async #inputs(slice: PlannedSlice): Promise<{ image: InputImage; context: ContextFeatures | null } | null> {
    const start = this.#now();
    let encoding = 0;
    try {
      const image = await this.#abortable(this.#reads.slice(slice));
      let context: ContextFeatures | null = null;
      if (this.#options.plan.contextSizePx !== null) {
        context = this.#contexts.get(slice.region);
        if (context === null) {
          const pixels = await this.#contextPixels(slice.region);
          const encodeStart = this.#now();
          this.#contexts.makeRoom();
          context = this.#encode(pixels);
          this.#contexts.put(slice.region, context);
          this.#regionsEncoded++;
          encoding = this.#now() - encodeStart;
        }
      }
      return { image, context };
    } catch (error) {
      if (this.#aborted()) return null;
      if (error instanceof NetworkFailure) {
        this.#fail(slice, error.cause);
        return null;
      }
      if (!(error instanceof SlideError) || fatalCodes.has(error.code)) throw error;
      this.#broken++;
      this.#emit({ kind: 'broken-slice', index: slice.index, error });
      this.#handOn(this.#stitcher.leaveOut(slice));
      return null;
    } finally {
      this.#encodeMs += encoding;
      this.#waitMs += this.#now() - start - encoding;
    }
  }

  #encode(pixels: InputImage): ContextFeatures {
    try {
      return this.#segmenter.encodeContext(pixels);
    } catch (cause) {
      throw new NetworkFailure('The context could not be encoded.', { cause });
    }
  }

  async #contextPixels(region: number): Promise<InputImage> {
    const known = this.#brokenRegions.get(region);
    if (known !== undefined) throw known;
    try {
      return await this.#abortable(this.#reads.context(region));
    } catch (error) {
      if (error instanceof SlideError) this.#brokenRegions.set(region, error);
      throw error;
    }
  }

  /** Does not wait for a read that hangs once the run is aborted. */
  #abortable<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this.#options;
    if (signal === undefined) return promise;
    return new Promise<T>((resolve, reject) => {
      const abort = (): void => reject(new DOMException('The run was cancelled.', 'AbortError'));
      if (signal.aborted) abort();
      signal.addEventListener('abort', abort, { once: true });
      promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    });
  }

  async #infer(slice: PlannedSlice, image: InputImage, context: ContextFeatures | null): Promise<void> {
    const start = this.#now();
    const maps = await this.#segmenter.segment(image, context, slice.where, {
      logProbabilities: this.#stitcher.blends,
    });
    const end = this.#now();
    this.#inferMs += end - Math.max(start, this.#lastResult);
    this.#lastResult = end;
    const { store } = this.#options;
    if (store === undefined) {
      this.#finish(slice, maps);
      return;
    }
    // Told as finished when it is kept, so that nothing that was shown is ever computed again.
    const kept = store
      .put(slice.column, slice.row, maps)
      .then(() => this.#finish(slice, maps))
      .catch((error: unknown) => void (this.#failure ??= { error }));
    this.#keeping.add(kept);
    void kept.then(() => this.#keeping.delete(kept));
    // A store that is slower than the network holds it back, so that nothing piles up in memory.
    while (this.#keeping.size > mostKeeping) await Promise.race(this.#keeping);
  }

  #finish(slice: PlannedSlice, maps: SliceMaps): void {
    const start = this.#now();
    this.#finished++;
    this.#ratePerSecond = this.#rate.add(start);
    const cells = this.#stitcher.add(slice, maps);
    this.#handOn(cells);
    if (cells.length === 0) this.#emit({ kind: 'progress', ...this.#progress() });
    this.#stitchMs += this.#now() - start;
  }

  #handOn(cells: readonly FinishedSlice[]): void {
    for (const result of cells) this.#emit({ kind: 'slice', result, ...this.#progress() });
  }

  #progress(): { done: number; total: number; rate: number; etaSeconds: number } {
    const done = this.#finished + this.#broken;
    const rate = this.#ratePerSecond;
    return { done, total: this.#total, rate, etaSeconds: rate > 0 ? (this.#total - done) / rate : 0 };
  }

  #emit(event: EngineEvent): void {
    this.#options.onEvent?.(event);
  }
}
