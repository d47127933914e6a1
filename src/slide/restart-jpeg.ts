/**
 * A JPEG image far too large to decode, with restart markers: its data consists of intervals that stand for themselves. A tile
 * is assembled from the intervals it covers: the image's own header with the tile's size, then the renumbered intervals.
 */
import { brokenTile } from './broken-tile.ts';
import { checkEncodedTile, tilePlace } from './encoded-tile.ts';
import { completeJpeg, join, type JpegFrame } from './jpeg.ts';
import { maxTileBytes } from './limits.ts';
import type { ByteSource, SlidePlatform, TilePayload } from './slide.ts';

/** A tile is about this high and has at most this many pixels. */
const tileRows = 256;
const tileColumns = 256;
const maxTilePixels = 2 ** 21;
/** An image without usable restart markers is one tile, up to this size. */
export const maxWholePixels = 2 ** 24;

/** Where the restart intervals of an image are, and how they tile it. */
export interface RestartIntervals {
  /** Size of an interval in pixels; the last column and row may extend beyond the image. */
  readonly width: number;
  readonly height: number;
  /** Intervals per row. */
  readonly columns: number;
  readonly rows: number;
  /** Offsets of a row's intervals from the start of the stream, and the offset where the last one ends. */
  offsets(row: number, signal?: AbortSignal): Float64Array | Promise<Float64Array>;
}

/** A stream within a file. */
export interface RestartStream {
  readonly source: ByteSource;
  /** Where it starts, and its length, bytes. */
  readonly offset: number;
  readonly length: number;
  /** The stream up to its entropy-coded data. */
  readonly header: Uint8Array<ArrayBuffer>;
  readonly frame: JpegFrame;
}

export class RestartJpeg {
  readonly width: number;
  readonly height: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly columns: number;
  readonly rows: number;
  readonly #stream: RestartStream;
  /** null for an image that is one tile. */
  readonly #intervals: RestartIntervals | null;

  private constructor(
    stream: RestartStream,
    size: { readonly width: number; readonly height: number },
    tileWidth: number,
    tileHeight: number,
    intervals: RestartIntervals | null,
  ) {
    this.width = size.width;
    this.height = size.height;
    this.tileWidth = tileWidth;
    this.tileHeight = tileHeight;
    this.columns = Math.ceil(size.width / tileWidth);
    this.rows = Math.ceil(size.height / tileHeight);
    this.#stream = stream;
    this.#intervals = intervals;
  }

  /**
   * @param intervals null where there are no usable restart markers.
   * @returns a sentence that says why the image cannot be read in tiles.
   */
  static of(
    stream: RestartStream,
    size: { readonly width: number; readonly height: number },
    intervals: RestartIntervals | null,
  ): RestartJpeg | string {
    if (intervals === null) {
      if (size.width * size.height > maxWholePixels)
        return 'A level has no usable restart markers and is too large.';
      return new RestartJpeg(stream, size, size.width, size.height, null);
    }
    const across = Math.min(intervals.columns, Math.ceil(tileColumns / intervals.width));
    const tileWidth = across * intervals.width;
    const fit = Math.floor(Math.min(tileRows, maxTilePixels / tileWidth) / intervals.height);
    const tileHeight = intervals.height * Math.max(1, Math.min(fit, intervals.rows));
    if (tileWidth * tileHeight > maxWholePixels || tileWidth > 65_535 || tileHeight > 65_535)
      return 'Its restart intervals are too large.';
    return new RestartJpeg(stream, size, tileWidth, tileHeight, intervals);
  }

  /** @throws SlideError `broken-tile`. */
  async tile(
    column: number,
    row: number,
    _platform: SlidePlatform,
    signal?: AbortSignal,
  ): Promise<TilePayload> {
    const intervals = this.#intervals;
    const { header, frame, source, length } = this.#stream;
    const where = `tile ${column}, ${row}`;
    if (intervals === null)
      return this.#encoded(await this.#read(0, length, where, signal), column, row, where);
    const firstColumn = (column * this.tileWidth) / intervals.width;
    const firstRow = (row * this.tileHeight) / intervals.height;
    const endColumn = Math.min(intervals.columns, firstColumn + this.tileWidth / intervals.width);
    const endRow = Math.min(intervals.rows, firstRow + this.tileHeight / intervals.height);
    const start = header.slice();
    setFrameSize(
      start,
      frame,
      Math.min(this.tileWidth, this.width - column * this.tileWidth),
      Math.min(this.tileHeight, this.height - row * this.tileHeight),
    );
    const lines: Float64Array[] = [];
    for (let r = firstRow; r < endRow; r++) {
      lines.push((await intervals.offsets(r, signal)).subarray(firstColumn, endColumn + 1));
    }
    let total = 0;
    for (const line of lines) {
      for (let k = 0; k + 1 < line.length; k++) {
        if (!(line[k]! < line[k + 1]!)) throw brokenTile(source.name, where, damagedMarkers);
      }
      total += line.at(-1)! - line[0]!;
    }
    if (total > maxTileBytes) throw brokenTile(source.name, where, `It claims ${total} bytes.`);
    const data = await Promise.all(
      lines.map((line) => this.#read(line[0]!, line.at(-1)! - line[0]!, where, signal)),
    );
    const parts: Uint8Array[] = [start];
    let count = 0;
    for (const [i, line] of lines.entries()) {
      for (let k = 0; k + 1 < line.length; k++) {
        if (count > 0) parts.push(Uint8Array.of(0xff, 0xd0 + ((count - 1) % 8)));
        parts.push(withoutMarker(data[i]!.subarray(line[k]! - line[0]!, line[k + 1]! - line[0]!)));
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
      throw brokenTile(this.#stream.source.name, where, 'Its image data is damaged.', cause);
    }
    return { kind: 'encoded', type: 'image/jpeg', bytes };
  }

  async #read(
    from: number,
    length: number,
    where: string,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { source, offset, length: all } = this.#stream;
    if (length > maxTileBytes) throw brokenTile(source.name, where, `It claims ${length} bytes.`);
    if (!(length > 0) || from + length > all) throw brokenTile(source.name, where, damagedMarkers);
    if (offset + from + length > source.size)
      throw brokenTile(source.name, where, 'It is past the end of the file.');
    return source.read(offset + from, length, signal);
  }
}

const damagedMarkers = 'The table of restart markers is damaged.';

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
