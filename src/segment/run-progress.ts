/** How far a run is and what it has taken so far; tells it as events. */
import type { MemoryUse } from '../runtime/memory-use.ts';
import type { SlideError } from '../slide/slide.ts';
import { RateMeter } from './rate.ts';
import type { EngineEvent, PeakMemory, RunStatistics, RunSummary, StageTimes } from './run-report.ts';
import type { FinishedSlice } from './stitcher.ts';

export interface ProgressOptions {
  /** Slices of the run. */
  readonly total: number;
  /** Milliseconds. */
  readonly now: () => number;
  readonly emit: (event: EngineEvent) => void;
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
  #ratePerSecond = 0;
  #pausedMs = 0;
  #lastStatistics: number;
  #heapBytes: number | null = null;
  #tensorBytes = 0;

  /** @param stages what the stages have taken so far. */
  constructor(
    options: ProgressOptions,
    private readonly stages: () => StageTimes,
  ) {
    this.#options = options;
    this.#start = options.now();
    this.#lastStatistics = this.#start;
    this.#rate = new RateMeter(this.#start);
  }

  /** Without pauses. */
  get seconds(): number {
    return (this.#options.now() - this.#start - this.#pausedMs) / 1000;
  }

  planned(regions: number): void {
    this.#options.emit({ kind: 'planned', slices: this.#options.total, regions });
  }

  /** A slice that an earlier run had kept, and the cells that are final by it. */
  sliceRestored(cells: readonly FinishedSlice[]): void {
    this.restored++;
    this.#sliceDone(cells);
  }

  /** A slice that the network has computed, and the cells that are final by it. */
  sliceComputed(cells: readonly FinishedSlice[]): void {
    this.#ratePerSecond = this.#rate.add(this.#options.now());
    this.#sliceDone(cells);
    this.#measureMemory();
    if (this.#options.now() - this.#lastStatistics >= statisticsEveryMs) this.tellStatistics();
  }

  /** A slice that can't be read, and the cells that need not wait for it any more. */
  sliceBroken(index: number, error: SlideError, cells: readonly FinishedSlice[]): void {
    this.broken++;
    this.#options.emit({ kind: 'broken-slice', index, error });
    this.handOn(cells);
  }

  handOn(cells: readonly FinishedSlice[]): void {
    for (const result of cells) this.#options.emit({ kind: 'slice', result, ...this.#progress() });
  }

  /** Takes a pause out of the count. */
  paused(ms: number): void {
    this.#pausedMs += ms;
    this.#rate.skip(ms);
  }

  tellStatistics(): void {
    this.#lastStatistics = this.#options.now();
    this.#options.emit({ kind: 'statistics', statistics: this.#statistics() });
  }

  /** @param aborted whether the run was told to stop. */
  summary(aborted: boolean, regionsEncoded: number): RunSummary {
    const { finished, restored, recoveries, broken, seconds } = this;
    const { stages, memory } = this.#statistics();
    const cancelled = aborted && finished + broken < this.#options.total;
    return {
      slices: finished,
      restored,
      recoveries,
      broken,
      regionsEncoded,
      seconds,
      cancelled,
      stages,
      memory,
    };
  }

  #sliceDone(cells: readonly FinishedSlice[]): void {
    this.finished++;
    this.handOn(cells);
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
    return { computed: this.finished - this.restored, seconds: this.seconds, stages: this.stages(), memory };
  }
}
