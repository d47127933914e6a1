/**
 * The structure of a CZI file (ZEISS, "ZISRAW (CZI) file format"): segments of bytes with a name and a length, of which a
 * directory lists the pictures (subblocks). Numbers are little-endian.
 */
import { readExactly } from '../byte-source.ts';
import { maxSide, maxTagBytes, maxTiles, maxXmlBytes, type ByteBudget } from '../limits.ts';
import { SlideError, type ByteSource } from '../slide.ts';

/** Offsets of what the file consists of; 0 where it has none. */
export interface CziHeader {
  readonly directory: number;
  readonly metadata: number;
  readonly attachments: number;
}

/** A picture: a camera tile, or a reduced copy of several. */
export interface CziSubblock {
  /** Offset of its segment. */
  readonly at: number;
  readonly pixelType: number;
  readonly compression: number;
  /** Place in pixels of the scan; may be negative. */
  readonly x: number;
  readonly y: number;
  /** What it covers, in pixels of the scan. */
  readonly width: number;
  readonly height: number;
  /** Its own pixels: fewer in a reduced copy. */
  readonly storedWidth: number;
  readonly storedHeight: number;
  readonly channel: number;
  /** Scanned region. */
  readonly scene: number;
  /** Camera tile; a higher one lies on top. -1 where it has none. */
  readonly mosaic: number;
  /** Which focal plane, time and so on, in the order of `planeDimensions`; one array for all subblocks of a plane. */
  readonly plane: readonly number[];
}

/** Something else that is stored in the file. */
export interface CziAttachment {
  readonly name: string;
  /** For example `JPG`, or `CZI` for a file within the file. */
  readonly type: string;
  /** Offset and length of its content. */
  readonly at: number;
  readonly length: number;
}

/** Dimensions of which a picture shows one plane, and how many planes are called. */
export const planeDimensions = [
  ['T', 'times'],
  ['Z', 'focal planes'],
  ['R', 'rotations'],
  ['I', 'illuminations'],
  ['H', 'phases'],
  ['V', 'views'],
  ['B', 'blocks'],
] as const;

const segmentHead = 32;
const headerBytes = 80;
const directoryHead = 128;
const entryHead = 32;
const dimensionBytes = 20;
/** Dimensions of an entry; the format has twelve. */
const maxDimensions = 40;
/** Memory of a subblock, about. */
const subblockBytes = 300;
const attachmentBytes = 128;
const attachmentHead = 256;
const maxAttachments = 4096;

/** Whether the first bytes are those of a CZI file. */
export function isCzi(head: Uint8Array): boolean {
  return [...'ZISRAWFILE'].every((letter, i) => head[i] === letter.charCodeAt(0));
}

/** Reads segments of one file. */
export class CziFile {
  readonly source: ByteSource;
  readonly budget: ByteBudget;

  constructor(source: ByteSource, budget: ByteBudget) {
    this.source = source;
    this.budget = budget;
  }

  corrupt(problem: string): SlideError {
    return new SlideError(
      'corrupt',
      this.source.name,
      `The file is damaged. ${problem}`,
      'Copy or export it again.',
    );
  }

  /** @throws SlideError `unsupported` for the parts of a file in several parts. */
  unsupported(problem: string, remedy: string): SlideError {
    return new SlideError('unsupported', this.source.name, `This is a Zeiss CZI file. ${problem}`, remedy);
  }

  async header(): Promise<CziHeader> {
    const view = await this.#bytes(segmentHead, headerBytes, 'header');
    if (view.getInt32(48, true) !== 0) throw this.#parts();
    const directory = this.#offset(view, 52);
    if (directory === 0) {
      throw this.unsupported(
        'It has no list of its pictures: its acquisition was not finished.',
        'Open it in ZEN and save it again.',
      );
    }
    return { directory, metadata: this.#offset(view, 60), attachments: this.#offset(view, 72) };
  }

  #parts(): SlideError {
    return this.unsupported(
      'It is one of several parts of a slide, which are not supported.',
      'Save it as a single CZI file with ZEN.',
    );
  }

