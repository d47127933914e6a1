/** What a run reports: events as it proceeds, statistics, and the summary at its end. */
import { toErrorReport, type ErrorReport } from '../base/error-report.ts';
import type { BackendChoice } from '../runtime/backend.ts';
import type { MemoryUse } from '../runtime/memory-use.ts';
import type { Level0Rect, SlideError } from '../slide/slide.ts';
import type { PlannedSlice } from './grid.ts';

/** Where the time of a run went, milliseconds. */
export interface StageTimes {
  /** Until the bytes of tiles were there, summed over reads; they overlap each other and the network. */
  readonly readMs: number;
  /** Decoding tiles, summed likewise. */
  readonly decodeMs: number;
  /** Resampling to the network's size, summed likewise. */
  readonly preprocessMs: number;
  /** What the network had to wait for the three above. */
  readonly waitMs: number;
  /** Context encoding, as far as the caller waited for it. */
  readonly encodeMs: number;
  /** The network on slices, read-back included; overlapping slices are not counted twice. */
  readonly inferMs: number;
  /** Blending with the neighbours and handing on. */
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

/** Bytes; the largest that were seen between two slices of the run. */
export interface PeakMemory {
  /** JavaScript heap of the thread that runs the network; null where the platform does not tell. */
  readonly peakHeapBytes: number | null;
  /** Tensors, weights included. */
  readonly peakTensorBytes: number;
}

/** How a run is doing, from its start. */
export interface RunStatistics {
  /** Slices that this run has computed; those that an earlier run had kept are not among them. */
  readonly computed: number;
  /** Without pauses. */
  readonly seconds: number;
  readonly stages: StageTimes;
  /** null where memory is not measured. */
  readonly memory: PeakMemory | null;
}

/** One finished cell of the lattice and its maps, `size × size`, row by row. */
export interface Cell {
  readonly column: number;
  readonly row: number;
  /** Level-0 pixels; may reach over the slide's border. */
  readonly rect: Level0Rect;
  readonly size: number;
  readonly classes: Uint8Array<ArrayBuffer>;
  readonly confidence: Uint8Array<ArrayBuffer>;
}

interface Progress {
  /** Slices finished or broken so far, this one included, of `total`. */
  readonly done: number;
  readonly total: number;
  /** Slices per second over the last ten seconds. */
  readonly rate: number;
  readonly etaSeconds: number;
}

/** What happens in a run; structured-cloneable. */
export type SegmentEvent =
  | {
      readonly kind: 'planned';
      readonly slices: number;
      readonly regions: number;
      /** Slices of the area that were left out because they hold no tissue. */
      readonly skipped: number;
    }
  | ({ readonly kind: 'slice'; readonly result: Cell } & Progress)
  /** A slice has been through the network, but its cell waits for the slices that overlap it. */
  | ({ readonly kind: 'progress' } & Progress)
  | {
      readonly kind: 'broken-slice';
      readonly column: number;
      readonly row: number;
      readonly error: ErrorReport;
    }
  /** At most twice a second, and once when the run ends. */
  | { readonly kind: 'statistics'; readonly statistics: RunStatistics }
  /** Something the user should know; the run continues. */
  | { readonly kind: 'notice'; readonly error: ErrorReport }
  /** The run continues on another backend, or on the same one after a restart. */
  | { readonly kind: 'backend'; readonly report: BackendChoice };

export interface SegmentSummary {
  /** Slices finished, without broken ones. */
  readonly slices: number;
  /** Of these, slices that an earlier run had kept. */
  readonly restored: number;
  /** How often the network failed and was replaced. */
  readonly recoveries: number;
  /** Slices left out because they hold no tissue. */
  readonly skipped: number;
  readonly broken: number;
  readonly regionsEncoded: number;
  /** Without pauses. */
  readonly seconds: number;
  readonly cancelled: boolean;
  readonly stages: StageTimes;
  /** null where memory is not measured. */
  readonly memory: PeakMemory | null;
}

export interface ProgressOptions {
  /** Slices of the run, and slices left out because they hold no tissue. */
  readonly total: number;
  readonly skipped: number;
  /** Milliseconds. */
  readonly now: () => number;
  readonly emit: (event: SegmentEvent) => void;
  readonly measureMemory: (() => MemoryUse) | undefined;
}

/** Milliseconds between two events of statistics. */
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

  /** @param stages what the stages have taken so far. */
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

  /** A slice that an earlier run had kept, and the cells that are final by it. */
  sliceRestored(cells: readonly Cell[]): void {
    this.restored++;
    this.#sliceDone(cells);
  }

  /** A slice that the network has computed, and the cells that are final by it. */
  sliceComputed(cells: readonly Cell[]): void {
    this.#ratePerSecond = this.#rate.add(this.#options.now());
    this.#sliceDone(cells);
    this.#measureMemory();
    if (this.#options.now() - this.#lastStatistics >= statisticsEveryMs) this.emitStatistics();
  }

  /** A slice that can't be read, and the cells that no longer wait for it. */
  sliceBroken({ column, row }: PlannedSlice, error: SlideError, cells: readonly Cell[]): void {
    this.broken++;
    this.#options.emit({ kind: 'broken-slice', column, row, error: toErrorReport(error) });
    this.emitCells(cells);
  }

  emitCells(cells: readonly Cell[]): void {
    for (const result of cells) this.#options.emit({ kind: 'slice', result, ...this.#progress() });
  }

  /** Takes a pause out of the count. */
  paused(ms: number): void {
    this.#pausedMs += ms;
    this.#rate.skip(ms);
  }

  emitStatistics(): void {
    this.#lastStatistics = this.#options.now();
    this.#options.emit({ kind: 'statistics', statistics: this.#statistics() });
  }

  /** @param aborted whether the run was asked to stop. */
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

/** Rate over the last ten seconds, or over the last slice where slices take longer. */
export class RateMeter {
  /** Times in ms: the start, then one per slice; only those that the window needs. */
  readonly #times: number[];
  readonly #windowMs: number;

  /** @param start, @param windowMs in milliseconds. */
  constructor(start: number, windowMs = 10_000) {
    this.#windowMs = windowMs;
    this.#times = [start];
  }

  /** Notes a finished slice at time `now` (ms) and returns slices per second, above 0. */
  add(now: number): number {
    this.#times.push(now);
    while (this.#times.length > 2 && (this.#times[1] ?? now) <= now - this.#windowMs) this.#times.shift();
    const span = now - (this.#times[0] ?? now);
    // Slices that finish within the clock's resolution: as if it had taken one millisecond.
    return ((this.#times.length - 1) * 1000) / Math.max(span, 1);
  }

  /** Takes a pause of `ms` out of the count: as if everything before it had been that much later. */
  skip(ms: number): void {
    for (let i = 0; i < this.#times.length; i++) this.#times[i] = (this.#times[i] ?? 0) + ms;
  }
}
