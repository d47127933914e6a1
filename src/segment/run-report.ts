/** What a run of the engine says of itself: events as it goes, statistics, the summary in the end. */
import type { SlideError } from '../slide/slide.ts';
import type { FinishedSlice } from './stitcher.ts';

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

interface Progress {
  /** Slices finished or broken so far, this one included, of `total`. */
  readonly done: number;
  readonly total: number;
  /** Slices per second over the last ten seconds. */
  readonly rate: number;
  readonly etaSeconds: number;
}

export type EngineEvent =
  | { readonly kind: 'planned'; readonly slices: number; readonly regions: number }
  | ({ readonly kind: 'slice'; readonly result: FinishedSlice } & Progress)
  /** A slice has been through the network, but its cell waits for the slices that overlap it. */
  | ({ readonly kind: 'progress' } & Progress)
  | { readonly kind: 'broken-slice'; readonly index: number; readonly error: SlideError }
  /** At most twice a second, and once when the run ends. */
  | { readonly kind: 'statistics'; readonly statistics: RunStatistics };

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
  /** null where memory is not measured. */
  readonly memory: PeakMemory | null;
}
