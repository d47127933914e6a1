/**
 * Frames of DICOM pixel data (PS3.5 A.4): native, or encapsulated in items. An offset table locates the
 * items; without one, they are found by walking from item to item. A frame may be split into several items.
 */
import { abortReason } from '../../base/abort.ts';
import { maxFragments, maxTileBytes, type ByteBudget } from '../limits.ts';
import { SlideError, type ByteSource } from '../slide.ts';
import { brokenTile } from '../broken-tile.ts';

export interface PixelDataPlace {
  /** Offset of the value of Pixel Data. */
  readonly offset: number;
  readonly length: number;
  readonly encapsulated: boolean;
  readonly frames: number;
  /** Bytes of a native frame. */
  readonly frameBytes: number;
  /** Extended Offset Table; null without one. */
  readonly extendedOffsets: Float64Array | null;
  readonly budget: ByteBudget;
}

/** SOI of JPEG, SOC and SIZ of a JPEG 2000 codestream, the first box of a JP2 file. */
const imageStarts = [
  [0xff, 0xd8],
  [0xff, 0x4f, 0xff, 0x51],
  [0, 0, 0, 12, 0x6a, 0x50, 0x20, 0x20],
];
/** Most items that are looked at in search of frames. */
const maxItems = 2 ** 22;

const itemTag = 0xe000fffe;
const sequenceEndTag = 0xe0ddfffe;

/** Reads frames by number, from 0. */
export function frameReader(
  source: ByteSource,
  place: PixelDataPlace,
): (index: number, signal?: AbortSignal) => Promise<Uint8Array<ArrayBuffer>> {
  if (!place.encapsulated) return nativeReader(source, place);
  const items = new Items(source, place);
  return (index, signal) => items.frame(index, signal);
}

function nativeReader(
  source: ByteSource,
  { offset, length, frameBytes }: PixelDataPlace,
): (index: number, signal?: AbortSignal) => Promise<Uint8Array<ArrayBuffer>> {
  return async (index, signal) => {
    const from = index * frameBytes;
    if (frameBytes > maxTileBytes) throw brokenTile(source.name, `frame ${index}`, 'It is too large.');
    if (from + frameBytes > length || offset + from + frameBytes > source.size) {
      throw brokenTile(source.name, `frame ${index}`, 'It is past the end of the file.');
    }
    return source.read(offset + from, frameBytes, signal);
  };
}

/** Memory per frame of a table: its offset and where it ends. */
const tableBytes = 80;

/** The 32-bit offsets of a table. They are in order and wrap in files over 4 GiB, where each step down is a wrap. */
function unwrapped(view: DataView, fileSize: number): Float64Array {
  const table = new Float64Array(view.byteLength >> 2);
  let high = 0;
  let previous = 0;
  for (let i = 0; i < table.length; i++) {
    const low = view.getUint32(i * 4, true);
    if (low < previous && fileSize > 2 ** 32) high += 2 ** 32;
    table[i] = high + low;
    previous = low;
  }
  return table;
}

class Items {
  /** Offset of the first item after the offset table; frame offsets count from here. */
  #base = 0;
  /** Offsets of the frames by number, given or found by a survey; null while each item is taken for a frame. */
  #table: Float64Array | null = null;
  /** Where a frame ends, by its offset: at the next one, in whatever order they are stored. */
  readonly #ends = new Map<number, number>();
  #ready: Promise<void> | null = null;
  /** Offsets of the items found by the walk so far, in order. */
  readonly #walked: number[] = [];
  #walkEnded = false;
  #walk: Promise<void> = Promise.resolve();
  readonly #source: ByteSource;
  readonly #place: PixelDataPlace;

  constructor(source: ByteSource, place: PixelDataPlace) {
    this.#source = source;
    this.#place = place;
  }

