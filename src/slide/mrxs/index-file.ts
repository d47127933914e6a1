/** The index of a 3DHISTECH slide: where in the data files its images are. Numbers are little-endian, of 32 bits. */
import type { ByteBudget } from '../limits.ts';
import { SlideError, type ByteSource } from '../slide.ts';

/** A part of a data file. */
export interface MrxsEntry {
  /** Number of the data file. */
  readonly file: number;
  /** In bytes. */
  readonly offset: number;
  readonly length: number;
}

/** Numbers of an image in `MrxsImages.numbers`. */
export const imageStride = 4;

/** The only version that is known. */
const version = '01.02';

export class MrxsIndex {
  readonly #view: DataView;
  readonly #file: string;
  /** Where the pointers to the two tables are. */
  readonly #root: number;

  private constructor(view: DataView, file: string, root: number) {
    this.#view = view;
    this.#file = file;
    this.#root = root;
  }

  /** Reads the whole index. @param id of the slide, which it begins with. @throws SlideError */
  static async open(source: ByteSource, id: string, budget: ByteBudget): Promise<MrxsIndex> {
    budget.spend(source.size, 'index');
    const bytes = await source.read(0, source.size);
    const root = version.length + id.length;
    const head = new TextDecoder('latin1').decode(bytes.subarray(0, root));
    if (!/^\d\d\.\d\d/.test(head)) throw damaged(source.name, 'It does not begin like one.');
    if (!head.startsWith(version)) {
      throw new SlideError(
        'unsupported',
        source.name,
        `This index of a 3DHISTECH slide has version ${head.slice(0, version.length)}; ${version} is supported.`,
        'Export the slide as TIFF with 3DHISTECH SlideConverter, and open that.',
      );
    }
    if (head !== version + id) throw damaged(source.name, 'It belongs to another slide.');
    return new MrxsIndex(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), source.name, root);
  }

  /**
   * The images of a zoom level, four numbers each: place (row by row, of the grid of images at the camera's resolution), data
   * file, offset and length in bytes.
   * @param entry number of the level in the table of levels.
   */
  images(entry: number, budget: ByteBudget): number[] {
    let page = this.#firstPage(this.#number(this.#root) + 4 * entry);
    const numbers: number[] = [];
    // No more images than the index has room for: pages that go round in a circle end, too.
    for (let room = Math.floor(this.#view.byteLength / 16); page !== 0;) {
      const count = this.#number(page);
      room -= count + 1;
      if (room < -1) throw damaged(this.#file, 'It lists more images than it has room for.');
      budget.spend(count * imageStride * 8, 'index');
      for (let at = page + 8; at < page + 8 + 16 * count; at += 16) {
        numbers.push(this.#number(at), this.#number(at + 12), this.#number(at + 4), this.#number(at + 8));
      }
      page = this.#number(page + 4);
    }
    return numbers;
  }

  /** Whether the index has a list for an entry of the table of levels. @throws SlideError `corrupt`. */
  hasList(entry: number): boolean {
    return this.#number(this.#number(this.#root) + 4 * entry) !== 0;
  }

  /** An entry beside the levels; null where it is empty. @param record number in the order of Slidedat.ini. */
  record(record: number): MrxsEntry | null {
    const page = this.#firstPage(this.#number(this.#root + 4) + 4 * record);
    if (page === 0 || this.#number(page) < 1) return null;
    const at = page + 16;
    return { offset: this.#number(at), length: this.#number(at + 4), file: this.#number(at + 8) };
  }

  /** The first page of a list, by a pointer to its head: zero, and a pointer to the page. */
  #firstPage(pointer: number): number {
    const head = this.#number(pointer);
    if (this.#number(head) !== 0) throw damaged(this.#file, 'A list does not begin like one.');
    return this.#number(head + 4);
  }

  #number(at: number): number {
    if (at + 4 > this.#view.byteLength) throw damaged(this.#file, 'It points beyond its end.');
    return this.#view.getUint32(at, true);
  }
}

function damaged(file: string, problem: string): SlideError {
  return new SlideError(
    'corrupt',
    file,
    `The index of this 3DHISTECH slide is damaged. ${problem}`,
    'Copy the whole folder of the slide again.',
  );
}
