/**
 * Writes a pyramidal tiled TIFF while its full-resolution tiles arrive, row by row. Memory is bounded by one
 * row of tiles: each level is computed on the fly from the level above. TIFF 6.0 and BigTIFF; the levels are
 * a chain of directories, reduced ones marked by NewSubfileType 1, which OpenSlide, libvips and QuPath read
 * as one slide.
 */
import { zlibSync } from 'fflate';
import { asciiEntry, encodeHeader, encodeIfd, fieldType, type IfdEntry } from './ifd.ts';
import { TileRow } from './tile-row.ts';

/** Receives the file's bytes. Writes come in no particular order and never overlap, except for the header. */
export interface ByteSink {
  write(position: number, bytes: Uint8Array): Promise<void>;
}

/** Encodes a tile's interleaved samples as a complete JPEG file; sharp in Node. */
export interface JpegEncoder {
  /**
   * `samples` per pixel: 1 grey, 3 RGB. RGB must be encoded as YCbCr, with chroma halved in both directions.
   */
  encode(pixels: Uint8Array, width: number, height: number, samples: 1 | 3): Promise<Uint8Array>;
}

/** Compresses to the zlib format (RFC 1950). The bytes stay unchanged until the promise resolves. */
export type Deflate = (bytes: Uint8Array) => Promise<Uint8Array>;

export type TiffCompression =
  | { readonly kind: 'none' }
  /** @param deflate by default the portable implementation, on this thread. */
  | { readonly kind: 'deflate'; readonly deflate?: Deflate }
  | { readonly kind: 'jpeg'; readonly encoder: JpegEncoder };

export interface TiffWriterOptions {
  readonly sink: ByteSink;
  /** Pixels of the full-resolution level. */
  readonly width: number;
  readonly height: number;
  /** Side of the square tiles in pixels, a multiple of 16. */
  readonly tileSize: number;
  /** `palette`: one sample per pixel, an index into `palette`. */
  readonly colour: 'rgb' | 'grey' | 'palette';
  /** RGB triples for `palette`, at most 256. */
  readonly palette?: readonly (readonly [number, number, number])[];
  readonly compression: TiffCompression;
  /** `average` for pictures; `majority` or `nearest` for class indices, which must never be mixed. */
  readonly reduce: 'average' | 'nearest' | 'majority';
  /** Each level is this many times smaller than the one above. */
  readonly factor?: 2 | 4;
  /**
   * Ends the pyramid before a level narrower or lower than a tile. libtiff's palette reader, which OpenSlide
   * uses, garbles tiles wider than their image. False by default.
   */
  readonly levelsFillTile?: boolean;
  /** µm per pixel at full resolution; written as resolution tags in pixels per centimetre. */
  readonly mpp?: number;
  readonly description?: string;
  readonly software?: string;
  /** Author and licence. */
  readonly copyright?: string;
  /** Classic TIFF ends at 4 GiB. `auto` decides by the length once the file is finished. */
  readonly big?: 'auto' | 'always';
}

interface Level {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly rows: number;
  readonly offsets: number[];
  readonly counts: number[];
  /** Pixels of the tile row being filled; level 0 has none, since its tiles come from the caller. */
  readonly row: TileRow | null;
}

/** Tiles that may be in compression at a time. */
const mostCompressing = 16;

const classicLimit = 0xffff_ffff - 64 * 1024;

/** Writes one file. Push every level-0 tile in row order, then call `finish`. */
export class TiffWriter {
  readonly #levels: Level[] = [];
  readonly #samples: 1 | 3;
  readonly #factor: number;
  readonly #options: TiffWriterOptions;
  /** Room for the longer of the two headers; which one is used is known only at the end. */
  #position = 16;
  #tilesPushed = 0;
  /** Tiles in compression, each with its write, in the order of the file. */
  readonly #writes: Promise<void>[] = [];

