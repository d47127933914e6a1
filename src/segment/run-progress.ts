/** What a run reports: events, statistics, and a final summary. */
import { toErrorReport, type ErrorReport } from '../base/error-report.ts';
import type { BackendChoice, BackendName } from '../runtime/backend.ts';
import type { MemoryUse } from '../runtime/memory-use.ts';
import type { Level0Rect, SlideError } from '../slide/slide.ts';
import type { PlannedSlice } from './grid.ts';
import type { TissueFit } from '../base/tissue-fit.ts';

/** Time per stage of a run, milliseconds. */
export interface StageTimes {
  /** Reading the bytes of tiles, summed over reads, which overlap each other and the network. */
  readonly readMs: number;
  /** Decoding tiles, summed likewise. */
  readonly decodeMs: number;
  /** Resampling to the network's size, summed likewise. */
  readonly preprocessMs: number;
  /** The network's wait for the three above. */
  readonly waitMs: number;
  /** Context encoding, as far as the caller waits for it. */
  readonly encodeMs: number;
  /**
   * The network on slices, including read-back. Time with several slices in flight counts once, unless several threads
   * compute them: their times add up.
   */
  readonly inferMs: number;
  /** Blending with neighbours, and emitting. */
  readonly stitchMs: number;
}

export const noTime: StageTimes = {
  readMs: 0,
  decodeMs: 0,
  preprocessMs: 0,
  waitMs: 0,
  encodeMs: 0,
  inferMs: 0,
  stitchMs: 0,
};

/** Peak memory between slices, bytes. */
export interface PeakMemory {
  /** JavaScript heap of the network's thread; null if the platform does not report it. */
  readonly peakHeapBytes: number | null;
  /** Tensors, including weights. */
  readonly peakTensorBytes: number;
}

/** Statistics of a run since its start. */
export interface RunStatistics {
  /** Slices computed by this run, without those reused from an earlier one. */
  readonly computed: number;
  /** Without pauses. */
  readonly seconds: number;
  readonly stages: StageTimes;
  /** null if memory is not measured. */
  readonly memory: PeakMemory | null;
}

/** One finished cell of the grid and its maps, `size × size`, row by row. */
export interface Cell {
  readonly column: number;
  readonly row: number;
  /** Level-0 pixels; may extend beyond the slide. */
  readonly rect: Level0Rect;
  readonly size: number;
  readonly classes: Uint8Array<ArrayBuffer>;
  readonly confidence: Uint8Array<ArrayBuffer>;
}

interface Progress {
  /** Slices finished or broken so far, including this one, of `total`. */
  readonly done: number;
  readonly total: number;
  /** Slices per second over the last ten seconds. */
  readonly rate: number;
  readonly etaSeconds: number;
}

/** Events of a run; structured-cloneable. */
export type SegmentEvent =
  | {
      readonly kind: 'planned';
      readonly slices: number;
      readonly regions: number;
      /** Slices of the area that were skipped as background. */
      readonly skipped: number;
    }
  | ({ readonly kind: 'slice'; readonly result: Cell } & Progress)
  /** A slice was computed, but its cell still waits for overlapping slices. */
  | ({ readonly kind: 'progress' } & Progress)
  | {
      readonly kind: 'broken-slice';
      readonly column: number;
      readonly row: number;
      readonly error: ErrorReport;
    }
  /** Before the first slice, where the model has statistics of its training data. */
  | { readonly kind: 'fit'; readonly fit: TissueFit }
  /** At most twice a second, and at the end of the run. */
  | { readonly kind: 'statistics'; readonly statistics: RunStatistics }
  | NetworkEvent;

/** What a network reports when it replaces its backend. */
export type NetworkEvent<Name extends string = BackendName> =
  /** A message to the user; the run continues. */
  | { readonly kind: 'notice'; readonly error: ErrorReport }
  /** The run continues on another backend, or on the same one after a restart. */
  | { readonly kind: 'backend'; readonly report: BackendChoice<Name> };

export interface SegmentSummary {
  /** Slices finished, without broken ones. */
  readonly slices: number;
  /** Of these, slices reused from an earlier run. */
  readonly restored: number;
  /** Number of times that the network failed and was replaced. */
  readonly recoveries: number;
  /** Slices skipped as background. */
  readonly skipped: number;
  readonly broken: number;
  readonly regionsEncoded: number;
  /** Without pauses. */
  readonly seconds: number;
  readonly cancelled: boolean;
  readonly stages: StageTimes;
  /** null if memory is not measured. */
  readonly memory: PeakMemory | null;
}

export interface ProgressOptions {
  /** Slices of the run, and slices skipped as background. */
  readonly total: number;
  readonly skipped: number;
  /** Milliseconds. */
  readonly now: () => number;
  readonly emit: (event: SegmentEvent) => void;
  readonly measureMemory: (() => MemoryUse) | undefined;
}

/** Milliseconds between statistics events. */
const statisticsEveryMs = 500;