  /** All subblocks, in the order of the directory. */
  async subblocks(directory: number): Promise<CziSubblock[]> {
    const { at, length } = await this.#segment(directory, 'ZISRAWDIRECTORY', 'list of pictures');
    const count = (await this.#bytes(at, 4, 'list of pictures')).getInt32(0, true);
    const most = (length - directoryHead) / (entryHead + dimensionBytes);
    if (!(count >= 0 && count <= maxTiles && count <= most)) {
      throw this.corrupt(`Its list claims ${count} pictures.`);
    }
    this.budget.spend(length + count * subblockBytes, 'list of pictures');
    const view = await this.#bytes(at + directoryHead, length - directoryHead, 'list of pictures');
    const found: CziSubblock[] = [];
    const planes = new Map<string, readonly number[]>();
    for (let i = 0, next = 0; i < count; i++) {
      const { subblock, entryBytes } = this.#entry(view, next, planes);
      found.push(subblock);
      next += entryBytes;
    }
    return found;
  }

  #entry(
    view: DataView,
    at: number,
    planes: Map<string, readonly number[]>,
  ): { readonly subblock: CziSubblock; readonly entryBytes: number } {
    const fits = (bytes: number): boolean => at + bytes <= view.byteLength;
    if (!fits(entryHead) || letters(view, at, 2) !== 'DV')
      throw this.corrupt('Its list of pictures is damaged.');
    const count = view.getInt32(at + 28, true);
    const entryBytes = entryHead + count * dimensionBytes;
    if (!(count >= 2 && count <= maxDimensions) || !fits(entryBytes)) {
      throw this.corrupt('Its list of pictures is damaged.');
    }
    if (view.getInt32(at + 14, true) !== 0) throw this.#parts();
    const starts = new Map<string, number>();
    const sizes = { X: [0, 0], Y: [0, 0] };
    for (let i = 0; i < count; i++) {
      const entry = at + entryHead + i * dimensionBytes;
      const name = letters(view, entry, 4);
      starts.set(name, view.getInt32(entry + 4, true));
      const size = view.getInt32(entry + 8, true);
      if (name === 'X' || name === 'Y') sizes[name] = [size, view.getInt32(entry + 16, true) || size];
    }
    const start = (name: string): number => starts.get(name) ?? 0;
    const numbers = planeDimensions.map(([name]) => start(name));
    const key = numbers.join();
    const plane = planes.get(key) ?? numbers;
    planes.set(key, plane);
    const [width, storedWidth] = sizes.X as [number, number];
    const [height, storedHeight] = sizes.Y as [number, number];
    const isWhole = [width, height, storedWidth, storedHeight].every((side) => side >= 1 && side <= maxSide);
    if (!isWhole || storedWidth > width || storedHeight > height) {
      throw this.corrupt(
        `A picture claims ${width} by ${height} pixels, stored as ${storedWidth} by ${storedHeight}.`,
      );
    }
    const subblock: CziSubblock = {
      at: this.#offset(view, at + 6),
      pixelType: view.getInt32(at + 2, true),
      compression: view.getInt32(at + 18, true),
      ...{ x: start('X'), y: start('Y'), width, height, storedWidth, storedHeight },
      ...{ channel: start('C'), scene: start('S'), mosaic: starts.get('M') ?? -1, plane },
    };
    return { subblock, entryBytes };
  }