  /** @throws RangeError for sizes that a TIFF cannot have. */
  constructor(options: TiffWriterOptions) {
    const { width, height, tileSize } = options;
    if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
      throw new RangeError(`A TIFF of ${width} × ${height} pixels cannot be written.`);
    }
    if (!(tileSize > 0) || tileSize % 16 !== 0) {
      throw new RangeError(`A TIFF's tile side must be a multiple of 16, not ${tileSize}.`);
    }
    if (options.colour === 'palette' && options.compression.kind === 'jpeg') {
      throw new RangeError("JPEG would blur the indices of a palette image; use 'deflate' or 'none'.");
    }
    if (options.colour === 'rgb' && options.reduce === 'majority') {
      throw new RangeError("A majority needs single values: use 'average' for RGB.");
    }
    this.#options = options;
    this.#samples = options.colour === 'rgb' ? 3 : 1;
    this.#factor = options.factor ?? 2;
    for (let w = width, h = height; ; w = Math.ceil(w / this.#factor), h = Math.ceil(h / this.#factor)) {
      const isFirst = this.#levels.length === 0;
      this.#levels.push({
        width: w,
        height: h,
        columns: Math.ceil(w / tileSize),
        rows: Math.ceil(h / tileSize),
        offsets: [],
        counts: [],
        row: isFirst ? null : new TileRow(w, h, tileSize, this.#samples),
      });
      if (w <= tileSize && h <= tileSize) break;
      const next = Math.ceil(Math.min(w, h) / this.#factor);
      if (options.levelsFillTile === true && next < tileSize) break;
    }
  }

  get columns(): number {
    return this.#levels[0]!.columns;
  }

  get rows(): number {
    return this.#levels[0]!.rows;
  }

