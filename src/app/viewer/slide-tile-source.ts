/** OpenSeadragon tile source that reads from the slide worker. */
import OpenSeadragon from 'openseadragon';
import type { SlideMetadata } from '../../slide/slide.ts';
import type { TileLook } from '../../worker/protocol.ts';
import type { SlideClient } from '../../worker/slide-client.ts';
import { viewLevels, type ViewLevel } from '../../worker/slide-client.ts';
import { LiveTiles, type ReadTile } from './live-tiles.ts';

let sources = 0;

/**
 * OpenSeadragon numbers levels from the smallest up; slides number them from the largest (level 0) down.
 * Levels need not differ by powers of two, and each may have its own tile size.
 */
export class SlideTileSource extends OpenSeadragon.TileSource {
  readonly #levels: readonly ViewLevel[];
  readonly #read: ReadTile;
  readonly #onError: (error: unknown) => void;
  /** Tiles of levels that the file lacks. */
  readonly #live: LiveTiles;
  /** Unique per source, so that reloading does not find broken tiles in the cache. */
  readonly #number = sources++;

  /**
   * @param onError called for each tile that cannot be read, unless the request was aborted.
   * @param redraw called when a tile that was drawn has changed.
   */
  constructor(
    client: SlideClient,
    slideId: number,
    metadata: SlideMetadata,
    look: TileLook,
    onError: (error: unknown) => void,
    redraw: () => void,
  ) {
    const base = metadata.levels[0];
    const levels = viewLevels(metadata.levels);
    super({
      width: metadata.width,
      height: metadata.height,
      tileWidth: base?.tileWidth ?? 256,
      tileHeight: base?.tileHeight ?? 256,
      minLevel: 0,
      maxLevel: levels.length - 1,
      ready: true,
    });
    this.#levels = levels;
    this.#read = (level, column, row, quality, signal) =>
      client.tile(slideId, level, column, row, look, quality, signal);
    this.#live = new LiveTiles(levels, this.#read, onError, redraw);
    this.#onError = onError;
  }

  /** Stops reading. */
  dispose(): void {
    this.#live.clear();
  }

  /** Draws tiles of the overview again: it has changed. */
  overviewChanged(): void {
    this.#live.overviewChanged();
  }

  /** Reads tiles on the screen exactly that are coarse so far. @param drawn tiles in OpenSeadragon's numbering. */
  refine(drawn: readonly { readonly level: number; readonly x: number; readonly y: number }[]): void {
    this.#live.refine(
      drawn.map(({ level, x, y }) => ({ level: this.#slideLevel(level), column: x, row: y })),
    );
  }

  #slideLevel(level: number): number {
    return this.#levels.length - 1 - level;
  }

  #level(level: number): ViewLevel {
    const found = this.#levels[this.#slideLevel(level)];
    if (found === undefined) throw new RangeError(`The slide has no level ${level}.`);
    return found;
  }

  override getLevelScale(level: number): number {
    return 1 / this.#level(level).downsample;
  }

  override getTileWidth(level: number): number {
    return this.#level(level).tileWidth;
  }

  override getTileHeight(level: number): number {
    return this.#level(level).tileHeight;
  }

  /** Based on the level's own size: level 0 divided by the downsample may be off by one pixel. */
  override getNumTiles(level: number): OpenSeadragon.Point {
    const { width, height, tileWidth, tileHeight } = this.#level(level);
    return new OpenSeadragon.Point(Math.ceil(width / tileWidth), Math.ceil(height / tileHeight));
  }

  /** A cache key, not a URL. */
  override getTileUrl(level: number, x: number, y: number): string {
    return `slide:${this.#number}/${level}/${x}_${y}`;
  }

  override hasTransparency(): boolean {
    return false;
  }

  override downloadTileStart(job: OpenSeadragon.ImageJob): void {
    const controller = new AbortController();
    (job.userData as { controller?: AbortController }).controller = controller;
    const { level, x, y } = job.tile as unknown as { level: number; x: number; y: number };
    const { signal } = controller;
    if (this.#level(level).kind !== 'file') {
      this.#live.start(this.#slideLevel(level), x, y, signal).then(
        (context) => {
          // A coarser level shows through where nothing can be had.
          if (context === null) (job as OpenSeadragon.ImageJob & Fail).fail('Not read.', null);
          else job.finish(context, null, 'context2d');
        },
        (error: unknown) => {
          if (signal.aborted) return;
          this.#onError(error);
          const { width, height } = this.#tileSize(level, x, y);
          job.finish(drawBrokenTile(width, height), null, 'imageBitmap');
        },
      );
      return;
    }
    this.#read(this.#slideLevel(level), x, y, 'exact', signal).then(
      (bitmap) => job.finish(bitmap ?? this.#background(level), null, 'imageBitmap'),
      (error: unknown) => {
        if (signal.aborted) return;
        this.#onError(error);
        // A failed job would let a coarser level show through as if it were this tile.
        const { width, height } = this.#tileSize(level, x, y);
        job.finish(drawBrokenTile(width, height), null, 'imageBitmap');
      },
    );
  }

  override downloadTileAbort(job: OpenSeadragon.ImageJob): void {
    (job.userData as { controller?: AbortController }).controller?.abort();
  }

  /** Tile size, cropped at the slide's border. */
  #tileSize(level: number, x: number, y: number): { width: number; height: number } {
    const { width, height, tileWidth, tileHeight } = this.#level(level);
    return {
      width: Math.min(tileWidth, width - x * tileWidth),
      height: Math.min(tileHeight, height - y * tileHeight),
    };
  }

  /** Replaces tiles that the slide omits because they are empty. */
  #background(level: number): ImageBitmap {
    const { tileWidth, tileHeight } = this.#level(level);
    const canvas = new OffscreenCanvas(tileWidth, tileHeight);
    const context = canvas.getContext('2d');
    if (context !== null) {
      context.fillStyle = '#ffffff';
      context.fillRect(0, 0, tileWidth, tileHeight);
    }
    return canvas.transferToImageBitmap();
  }
}

/** Missing from the types of OpenSeadragon 5. */
interface Fail {
  fail(message: string, request: null): void;
}

/** Distance between stripes, in tile pixels. */
const stripePx = 24;

/** A placeholder that cannot be taken for tissue at any zoom: grey, with diagonal stripes and a cross. */
export function drawBrokenTile(width: number, height: number): ImageBitmap {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (context !== null) {
    context.fillStyle = '#9a9a9a';
    context.fillRect(0, 0, width, height);
    context.strokeStyle = '#828282';
    context.lineWidth = stripePx / 3;
    context.beginPath();
    for (let x = -height; x < width; x += stripePx) {
      context.moveTo(x, height);
      context.lineTo(x + height, 0);
    }
    context.stroke();
    context.strokeStyle = '#4a4a4a';
    context.lineWidth = Math.max(2, Math.min(width, height) / 64);
    context.strokeRect(0, 0, width, height);
    const [middleX, middleY] = [width / 2, height / 2];
    const arm = Math.min(width, height) / 8;
    context.beginPath();
    context.moveTo(middleX - arm, middleY - arm);
    context.lineTo(middleX + arm, middleY + arm);
    context.moveTo(middleX + arm, middleY - arm);
    context.lineTo(middleX - arm, middleY + arm);
    context.stroke();
  }
  return canvas.transferToImageBitmap();
}
