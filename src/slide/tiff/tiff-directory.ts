/** One image file directory of a TIFF file: its tags, which are read when they are asked for. */
import { maxDescriptionBytes, type ByteBudget } from '../limits.ts';
import type { ByteSource, SlideError } from '../slide.ts';
import { decodeValues, typeBytes } from './field-values.ts';

/** Values up to this size are read with their directory. */
export const eagerBytes = 4096;

/** The file of a directory, as far as its values need it. */
interface TiffBytes {
  readonly source: ByteSource;
  readonly littleEndian: boolean;
  readonly budget: ByteBudget;
  valueBytes(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
  corrupt(problem: string): SlideError;
}

/** A tag of a directory. */
export interface TiffEntry {
  readonly type: number;
  readonly count: number;
  /** The values' bytes, if they were read with the directory. */
  bytes: Uint8Array<ArrayBuffer> | null;
  readonly offset: number;
}

/** One image file directory. */
export class TiffDirectory {
  readonly #texts = new Map<number, string>();
  readonly #file: TiffBytes;
  /** The directory's offset, which identifies it. */
  readonly offset: number;
  readonly #entries: ReadonlyMap<number, TiffEntry>;

  constructor(file: TiffBytes, offset: number, entries: ReadonlyMap<number, TiffEntry>) {
    this.#file = file;
    this.offset = offset;
    this.#entries = entries;
  }

  has(number: number): boolean {
    return this.#entries.has(number);
  }

  /** The first value of a tag; undefined where it is absent or not read yet. */
  number(number: number): number | undefined {
    const entry = this.#entries.get(number);
    if (entry?.bytes == null || entry.count === 0) return undefined;
    return decodeValues(entry.type, entry.bytes, 1, this.#file.littleEndian)[0];
  }

  /** All values of a tag; empty where it is absent. @throws SlideError `truncated`, `corrupt`, `unsupported`. */
  async numbers(number: number, signal?: AbortSignal): Promise<Float64Array> {
    const entry = this.#entries.get(number);
    if (entry === undefined) return new Float64Array(0);
    this.#file.budget.spend(entry.count * Float64Array.BYTES_PER_ELEMENT, 'tables of numbers');
    return decodeValues(entry.type, await this.#load(entry, signal), entry.count, this.#file.littleEndian);
  }

  /**
   * Value `index` of a tag with many; undefined where there is none. Reads no more than this value: the file's source
   * keeps the blocks of a table that are in use, so that a million offsets cost no memory.
   * @throws SlideError `truncated`.
   */
  async numberAt(number: number, index: number, signal?: AbortSignal): Promise<number | undefined> {
    const entry = this.#entries.get(number);
    if (entry === undefined || index >= entry.count) return undefined;
    const size = typeBytes(entry.type);
    // Where the table is not all there, neither can what is there be trusted.
    if (entry.bytes === null && entry.offset + entry.count * size > this.#file.source.size) {
      await this.#file.valueBytes(entry.offset, entry.count * size, signal);
    }
    const bytes =
      entry.bytes?.subarray(index * size, (index + 1) * size) ??
      (await this.#file.valueBytes(entry.offset + index * size, size, signal));
    return decodeValues(entry.type, bytes, 1, this.#file.littleEndian)[0];
  }

  /** A tag's values as raw bytes; null where it is absent. @throws SlideError `truncated`, `corrupt`. */
  async bytes(number: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | null> {
    const entry = this.#entries.get(number);
    return entry === undefined ? null : this.#load(entry, signal);
  }

  /** Bytes of a tag's values; 0 where it is absent. */
  byteLength(number: number): number {
    const entry = this.#entries.get(number);
    return entry === undefined ? 0 : entry.count * typeBytes(entry.type);
  }

  /**
   * A tag's text (UTF-8, up to the first NUL); empty where it is absent.
   * @param maxBytes longest text that is read.
   * @throws SlideError `truncated`, `corrupt` for a longer one.
   */
  async text(number: number, maxBytes = maxDescriptionBytes): Promise<string> {
    const length = this.byteLength(number);
    if (length > maxBytes) throw this.#file.corrupt(`A text of ${length} bytes is too long.`);
    const known = this.#texts.get(number);
    if (known !== undefined) return known;
    const bytes = await this.bytes(number);
    if (bytes === null) return '';
    const end = bytes.indexOf(0);
    this.#file.budget.spend(bytes.length * 2, 'texts');
    const text = new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
    this.#texts.set(number, text);
    return text;
  }

  /** The first bytes of a tag's text, enough to recognise a format by; empty where it is absent. */
  async textStart(number: number): Promise<string> {
    const entry = this.#entries.get(number);
    if (entry === undefined) return '';
    const length = Math.min(this.byteLength(number), eagerBytes);
    const bytes = entry.bytes ?? (await this.#file.valueBytes(entry.offset, length));
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  }

  /** Large values are not kept: they are decoded once, and what is decoded is kept. */
  #load(entry: TiffEntry, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    return entry.bytes !== null
      ? Promise.resolve(entry.bytes)
      : this.#file.valueBytes(entry.offset, entry.count * typeBytes(entry.type), signal);
  }
}
