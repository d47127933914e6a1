/**
 * Tiles of levels that the file lacks. Each is shown at once, as coarse as it is known, and drawn again in place as more
 * is read: the viewer holds the canvas, and need not load the tile again.
 */
import { isAbort } from '../../base/abort.ts';
import type { TileQuality } from '../../slide/view-pyramid.ts';
import type { ViewLevel } from '../../worker/slide-client.ts';

/** Reads a tile; null where it can't be had in this quality. */
export type ReadTile = (
  level: number,
  column: number,
  row: number,
  quality: TileQuality,
  signal: AbortSignal,
) => Promise<ImageBitmap | null>;

export interface TilePlace {
  readonly level: number;
  readonly column: number;
  readonly row: number;
}

interface LiveTile extends TilePlace {
  /** One per viewer that shows it: the view and its overview map. */
  contexts: CanvasRenderingContext2D[];
  /** Whether no better is to be had. */
  settled: boolean;
}

/** Tiles read exactly at the same time. */
const concurrentReads = 2;

export class LiveTiles {
  readonly #tiles = new Map<string, LiveTile>();
  readonly #reading = new Map<string, AbortController>();
  readonly #levels: readonly ViewLevel[];
  readonly #read: ReadTile;
  readonly #onError: (error: unknown) => void;
  readonly #redraw: () => void;
  readonly #cleared = new AbortController();
  #wanted: readonly TilePlace[] = [];
  #refreshing = false;
  #changedMeanwhile = false;

  /** @param redraw called after tiles have been drawn again. */
  constructor(
    levels: readonly ViewLevel[],
    read: ReadTile,
    onError: (error: unknown) => void,
    redraw: () => void,
  ) {
    this.#levels = levels;
    this.#read = read;
    this.#onError = onError;
    this.#redraw = redraw;
  }

  /** A canvas with what is known of a tile; null if nothing can be had. @throws errors of reading. */
  async start(
    level: number,
    column: number,
    row: number,
    signal: AbortSignal,
  ): Promise<CanvasRenderingContext2D | null> {
    const place = { level, column, row };
    const isOverview = this.#levels[level]?.kind === 'overview';
    let settled = false;
    let bitmap = await this.#read(level, column, row, isOverview ? 'exact' : 'now', signal);
    if (bitmap === null && !isOverview) {
      settled = true;
      bitmap = await this.#read(level, column, row, 'exact', signal);
    }
    if (bitmap === null) return null;
    const canvas = document.createElement('canvas');
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    // Read back often by nobody: it may stay on the graphics card.
    const context = canvas.getContext('2d', { alpha: false });
    if (context === null) return null;
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    const known = this.#tiles.get(keyOf(place));
    if (known === undefined) this.#tiles.set(keyOf(place), { ...place, contexts: [context], settled });
    else known.contexts.push(context);
    return context;
  }

  /** Draws tiles of the overview again; if this takes longer than the next change, that one waits. */
  overviewChanged(): void {
    this.#changedMeanwhile = true;
    if (this.#refreshing) return;
    this.#refreshing = true;
    void this.#refresh().finally(() => (this.#refreshing = false));
  }

  async #refresh(): Promise<void> {
    while (this.#changedMeanwhile && !this.#cleared.signal.aborted) {
      this.#changedMeanwhile = false;
      const { signal } = this.#cleared;
      const stale = [...this.#tiles.values()].filter(({ level }) => this.#levels[level]?.kind === 'overview');
      for (const tile of stale) {
        if (this.#forget(tile)) continue;
        const { level, column, row } = tile;
        const bitmap = await this.#read(level, column, row, 'exact', signal).catch(() => null);
        if (bitmap !== null) draw(tile, bitmap);
      }
      this.#redraw();
    }
  }

  /** Reads these tiles exactly, in this order, and stops reading others. */
  refine(places: readonly TilePlace[]): void {
    this.#wanted = places.filter((place) => {
      const tile = this.#tiles.get(keyOf(place));
      return tile !== undefined && !tile.settled && this.#levels[place.level]?.kind === 'joined';
    });
    const keys = new Set(this.#wanted.map(keyOf));
    for (const [key, controller] of this.#reading) if (!keys.has(key)) controller.abort();
    this.#startReads();
  }

  /** Stops reading and forgets all tiles. */
  clear(): void {
    this.#cleared.abort();
    this.#wanted = [];
    for (const controller of this.#reading.values()) controller.abort();
    this.#tiles.clear();
  }

  #startReads(): void {
    for (const place of this.#wanted) {
      if (this.#reading.size >= concurrentReads) return;
      const tile = this.#tiles.get(keyOf(place));
      if (tile === undefined || tile.settled || this.#reading.has(keyOf(place)) || this.#forget(tile))
        continue;
      void this.#readExactly(tile);
    }
  }

  async #readExactly(tile: LiveTile): Promise<void> {
    const key = keyOf(tile);
    const controller = new AbortController();
    this.#reading.set(key, controller);
    try {
      const bitmap = await this.#read(tile.level, tile.column, tile.row, 'exact', controller.signal);
      tile.settled = true;
      if (bitmap !== null) {
        draw(tile, bitmap);
        this.#redraw();
      }
    } catch (error) {
      if (!isAbort(error)) {
        tile.settled = true;
        this.#onError(error);
      }
    } finally {
      this.#reading.delete(key);
      this.#startReads();
    }
  }

  /** Drops canvases that the viewer has given up, which it does by emptying them. @returns whether none is left. */
  #forget(tile: LiveTile): boolean {
    tile.contexts = tile.contexts.filter(({ canvas }) => canvas.width > 0);
    if (tile.contexts.length > 0) return false;
    this.#tiles.delete(keyOf(tile));
    return true;
  }
}

function draw(tile: LiveTile, bitmap: ImageBitmap): void {
  for (const context of tile.contexts) if (context.canvas.width > 0) context.drawImage(bitmap, 0, 0);
  bitmap.close();
}

const keyOf = ({ level, column, row }: TilePlace): string => `${level}/${column}/${row}`;
