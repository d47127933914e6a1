/** A level of a 3DHISTECH slide as a grid of tiles. */
import type { ByteBudget } from '../limits.ts';
import { Mosaic } from '../mosaic.ts';
import { blank, type Rgb } from '../rgba.ts';
import type { SlidePlatform, TilePayload } from '../slide.ts';
import type { MrxsData } from './data-files.ts';
import { activePhotos, levelPieces, type MrxsLevel, type PhotoPositions } from './geometry.ts';
import { imageStride, type MrxsEntry, type MrxsIndex } from './index-file.ts';
import type { Slidedat } from './slidedat.ts';

/** Side of the tiles that are put together from images, pixels. */
const mosaicSide = 512;
/** Memory of a piece, and of its place in each tile that it touches, about. */
const pieceBytes = 80;
const touchBytes = 20;

/** What all levels of a slide share. */
export interface SlideParts {
  readonly levels: readonly MrxsLevel[];
  readonly slidedat: Slidedat;
  readonly index: MrxsIndex;
  readonly data: MrxsData;
  readonly budget: ByteBudget;
  readonly positions: PhotoPositions;
}

/** Where images are and how they lie; worked out when the first tile is wanted. */
interface Layout {
  readonly images: readonly number[];
  /** null where every image is a tile. */
  readonly mosaic: Mosaic | null;
  /** Numbers of images by their tile, for a level without mosaic. */
  readonly byTile: ReadonlyMap<number, number>;
}

/** The levels of a filter level; that of a slide of colours is 0. */
export function mrxsGrids(parts: SlideParts, filterLevel = 0): MrxsGrid[] {
  const grids: MrxsGrid[] = [];
  for (const level of parts.levels) grids.push(new MrxsGrid(parts, level, filterLevel, grids[0] ?? null));
  return grids;
}

export class MrxsGrid {
  readonly width: number;
  readonly height: number;
  readonly downsample: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly columns: number;
  readonly rows: number;
  readonly #contents: SlideParts;
  readonly #level: MrxsLevel;
  readonly #filterLevel: number;
  readonly #size: { readonly width: number; readonly height: number };
  /** Level 0, for the others: only photos that it has are shown. */
  readonly #base: MrxsGrid | null;
  #layout: Layout | null = null;
  #images: readonly number[] | null = null;
  #active: Uint8Array | null = null;

  constructor(contents: SlideParts, level: MrxsLevel, filterLevel: number, base: MrxsGrid | null) {
    const { slidedat } = contents;
    this.#level = level;
    this.#filterLevel = filterLevel;
    this.#base = base;
    const { imageWidth, imageHeight } = slidedat.zooms[level.zoom]!;
    this.#contents = contents;
    this.#size = { width: imageWidth, height: imageHeight };
    this.width = level.width;
    this.height = level.height;
    this.downsample = level.downsample;
    // Images that lie side by side are the tiles.
    this.tileWidth = level.isPlain ? imageWidth : mosaicSide;
    this.tileHeight = level.isPlain ? imageHeight : mosaicSide;
    this.columns = Math.ceil(this.width / this.tileWidth);
    this.rows = Math.ceil(this.height / this.tileHeight);
  }

  async tile(
    column: number,
    row: number,
    _platform: SlidePlatform,
    signal?: AbortSignal,
  ): Promise<TilePayload> {
    this.#layout ??= this.#lay();
    const { mosaic, byTile } = this.#layout;
    const { data } = this.#contents;
    const level = this.#level;
    const where = `tile ${column}, ${row} of level ${level.zoom}`;
    if (mosaic === null) {
      const image = byTile.get(row * this.columns + column);
      return image === undefined
        ? this.#background()
        : data.payload(this.#entry(image), this.#size, where, signal);
    }
    const pixels = await mosaic.tile(column, row, (image) =>
      data.pixels(
        `${this.#filterLevel}/${level.zoom}/${image}`,
        this.#entry(image),
        this.#size,
        where,
        signal,
      ),
    );
    return pixels === null ? this.#background() : { kind: 'pixels', image: pixels };
  }

  /** White is what is shown where nothing is. */
  #background(): TilePayload {
    const { fill } = this.#contents.slidedat;
    if (isWhite(fill)) return { kind: 'missing' };
    return { kind: 'pixels', image: blank(this.tileWidth, this.tileHeight, fill) };
  }

  #entry(image: number): MrxsEntry {
    const [, file, offset, length] = this.#imagesRead().slice(image * imageStride, (image + 1) * imageStride);
    return { file: file!, offset: offset!, length: length! };
  }

  #imagesRead(): readonly number[] {
    const { index, slidedat, budget } = this.#contents;
    const entry = slidedat.firstZoom + this.#level.zoom + this.#filterLevel * slidedat.filterStride;
    this.#images ??= index.images(entry, budget);
    return this.#images;
  }

  #activePhotos(): Uint8Array {
    if (this.#base !== null) return this.#base.#activePhotos();
    const { slidedat, positions } = this.#contents;
    this.#active ??= activePhotos(this.#imagesRead(), slidedat, this.#level, positions, slidedat.indexFile);
    return this.#active;
  }

  #lay(): Layout {
    const { slidedat, positions, budget } = this.#contents;
    const level = this.#level;
    const images = this.#imagesRead();
    const byTile = new Map<number, number>();
    const touched =
      (1 + this.#size.width / level.parts / this.tileWidth) *
      (1 + this.#size.height / level.parts / this.tileHeight);
    const pieceCount = (images.length / imageStride) * level.parts ** 2;
    budget.spend(pieceCount * (pieceBytes + touchBytes * touched), 'places of tiles');
    const active = level.isPlain ? new Uint8Array(0) : this.#activePhotos();
    const pieces = levelPieces(images, slidedat, level, positions, active, slidedat.indexFile);
    if (!level.isPlain) return { images, byTile, mosaic: new Mosaic(this, pieces, slidedat.fill) };
    for (const { x, y, source } of pieces) {
      const [column, row] = [x / this.tileWidth, y / this.tileHeight];
      if (column < this.columns && row < this.rows) byTile.set(row * this.columns + column, source);
    }
    return { images, byTile, mosaic: null };
  }
}

const isWhite = (colour: Rgb): boolean => colour.every((value) => value === 255);
