/** What a run of the engine is given. */
import type { MemoryUse } from '../runtime/memory-use.ts';
import type { Segmenter } from '../runtime/segmenter.ts';
import type { SlicePlan } from './grid.ts';
import type { PauseSwitch } from './pause-switch.ts';
import type { SliceQueue } from './queue.ts';
import type { SliceReader } from './read-ahead.ts';
import type { EngineEvent } from './run-report.ts';
import type { SliceStore } from './slice-store.ts';

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
  /**
   * Slices of a region that may go through the network at once, where it can do that. Up to this many, the size
   * that is fastest is found by measuring. 1 (default) where it computes on a processor.
   */
  readonly mostInBatch?: number;
  /** Called round each batch's turn on the network, so that several runs can share it. */
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
  /** Memory in use; asked after every slice where it is given. */
  readonly measureMemory?: (() => MemoryUse) | undefined;
  /** Milliseconds; `performance.now` by default. */
  readonly now?: () => number;
}

export interface Recovery {
  readonly segmenter: Segmenter;
  readonly inFlight: number;
  /** 1 by default. */
  readonly mostInBatch?: number;
}
