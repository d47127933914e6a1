/**
 * Finished cells on disk, so that a run that is killed loses at most the slice in flight, and so that a
 * slide's maps need not fit into memory.
 */
import { RecordFile } from './record-file.node.ts';

export interface JournalHead {
  /** Names slide, model and grid (`run-key.ts`): slices of one key fit together. */
  readonly key: string;
  /** Side of a cell, in pixels of the maps. */
  readonly cellPx: number;
}

/** Maps of a cell of the lattice, `cellPx × cellPx` each, row by row. */
export interface CellMaps {
  readonly classes: Uint8Array;
  readonly confidence: Uint8Array;
}

const format = 'dualscope-slices-1';

export class SliceJournal {
  private constructor(
    private readonly records: RecordFile,
    readonly head: JournalHead,
  ) {}

  /**
   * Begins a journal, over whatever is there.
   * @throws NodeJS.ErrnoException when the file can't be written.
   */
  static create(path: string, head: JournalHead): SliceJournal {
    return new SliceJournal(RecordFile.create(path, { format, ...head }), head);
  }

  /** Opens what a run has left. @returns null when there is no journal of this key, or no readable one. */
  static resume(path: string, head: JournalHead): SliceJournal | null {
    const records = RecordFile.resume(path, { format, ...head });
    return records === null ? null : new SliceJournal(records, head);
  }

  /** Slices that it holds. */
  get size(): number {
    return this.records.size;
  }

  has(column: number, row: number): boolean {
    return this.records.has(column, row);
  }

  /** Adds a cell; it is with the operating system when this returns. */
  append(column: number, row: number, maps: CellMaps): void {
    const pixels = this.head.cellPx ** 2;
    if (maps.classes.length !== pixels || maps.confidence.length !== pixels) {
      throw new RangeError(`A cell has ${pixels} pixels, not ${maps.classes.length}.`);
    }
    this.records.append(column, row, Buffer.concat([maps.classes, maps.confidence]));
  }

  /** The maps of a cell; null when it is not there. */
  read(column: number, row: number): CellMaps | null {
    const both = this.records.get(column, row);
    const pixels = this.head.cellPx ** 2;
    if (both?.length !== 2 * pixels) return null;
    return { classes: both.subarray(0, pixels), confidence: both.subarray(pixels) };
  }

  close(): void {
    this.records.close();
  }
}
