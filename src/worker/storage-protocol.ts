/** What the storage worker keeps beside slices, and what it may be asked. Everything is structured-cloneable. */
import { z } from 'zod';
import type { SliceMaps } from '../runtime/segmenter.ts';

const rect = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() });

export const storedRunSchema = z.object({
  /** 1 was written by versions before October 2026; its slices are encoded differently. */
  version: z.literal(2),
  /** Identity of the slide's content, and of the model: hashes of graph and weights. */
  fingerprint: z.string(),
  modelHash: z.string(),
  slideName: z.string(),
  modelId: z.string(),
  /** From the user; null for what the slide says. */
  mpp: z.object({ x: z.number(), y: z.number(), source: z.string() }).nullable(),
  overlap: z.number().min(0).max(0.5),
  area: rect.nullable(),
  polygon: z.array(z.tuple([z.number(), z.number()])).nullable(),
  glass: z.enum(['skip', 'include']),
  /** Slices of the run, finished or not. */
  total: z.number(),
  /** Still `running` when it is read again: the page was closed, or crashed, during the run. */
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

export interface StorageUse {
  /** Where results are kept: the browser's private files, or its database. */
  readonly kind: 'files' | 'database';
  readonly runs: number;
  readonly bytes: number;
}

/**
 * Methods of the storage worker. Errors are WorkerErrors with the codes `storage-missing` (the browser offers none, as
 * private windows do), `storage-busy` (another tab has it), `storage-full`, `storage-lost` (cleared or otherwise gone).
 */
export interface StorageWorkerApi {
  /**
   * Opens the slices of a run, to be closed as often.
   * @param marginPx of the plan.
   * @returns the places of the slices that are there.
   */
  open(key: string, marginPx: number): Promise<(readonly [column: number, row: number])[]>;
  get(key: string, column: number, row: number): Promise<SliceMaps | null>;
  put(key: string, column: number, row: number, maps: SliceMaps): Promise<void>;
  close(key: string): Promise<void>;
  setRun(key: string, run: StoredRun): Promise<void>;
  /** Runs that are kept, and how many of an earlier version were deleted because they can't be read. */
  runs(): Promise<{ readonly runs: readonly StoredRunEntry[]; readonly dropped: number }>;
  use(): Promise<StorageUse>;
  /** Deletes all results, except those that are open. */
  deleteAll(): Promise<void>;
  /** Puts a slice aside for the page's memory; it lasts as long as the page. Resolves when it can be read back. */
  putAside(id: number, maps: SliceMaps): Promise<void>;
  /** A slice that was put aside; null where it is damaged or was never put. */
  getAside(id: number): Promise<SliceMaps | null>;
  /** Deletes slices that pages which are gone had put aside. Does nothing where the browser stores nothing. */
  sweep(): Promise<void>;
}
