/**
 * Hamamatsu NDPI: a TIFF whose levels are single JPEG images, far too large to decode, with restart markers
 * and a table of the restart intervals' offsets (tags 65426, 65432). A tile is assembled from the intervals
 * it covers: the level's own header with the tile's size, then the renumbered intervals.
 */
import { checkEncodedTile, tilePlace } from '../encoded-tile.ts';
import { completeJpeg, jpegFrame, join, type JpegFrame } from '../jpeg.ts';
import { maxProperties, maxSide, maxTileBytes } from '../limits.ts';
import { SlideError, type SlideMpp, type SlidePlatform, type TilePayload } from '../slide.ts';
import { withoutEmpty } from './generic-tiff.ts';
import { resolutionMpp } from './resolution.ts';
import { compression, ndpiTag as ndpi, tag } from './tags.ts';
import { brokenTile } from '../broken-tile.ts';
import { TiffImage } from './tiff-image.ts';
import type { TiffDirectory, TiffFile } from './tiff-file.ts';
import { associated, type AssociatedSource, type TiffContents, type TileGrid } from './tiff-slide.ts';

/** A tile is about this high and has at most this many pixels. */
const tileRows = 256;
const tileColumns = 256;
const maxTilePixels = 2 ** 21;
/** A level without usable restart markers is one tile, up to this size. */
const maxWholePixels = 2 ** 24;
/** Largest JPEG header of a level, in bytes. */
const headerBytes = 64 * 1024;

/** Whether the first directory carries Hamamatsu's tag. */
export function isNdpi(file: TiffFile): boolean {
  return file.directories[0]!.has(ndpi.marker);
}

/** @throws SlideError `unsupported`, `corrupt`, `truncated`. */
export async function ndpiContents(file: TiffFile): Promise<TiffContents> {
  const first = file.directories[0]!;
  const levels: TileGrid[] = [];
  const images: AssociatedSource[] = [];
  for (const directory of file.directories) {
    const lens = directory.number(ndpi.sourceLens) ?? 0;
    if (lens > 0 && (directory.number(ndpi.zOffset) ?? 0) === 0) {
      const width = directory.number(tag.imageWidth) ?? 0;
      if (levels.length === 0 || width < levels.at(-1)!.width)
        levels.push(await NdpiLevel.open(file, directory));
    } else if (lens < 0) {
      const name = lens === -1 ? 'macro' : lens === -2 ? 'map' : `image ${images.length + 1}`;
      const image = await TiffImage.open(file, directory);
      if (!images.some((one) => one.name === name)) {
        images.push(associated(name, image));
      }
    }
  }
  const mpp: SlideMpp | null = resolutionMpp(first);
  const make = [await first.text(tag.make), await first.text(tag.model)].filter(Boolean).join(' ');
  const lens = first.number(ndpi.sourceLens) ?? 0;
  return {
    format: 'hamamatsu-ndpi',
    directory: first,
    levels,
    associated: images,
    mpp: mpp === null ? null : { ...mpp, source: 'NDPI resolution' },
    magnification: lens > 0 ? lens : null,
    scanner: make === '' ? null : make,
    properties: withoutEmpty({
      Software: await first.text(tag.software),
      DateTime: await first.text(tag.dateTime),
      XOffsetFromSlideCentre: String(first.number(ndpi.xOffset) ?? ''),
      YOffsetFromSlideCentre: String(first.number(ndpi.yOffset) ?? ''),
      ...keyValueLines(await first.text(ndpi.properties)),
    }),
  };
}

function keyValueLines(text: string): Record<string, string> {
  const properties: Record<string, string> = {};
  for (const line of text.split(/\r?\n/, maxProperties)) {
    const equals = line.indexOf('=');
    if (equals > 0) properties[line.slice(0, equals).trim()] = line.slice(equals + 1).trim();
  }
  return properties;
}

/** Where the restart intervals of a level are, and how they tile it. */
interface Intervals {
  /** Offset of each interval's data from the start of the JPEG stream. */
  readonly starts: Float64Array;
  /** Size of an interval in pixels; the last column and row may extend beyond the level. */
  readonly width: number;
  readonly height: number;
  /** Intervals per row. */
  readonly columns: number;
  readonly rows: number;
}

