/**
 * An append-only file of slices. After a crash at any point, all slices but the last are intact, and a torn last one is
 * detected. A damaged record loses only its own slice, a damaged file header none. Works on any file with synchronous
 * positioned reads and writes: the browser's private files, or Node's.
 */
import { crc32 } from '../base/crc32.ts';
import { crcOfKey, decodeHead, recordHeadBytes, recordMagic } from './slice-codec.ts';
import type { SliceFile } from './store.ts';

/** The required part of `FileSystemSyncAccessHandle`. */
export interface LogFile {
  getSize(): number;
  read(into: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  /** @throws QuotaExceededError when the disk or the browser's quota is full. */
  write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

export interface LogOptions {
  /** Whether the log may be written. If so, a torn end is truncated. */
  readonly writable: boolean;
  /** Whether payloads are verified on opening, rather than when they are read. */
  readonly verify?: boolean;
  /** Whether a file that is no log of this run and version is emptied; it counts as damaged. Needs `writable`. */
  readonly replace?: boolean;
}

interface Place {
  readonly at: number;
  readonly length: number;
}

/** File header: magic, version, 64 characters of key, CRC-32 of these. */
const fileHeadBytes = 76;
const fileMagic = 0x44534c47;
const version = 2;
/** The search for the next intact record reads chunks of this size, bytes. */
const searchBytes = 1 << 16;

export class SliceLog implements SliceFile {
  readonly #file: LogFile;
  readonly #keyCrc: number;
  readonly #places = new Map<string, Place>();
  #damaged = 0;
  #end = fileHeadBytes;
  /** Order of the next record. */
  #next = 0;

  private constructor(file: LogFile, key: string) {
    this.#file = file;
    this.#keyCrc = crcOfKey(key);
  }

  /**
   * Opens a log; creates one in an empty file.
   * @param key of the run, 64 hexadecimal digits.
   * @returns null, without changing the file, if it belongs to another run or another version, or is not a log.
   */
  static open(file: LogFile, key: string, options: LogOptions): SliceLog | null {
    const log = new SliceLog(file, key);
    const size = file.getSize();
    if (size === 0 && options.writable) file.write(fileHead(key), { at: 0 });
    else if (!log.#read(fileHead(key), size, options)) {
      if (!options.writable || options.replace !== true) return null;
      const empty = new SliceLog(file, key);
      file.truncate(0);
      file.write(fileHead(key), { at: 0 });
      empty.#damaged = 1;
      return empty;
    }
    return log;
  }

  /** Columns and rows of the stored slices. */
  get places(): (readonly [column: number, row: number])[] {
    return [...this.#places.keys()].map((place) => place.split(',').map(Number) as [number, number]);
  }

  /** Number of records that are damaged, lost or out of order, and damaged ends and headers. */
  get damaged(): number {
    return this.#damaged;
  }

  get nextOrder(): number {
    return this.#next;
  }

  /** The record of a slice; null if there is none. */
  get(column: number, row: number): Uint8Array<ArrayBuffer> | null {
    const place = this.#places.get(`${column},${row}`);
    if (place === undefined) return null;
    const record = new Uint8Array(place.length);
    return this.#file.read(record, { at: place.at }) === place.length ? record : null;
  }

  /** Appends the record of a slice. @throws any error of the file; the log is then unchanged. */
  put(column: number, row: number, record: Uint8Array<ArrayBuffer>): void {
    const at = this.#end;
    try {
      const written = this.#file.write(record, { at });
      if (written < record.length) throw new DOMException('The disk is full.', 'QuotaExceededError');
    } catch (error) {
      // Truncates a partial record. If that fails too, the next opening does it.
      try {
        this.#file.truncate(at);
      } catch {
        // The file is gone or inaccessible, so there is nothing to repair.
      }
      throw error;
    }
    this.#places.set(`${column},${row}`, { at, length: record.length });
    this.#end = at + record.length;
    this.#next++;
  }

  close(): void {
    try {
      this.#file.flush();
    } finally {
      this.#file.close();
    }
  }

  /** Reads an existing file. @returns false, without changing it, if it is no log of this run and version. */
  #read(head: Uint8Array<ArrayBuffer>, size: number, options: LogOptions): boolean {
    const found = new Uint8Array(fileHeadBytes);
    this.#file.read(found, { at: 0 });
    const isIntact = found.every((byte, i) => byte === head[i]);
    // A header of another run or version is refused. A damaged one is made up for by records, which also carry the key.
    if (!isIntact && isHeadIntact(found)) return false;
    this.#scan(size, options);
    if (!isIntact) {
      if (this.#places.size === 0) return false;
      this.#damaged++;
    }
    if (!options.writable) return true;
    if (!isIntact) this.#file.write(head, { at: 0 });
    if (this.#end < size) this.#file.truncate(this.#end);
    return true;
  }

  /** Indexes the records; a later one replaces earlier ones of the same slice. */
  #scan(size: number, { verify = false }: LogOptions): void {
    let at = fileHeadBytes;
    // An unchecked record may have lost bytes, so that the next one starts inside of where it should end.
    let searchFrom = at;
    while (at < size) {
      const length = this.#recordAt(at, size, verify);
      if (length !== null) {
        searchFrom = verify ? at + length : at + recordHeadBytes;
        at += length;
        this.#end = at;
        continue;
      }
      const next = this.#nextRecord(Math.max(searchFrom, at === searchFrom ? at + 1 : 0), size);
      if (next === null) {
        this.#damaged++;
        break;
      }
      at = searchFrom = next;
    }
  }

  /** Indexes the record at a position and returns its length, or null if there is none or its payload is damaged. */
  #recordAt(at: number, size: number, verify: boolean): number | null {
    const bytes = new Uint8Array(recordHeadBytes);
    this.#file.read(bytes, { at });
    const head = decodeHead(this.#keyCrc, bytes);
    const length = recordHeadBytes + (head?.length ?? 0);
    if (head === null || at + length > size) return null;
    if (verify) {
      const payload = new Uint8Array(head.length);
      this.#file.read(payload, { at: at + recordHeadBytes });
      if (crc32(payload) !== head.payloadCrc) return null;
    }
    if (head.order < this.#next) {
      // Intact, but moved or repeated: an earlier state must not replace a later one.
      this.#damaged++;
      return length;
    }
    this.#damaged += head.order - this.#next;
    this.#next = head.order + 1;
    this.#places.set(`${head.column},${head.row}`, { at, length });
    return length;
  }

  /** Position of the next intact header whose record fits into the file; null if there is none. */
  #nextRecord(from: number, size: number): number | null {
    const bytes = new Uint8Array(searchBytes + recordHeadBytes);
    const [first, second, third, fourth] = recordMagic as unknown as [number, number, number, number];
    for (let start = from; start < size; start += searchBytes) {
      const read = this.#file.read(bytes, { at: start });
      const end = Math.min(searchBytes, read - recordHeadBytes + 1);
      for (let i = bytes.indexOf(first); i >= 0 && i < end; i = bytes.indexOf(first, i + 1)) {
        // Compared here, because most candidates fail at once.
        if (bytes[i + 1] !== second || bytes[i + 2] !== third || bytes[i + 3] !== fourth) continue;
        const head = decodeHead(this.#keyCrc, bytes.subarray(i));
        if (head !== null && start + i + recordHeadBytes + head.length <= size) return start + i;
      }
    }
    return null;
  }
}

/** Whether a file header is that of a log, whatever its run and version. */
function isHeadIntact(head: Uint8Array): boolean {
  const view = new DataView(head.buffer, head.byteOffset, fileHeadBytes);
  return view.getUint32(0) === fileMagic && view.getUint32(72) === crc32(head.subarray(0, 72));
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
