/**
 * A file that slices are only ever appended to: whatever stops the program, every slice before the last one is
 * whole, and the last one is whole or recognised as torn. Works on any file that can be read and written at
 * a position at once: the browser's private files, or Node's.
 */
import { checksum } from './slice-store.ts';

/** What of `FileSystemSyncAccessHandle` is needed. */
export interface LogFile {
  getSize(): number;
  read(into: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  /** @throws a QuotaExceededError when the disk, or the browser's share of it, is full. */
  write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

interface Place {
  readonly column: number;
  readonly row: number;
  readonly at: number;
  readonly length: number;
}

/** Before each slice: magic, column, row, length of the slice, checksum of these. */
const headerBytes = 20;
const magic = 0x44534c52;

export class SliceLog {
  readonly #file: LogFile;
  readonly #places = new Map<string, Place>();
  #end = 0;

  /** Reads where the slices lie, and cuts off what was torn at the end. */
  constructor(file: LogFile) {
    this.#file = file;
    const size = file.getSize();
    const header = new Uint8Array(headerBytes);
    const view = new DataView(header.buffer);
    while (this.#end + headerBytes <= size) {
      if (file.read(header, { at: this.#end }) < headerBytes) break;
      if (view.getUint32(0) !== magic) break;
      if (view.getUint32(16) !== checksum(header.subarray(0, 16))) break;
      const length = view.getUint32(12);
      const at = this.#end + headerBytes;
      if (at + length > size) break;
      const column = view.getUint32(4);
      const row = view.getUint32(8);
      this.#places.set(keyOf(column, row), { column, row, at, length });
      this.#end = at + length;
    }
    if (this.#end < size) file.truncate(this.#end);
  }

  /** Columns and rows of the slices that are there. */
  get places(): (readonly [column: number, row: number])[] {
    return [...this.#places.values()].map(({ column, row }) => [column, row]);
  }

  get bytes(): number {
    return this.#end;
  }

  /** The bytes of a slice as they were put; null when it is not there. */
  get(column: number, row: number): Uint8Array<ArrayBuffer> | null {
    const place = this.#places.get(keyOf(column, row));
    if (place === undefined) return null;
    const bytes = new Uint8Array(place.length);
    return this.#file.read(bytes, { at: place.at }) === place.length ? bytes : null;
  }

  /** Appends a slice. @throws what the file throws; the log is then as it was before. */
  put(column: number, row: number, bytes: Uint8Array<ArrayBuffer>): void {
    const record = new Uint8Array(headerBytes + bytes.length);
    const view = new DataView(record.buffer);
    view.setUint32(0, magic);
    view.setUint32(4, column);
    view.setUint32(8, row);
    view.setUint32(12, bytes.length);
    view.setUint32(16, checksum(record.subarray(0, 16)));
    record.set(bytes, headerBytes);
    const at = this.#end;
    try {
      const written = this.#file.write(record, { at });
      if (written < record.length) throw new DOMException('The disk is full.', 'QuotaExceededError');
    } catch (error) {
      // Part of it may have been written; where even cutting it off fails, the next start does.
      try {
        this.#file.truncate(at);
      } catch {
        // The file is gone or forbidden: nothing is left to put right.
      }
      throw error;
    }
    this.#places.set(keyOf(column, row), { column, row, at: at + headerBytes, length: bytes.length });
    this.#end = at + record.length;
  }

  flush(): void {
    this.#file.flush();
  }

  close(): void {
    this.#file.close();
  }
}

function keyOf(column: number, row: number): string {
  return `${column},${row}`;
}