class NdpiLevel implements TileGrid {
  readonly columns: number;
  readonly rows: number;
  readonly #file: TiffFile;
  readonly width: number;
  readonly height: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly #streamAt: number;
  readonly #streamLength: number;
  /** The stream up to its entropy-coded data. */
  readonly #header: Uint8Array<ArrayBuffer>;
  readonly #frame: JpegFrame;
  /** null for a level that is one tile. */
  readonly #intervals: Intervals | null;

  private constructor(
    file: TiffFile,
    width: number,
    height: number,
    tileWidth: number,
    tileHeight: number,
    streamAt: number,
    streamLength: number,
    header: Uint8Array<ArrayBuffer>,
    frame: JpegFrame,
    intervals: Intervals | null,
  ) {
    this.#file = file;
    this.width = width;
    this.height = height;
    this.tileWidth = tileWidth;
    this.tileHeight = tileHeight;
    this.#streamAt = streamAt;
    this.#streamLength = streamLength;
    this.#header = header;
    this.#frame = frame;
    this.#intervals = intervals;
    this.columns = Math.ceil(width / tileWidth);
    this.rows = Math.ceil(height / tileHeight);
  }

  static async open(file: TiffFile, directory: TiffDirectory): Promise<NdpiLevel> {
    const refuse = (problem: string): SlideError =>
      new SlideError(
        'unsupported',
        file.source.name,
        problem,
        'Convert it to a pyramidal TIFF, for example with NDPITools or vips.',
      );
    const scheme = directory.number(tag.compression);
    if (scheme !== compression.jpeg) throw refuse(`Its compression (TIFF code ${scheme}) is not supported.`);
    const width = directory.number(tag.imageWidth) ?? 0;
    const height = directory.number(tag.imageLength) ?? 0;
    const offset = file.near(directory.number(tag.stripOffsets) ?? 0, directory.offset);
    const length = directory.number(tag.stripByteCounts) ?? 0;
    if (![width, height].every((side) => Number.isInteger(side) && side > 0 && side < maxSide)) {
      throw file.corrupt(`A level claims ${width} by ${height} pixels.`);
    }
    if (offset + 4 > file.source.size) throw file.corrupt('A level is past the end of the file.');
    const head = await file.source.read(offset, Math.min(headerBytes, Math.max(length, 4)));
    const frame = jpegFrame(head);
    if (frame === null || frame.dataAt >= head.length) throw file.corrupt('A level is not a JPEG image.');
    const header = head.slice(0, frame.dataAt);
    const intervals = await readIntervals(directory, frame, width, height);
    if (intervals === null) {
      if (width * height > maxWholePixels)
        throw refuse('A level has no usable restart markers and is too large.');
      return new NdpiLevel(file, width, height, width, height, offset, length, header, frame, null);
    }
    const across = Math.min(intervals.columns, Math.ceil(tileColumns / intervals.width));
    const tileWidth = across * intervals.width;
    const fit = Math.floor(Math.min(tileRows, maxTilePixels / tileWidth) / intervals.height);
    const tileHeight = intervals.height * Math.max(1, Math.min(fit, intervals.rows));
    if (tileWidth * tileHeight > maxWholePixels || tileWidth > 65_535 || tileHeight > 65_535) {
      throw refuse('Its restart intervals are too large.');
    }
    return new NdpiLevel(
      file,
      width,
      height,
      tileWidth,
      tileHeight,
      offset,
      length,
      header,
      frame,
      intervals,
    );
  }

