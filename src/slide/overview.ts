/**
 * A picture of a whole slide that has no small level, read in the background: first from a few evenly spread tiles,
 * or from the file's thumbnail, then tile by tile until every pixel is the mean of the slide's own.
 */
import { abortReason, isAbort } from '../base/abort.ts';
import { MeanImage, type Placement } from './mean-image.ts';
import { shrinkImage, shrinkOf, shrunk } from './shrink.ts';
import {
  SlideError,
  type Level0Rect,
  type RgbaImage,
  type Shrink,
  type Slide,
  type SlideLevel,
} from './slide.ts';
import { ThumbnailCheck, type TileMean } from './thumbnail-check.ts';
import { passes, TileOrder, type OrderedTile, type Pass } from './tile-order.ts';
import type { OverviewSize } from './view-levels.ts';

/** A tile reduced by `shrink`; `missing` if the slide omits it, `broken` if it can't be read. */
export type ReducedTile = RgbaImage | 'missing' | 'broken';

export interface OverviewProgress {
  /** Tiles that are in the picture, of all that it needs. */
  readonly done: number;
  readonly total: number;
  /** Tiles among them that could not be read; they are grey. */
  readonly broken: number;
  /** Why the first of these could not be read. */
  readonly problem: SlideError | null;
}

export interface OverviewOptions {
  /** Reads a tile of the overview's level. @throws SlideError when the slide as a whole can't be read; an AbortError. */
  readonly read: (column: number, row: number, shrink: Shrink, signal?: AbortSignal) => Promise<ReducedTile>;
  /** See `Slide.preview`; null without one. */
  readonly preview: (signal?: AbortSignal) => Promise<RgbaImage | null>;
  /** The file's thumbnail, decoded; null without one. */
  readonly thumbnail: (signal?: AbortSignal) => Promise<RgbaImage | null>;
  /** Most tiles to read by itself; the others stay guesses until someone looks at them. */
  readonly maxTiles: number;
}

/** Shows that a tile can't be read. */
const brokenColour = [154, 154, 154] as const;
const white = [255, 255, 255] as const;

/** Parts of a strip that have a colour of their own while they stand for other strips. */
const partsOfStrip = 128;
/** Tiles read at the same time. */
const concurrentTiles = 4;
/** Milliseconds between reports: at first, and once the picture changes little. */
const reportMs = { first: 250, later: 1500 } as const;
const laterAfterMs = 6000;

export class Overview {
  readonly size: OverviewSize;
  readonly #level: SlideLevel;
  readonly #scale: number;
  readonly #shrink: Shrink;
  readonly #image: MeanImage;
  readonly #order: TileOrder;
  readonly #options: OverviewOptions;
  /** Tiles that stand for others until these are read; off once a thumbnail does. */
  #guessing = true;
  #read = 0;
  #broken = 0;
  #problem: SlideError | null = null;
  /** Callers for whom the background waits. */
  #urgent = 0;
  #resume: (() => void)[] = [];

