/** What is kept of a run beside its slices, and what the storage worker may be asked. Structured-cloneable. */
import { z } from 'zod';
import type { SliceMaps } from '../runtime/segmenter.ts';

const rect = z.object({ x: z.number(), y: z.number(), width: z.number(), height: z.number() });

export const storedRunSchema = z.object({
  version: z.literal(1),
  /** Whose slices these are. */
  fingerprint: z.string(),
  slideName: z.string(),
  modelId: z.string(),
  /** Hashes of graph and weights. */
  modelHash: z.string(),
  /** Given by the user where the slide has none. */
  mpp: z.object({ x: z.number(), y: z.number(), source: z.string() }).nullable(),
  overlap: z.number().min(0).max(0.5),
  area: rect.nullable(),
  polygon: z.array(z.tuple([z.number(), z.number()])).nullable(),
  glass: z.enum(['skip', 'include']),
  /** Slices of the run, finished or not. */
  total: z.number(),
  /** Still `running` when it is read again: the page was closed, or crashed, in the middle of it. */
  state: z.enum(['running', 'ended']),
  /** Milliseconds since 1970. */
  time: z.number(),
});

export type StoredRun = z.infer<typeof storedRunSchema>;

export interface StoredRunEntry {
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
 * Methods of the storage worker. Errors are WorkerErrors with the codes `storage-missing` (the browser offers
 * none, as private windows do), `storage-busy` (another tab has it), `storage-full`, `storage-lost` (cleared or
 * otherwise gone).
 */
export interface StorageWorkerApi {
  /** Opens the slices of a key, to be closed as often. Answers which there are. */
  open(key: string): Promise<(readonly [column: number, row: number])[]>;
  get(key: string, column: number, row: number): Promise<SliceMaps | null>;
  put(key: string, column: number, row: number, maps: SliceMaps, marginPx: number): Promise<void>;
  close(key: string): Promise<void>;
  setRun(key: string, run: StoredRun): Promise<void>;
  runs(): Promise<StoredRunEntry[]>;
  use(): Promise<StorageUse>;
  /** Deletes what is kept, except what is open. */
  deleteAll(): Promise<void>;
}