  async tile(
    column: number,
    row: number,
    _platform: SlidePlatform,
    signal?: AbortSignal,
  ): Promise<TilePayload> {
    const intervals = this.#intervals;
    const header = this.#header;
    const frame = this.#frame;
    const where = `tile ${column}, ${row}`;
    if (intervals === null) {
      const stream = await this.#read(0, this.#streamLength, where, signal);
      return this.#encoded(stream, column, row, where);
    }
    const firstColumn = (column * this.tileWidth) / intervals.width;
    const firstRow = (row * this.tileHeight) / intervals.height;
    const endColumn = Math.min(intervals.columns, firstColumn + this.tileWidth / intervals.width);
    const endRow = Math.min(intervals.rows, firstRow + this.tileHeight / intervals.height);
    const width = Math.min(this.tileWidth, this.width - column * this.tileWidth);
    const height = Math.min(this.tileHeight, this.height - row * this.tileHeight);
    const start = header.slice();
    setFrameSize(start, frame, width, height);
    const spans: [from: number, length: number][] = [];
    let total = 0;
    for (let r = firstRow; r < endRow; r++) {
      const index = r * intervals.columns;
      const [from, length] = this.#span(intervals, index + firstColumn, index + endColumn, where);
      spans.push([from, length]);
      total += length;
    }
    if (total > maxTileBytes) throw brokenTile(this.#file.source.name, where, `It claims ${total} bytes.`);
    const lines = spans.map(([from, length]) => this.#read(from, length, where, signal));
    const parts: Uint8Array[] = [start];
    let count = 0;
    for (const [i, line] of (await Promise.all(lines)).entries()) {
      const index = (firstRow + i) * intervals.columns + firstColumn;
      const base = intervals.starts[index]!;
      for (let k = index; k < index + endColumn - firstColumn; k++) {
        if (count > 0) parts.push(Uint8Array.of(0xff, 0xd0 + ((count - 1) % 8)));
        const end = k + 1 < intervals.starts.length ? intervals.starts[k + 1]! - base : line.length;
        parts.push(withoutMarker(line.subarray(intervals.starts[k]! - base, end)));
        count++;
      }
    }
    parts.push(Uint8Array.of(0xff, 0xd9));
    return this.#encoded(join(parts), column, row, where);
  }

  #encoded(stream: Uint8Array<ArrayBuffer>, column: number, row: number, where: string): TilePayload {
    const bytes = completeJpeg(stream, null, 'ycbcr');
    try {
      checkEncodedTile(bytes, 'image/jpeg', tilePlace(this, column, row));
    } catch (cause) {
      throw brokenTile(this.#file.source.name, where, 'Its image data is damaged.', cause);
    }
    return { kind: 'encoded', type: 'image/jpeg', bytes };
  }

  /** Where the bytes of intervals `first` … `end - 1` are, which are contiguous in the stream. */
  #span(
    { starts }: Intervals,
    first: number,
    end: number,
    where: string,
  ): readonly [from: number, length: number] {
    const to = (index: number): number => (index < starts.length ? starts[index]! : this.#streamLength);
    for (let k = first; k < end; k++) {
      if (!(to(k) < to(k + 1))) {
        throw brokenTile(this.#file.source.name, where, 'The table of restart markers is damaged.');
      }
    }
    return [starts[first]!, to(end) - starts[first]!];
  }

  async #read(
    offset: number,
    length: number,
    where: string,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { source } = this.#file;
    if (length > maxTileBytes) throw brokenTile(source.name, where, `It claims ${length} bytes.`);
    if (!(length > 0) || offset + length > this.#streamLength) {
      throw brokenTile(source.name, where, 'The table of restart markers is damaged.');
    }
    if (this.#streamAt + offset + length > source.size) {
      throw brokenTile(source.name, where, 'It is past the end of the file.');
    }
    return source.read(this.#streamAt + offset, length, signal);
  }
}

/** The table of restart intervals; null where it is absent or does not match the image. */
async function readIntervals(
  directory: TiffDirectory,
  frame: JpegFrame,
  width: number,
  height: number,
): Promise<Intervals | null> {
  const { mcuWidth, mcuHeight, restartInterval } = frame;
  const across = Math.ceil(width / mcuWidth);
  const down = Math.ceil(height / mcuHeight);
  if (restartInterval === 0 || across % restartInterval !== 0) return null;
  const columns = across / restartInterval;
  const low = await directory.numbers(ndpi.mcuStarts);
  if (low.length !== columns * down) return null;
  const high = await directory.numbers(ndpi.mcuStartsHigh);
  const starts = high.length === low.length ? low.map((value, i) => value + high[i]! * 2 ** 32) : low;
  return { starts, width: restartInterval * mcuWidth, height: mcuHeight, columns, rows: down };
}

/** Writes a size into the frame header. */
function setFrameSize(header: Uint8Array, { frameAt }: JpegFrame, width: number, height: number): void {
  header[frameAt + 5] = height >> 8;
  header[frameAt + 6] = height & 255;
  header[frameAt + 7] = width >> 8;
  header[frameAt + 8] = width & 255;
}

/** An interval's data without the restart or end marker after it. */
function withoutMarker(bytes: Uint8Array): Uint8Array {
  for (let at = bytes.length - 2; at >= Math.max(0, bytes.length - 16); at--) {
    const next = bytes[at + 1]!;
    if (bytes[at] === 0xff && ((next >= 0xd0 && next <= 0xd7) || next === 0xd9)) return bytes.subarray(0, at);
  }
  return bytes;
}