  /** The description of the slide; null without one, or where it is too long. */
  async xml(metadata: number): Promise<string | null> {
    if (metadata === 0) return null;
    const { at, length } = await this.#segment(metadata, 'ZISRAWMETADATA', 'metadata');
    const size = (await this.#bytes(at, 8, 'metadata')).getInt32(0, true);
    if (!(size >= 0 && size <= length)) throw this.corrupt('The length of its metadata is wrong.');
    if (size > maxXmlBytes) return null;
    const bytes = await readExactly(this.source, at + 256, size, 'metadata');
    return new TextDecoder().decode(bytes);
  }

  /** What is attached; nothing where the list of it is damaged: the slide is shown without. */
  async attachments(list: number): Promise<CziAttachment[]> {
    if (list === 0) return [];
    const found: CziAttachment[] = [];
    try {
      const { at } = await this.#segment(list, 'ZISRAWATTDIR', 'list of attachments');
      const count = (await this.#bytes(at, 4, 'list of attachments')).getInt32(0, true);
      if (!(count >= 0 && count <= maxAttachments)) return [];
      this.budget.spend(count * 2 * attachmentBytes, 'attachments');
      const view = await this.#bytes(at + 256, count * attachmentBytes, 'list of attachments');
      for (let next = 0; next < view.byteLength; next += attachmentBytes) {
        if (letters(view, next, 2) !== 'A1') continue;
        const segment = await this.#segment(this.#offset(view, next + 12), 'ZISRAWATTACH', 'attachment');
        const length = (await this.#bytes(segment.at, 4, 'attachment')).getInt32(0, true);
        const from = segment.at + attachmentHead;
        if (length <= 0 || from + length > this.source.size) continue;
        const name = letters(view, next + 48, 80);
        found.push({ name, type: letters(view, next + 40, 8), at: from, length });
      }
    } catch (error) {
      if (!(error instanceof SlideError) || !['corrupt', 'truncated'].includes(error.code)) throw error;
    }
    return found;
  }

  /** The pixels of a subblock, as they are compressed. */
  async data({ at }: CziSubblock, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const head = segmentHead + 16 + entryHead;
    const view = await this.#bytes(at, head, 'picture', signal);
    if (letters(view, 0, 16) !== 'ZISRAWSUBBLOCK')
      throw this.corrupt('A picture is not where its list says.');
    const before = view.getInt32(segmentHead, true);
    const length = this.#offset(view, segmentHead + 8);
    if (before < 0 || length > maxTagBytes) throw this.corrupt('The length of a picture is wrong.');
    // Its entry of the list is repeated here.
    const dimensions = view.getInt32(head - 4, true);
    if (!(dimensions >= 0 && dimensions <= maxDimensions))
      throw this.corrupt('The head of a picture is damaged.');
    const entryBytes = entryHead + dimensions * dimensionBytes;
    const from = at + segmentHead + Math.max(256, 16 + entryBytes) + before;
    return readExactly(this.source, from, length, 'picture', signal);
  }

  /** Where a segment's content is. */
  async #segment(
    at: number,
    name: string,
    what: string,
  ): Promise<{ readonly at: number; readonly length: number }> {
    const view = await this.#bytes(at, segmentHead, what);
    if (letters(view, 0, 16) !== name) throw this.corrupt(`Its ${what} is not where the file says.`);
    const length = this.#offset(view, 24) || this.#offset(view, 16);
    return { at: at + segmentHead, length };
  }

  async #bytes(at: number, length: number, what: string, signal?: AbortSignal): Promise<DataView> {
    if (length < 0) throw this.corrupt(`The length of its ${what} is wrong.`);
    const bytes = await readExactly(this.source, at, length, what, signal);
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** A 64-bit offset or length, which lies in the file. */
  #offset(view: DataView, at: number): number {
    const value = view.getUint32(at, true) + view.getInt32(at + 4, true) * 2 ** 32;
    if (!(value >= 0 && value <= this.source.size))
      throw this.corrupt('It refers to a place beyond its end.');
    return value;
  }
}

/** Text of a fixed number of bytes, up to the first zero. */
function letters(view: DataView, at: number, length: number): string {
  const bytes = new Uint8Array(view.buffer, view.byteOffset + at, length);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
