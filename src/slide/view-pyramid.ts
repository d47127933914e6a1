/** Tiles of every level that a viewer shows, made from the slide's own where the file has no such level. */
import { abortReason } from '../base/abort.ts';
import { undecodedTile } from './broken-tile.ts';
import { MeanImage } from './mean-image.ts';
import { addTile, Overview, type OverviewProgress, type ReducedTile } from './overview.ts';
import { readRegion } from './region.ts';
import { shrinkImage, shrinkOf, shrunk } from './shrink.ts';
import {
  SlideError,
  type ImageDecoder,
  type RgbaImage,
  type Shrink,
  type Slide,
  type TilePayload,
} from './slide.ts';
import type { Level0Rect } from './slide.ts';
import { overviewSize, viewLevels, type ViewLevel } from './view-levels.ts';

export interface ViewPyramidOptions {
  readonly decoder: ImageDecoder;
  /** Whether tiles come from a server: then few are read that nobody looks at. */
  readonly remote: boolean;
}

/** `exact`: every pixel is the mean of the slide's. `now`: what is known without reading; coarse, or null for nothing. */
export type TileQuality = 'exact' | 'now';

/** Most tiles of a remote slide that are read for its overview, and for one tile of another level. */
const mostRemote = { overview: 4096, joined: 256 } as const;
/** Largest thumbnail to decode in pixels. */
const mostThumbnailPixels = 2 ** 24;
/** Tiles read at the same time for one joined tile. */
const concurrentTiles = 4;

export class ViewPyramid {
  readonly levels: readonly ViewLevel[];
  /** Null where the file has a level that is small enough. */
  readonly #overview: Overview | null;
  readonly #slide: Slide;
  readonly #options: ViewPyramidOptions;

  constructor(slide: Slide, options: ViewPyramidOptions) {
    this.#slide = slide;
    this.#options = options;
    this.levels = viewLevels(slide.metadata.levels);
    const size = overviewSize(slide.metadata.levels);
    this.#overview =
      size === null
        ? null
        : new Overview(slide, size, {
            read: (column, row, shrink, signal) => this.#reduced(size.from, column, row, shrink, signal),
            preview: async (signal) => (await slide.preview?.(signal)) ?? null,
            thumbnail: (signal) => this.#thumbnail(signal),
            maxTiles: options.remote ? mostRemote.overview : Infinity,
          });
  }

  /** Reads the overview in the background; see `Overview.build`. Returns at once where the slide needs none. */
  async build(report: (progress: OverviewProgress) => void, signal?: AbortSignal): Promise<void> {
    await this.#overview?.build(report, signal);
  }

  /** What someone looks at, in level-0 pixels; read before the rest. */
  setView(view: Level0Rect | null): void {
    this.#overview?.setView(view);
  }

