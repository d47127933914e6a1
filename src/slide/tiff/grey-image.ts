/**
 * One channel of a fluorescence image: a TIFF image of one 8- or 16-bit sample, whose values are kept
 * unchanged. `TiffImage` reads everything that is displayed directly.
 */
import { brokenTile } from '../broken-tile.ts';
import { abortReason } from '../../base/abort.ts';
import { maxSide, maxTilePixels, maxTiles } from '../limits.ts';
import { SlideError, type SlidePlatform } from '../slide.ts';
import { isByteCodec, unpack } from './codecs.ts';
import { compression, photometric, tag } from './tags.ts';
import { loadZstd } from './zstd.ts';
import { blockBytes } from './block-bytes.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffFile } from './tiff-file.ts';
import { checkEncodedTile, tilePlace } from '../encoded-tile.ts';
import { completeJpeg } from '../jpeg.ts';
import { unsupported } from './tiff-support.ts';

export class GreyImage {
  readonly columns: number;
  readonly rows: number;
  readonly #file: TiffFile;
  readonly #directory: TiffDirectory;
  readonly width: number;
  readonly height: number;
  /** Height of a tile or of a strip. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly bits: 8 | 16;
  readonly #scheme: number;
  readonly #predictor: number;
  readonly #tables: Uint8Array | null;

  private constructor(
    file: TiffFile,
    directory: TiffDirectory,
    width: number,
    height: number,
    tileWidth: number,
    tileHeight: number,
    bits: 8 | 16,
    scheme: number,
    predictor: number,
    tables: Uint8Array | null,
  ) {
    this.#file = file;
    this.#directory = directory;
    this.width = width;
    this.height = height;
    this.tileWidth = tileWidth;
    this.tileHeight = tileHeight;
    this.bits = bits;
    this.#scheme = scheme;
    this.#predictor = predictor;
    this.#tables = tables;
    this.columns = Math.ceil(width / tileWidth);
    this.rows = Math.ceil(height / tileHeight);
  }

  /** @throws SlideError `corrupt`, `unsupported`. */
  static async open(file: TiffFile, directory: TiffDirectory): Promise<GreyImage> {
    const width = directory.number(tag.imageWidth) ?? 0;
    const height = directory.number(tag.imageLength) ?? 0;
    const tiled = directory.has(tag.tileWidth);
    const tileWidth = tiled ? (directory.number(tag.tileWidth) ?? 0) : width;
    const strip = Math.min(height, directory.number(tag.rowsPerStrip) ?? height);
    const tileHeight = tiled ? (directory.number(tag.tileLength) ?? 0) : strip;
    const sides = [width, height, tileWidth, tileHeight];
    if (!sides.every((side) => Number.isInteger(side) && side >= 1 && side <= maxSide)) {
      throw file.corrupt(
        `A channel claims ${width} by ${height} pixels in tiles of ${tileWidth} by ${tileHeight}.`,
      );
    }
    if (tileWidth * tileHeight > maxTilePixels)
      throw unsupported(file, `Its ${tiled ? 'tiles' : 'strips'} are too large.`);
    const tiles = Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight);
    if (tiles > maxTiles) throw file.corrupt(`A channel claims ${tiles} tiles.`);
    const bits = directory.number(tag.bitsPerSample) ?? 1;
    const samples = directory.number(tag.samplesPerPixel) ?? 1;
    const format = directory.number(tag.sampleFormat) ?? 1;
    if (samples !== 1 || format !== 1 || (bits !== 8 && bits !== 16)) {
      throw unsupported(
        file,
        `Its channels have ${samples} ${samples === 1 ? 'sample' : 'samples'} of ${bits} bits${format === 1 ? '' : ', not whole numbers'}; only single samples of 8 or 16 bits are supported.`,
      );
    }
    const scheme = directory.number(tag.compression) ?? compression.none;
    const predictor = directory.number(tag.predictor) ?? 1;
    if (!(isByteCodec(scheme) || (scheme === compression.jpeg && bits === 8)) || predictor > 2) {
      throw unsupported(file, `The compression of its channels (TIFF code ${scheme}) is not supported.`);
    }
    if (scheme === compression.zstd) await loadZstd();
    const tables = await directory.bytes(tag.jpegTables);
    return new GreyImage(
      file,
      directory,
      width,
      height,
      tileWidth,
      tileHeight,
      bits,
      scheme,
      predictor,
      tables,
    );
  }

  /**
   * Values of a tile, `tileWidth × tileHeight`, row by row; null where the file omits it.
   * @throws SlideError `broken-tile`.
   */
  async values(
    column: number,
    row: number,
    platform: SlidePlatform,
    signal?: AbortSignal,
  ): Promise<Uint8Array | Uint16Array | null> {
    const where = `tile ${column}, ${row}`;
    const bytes = await blockBytes(this.#file, this.#directory, row * this.columns + column, where, signal);
    if (bytes === null) return null;
    try {
      const values =
        this.#scheme === compression.jpeg
          ? await this.#fromJpeg(bytes, column, row, platform, signal)
          : this.#fromBytes(bytes, row);
      // Bright is high, whatever the file calls white.
      const white = 2 ** this.bits - 1;
      return this.#directory.number(tag.photometric) === photometric.whiteIsZero
        ? values.map((value) => white - value)
        : values;
    } catch (cause) {
      if (signal?.aborted) throw abortReason(signal);
      if (cause instanceof SlideError) throw cause;
      throw brokenTile(this.#file.source.name, where, 'Its data is damaged.', cause);
    }
  }

  #fromBytes(bytes: Uint8Array, row: number): Uint8Array | Uint16Array {
    // The last strip may be lower than the others; a tile never is.
    const rows = this.#directory.has(tag.tileWidth)
      ? this.tileHeight
      : Math.min(this.tileHeight, this.height - row * this.tileHeight);
    const count = this.tileWidth * rows;
    const full = (this.tileWidth * this.tileHeight * this.bits) / 8;
    const raw = unpack(this.#scheme, bytes, (count * this.bits) / 8, full);
    if (raw.length < (count * this.bits) / 8) throw new Error('It has too little data.');
    const size = this.tileWidth * this.tileHeight;
    const values = this.bits === 8 ? new Uint8Array(size) : new Uint16Array(size);
    if (this.bits === 8) values.set(raw.subarray(0, count));
    else {
      const [high, low] = this.#file.littleEndian ? [1, 0] : [0, 1];
      for (let i = 0; i < count; i++) values[i] = (raw[2 * i + high]! << 8) | raw[2 * i + low]!;
    }
    if (this.#predictor === 2) {
      // Typed arrays wrap around, as the predictor does.
      for (let i = 0; i < count; i++) if (i % this.tileWidth !== 0) values[i] = values[i]! + values[i - 1]!;
    }
    return values;
  }

  async #fromJpeg(
    bytes: Uint8Array<ArrayBuffer>,
    column: number,
    row: number,
    platform: SlidePlatform,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const file = completeJpeg(bytes, this.#tables, 'ycbcr');
    checkEncodedTile(file, 'image/jpeg', tilePlace(this, column, row));
    const { data, width, height } = await platform.decoder.decode(file, 'image/jpeg', signal);
    const values = new Uint8Array(this.tileWidth * this.tileHeight);
    for (let y = 0; y < Math.min(height, this.tileHeight); y++) {
      for (let x = 0; x < Math.min(width, this.tileWidth); x++) {
        values[y * this.tileWidth + x] = data[4 * (y * width + x)]!;
      }
    }
    return values;
  }
}