  async frame(index: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const where = `frame ${index}`;
    this.#ready ??= this.#prepare().catch((error: unknown) => {
      this.#ready = null;
      throw error;
    });
    try {
      await this.#ready;
      if (signal?.aborted) throw abortReason(signal);
      if (this.#table === null) {
        if (this.#place.frames === 1) return await this.#fragments(this.#base, Infinity, where, signal);
        const at = await this.#walkTo(index);
        if (at !== null) return await this.#payload(at, 1, where, signal);
      }
      const at = this.#table?.[index] ?? NaN;
      const end = this.#ends.get(at);
      // Two frames at one place: the table does not say what either of them is.
      if (end === undefined) throw brokenTile(this.#source.name, where, 'The table of frames is damaged.');
      return await this.#fragments(this.#base + at, this.#base + end, where, signal);
    } catch (cause) {
      if (signal?.aborted) throw abortReason(signal);
      if (cause instanceof SlideError) throw cause;
      throw brokenTile(this.#source.name, where, 'Its data is damaged.', cause);
    }
  }

  async #prepare(): Promise<void> {
    const { offset, frames, extendedOffsets, budget } = this.#place;
    const length = await this.#itemLength(offset, 'offset table');
    this.#base = offset + 8 + length;
    let table: Float64Array | null = null;
    if (extendedOffsets !== null && extendedOffsets.length >= frames) {
      budget.spend(frames * tableBytes, 'frame offsets');
      table = extendedOffsets.subarray(0, frames);
    } else if (length >= frames * 4) {
      budget.spend(frames * tableBytes, 'frame offsets');
      const bytes = await this.#source.read(offset + 8, frames * 4);
      table = unwrapped(new DataView(bytes.buffer), this.#source.size);
    }
    if (table === null) return;
    this.#useTable(table);
  }

  #useTable(table: Float64Array): void {
    const sorted = table.slice().sort();
    for (let i = 0; i < sorted.length; i++) {
      const at = sorted[i]!;
      if (at !== sorted[i - 1] && at !== sorted[i + 1]) this.#ends.set(at, sorted[i + 1] ?? Infinity);
    }
    this.#table = table;
  }

  /**
   * Offset of the item with frame `index`, as long as each item starts like an image and so is a frame. The first one that
   * does not is either damaged or goes on with a frame: all items are looked at, and the result is null.
   */
  #walkTo(index: number): Promise<number | null> {
    const step = this.#walk.then(async () => {
      // One more than asked for, which shows that the frame ends there.
      while (this.#table === null && !this.#walkEnded && this.#walked.length <= index + 1) {
        const last = this.#walked.at(-1);
        const where = `frame ${this.#walked.length}`;
        const at = last === undefined ? this.#base : last + 8 + (await this.#itemLength(last, where));
        if (last !== undefined && (await this.#isEnd(at))) this.#walkEnded = true;
        else if (await this.#startsImage(at, await this.#itemLength(at, where))) this.#walked.push(at);
        else await this.#survey();
      }
    });
    this.#walk = step.catch(() => undefined);
    return step.then(() => {
      if (this.#table !== null) return null;
      const at = this.#walked[index];
      if (at === undefined)
        throw brokenTile(this.#source.name, `frame ${index}`, 'The file has no such frame.');
      return at;
    });
  }

  /** Whether the items end at an offset: at the delimiter, or with the file. */
  async #isEnd(at: number): Promise<boolean> {
    return at >= this.#source.size || (await this.#header(at, 'the frames')).tag === sequenceEndTag;
  }

  /**
   * Finds the frames among all items: each is one where there are as many items as frames; else a frame begins where an item
   * starts like an image. @throws SlideError `broken-tile` where neither gives the number of frames.
   */
  async #survey(): Promise<void> {
    const { frames, budget } = this.#place;
    const where = 'the frames';
    const starts: number[] = [];
    const items: number[] = [];
    let next = this.#base;
    for (let count = 0; count < maxItems && next < this.#source.size; count++) {
      const { tag, length } = await this.#header(next, where);
      if (tag === sequenceEndTag) break;
      if (tag !== itemTag) throw brokenTile(this.#source.name, where, 'They are not in items.');
      if (await this.#startsImage(next, length)) starts.push(next - this.#base);
      if (items.length <= frames) items.push(next - this.#base);
      next += 8 + length;
    }
    const table = items.length === frames ? items : starts;
    if (table.length !== frames) {
      throw brokenTile(this.#source.name, where, 'It has no table of frames, and they cannot be told apart.');
    }
    budget.spend(frames * tableBytes, 'frame offsets');
    this.#useTable(Float64Array.from(table));
  }

  /** Whether an item's data begins like a JPEG or JPEG 2000 image. */
  async #startsImage(at: number, length: number): Promise<boolean> {
    const bytes = await this.#source.read(at + 8, Math.min(12, length));
    return imageStarts.some((start) => start.every((byte, i) => bytes[i] === byte));
  }

  /** The data of the items from `at` up to `end`, joined. */
  async #fragments(
    at: number,
    end: number,
    where: string,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    let count = 0;
    let next = at;
    while (next < end && count < maxFragments) {
      const head = await this.#header(next, where);
      if (head.tag === sequenceEndTag) break;
      next += 8 + (await this.#itemLength(next, where));
      count++;
    }
    return this.#payload(at, count, where, signal);
  }

  async #payload(
    at: number,
    count: number,
    where: string,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let next = at;
    let total = 0;
    for (let i = 0; i < count; i++) {
      const length = await this.#itemLength(next, where);
      total += length;
      if (total > maxTileBytes) throw brokenTile(this.#source.name, where, 'It is too large.');
      const part = await this.#source.read(next + 8, length, signal);
      if (part.length < length) throw brokenTile(this.#source.name, where, 'The file ends within it.');
      parts.push(part);
      next += 8 + length;
    }
    if (parts.length === 1) return parts[0]!;
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  }

  async #itemLength(at: number, where: string): Promise<number> {
    const { tag, length } = await this.#header(at, where);
    if (tag !== itemTag || at + 8 + length > this.#source.size) {
      throw brokenTile(this.#source.name, where, 'Its offset in the file is damaged.');
    }
    return length;
  }

  async #header(at: number, where: string): Promise<{ tag: number; length: number }> {
    if (!(at >= 0) || at + 8 > this.#source.size) {
      throw brokenTile(this.#source.name, where, 'It is past the end of the file.');
    }
    const bytes = await this.#source.read(at, 8);
    const view = new DataView(bytes.buffer);
    if (view.byteLength < 8) throw brokenTile(this.#source.name, where, 'The file ends before it.');
    return { tag: view.getUint32(0, true), length: view.getUint32(4, true) };
  }
}