  /**
   * Writes the next tile of level 0: from left to right, then the next row. `pixels` holds tileSize ×
   * tileSize interleaved samples; samples beyond the image's border are written unchanged.
   * @throws RangeError for a wrong length or one tile too many.
   */
  async pushTile(pixels: Uint8Array): Promise<void> {
    const { tileSize } = this.#options;
    const level = this.#levels[0]!;
    if (pixels.length !== tileSize * tileSize * this.#samples) {
      throw new RangeError(
        `A tile has ${tileSize * tileSize * this.#samples} samples, not ${pixels.length}.`,
      );
    }
    if (this.#tilesPushed >= level.columns * level.rows)
      throw new RangeError('All tiles are written already.');
    const column = this.#tilesPushed % level.columns;
    const row = Math.floor(this.#tilesPushed / level.columns);
    this.#tilesPushed++;
    await this.#store(0, pixels);
    await this.#reduceInto(1, pixels, column, row);
  }

  /** Reduces a finished tile of level `index - 1` into level `index`, and so on downwards. */
  async #reduceInto(index: number, pixels: Uint8Array, column: number, row: number): Promise<void> {
    const level = this.#levels[index];
    const above = this.#levels[index - 1]!;
    if (!level?.row) return;
    const { tileSize, reduce } = this.#options;
    const used = {
      width: Math.min(tileSize, above.width - column * tileSize),
      height: Math.min(tileSize, above.height - row * tileSize),
    };
    level.row.reduce(pixels, column, row, used, this.#factor, reduce);
    const isLastColumn = column === above.columns - 1;
    const isRowFull = (row + 1) % this.#factor === 0 || row === above.rows - 1;
    if (!isLastColumn || !isRowFull) return;
    const levelRow = Math.floor(row / this.#factor);
    for (let c = 0; c < level.columns; c++) {
      const tile = level.row.tile(c, levelRow);
      await this.#store(index, tile);
      await this.#reduceInto(index + 1, tile, c, levelRow);
    }
    level.row.clear();
  }

  /** Compresses a tile, in parallel with others, and writes it behind those before it. */
  async #store(index: number, pixels: Uint8Array): Promise<void> {
    const compressed = this.#compress(pixels);
    const before = this.#writes.at(-1);
    const write = async (): Promise<void> => {
      await before;
      const bytes = await compressed;
      const level = this.#levels[index]!;
      const at = this.#position;
      level.offsets.push(at);
      level.counts.push(bytes.length);
      this.#position += bytes.length + (bytes.length & 1);
      await this.#options.sink.write(at, bytes);
    };
    const written = write();
    // Reported by a later call, which waits for it.
    written.catch(() => undefined);
    compressed.catch(() => undefined);
    this.#writes.push(written);
    if (this.#writes.length > mostCompressing) await this.#writes.shift();
  }

  async #compress(pixels: Uint8Array): Promise<Uint8Array> {
    const { compression, tileSize } = this.#options;
    // The caller may reuse the tile as soon as `pushTile` returns.
    if (compression.kind === 'none') return pixels.slice();
    if (compression.kind === 'jpeg') {
      return compression.encoder.encode(pixels.slice(), tileSize, tileSize, this.#samples);
    }
    return compression.deflate?.(pixels.slice()) ?? zlibSync(pixels, { level: 6 });
  }

  /**
   * Writes the directories and the header; returns the file's length in bytes.
   * @throws RangeError when tiles are missing.
   */
  async finish(): Promise<number> {
    const first = this.#levels[0]!;
    if (this.#tilesPushed !== first.columns * first.rows) {
      throw new RangeError(`${first.columns * first.rows - this.#tilesPushed} tiles are missing.`);
    }
    await Promise.all(this.#writes);
    const { sink, big } = this.#options;
    const tables = this.#levels.reduce((sum, level) => sum + level.offsets.length * 16, 0);
    const isBig = big === 'always' || this.#position + tables > classicLimit;
    const firstIfd = this.#position;
    for (let i = 0; i < this.#levels.length; i++) {
      const isLast = i === this.#levels.length - 1;
      const bytes = encodeIfd(this.#entriesOf(i, isBig), this.#position, isBig, (end) => (isLast ? 0 : end));
      await sink.write(this.#position, bytes);
      this.#position += bytes.length;
    }
    await sink.write(0, encodeHeader(firstIfd, isBig));
    return this.#position;
  }

  #entriesOf(index: number, isBig: boolean): IfdEntry[] {
    const level = this.#levels[index]!;
    const { colour, compression, tileSize, mpp, description, software, copyright, palette } = this.#options;
    const short = (tag: number, ...values: number[]): IfdEntry => ({ tag, type: fieldType.short, values });
    const long = (tag: number, ...values: number[]): IfdEntry => ({ tag, type: fieldType.long, values });
    const isJpegRgb = compression.kind === 'jpeg' && colour === 'rgb';
    const entries: IfdEntry[] = [
      long(254, index === 0 ? 0 : 1),
      long(256, level.width),
      long(257, level.height),
      short(258, ...new Array<number>(this.#samples).fill(8)),
      short(259, compression.kind === 'jpeg' ? 7 : compression.kind === 'deflate' ? 8 : 1),
      short(262, colour === 'palette' ? 3 : colour === 'grey' ? 1 : isJpegRgb ? 6 : 2),
      short(277, this.#samples),
      short(284, 1),
      long(322, tileSize),
      long(323, tileSize),
      { tag: 324, type: isBig ? fieldType.long8 : fieldType.long, values: level.offsets },
      { tag: 325, type: fieldType.long, values: level.counts },
    ];
    if (isJpegRgb) entries.push(short(530, 2, 2));
    if (index === 0 && description) entries.push(asciiEntry(270, description));
    if (software) entries.push(asciiEntry(305, software));
    if (index === 0 && copyright) entries.push(asciiEntry(33432, copyright));
    if (mpp !== undefined) {
      // Pixels per centimetre are 10⁴ / mpp; with this numerator mpp keeps five decimals exactly.
      const x = (mpp * this.#levels[0]!.width) / level.width;
      const y = (mpp * this.#levels[0]!.height) / level.height;
      entries.push({ tag: 282, type: fieldType.rational, values: [1e9, Math.round(x * 1e5)] });
      entries.push({ tag: 283, type: fieldType.rational, values: [1e9, Math.round(y * 1e5)] });
      entries.push(short(296, 3));
    }
    if (colour === 'palette') {
      const map = new Array<number>(768).fill(0);
      palette?.forEach((rgb, i) => rgb.forEach((value, c) => (map[c * 256 + i] = value * 257)));
      entries.push(short(320, ...map));
    }
    return entries;
  }
}
