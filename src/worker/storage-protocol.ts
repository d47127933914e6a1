/** The interface of the storage worker, and the notes that it stores with slices. All types are structured-cloneable. */
import { z } from 'zod';
import type { ErrorReport } from '../base/error-report.ts';
import type { SliceMaps } from '../runtime/segmenter.ts';

const rect = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() });

export const storedRunSchema = z.object({
  /** 1 and 2 came with other encodings of slices. */
  version: z.literal(3),
  /** Hashes that identify the slide, and the model's graph and weights. */
  fingerprint: z.string(),
  modelHash: z.string(),
  slideName: z.string(),
  modelId: z.string(),
  /** Entered by the user; null to use the slide's. */
  mpp: z.object({ x: z.number(), y: z.number(), source: z.string() }).nullable(),
  overlap: z.number().min(0).max(0.5),
  /** Whether it averaged over the eight orientations. */
  symmetries: z.boolean().optional(),
  area: rect.nullable(),
  polygon: z.array(z.tuple([z.number(), z.number()])).nullable(),
  glass: z.enum(['skip', 'include']),
  /** Slices of the run, finished or not. */
  total: z.number(),
  /** See `TissueFit`; absent where it was not measured. */
  fit: z
    .object({ slices: z.number(), distance: z.number().nonnegative(), beyond: z.number().min(0).max(1) })
    .optional(),
  /** If still `running` when read again, the page was closed or crashed during the run. */
  state: z.enum(['running', 'ended']),
  /** Milliseconds since 1970. */
  time: z.number(),
});

export type StoredRun = z.infer<typeof storedRunSchema>;

export interface StoredRunEntry {
  /** `PlannedSegmentation.key` of the run. */
  readonly key: string;
  readonly run: StoredRun;
}

/** The slices of a run, when they are opened. */
export interface OpenedSlices {
  readonly places: readonly (readonly [column: number, row: number])[];
  /** Damaged parts that were found; their slices are missing. */
  readonly damaged: number;
}

export interface StorageUse {
  /** The storage in use: the browser's private files, or its database. */
  readonly kind: 'files' | 'database';
  readonly runs: number;
  /** Number of slides that the runs are of. */
  readonly slides: number;
  readonly bytes: number;
}

/**
 * Methods of the storage worker. Errors are WorkerErrors with the codes `storage-missing` (not available, for instance in
 * private windows), `storage-busy` (locked by another tab), `storage-full`, `storage-lost` (cleared or otherwise gone).
 */
export interface StorageWorkerApi {
  /**
   * Opens the slices of a run. Needs one `close` per `open`.
   * @param marginPx of the plan.
   */
  open(key: string, marginPx: number): Promise<OpenedSlices>;
  get(key: string, column: number, row: number): Promise<SliceMaps | null>;
  put(key: string, column: number, row: number, maps: SliceMaps): Promise<void>;
  close(key: string): Promise<void>;
  setRun(key: string, run: StoredRun): Promise<void>;
  /** Saved runs, and the number of runs that were deleted because an earlier version wrote them. */
  runs(): Promise<{ readonly runs: readonly StoredRunEntry[]; readonly dropped: number }>;
  use(): Promise<StorageUse>;
  /** Deletes all results except open ones. */
  deleteAll(): Promise<void>;
  /**
   * Spills a slice from the page's memory, for the lifetime of the page. Resolves when it can be read back.
   * @param page unique id of the page: hexadecimal digits and dashes. Another worker of the page finds its slices.
   */
  putAside(page: string, id: number, maps: SliceMaps): Promise<void>;
  /** A spilled slice; null if it is damaged or missing. */
  getAside(page: string, id: number): Promise<SliceMaps | null>;
  /** Deletes spilled slices of closed pages. Does nothing if the browser has no storage. */
  sweep(): Promise<void>;
}

/** What runs use of it. */
export interface RunStorage extends Pick<
  StorageWorkerApi,
  'open' | 'get' | 'put' | 'close' | 'setRun' | 'runs' | 'use' | 'deleteAll'
> {
  /**
   * Calls `listener` when the worker had to be replaced. @returns a function that ends it.
   */
  onReplaced?(listener: (report: ErrorReport) => void): () => void;
}
