/**
 * The slices of one shard on disk, as the network gave them: with log-probabilities along their borders, so that merging
 * can blend slices of different shards as if one run had computed them all.
 */
import type { SliceMaps } from '../runtime/segmenter.ts';
import { packSlice, unpackSlice } from '../segment/packed-slice.ts';
import type { Shard } from '../segment/shard.ts';
import type { SliceStore } from '../segment/slice-store.ts';
import { RecordFile } from './record-file.node.ts';

export interface ShardHead {
  /** Names slide, model, grid and area (`run-key.ts`): slices of one key fit together. */
  readonly key: string;
  readonly shard: Shard;
  /** Side of a slice and width of its margin, in pixels of the maps. */
  readonly sizePx: number;
  readonly marginPx: number;
}

export class ShardJournal implements SliceStore {
  private constructor(
    private readonly records: RecordFile,
    readonly head: ShardHead,
  ) {}

  /**
   * Begins a journal, over whatever is there.
   * @throws NodeJS.ErrnoException when the file can't be written.
   */
  static create(path: string, head: ShardHead): ShardJournal {
    return new ShardJournal(RecordFile.create(path, written(head)), head);
  }

  /** Opens what a run has left, to go on. @returns null when there is no journal of this head, or no readable one. */
  static resume(path: string, head: ShardHead): ShardJournal | null {
    const records = RecordFile.resume(path, written(head));
    return records === null ? null : new ShardJournal(records, head);
  }

  /** Opens a journal for reading only. @returns null when there is no journal of this head, or no readable one. */
  static read(path: string, head: ShardHead): ShardJournal | null {
    const records = RecordFile.read(path, written(head));
    return records === null ? null : new ShardJournal(records, head);
  }

  /** Slices that it holds. */
  get size(): number {
    return this.records.size;
  }

  has(column: number, row: number): boolean {
    return this.records.has(column, row);
  }

  /** The maps of a slice; null when it is not there, or damaged. */
  read(column: number, row: number): SliceMaps | null {
    const bytes = this.records.get(column, row);
    return bytes === null ? null : unpackSlice(bytes, this.head);
  }

  get(column: number, row: number): Promise<SliceMaps | null> {
    return Promise.resolve(this.read(column, row));
  }

  /** Adds a slice; it is with the operating system when this resolves. Rejects when it can't be written: a run without its journal is lost. */
  async put(column: number, row: number, maps: SliceMaps): Promise<void> {
    this.records.append(column, row, packSlice(maps, this.head));
  }

  close(): void {
    this.records.close();
  }
}

/** The fields in one order, whatever order the caller's have: heads are compared as text. */
function written({ key, shard, sizePx, marginPx }: ShardHead): object {
  const format = 'dualscope-shard-1';
  return { format, key, shard: shard.index, of: shard.of, sizePx, marginPx };
}
