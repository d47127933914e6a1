/**
 * Finished slices on disk, so that a run that is killed loses at most the slice in flight, and so that a
 * slide's maps need not fit into memory.
 *
 * One file, appended to: a line of JSON that names the run, then a record for each slice: column, row and
 * length (three 32-bit numbers, little-endian) and its two maps as one zlib stream, whose checksum tells a
 * record that was cut short. What follows the first bad record is cut off when the file is opened again.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { deflateSync, inflateSync } from 'node:zlib';

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

interface Place {
  readonly position: number;
  readonly length: number;
}

const format = 'dualscope-slices-1';
const headBytes = 4096;
const recordHeadBytes = 12;

export class SliceJournal {
  readonly #places = new Map<string, Place>();
  #end = headBytes;

  private constructor(
    private readonly file: number,
    readonly head: JournalHead,
  ) {}

  /**
   * Begins a journal, over whatever is there.
   * @throws NodeJS.ErrnoException when the file can't be written.
   */
  static create(path: string, head: JournalHead): SliceJournal {
    const file = openSync(path, 'w+');
    const journal = new SliceJournal(file, head);
    const bytes = Buffer.alloc(headBytes, ' ');
    bytes.write(JSON.stringify({ format, ...head }));
    writeWhole(file, bytes, 0);
    return journal;
  }

  /** Opens what a run has left. @returns null when there is no journal of this key, or no readable one. */
  static resume(path: string, head: JournalHead): SliceJournal | null {
    let file: number;
    try {
      file = openSync(path, 'r+');
    } catch {
      return null;
    }
    const bytes = Buffer.alloc(headBytes);
    const length = readSync(file, bytes, 0, headBytes, 0);
    if (length < headBytes || bytes.toString('utf8').trim() !== JSON.stringify({ format, ...head })) {
      closeSync(file);
      return null;
    }
    const journal = new SliceJournal(file, head);
    journal.#scan();
    return journal;
  }

  /** Slices that it holds. */
  get size(): number {
    return this.#places.size;
  }

  has(column: number, row: number): boolean {
    return this.#places.has(`${column},${row}`);
  }

  /** Adds a cell; it is with the operating system when this returns. */
  append(column: number, row: number, maps: CellMaps): void {
    const pixels = this.head.cellPx ** 2;
    if (maps.classes.length !== pixels || maps.confidence.length !== pixels) {
      throw new RangeError(`A cell has ${pixels} pixels, not ${maps.classes.length}.`);
    }
    const packed = deflateSync(Buffer.concat([maps.classes, maps.confidence]), { level: 1 });
    const record = Buffer.alloc(recordHeadBytes + packed.length);
    record.writeUInt32LE(column, 0);
    record.writeUInt32LE(row, 4);
    record.writeUInt32LE(packed.length, 8);
    packed.copy(record, recordHeadBytes);
    writeWhole(this.file, record, this.#end);
    this.#places.set(`${column},${row}`, { position: this.#end + recordHeadBytes, length: packed.length });
    this.#end += record.length;
  }

  /** The maps of a cell; null when it is not there. */
  read(column: number, row: number): CellMaps | null {
    const place = this.#places.get(`${column},${row}`);
    return place === undefined ? null : this.#unpack(place);
  }

  close(): void {
    closeSync(this.file);
  }

  #unpack({ position, length }: Place): CellMaps | null {
    const packed = Buffer.alloc(length);
    if (readSync(this.file, packed, 0, length, position) < length) return null;
    const pixels = this.head.cellPx ** 2;
    try {
      const both = inflateSync(packed, { maxOutputLength: 2 * pixels });
      if (both.length !== 2 * pixels) return null;
      return { classes: both.subarray(0, pixels), confidence: both.subarray(pixels) };
    } catch {
      return null;
    }
  }

  #scan(): void {
    const { size } = fstatSync(this.file);
    const record = Buffer.alloc(recordHeadBytes);
    while (this.#end + recordHeadBytes <= size) {
      readSync(this.file, record, 0, recordHeadBytes, this.#end);
      const length = record.readUInt32LE(8);
      const place = { position: this.#end + recordHeadBytes, length };
      if (place.position + length > size || this.#unpack(place) === null) break;
      this.#places.set(`${record.readUInt32LE(0)},${record.readUInt32LE(4)}`, place);
      this.#end = place.position + length;
    }
    ftruncateSync(this.file, this.#end);
  }
}

/** Writes all of `bytes`; a single call may write less. */
function writeWhole(file: number, bytes: Buffer, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
  }
}