export class RunProgress {
  finished = 0;
  restored = 0;
  broken = 0;
  recoveries = 0;
  readonly #options: ProgressOptions;
  readonly #start: number;
  readonly #rate: RateMeter;
  readonly #stages: () => StageTimes;
  #ratePerSecond = 0;
  #pausedMs = 0;
  #lastStatistics: number;
  #heapBytes: number | null = null;
  #tensorBytes = 0;

  /** @param stages returns the time per stage so far. */
  constructor(options: ProgressOptions, stages: () => StageTimes) {
    this.#options = options;
    this.#stages = stages;
    this.#start = options.now();
    this.#lastStatistics = this.#start;
    this.#rate = new RateMeter(this.#start);
  }

  /** Without pauses. */
  get seconds(): number {
    return (this.#options.now() - this.#start - this.#pausedMs) / 1000;
  }

  planned(regions: number): void {
    const { total, skipped } = this.#options;
    this.#options.emit({ kind: 'planned', slices: total, regions, skipped });
  }

  /** A slice reused from an earlier run, and the cells that it completes. */
  sliceRestored(cells: readonly Cell[]): void {
    this.restored++;
    this.#sliceDone(cells);
  }

  /** A computed slice, and the cells that it completes. */
  sliceComputed(cells: readonly Cell[]): void {
    this.#ratePerSecond = this.#rate.add(this.#options.now());
    this.#sliceDone(cells);
    this.#measureMemory();
    if (this.#options.now() - this.#lastStatistics >= statisticsEveryMs) this.emitStatistics();
  }

  /** An unreadable slice, and the cells that no longer wait for it. */
  sliceBroken({ column, row }: PlannedSlice, error: SlideError, cells: readonly Cell[]): void {
    this.broken++;
    this.#options.emit({ kind: 'broken-slice', column, row, error: toErrorReport(error) });
    this.emitCells(cells);
  }

  emitCells(cells: readonly Cell[]): void {
    for (const result of cells) this.#options.emit({ kind: 'slice', result, ...this.#progress() });
  }

  /** Excludes a pause from the time. */
  paused(ms: number): void {
    this.#pausedMs += ms;
    this.#rate.skip(ms);
  }

  emitStatistics(): void {
    this.#lastStatistics = this.#options.now();
    this.#options.emit({ kind: 'statistics', statistics: this.#statistics() });
  }

  /** @param aborted whether the run was aborted. */
  summary(aborted: boolean, regionsEncoded: number): SegmentSummary {
    const { finished, restored, recoveries, broken, seconds } = this;
    const { stages, memory } = this.#statistics();
    const cancelled = aborted && finished + broken < this.#options.total;
    return {
      slices: finished,
      restored,
      recoveries,
      skipped: this.#options.skipped,
      broken,
      regionsEncoded,
      seconds,
      cancelled,
      stages,
      memory,
    };
  }

  #sliceDone(cells: readonly Cell[]): void {
    this.finished++;
    this.emitCells(cells);
    if (cells.length === 0) this.#options.emit({ kind: 'progress', ...this.#progress() });
  }

  #progress(): { done: number; total: number; rate: number; etaSeconds: number } {
    const { total } = this.#options;
    const done = this.finished + this.broken;
    const rate = this.#ratePerSecond;
    return { done, total, rate, etaSeconds: rate > 0 ? (total - done) / rate : 0 };
  }

  #measureMemory(): void {
    const use = this.#options.measureMemory?.();
    if (use === undefined) return;
    if (use.heapBytes !== null) this.#heapBytes = Math.max(this.#heapBytes ?? 0, use.heapBytes);
    this.#tensorBytes = Math.max(this.#tensorBytes, use.tensorBytes);
  }

  #statistics(): RunStatistics {
    const memory: PeakMemory | null =
      this.#options.measureMemory === undefined
        ? null
        : { peakHeapBytes: this.#heapBytes, peakTensorBytes: this.#tensorBytes };
    return { computed: this.finished - this.restored, seconds: this.seconds, stages: this.#stages(), memory };
  }
}

/** Rate over the last ten seconds, or over the last slice if that took longer. */
export class RateMeter {
  /** Times in ms: the start, then one per slice, limited to those within the window. */
  readonly #times: number[];
  readonly #windowMs: number;

  /** @param start, @param windowMs in milliseconds. */
  constructor(start: number, windowMs = 10_000) {
    this.#windowMs = windowMs;
    this.#times = [start];
  }

  /** Records a finished slice at time `now` (ms) and returns slices per second, above 0. */
  add(now: number): number {
    this.#times.push(now);
    while (this.#times.length > 2 && (this.#times[1] ?? now) <= now - this.#windowMs) this.#times.shift();
    const span = now - (this.#times[0] ?? now);
    // At least one millisecond, for slices that finish within the clock's resolution.
    return ((this.#times.length - 1) * 1000) / Math.max(span, 1);
  }

  /** Excludes a pause of `ms` by shifting all earlier times. */
  skip(ms: number): void {
    for (let i = 0; i < this.#times.length; i++) this.#times[i] = (this.#times[i] ?? 0) + ms;
  }
}
