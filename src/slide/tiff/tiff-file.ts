/**
 * Structure of a TIFF or BigTIFF file: header, directories and their entries (TIFF 6.0; BigTIFF with 64-bit
 * offsets; Hamamatsu's classic TIFF over 4 GiB). Everything read from the file is bounded before use: counts, offsets,
 * the number of directories.
 */
import { readExactly } from '../byte-source.ts';
import { ByteBudget, maxDirectories, maxEntries, maxTagBytes } from '../limits.ts';
import { SlideError, type ByteSource } from '../slide.ts';
import { typeBytes } from './field-values.ts';
import { isReadTag, tag } from './tags.ts';
import { eagerBytes, TiffDirectory, type TiffEntry } from './tiff-directory.ts';

/** Memory of an entry besides its values, about. */
const entryBytes = 256;

interface ReadDirectory {
  readonly directory: TiffDirectory;
  /** Offset of the next directory; 0 for none. */
  readonly next: number;
}

/** An open TIFF file: its source, byte order, kind and main chain of directories. */
export class TiffFile {
  directories: readonly TiffDirectory[] = [];
  /** Number of directories before the chain breaks off; null where it ends as it should. See `chainNotes`. */
  breakAfter: number | null = null;
  readonly #unread = new Set<number>();
  /** What was read, by offset: SubIFDs may be in the main chain too, and several images may share one. */
  readonly #read = new Map<number, Promise<ReadDirectory>>();
  readonly source: ByteSource;
  readonly littleEndian: boolean;
  readonly big: boolean;
  /** The slide's memory for metadata. */
  readonly budget: ByteBudget;

  private constructor(source: ByteSource, littleEndian: boolean, big: boolean, budget: ByteBudget) {
    this.source = source;
    this.budget = budget;
    this.littleEndian = littleEndian;
    this.big = big;
  }

  /** Whether the bytes start like a TIFF or BigTIFF file. */
  static recognises(head: Uint8Array): boolean {
    const order = head[0] === 0x49 && head[1] === 0x49 ? 1 : head[0] === 0x4d && head[1] === 0x4d ? 2 : 0;
    if (order === 0) return false;
    const version = order === 1 ? head[2]! | (head[3]! << 8) : (head[2]! << 8) | head[3]!;
    return version === 42 || version === 43;
  }

  /**
   * Reads the header and the main chain of directories.
   * @throws SlideError `truncated` (the first directory is past the end of the file), `corrupt` (absurd
   * counts), `unsupported` (more than the budget).
   */
  static async open(source: ByteSource, budget = new ByteBudget(source.name)): Promise<TiffFile> {
    const head = await readExactly(source, 0, 8, 'header');
    const littleEndian = head[0] === 0x49;
    const version = new DataView(head.buffer).getUint16(2, littleEndian);
    const file = new TiffFile(source, littleEndian, version === 43, budget);
    let next = await file.#firstOffset();
    const directories: TiffDirectory[] = [];
    const visited = new Set<number>();
    while (next !== 0) {
      // A loop.
      if (visited.has(next)) {
        file.breakAfter = directories.length;
        break;
      }
      visited.add(next);
      if (directories.length >= maxDirectories) throw file.corrupt('It has too many directories.');
      let read: ReadDirectory;
      try {
        read = await file.#readDirectory(next);
      } catch (error) {
        if (directories.length === 0 || !isDamage(error)) throw error;
        file.breakAfter = directories.length;
        break;
      }
      directories.push(read.directory);
      next = read.next;
    }
    if (directories.length === 0) throw file.corrupt('It has no image.');
    file.directories = directories;
    return file;
  }

