/**
 * One image of a TIFF file (one directory) as a grid of tiles. Tiles are TIFF tiles; strips are joined into
 * full-width tiles of a few hundred rows. Blocks that a native decoder reads stay encoded.
 */
import { brokenTile } from '../broken-tile.ts';
import { checkEncodedTile, checkTileSize, type TilePlace } from '../encoded-tile.ts';
import { completeJpeg, isJpeg } from '../jpeg.ts';
import type { Jpeg2000Container } from '../stream-colours.ts';
import { abortReason } from '../../base/abort.ts';
import { maxAssociatedPixels, maxAssociatedTiles, maxSide, maxTilePixels, maxTiles } from '../limits.ts';
import { payloadPixels } from '../payload-pixels.ts';
import { blank, inverted, paste } from '../rgba.ts';
import {
  SlideError,
  type EncodedImageType,
  type RgbaImage,
  type SlidePlatform,
  type TilePayload,
} from '../slide.ts';
import { isByteCodec, undoDifferencing, unpack } from './codecs.ts';
import { toRgba, upperBytes, type SampleLayout } from './samples.ts';
import { loadZstd } from './zstd.ts';
import { compression, photometric, tag } from './tags.ts';
import { blockBytes } from './block-bytes.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffFile } from './tiff-file.ts';
import type { TileGrid } from './tiff-slide.ts';
import { checkSupport, containerColours, isJpeg2000, sampleLayout, unsupported } from './tiff-support.ts';

/** Tiles that are looked at to tell whether an image has any. */
const emptyProbes = 8;
/** Minimum number of rows of a tile made of strips, if the image is that high. */
const stripTileRows = 256;

export class TiffImage implements TileGrid {
  readonly columns: number;
  readonly rows: number;
  readonly #file: TiffFile;
  readonly directory: TiffDirectory;
  readonly width: number;
  readonly height: number;
  /** Size of the grid's tiles in pixels; a strip image's tiles are as wide as the image. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly tiled: boolean;
  /** Samples per pixel without alpha: levels of one slide have the same. */
  readonly channels: number;
  /** Samples per pixel that are not shown: those after the first of a grey image. */
  readonly hiddenSamples: number;
  /** Rows per TIFF block, which is a tile or strip. */
  readonly #blockHeight: number;
  readonly scheme: number;
  readonly #predictor: number;
  readonly #layout: SampleLayout;
  /** Grey whose 0 is white; decoders of whole images take it for black. */
  readonly #isInverted: boolean;
  readonly #tables: Uint8Array | null;
  /** What the file says of three components of JPEG or JPEG 2000. */
  readonly #colours: Jpeg2000Container;

  private constructor(
    file: TiffFile,
    directory: TiffDirectory,
    width: number,
    height: number,
    tileWidth: number,
    tileHeight: number,
    tiled: boolean,
    blockHeight: number,
    scheme: number,
    predictor: number,
    layout: SampleLayout,
    tables: Uint8Array | null,
    colours: Jpeg2000Container,
  ) {
    this.#file = file;
    this.directory = directory;
    this.width = width;
    this.height = height;
    this.tileWidth = tileWidth;
    this.tileHeight = tileHeight;
    this.tiled = tiled;
    this.#blockHeight = blockHeight;
    this.scheme = scheme;
    this.#predictor = predictor;
    this.#layout = layout;
    this.channels = layout.samples - (layout.alpha === 'none' ? 0 : 1);
    const isGrey =
      layout.photometric === photometric.blackIsZero || layout.photometric === photometric.whiteIsZero;
    this.hiddenSamples = isGrey && isByteCodec(scheme) ? this.channels - 1 : 0;
    this.#isInverted = layout.photometric === photometric.whiteIsZero && this.channels === 1;
    this.#tables = tables;
    this.#colours = colours;
    this.columns = Math.ceil(width / tileWidth);
    this.rows = Math.ceil(height / tileHeight);
  }