  constructor(slide: Slide, size: OverviewSize, options: OverviewOptions) {
    const level = slide.metadata.levels[size.from];
    if (level === undefined) throw new RangeError(`${slide.metadata.name} has no level ${size.from}.`);
    this.size = size;
    this.#level = level;
    this.#scale = level.downsample;
    this.#options = options;
    this.#shrink = shrinkOf(level.tileWidth, level.tileHeight, size.factor);
    this.#image = new MeanImage(size.width, size.height, size.factor / this.#shrink);
    this.#order = new TileOrder(
      Math.ceil(level.width / level.tileWidth),
      Math.ceil(level.height / level.tileHeight),
    );
  }

  get progress(): OverviewProgress {
    const { columns, rows, left } = this.#order;
    const total = Math.min(columns * rows, this.#options.maxTiles);
    return {
      done: Math.min(total, columns * rows - left),
      total,
      broken: this.#broken,
      problem: this.#problem,
    };
  }

  /** Reads what the eye sees first. Level-0 pixels; null for no preference. */
  setView(view: Level0Rect | null): void {
    if (view === null) return this.#order.focus(null);
    const { tileWidth, tileHeight } = this.#level;
    const across = this.#scale * tileWidth;
    const down = this.#scale * tileHeight;
    this.#order.focus({
      left: Math.floor(view.x / across),
      top: Math.floor(view.y / down),
      right: Math.ceil((view.x + view.width) / across),
      bottom: Math.ceil((view.y + view.height) / down),
    });
  }

  /** Runs `task` while the background waits: what someone looks at comes first. */
  async urgent<T>(task: () => Promise<T>): Promise<T> {
    this.#urgent++;
    try {
      return await task();
    } finally {
      this.#urgent--;
      if (this.#urgent === 0) for (const resume of this.#resume.splice(0)) resume();
    }
  }

  /**
   * Reads until the picture is complete or has `maxTiles`. Call it once at a time; after an abort it continues.
   * @param report called as the picture changes, and at the end.
   * @throws SlideError when the slide can't be read any more; an AbortError.
   */
  async build(report: (progress: OverviewProgress) => void, signal?: AbortSignal): Promise<void> {
    const start = performance.now();
    let reported = -Infinity;
    const tell = (): void => {
      const now = performance.now();
      const interval = now - start < laterAfterMs ? reportMs.first : reportMs.later;
      if (now - reported < interval) return;
      reported = now;
      report(this.progress);
    };
    if (this.#guessing && this.#read === 0) await this.#guessByPreview(signal);
    report(this.progress);
    const means: TileMean[] = [];
    const reading = (tile: OrderedTile, mean: TileMean['mean'] | null): boolean => {
      if (mean !== null && tile.pass !== 'rest') means.push({ ...tile, mean });
      tell();
      return this.#read < this.#options.maxTiles;
    };
    // A few tiles suffice where they agree; where they do not, all samples are asked.
    for (const pass of passes) {
      await this.#readTiles(signal, reading, pass);
      if (pass !== 'rest' && this.#guessing) await this.#guessByThumbnail(means, signal);
      report(this.progress);
    }
  }

  /** Adds a tile that was read for another purpose, unless it is there already. */
  offer(column: number, row: number, tile: ReducedTile, shrink: Shrink): void {
    const by = this.#shrink / shrink;
    if (by !== 1 && by !== 2 && by !== 4 && by !== 8) return;
    if (!this.#order.take(column, row)) return;
    this.#add(column, row, typeof tile === 'string' ? tile : shrinkImage(tile, by));
  }

  /** A part of the picture; see `MeanImage.cut`. */
  cut(left: number, top: number, width: number, height: number, by: number): RgbaImage {
    return this.#image.cut(left, top, width, height, by);
  }

  /** A part of the picture, enlarged; see `MeanImage.enlarge`. */
  enlarge(left: number, top: number, width: number, height: number, ratio: number): RgbaImage {
    return this.#image.enlarge(left, top, width, height, ratio);
  }

  /** @param last the pass to read, after those before it. */
  async #readTiles(
    signal: AbortSignal | undefined,
    done: (tile: OrderedTile, mean: TileMean['mean'] | null) => boolean,
    last: Pass,
  ): Promise<void> {
    let goOn = true;
    const worker = async (): Promise<void> => {
      while (goOn) {
        if (this.#urgent > 0) await new Promise<void>((resume) => this.#resume.push(resume));
        if (signal?.aborted) throw abortReason(signal);
        const tile = this.#order.peek();
        if (tile === null) return;
        if (passes.indexOf(tile.pass) > passes.indexOf(last)) return;
        this.#order.take(tile.column, tile.row);
        let read: ReducedTile;
        try {
          read = await this.#options.read(tile.column, tile.row, this.#shrink, signal);
        } catch (error) {
          // Not in the picture: another call reads it again.
          this.#order.giveBack(tile.column, tile.row);
          goOn = false;
          throw error;
        }
        this.#read++;
        const mean = this.#add(tile.column, tile.row, read);
        if (this.#guessing && mean !== null && tile.stride > 1) this.#guess(tile, mean, read);
        if (!done(tile, mean)) goOn = false;
      }
    };
    await Promise.all(Array.from({ length: concurrentTiles }, worker));
  }

  /** @returns its mean colour; null for a tile that can't be read. */
  #add(column: number, row: number, tile: ReducedTile): TileMean['mean'] | null {
    const { width, height, tileWidth, tileHeight } = this.#level;
    const place = {
      left: (column * tileWidth) / this.#shrink,
      top: (row * tileHeight) / this.#shrink,
      width: shrunk(Math.min(tileWidth, width - column * tileWidth), this.#shrink),
      height: shrunk(Math.min(tileHeight, height - row * tileHeight), this.#shrink),
    };
    if (tile === 'broken') this.#broken++;
    addTile(this.#image, tile, place);
    if (tile === 'broken') return null;
    return tile === 'missing' ? white : meanColour(tile, place.width, place.height);
  }

  /** Notes why a tile was broken; the first reason is kept. */
  noteBroken(problem: SlideError): void {
    this.#problem ??= problem;
  }

  #guess({ column, row, stride }: OrderedTile, mean: TileMean['mean'], read: ReducedTile): void {
    const { tileWidth, tileHeight } = this.#level;
    const across = tileWidth / this.size.factor;
    const down = tileHeight / this.size.factor;
    const half = stride >> 1;
    const top = Math.floor((row - half) * down);
    const bottom = Math.ceil((row - half + stride) * down);
    if (this.#order.columns > 1 || typeof read === 'string') {
      const left = Math.floor((column - half) * across);
      this.#image.guess(mean, left, top, Math.ceil((column - half + stride) * across), bottom);
      return;
    }
    // A strip goes from border to border: its mean says little.
    for (let part = 0; part < partsOfStrip; part++) {
      const from = Math.floor((part * read.width) / partsOfStrip);
      const to = Math.max(from + 1, Math.floor(((part + 1) * read.width) / partsOfStrip));
      const left = Math.floor((part / partsOfStrip) * across);
      const right = Math.ceil(((part + 1) / partsOfStrip) * across);
      this.#image.guess(meanColour(read, to, read.height, from), left, top, right, bottom);
    }
  }

  async #guessByPreview(signal: AbortSignal | undefined): Promise<void> {
    const preview = await this.#options.preview(signal);
    if (preview === null) return;
    this.#guessing = false;
    this.#image.guessFrom(preview);
  }

  async #guessByThumbnail(means: readonly TileMean[], signal: AbortSignal | undefined): Promise<void> {
    let thumbnail: RgbaImage | null = null;
    try {
      thumbnail = await this.#options.thumbnail(signal);
    } catch (error) {
      if (isAbort(error) || (error instanceof SlideError && error.code !== 'broken-tile')) throw error;
    }
    if (thumbnail === null) return;
    if (!new ThumbnailCheck(thumbnail, this.#level).shows(means)) return;
    this.#guessing = false;
    this.#image.guessFrom(thumbnail);
  }
}

/** Adds a tile of the file: grey where it can't be read, white where the file has none or where it is too small. */
export function addTile(image: MeanImage, tile: ReducedTile, place: Placement): void {
  if (typeof tile === 'string') {
    image.addColour(tile === 'broken' ? brokenColour : white, place);
    return;
  }
  image.add(tile, place);
  const { left, top, width, height } = place;
  const right = Math.min(width, tile.width);
  const bottom = Math.min(height, tile.height);
  if (right < width) image.addColour(white, { ...place, left: left + right, width: width - right });
  if (bottom < height)
    image.addColour(white, { left, top: top + bottom, width: right, height: height - bottom });
}

function meanColour(
  { data, width, height }: RgbaImage,
  mostWidth: number,
  mostHeight: number,
  left = 0,
): TileMean['mean'] {
  let red = 0;
  let green = 0;
  let blue = 0;
  const right = Math.min(width, mostWidth);
  const bottom = Math.min(height, mostHeight);
  for (let y = 0; y < bottom; y++) {
    for (let at = (y * width + left) * 4, end = (y * width + right) * 4; at < end; at += 4) {
      red += data[at]!;
      green += data[at + 1]!;
      blue += data[at + 2]!;
    }
  }
  const count = Math.max(1, (right - left) * bottom);
  return [red / count, green / count, blue / count];
}