  /**
   * The directories that SubIFDs of `parent` point to (pyramid levels of OME-TIFF and libvips). Those that can't be read are
   * left out: the image itself does not need them.
   */
  async subDirectories(parent: TiffDirectory): Promise<TiffDirectory[]> {
    const offsets = await parent.numbers(tag.subIfds);
    if (offsets.length > maxDirectories) throw this.corrupt('It has too many sub-directories.');
    const result: TiffDirectory[] = [];
    for (const offset of new Set(offsets)) {
      if (offset === 0 || offset === parent.offset) continue;
      try {
        result.push((await this.#readDirectory(offset)).directory);
      } catch (error) {
        if (!isDamage(error)) throw error;
        this.#unread.add(offset);
      }
    }
    return result;
  }

  /** How many SubIFDs could not be read so far. */
  get unreadSubDirectories(): number {
    return this.#unread.size;
  }

  /** @throws SlideError `truncated`, `corrupt`. */
  async valueBytes(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    if (length > maxTagBytes) throw this.corrupt(`A tag claims ${length} bytes of values.`);
    return readExactly(this.source, offset, length, 'tags', signal);
  }

  corrupt(problem: string): SlideError {
    return new SlideError(
      'corrupt',
      this.source.name,
      `The TIFF structure is damaged. ${problem}`,
      'Copy or export the file again.',
    );
  }

  async #firstOffset(): Promise<number> {
    const head = new DataView((await readExactly(this.source, 0, this.big ? 16 : 8, 'header')).buffer);
    if (!this.big) {
      const low = head.getUint32(4, this.littleEndian);
      // Hamamatsu keeps 64-bit offsets in classic TIFF; the upper half is non-zero only in files that need
      // it.
      if (this.source.size > 0xffff_ffff && this.littleEndian) {
        const wide = await readExactly(this.source, 4, 8, 'header');
        const offset = Number(new DataView(wide.buffer).getBigUint64(0, true));
        if (offset > 0xffff_ffff && offset < this.source.size) return offset;
      }
      return low;
    }
    if (head.getUint16(4, this.littleEndian) !== 8) throw this.corrupt('BigTIFF offsets are not 8 bytes.');
    return Number(head.getBigUint64(8, this.littleEndian));
  }

  #readDirectory(offset: number): Promise<ReadDirectory> {
    let reading = this.#read.get(offset);
    if (reading === undefined) {
      reading = this.#parseDirectory(offset);
      this.#read.set(offset, reading);
    }
    return reading;
  }

  async #parseDirectory(offset: number): Promise<ReadDirectory> {
    const { big, littleEndian: le } = this;
    const countBytes = big ? 8 : 2;
    const head = new DataView((await readExactly(this.source, offset, countBytes, 'directory')).buffer);
    const count = big ? Number(head.getBigUint64(0, le)) : head.getUint16(0, le);
    if (count === 0 || count > maxEntries) throw this.corrupt(`A directory claims ${count} entries.`);
    const recordBytes = big ? 20 : 12;
    const body = await readExactly(this.source, offset + countBytes, count * recordBytes, 'directory');
    const view = new DataView(body.buffer);
    const nextAt = offset + countBytes + count * recordBytes;
    const entries = new Map<number, TiffEntry>();
    for (let i = 0; i < count; i++) {
      const at = i * recordBytes;
      const type = view.getUint16(at + 2, le);
      const values = big ? Number(view.getBigUint64(at + 4, le)) : view.getUint32(at + 4, le);
      const length = values * typeBytes(type);
      const inline = big ? 8 : 4;
      const valueAt = at + (big ? 12 : 8);
      const number = view.getUint16(at, le);
      // Undefined types are skipped, as TIFF 6.0 asks of readers, and so is what nobody reads.
      if (length === 0 || !isReadTag(number)) continue;
      const bytes = length <= inline ? body.slice(valueAt, valueAt + length) : null;
      const raw = big ? Number(view.getBigUint64(valueAt, le)) : view.getUint32(valueAt, le);
      entries.set(number, { type, count: values, bytes, offset: this.near(raw, offset) });
    }
    for (const entry of entries.values()) {
      const length = entry.count * typeBytes(entry.type);
      this.budget.spend(entryBytes + (length <= eagerBytes ? length : 0), 'directories');
      if (entry.bytes === null && length <= eagerBytes) {
        entry.bytes = await this.valueBytes(entry.offset, length);
      }
    }
    const wideNext = big || (entries.has(65420) && this.source.size > 0xffff_ffff);
    let next = 0;
    const tail = new DataView((await this.source.read(nextAt, wideNext ? 8 : 4)).buffer);
    // A file that ends right after a directory has no more directories.
    if (tail.byteLength === (wideNext ? 8 : 4)) {
      next = wideNext ? Number(tail.getBigUint64(0, le)) : tail.getUint32(0, le);
    }
    return { directory: new TiffDirectory(this, offset, entries), next };
  }

  /**
   * Classic TIFF over 4 GiB (Hamamatsu): restores the lost upper half of an offset. What a directory points
   * to is shortly before it.
   */
  near(offset: number, directory: number): number {
    if (this.big || directory <= 0xffff_ffff) return offset;
    const fourGib = 2 ** 32;
    let result = Math.floor(directory / fourGib) * fourGib + (offset % fourGib);
    if (result >= directory) result -= fourGib;
    return result;
  }
}

const isDamage = (error: unknown): boolean =>
  error instanceof SlideError && (error.code === 'truncated' || error.code === 'corrupt');