  /** @throws SlideError `corrupt` (sizes missing or absurd), `unsupported` (compression, bits, colours). */
  static async open(file: TiffFile, directory: TiffDirectory): Promise<TiffImage> {
    const width = directory.number(tag.imageWidth) ?? 0;
    const height = directory.number(tag.imageLength) ?? 0;
    if (!isSide(width) || !isSide(height))
      throw file.corrupt(`An image claims ${width} by ${height} pixels.`);
    const tiled = directory.has(tag.tileWidth) || directory.has(tag.tileOffsets);
    const rowsPerStrip = Math.min(height, directory.number(tag.rowsPerStrip) ?? height);
    const blockWidth = tiled ? (directory.number(tag.tileWidth) ?? 0) : width;
    const blockHeight = tiled ? (directory.number(tag.tileLength) ?? 0) : rowsPerStrip;
    if (!isSide(blockWidth) || !isSide(blockHeight)) {
      throw file.corrupt(`An image claims tiles of ${blockWidth} by ${blockHeight} pixels.`);
    }
    const joined = tiled ? 1 : Math.max(1, Math.floor(stripTileRows / blockHeight));
    const tileHeight = tiled ? blockHeight : Math.min(height, blockHeight * joined);
    if (blockWidth * tileHeight > maxTilePixels) {
      const parts = tiled ? 'tiles' : 'strips';
      throw unsupported(file, `Its ${parts} of ${blockWidth} by ${tileHeight} pixels are too large.`);
    }
    const blocks = Math.ceil(width / blockWidth) * Math.ceil(height / blockHeight);
    if (blocks > maxTiles) throw file.corrupt(`An image claims ${blocks} tiles.`);
    const scheme = directory.number(tag.compression) ?? compression.none;
    const predictor = directory.number(tag.predictor) ?? 1;
    const layout = await sampleLayout(file, directory);
    checkSupport(file, scheme, predictor, layout);
    if (scheme === compression.zstd) await loadZstd();
    const tables = await directory.bytes(tag.jpegTables);
    return new TiffImage(
      file,
      directory,
      width,
      height,
      blockWidth,
      tileHeight,
      tiled,
      blockHeight,
      scheme,
      predictor,
      layout,
      tables,
      await containerColours(file, scheme, layout),
    );
  }

