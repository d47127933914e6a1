/**
 * Finished slices in a file that is only ever appended to: a head of JSON that names the run, then a record for each slice:
 * column, row and length (three 32-bit numbers, little-endian) and its bytes as a zlib stream, whose checksum tells a
 * record that was cut short. What follows the first bad record counts as not there.
 */
import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { deflateSync, inflateSync } from 'node:zlib';

interface Place {
  readonly position: number;
  readonly length: number;
}

const headBytes = 4096;
const recordHeadBytes = 12;
/** A record that claims more is damaged: no slice has 256 MB. */
const mostBytes = 2 ** 28;

export class RecordFile {
  readonly #places = new Map<string, Place>();
  #end = headBytes;

  private constructor(
    private readonly path: string,
    private readonly file: number,
  ) {}

  /**
   * Begins a file, over whatever is there.
   * @param head told back by `headOf`; less than 4 kB of JSON.
   * @throws NodeJS.ErrnoException when the file can't be opened; Error when it can't be written.
   */
  static create(path: string, head: object): RecordFile {
    const file = openSync(path, 'w+');
    const bytes = Buffer.alloc(headBytes, ' ');
    bytes.write(JSON.stringify(head));
    const records = new RecordFile(path, file);
    records.#write(bytes, 0);
    return records;
  }

  /**
   * Opens what a run has left, to go on: what is torn at its end is cut off.
   * @returns null when there is no file, or one of another head.
   */
  static resume(path: string, head: object): RecordFile | null {
    const records = RecordFile.#open(path, 'r+', head);
    if (records !== null) ftruncateSync(records.file, records.#end);
    return records;
  }

  /**
   * Opens a file that somebody else may still be writing: reads only.
   * @returns null when there is no file, or one of another head.
   */
  static read(path: string, head: object): RecordFile | null {
    return RecordFile.#open(path, 'r', head);
  }

  /** Slices that it holds. */
  get size(): number {
    return this.#places.size;
  }

  has(column: number, row: number): boolean {
    return this.#places.has(`${column},${row}`);
  }

  /**
   * Adds a slice; it is with the operating system when this returns.
   * @throws Error when it can't be written; slices before it stay.
   */
  append(column: number, row: number, bytes: Uint8Array): void {
    const packed = deflateSync(bytes, { level: 1 });
    const record = Buffer.alloc(recordHeadBytes + packed.length);
    record.writeUInt32LE(column, 0);
    record.writeUInt32LE(row, 4);
    record.writeUInt32LE(packed.length, 8);
    packed.copy(record, recordHeadBytes);
    this.#write(record, this.#end);
    this.#places.set(`${column},${row}`, { position: this.#end + recordHeadBytes, length: packed.length });
    this.#end += record.length;
  }

  /** The bytes of a slice; null when it is not there, or damaged since. */
  get(column: number, row: number): Uint8Array | null {
    const place = this.#places.get(`${column},${row}`);
    return place === undefined ? null : this.#unpack(place);
  }

  close(): void {
    closeSync(this.file);
  }

  static #open(path: string, flags: 'r' | 'r+', head: object): RecordFile | null {
    let file: number;
    try {
      file = openSync(path, flags);
    } catch {
      return null;
    }
    const bytes = Buffer.alloc(headBytes);
    const length = readSync(file, bytes, 0, headBytes, 0);
    if (length < headBytes || bytes.toString('utf8').trim() !== JSON.stringify(head)) {
      closeSync(file);
      return null;
    }
    const records = new RecordFile(path, file);
    records.#scan();
    return records;
  }

  /** Writes all of `bytes`; a single call may write less. */
  #write(bytes: Buffer, position: number): void {
    try {
      for (let done = 0; done < bytes.length;) {
        done += writeSync(this.file, bytes, done, bytes.length - done, position + done);
      }
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new Error(
        `${this.path}: Slices can't be kept (${reason}). Make room there, then go on with --resume.`,
        { cause },
      );
    }
  }

  #unpack({ position, length }: Place): Uint8Array | null {
    const packed = Buffer.alloc(length);
    if (readSync(this.file, packed, 0, length, position) < length) return null;
    try {
      // Not as a Buffer, whose slices are no copies.
      const { buffer, byteOffset, byteLength } = inflateSync(packed, { maxOutputLength: mostBytes });
      return new Uint8Array(buffer, byteOffset, byteLength);
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
  }
}