  /**
   * A tile of a view level. Tiles of an overview are what has been read of them by now.
   * @returns null where `quality` is `now` and nothing is known, or where the slide is too far away for `exact`.
   * @throws SlideError; RangeError when there is no such tile; an AbortError.
   */
  async tile(
    index: number,
    column: number,
    row: number,
    quality: TileQuality,
    signal?: AbortSignal,
  ): Promise<TilePayload | null> {
    const level = this.levels[index];
    if (level === undefined) throw new RangeError(`The slide has no level ${index}.`);
    if (level.kind === 'file') {
      const read = (): Promise<TilePayload> => this.#slide.tile(level.from, column, row, signal);
      return this.#overview === null ? read() : this.#overview.urgent(read);
    }
    const left = column * level.tileWidth;
    const top = row * level.tileHeight;
    const width = Math.min(level.tileWidth, level.width - left);
    const height = Math.min(level.tileHeight, level.height - top);
    if (!(column >= 0 && row >= 0 && width > 0 && height > 0)) {
      throw new RangeError(`The slide has no tile ${column}, ${row} at level ${index}.`);
    }
    if (level.kind === 'overview' && this.#overview !== null) {
      return pixels(this.#overview.cut(left, top, width, height, level.factor / this.#overview.size.factor));
    }
    if (quality === 'now') {
      const known = await this.#coarse(level, left, top, width, height, signal);
      return known === null ? null : pixels(known);
    }
    const join = (): Promise<RgbaImage | null> => this.#joined(level, left, top, width, height, signal);
    const joined = await (this.#overview === null ? join() : this.#overview.urgent(join));
    return joined === null ? null : pixels(joined);
  }

  /** An area of a joined level from the next coarser one. */
  async #coarse(
    level: ViewLevel,
    left: number,
    top: number,
    width: number,
    height: number,
    signal?: AbortSignal,
  ): Promise<RgbaImage | null> {
    if (level.from === this.#overview?.size.from) {
      return this.#overview.enlarge(left, top, width, height, this.#overview.size.factor / level.factor);
    }
    const { metadata } = this.#slide;
    const across = metadata.width / level.width;
    const down = metadata.height / level.height;
    const rect = { x: left * across, y: top * down, width: width * across, height: height * down };
    const { decoder } = this.#options;
    return readRegion(this.#slide, rect, width, height, { decoder, signal, level: level.from + 1 }).catch(
      (error: unknown) => {
        if (error instanceof SlideError && error.code === 'broken-tile') return null;
        throw error;
      },
    );
  }

  /** An area of a joined level from all tiles that it covers. Broken ones are grey. */
  async #joined(
    level: ViewLevel,
    left: number,
    top: number,
    width: number,
    height: number,
    signal?: AbortSignal,
  ): Promise<RgbaImage | null> {
    const base = this.#slide.metadata.levels[level.from]!;
    const shrink = shrinkOf(base.tileWidth, base.tileHeight, level.factor);
    const first = { x: left * level.factor, y: top * level.factor };
    const end = {
      x: Math.min(base.width, (left + width) * level.factor),
      y: Math.min(base.height, (top + height) * level.factor),
    };
    const columns = { from: Math.floor(first.x / base.tileWidth), to: Math.ceil(end.x / base.tileWidth) };
    const rows = { from: Math.floor(first.y / base.tileHeight), to: Math.ceil(end.y / base.tileHeight) };
    const across = columns.to - columns.from;
    const count = across * (rows.to - rows.from);
    if (this.#options.remote && count > mostRemote.joined) return null;
    const image = new MeanImage(width, height, level.factor / shrink);
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < count) {
        const at = next++;
        if (signal?.aborted) throw abortReason(signal);
        const column = columns.from + (at % across);
        const row = rows.from + Math.floor(at / across);
        let tile: ReducedTile;
        try {
          tile = await this.#reduced(level.from, column, row, shrink, signal);
        } catch (error) {
          next = count;
          throw error;
        }
        const place = {
          left: (column * base.tileWidth - first.x) / shrink,
          top: (row * base.tileHeight - first.y) / shrink,
          width: shrunk(Math.min(base.tileWidth, base.width - column * base.tileWidth), shrink),
          height: shrunk(Math.min(base.tileHeight, base.height - row * base.tileHeight), shrink),
        };
        addTile(image, tile, place);
        if (this.#overview?.size.from === level.from) this.#overview.offer(column, row, tile, shrink);
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrentTiles, count) }, worker));
    return image.cut(0, 0, width, height);
  }

  async #reduced(
    level: number,
    column: number,
    row: number,
    shrink: Shrink,
    signal?: AbortSignal,
  ): Promise<ReducedTile> {
    const tile = await reducedTile(
      this.#slide,
      this.#options.decoder,
      { level, column, row },
      shrink,
      signal,
    );
    if (!(tile instanceof SlideError)) return tile;
    this.#overview?.noteBroken(tile);
    return 'broken';
  }

  async #thumbnail(signal?: AbortSignal): Promise<RgbaImage | null> {
    const found = this.#slide.metadata.associated.find(({ name }) => name === 'thumbnail');
    if (found === undefined || found.width * found.height > mostThumbnailPixels) return null;
    const payload = await this.#slide.associatedImage(found.name, signal);
    if (payload.kind === 'missing') return null;
    return payload.kind === 'pixels'
      ? payload.image
      : this.#options.decoder.decode(payload.bytes, payload.type, signal);
  }
}

/**
 * Reads one tile of the file at reduced size.
 * @returns the error where it is this tile's fault that it can't be read.
 * @throws SlideError when it is not; an AbortError.
 */
export async function reducedTile(
  slide: Slide,
  decoder: ImageDecoder,
  { level, column, row }: { readonly level: number; readonly column: number; readonly row: number },
  shrink: Shrink,
  signal?: AbortSignal,
): Promise<RgbaImage | 'missing' | SlideError> {
  try {
    const payload = await slide.tile(level, column, row, signal);
    if (signal?.aborted) throw abortReason(signal);
    if (payload.kind === 'missing') return 'missing';
    if (payload.kind === 'pixels') return shrinkImage(payload.image, shrink);
    return await decoder.decode(payload.bytes, payload.type, signal, shrink);
  } catch (cause) {
    if (signal?.aborted) throw abortReason(signal);
    if (!(cause instanceof SlideError)) {
      const where = `level ${level}, tile ${column}, ${row}`;
      return undecodedTile(slide.metadata.name, where, cause);
    }
    if (cause.code !== 'broken-tile') throw cause;
    return cause;
  }
}

const pixels = (image: RgbaImage): TilePayload => ({ kind: 'pixels', image });