  /**
   * The tile at `column`, `row`.
   * @throws SlideError `broken-tile`; RangeError when there is no such tile.
   */
  async tile(
    column: number,
    row: number,
    platform: SlidePlatform,
    signal?: AbortSignal,
  ): Promise<TilePayload> {
    if (!(column >= 0 && row >= 0 && column < this.columns && row < this.rows)) {
      throw new RangeError(`There is no tile ${column}, ${row}.`);
    }
    const where = `tile ${column}, ${row}`;
    if (this.tiled) {
      return this.#block(
        row * this.columns + column,
        this.tileWidth,
        this.tileHeight,
        where,
        platform,
        signal,
      );
    }
    return this.#strips(row * this.tileHeight, this.tileHeight, where, platform, signal);
  }

  /** Whether the file holds any tile or strip, or does not say so: what cannot be told is said when a tile is read. */
  async hasTiles(): Promise<boolean> {
    try {
      return await this.#hasTiles();
    } catch (error) {
      if (error instanceof SlideError && error.code === 'truncated') return true;
      throw error;
    }
  }

  async #hasTiles(): Promise<boolean> {
    const [offsets, counts] = this.tiled
      ? [tag.tileOffsets, tag.tileByteCounts]
      : [tag.stripOffsets, tag.stripByteCounts];
    const down = Math.ceil(this.height / this.#blockHeight);
    const blocks = this.columns * down;
    // Nearly always the one in the middle is there.
    const probes = [Math.floor(down / 2) * this.columns + Math.floor(this.columns / 2)];
    for (let i = 0; i < emptyProbes; i++) probes.push(Math.floor((i * blocks) / emptyProbes));
    for (const index of probes) {
      const offset = await this.directory.numberAt(offsets, index);
      if (offset !== 0 && (await this.directory.numberAt(counts, index)) !== 0) return true;
    }
    const [places, lengths] = [await this.directory.numbers(offsets), await this.directory.numbers(counts)];
    return places.some((place, i) => place !== 0 && lengths[i] !== 0);
  }

  /** The whole image in one payload. @throws SlideError `broken-tile`, `unsupported` when too large. */
  async whole(platform: SlidePlatform, signal?: AbortSignal): Promise<TilePayload> {
    if (
      this.width * this.height > maxAssociatedPixels ||
      this.columns * Math.ceil(this.height / this.#blockHeight) > maxAssociatedTiles
    ) {
      throw unsupported(
        this.#file,
        `Its image of ${this.width} by ${this.height} pixels is too large to show.`,
      );
    }
    if (this.columns * this.rows === 1 && this.tileWidth === this.width && this.tileHeight === this.height) {
      return this.tile(0, 0, platform, signal);
    }
    const image = blank(this.width, this.height);
    for (let row = 0; row < this.rows; row++) {
      const tiles: Promise<void>[] = [];
      for (let column = 0; column < this.columns; column++) {
        tiles.push(
          this.tile(column, row, platform, signal).then(async (payload) => {
            const where = `tile ${column}, ${row}`;
            const part = await this.#pixels(payload, where, platform, signal);
            if (part !== null) paste(part, image, column * this.tileWidth, row * this.tileHeight);
          }),
        );
      }
      await Promise.all(tiles);
    }
    return { kind: 'pixels', image };
  }

  /** Joins the strips of rows `top` to `top + height` into one tile. */
  async #strips(
    top: number,
    height: number,
    where: string,
    platform: SlidePlatform,
    signal?: AbortSignal,
  ): Promise<TilePayload> {
    const first = Math.floor(top / this.#blockHeight);
    const last = Math.ceil(Math.min(this.height, top + height) / this.#blockHeight) - 1;
    const rows = (index: number): number =>
      Math.min(this.#blockHeight, this.height - index * this.#blockHeight);
    if (first === last) return this.#block(first, this.width, rows(first), where, platform, signal);
    const image = blank(this.width, Math.min(height, this.height - top));
    let present = 0;
    let decodeMs = 0;
    const parts: Promise<void>[] = [];
    for (let index = first; index <= last; index++) {
      parts.push(
        this.#block(index, this.width, rows(index), where, platform, signal).then(async (payload) => {
          const start = performance.now();
          const part = await this.#pixels(payload, where, platform, signal);
          if (part === null) return;
          decodeMs += performance.now() - start + (payload.kind === 'pixels' ? (payload.decodeMs ?? 0) : 0);
          present++;
          paste(part, image, 0, index * this.#blockHeight - top);
        }),
      );
    }
    await Promise.all(parts);
    return present === 0 ? { kind: 'missing' } : { kind: 'pixels', image, decodeMs };
  }

  /** One TIFF tile or strip of `width` by `height` pixels. */
  async #block(
    index: number,
    width: number,
    height: number,
    where: string,
    platform: SlidePlatform,
    signal?: AbortSignal,
  ): Promise<TilePayload> {
    const bytes = await this.#blockBytes(index, where, signal);
    if (bytes === null) return { kind: 'missing' };
    const native = this.#encoded(bytes);
    if (native?.type === 'image/jpeg' && !isJpeg(native.bytes))
      throw this.#broken(where, 'It is not a JPEG.');
    const start = performance.now();
    try {
      if (native !== null) {
        checkEncodedTile(native.bytes, native.type, this.#place(index));
        if (!this.#isInverted) return native;
        const image = inverted(await platform.decoder.decode(native.bytes, native.type, signal));
        return { kind: 'pixels', image, decodeMs: performance.now() - start };
      }
      if (!isJpeg2000(this.scheme)) {
        const image = await this.#decodeSamples(index, bytes, width, height, where, signal);
        return { kind: 'pixels', image, decodeMs: performance.now() - start };
      }
      const image = await platform.jpeg2000(bytes, this.#colours, signal);
      checkTileSize(image, this.#place(index));
      if (this.#isInverted) inverted(image);
      return { kind: 'pixels', image, decodeMs: performance.now() - start };
    } catch (cause) {
      if (signal?.aborted) throw abortReason(signal);
      if (cause instanceof SlideError) throw cause;
      throw this.#broken(where, 'Its data is damaged.', cause);
    }
  }

  /** The place of TIFF block `index` of the first plane. */
  #place(index: number): TilePlace {
    const column = this.tiled ? index % this.columns : 0;
    const row = this.tiled ? Math.floor(index / this.columns) : index;
    return {
      width: this.tileWidth,
      height: this.#blockHeight,
      visibleWidth: Math.min(this.tileWidth, this.width - column * this.tileWidth),
      visibleHeight: Math.min(this.#blockHeight, this.height - row * this.#blockHeight),
    };
  }

  #blockBytes(index: number, where: string, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | null> {
    return blockBytes(this.#file, this.directory, index, where, signal);
  }

  /** A payload for the native decoder; null when our own code has to decode. */
  #encoded(
    bytes: Uint8Array<ArrayBuffer>,
  ): { kind: 'encoded'; type: EncodedImageType; bytes: Uint8Array<ArrayBuffer> } | null {
    if (this.scheme === compression.webp) return { kind: 'encoded', type: 'image/webp', bytes };
    if (this.scheme !== compression.jpeg) return null;
    return {
      kind: 'encoded',
      type: 'image/jpeg',
      bytes: completeJpeg(bytes, this.#tables, this.#colours === 'rgb' ? 'rgb' : 'ycbcr'),
    };
  }

  async #decodeSamples(
    index: number,
    bytes: Uint8Array<ArrayBuffer>,
    width: number,
    height: number,
    where: string,
    signal?: AbortSignal,
  ): Promise<RgbaImage> {
    const { samples, planar } = this.#layout;
    if (!planar) {
      return toRgba([this.#unpackPlane(bytes, width, height, samples, where)], width, height, this.#layout);
    }
    const blocksPerPlane =
      Math.ceil(this.width / this.tileWidth) * Math.ceil(this.height / this.#blockHeight);
    const planes = [this.#unpackPlane(bytes, width, height, 1, where)];
    for (let plane = 1; plane < samples; plane++) {
      const more = await this.#blockBytes(index + plane * blocksPerPlane, where, signal);
      if (more === null) throw this.#broken(where, 'One of its colour planes is missing.');
      planes.push(this.#unpackPlane(more, width, height, 1, where));
    }
    return toRgba(planes, width, height, this.#layout);
  }

  #unpackPlane(bytes: Uint8Array, width: number, height: number, samples: number, where: string): Uint8Array {
    const { bits = 8 } = this.#layout;
    const unit = bits / 8;
    const length = width * height * samples * unit;
    const plane = unpack(this.scheme, bytes, length, width * this.#blockHeight * samples * unit);
    if (plane.length < length) throw this.#broken(where, 'It has too little data.');
    if (bits === 16) {
      const step = this.#predictor === 2 ? samples : 0;
      return upperBytes(plane, this.#file.littleEndian, width * samples, step);
    }
    if (this.#predictor === 2) undoDifferencing(plane, width * samples, samples);
    return plane;
  }

  #pixels(
    payload: TilePayload,
    where: string,
    platform: SlidePlatform,
    signal?: AbortSignal,
  ): Promise<RgbaImage | null> {
    return payloadPixels(payload, platform, this.#file.source.name, where, signal);
  }

  #broken(where: string, problem: string, cause?: unknown): SlideError {
    return brokenTile(this.#file.source.name, where, problem, cause);
  }
}

const isSide = (n: number): boolean => Number.isInteger(n) && n >= 1 && n <= maxSide;
