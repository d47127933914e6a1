/**
 * A file that slices are only ever appended to. Whatever stops the program, the slices before the last one are whole, and
 * the last one is whole or recognised as torn; a damaged record costs its own slice and no other. Works on any file that
 * can be read and written at a position synchronously: the browser's private files, or Node's.
 */
import { crc32 } from '../base/crc32.ts';
import { decodeHead, recordHeadBytes } from './slice-codec.ts';
import type { SliceFile } from './store.ts';

/** The part of `FileSystemSyncAccessHandle` that is needed. */
export interface LogFile {
  getSize(): number;
  read(into: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  /** @throws a QuotaExceededError when the disk, or the browser's share of it, is full. */
  write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

export interface LogOptions {
  /** Whether the log may be written: what is torn at its end is then cut off. */
  readonly writable: boolean;
  /** Whether payloads are checked at once, rather than when they are read. */
  readonly verify?: boolean;
}

interface Place {
  readonly at: number;
  readonly length: number;
}

/** Before the records: magic, version, 64 characters of key, CRC-32 of these. */
const fileHeadBytes = 76;
const fileMagic = 0x44534c47;
const version = 1;
/** Damage is searched for the next whole record in pieces of this size. */
const searchBytes = 1 << 16;

export class SliceLog implements SliceFile {
  readonly #file: LogFile;
  readonly #key: string;
  readonly #places = new Map<string, Place>();
  #damaged = 0;
  #end = fileHeadBytes;

  private constructor(file: LogFile, key: string) {
    this.#file = file;
    this.#key = key;
  }

  /**
   * Opens a log, and begins one in an empty file.
   * @param key of the run, 64 hexadecimal digits.
   * @returns null when the file is of another run or an earlier version, or no log; it has not been touched.
   */
  static open(file: LogFile, key: string, options: LogOptions): SliceLog | null {
    const log = new SliceLog(file, key);
    const head = fileHead(key);
    const size = file.getSize();
    if (size === 0 && options.writable) file.write(head, { at: 0 });
    else {
      const found = new Uint8Array(fileHeadBytes);
      file.read(found, { at: 0 });
      if (found.some((byte, i) => byte !== head[i])) return null;
      log.#scan(size, options);
    }
    return log;
  }

  /** Columns and rows of the slices that are there. */
  get places(): (readonly [column: number, row: number])[] {
    return [...this.#places.keys()].map((place) => place.split(',').map(Number) as [number, number]);
  }

  /** Stretches of the file that are no whole record; torn ends count. */
  get damaged(): number {
    return this.#damaged;
  }

  /** The record of a slice; null when it is not there. */
  get(column: number, row: number): Uint8Array<ArrayBuffer> | null {
    const place = this.#places.get(`${column},${row}`);
    if (place === undefined) return null;
    const record = new Uint8Array(place.length);
    return this.#file.read(record, { at: place.at }) === place.length ? record : null;
  }

  /** Appends the record of a slice. @throws what the file throws; the log is then as it was before. */
  put(column: number, row: number, record: Uint8Array<ArrayBuffer>): void {
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
    this.#places.set(`${column},${row}`, { at, length: record.length });
    this.#end = at + record.length;
  }

  close(): void {
    this.#file.flush();
    this.#file.close();
  }

  /** Finds the records; a later one of a place replaces earlier ones. */
  #scan(size: number, { writable, verify = false }: LogOptions): void {
    let at = fileHeadBytes;
    while (at < size) {
      const length = this.#recordAt(at, size, verify);
      if (length !== null) {
        at += length;
        this.#end = at;
        continue;
      }
      this.#damaged++;
      const next = this.#nextRecord(at + 1, size);
      if (next === null) break;
      at = next;
    }
    if (this.#end < size && writable) this.#file.truncate(this.#end);
  }

  /** Notes the record at a position; its length, or null when there is none. Damage of the payload alone skips it. */
  #recordAt(at: number, size: number, verify: boolean): number | null {
    const bytes = new Uint8Array(recordHeadBytes);
    this.#file.read(bytes, { at });
    const head = decodeHead(this.#key, bytes);
    const length = recordHeadBytes + (head?.length ?? 0);
    if (head === null || at + length > size) return null;
    if (verify) {
      const payload = new Uint8Array(head.length);
      this.#file.read(payload, { at: at + recordHeadBytes });
      if (crc32(payload) !== head.payloadCrc) {
        this.#damaged++;
        return length;
      }
    }
    this.#places.set(`${head.column},${head.row}`, { at, length });
    return length;
  }

  /** Where the next whole head begins; null when there is none. */
  #nextRecord(from: number, size: number): number | null {
    const bytes = new Uint8Array(searchBytes + recordHeadBytes);
    for (let start = from; start < size; start += searchBytes) {
      const read = this.#file.read(bytes, { at: start });
      for (let i = 0; i < Math.min(searchBytes, read - recordHeadBytes + 1); i++) {
        if (bytes[i] === 0x44 && decodeHead(this.#key, bytes.subarray(i)) !== null) return start + i;
      }
    }
    return null;
  }
}

function fileHead(key: string): Uint8Array<ArrayBuffer> {
  if (!/^[0-9a-f]{64}$/.test(key))
    throw new RangeError(`A run's key has 64 hexadecimal digits, not "${key}".`);
  const head = new Uint8Array(fileHeadBytes);
  const view = new DataView(head.buffer);
  view.setUint32(0, fileMagic);
  view.setUint32(4, version);
  head.set(new TextEncoder().encode(key), 8);
  view.setUint32(72, crc32(head.subarray(0, 72)));
  return head;
}
