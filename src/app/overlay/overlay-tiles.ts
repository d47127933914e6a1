/**
 * The overlay as tiles, painted elsewhere and copied to the screen. Tiles cover the slide at one scale, with their origin at
 * whole device pixels: panning moves all of them by the same number of pixels.
 *
 * What the screen lacks is painted together and appears together. Until then the picture of the last scale is stretched, and
 * around it a coarse picture of the whole slide.
 */
import { overlaps } from '../../base/rect.ts';
import { LeastRecentlyUsed } from '../../base/lru.ts';
import { invert, multiply, scaleOf, transformBounds } from '../viewer/affine.ts';
import type { Affine } from '../viewer/affine.ts';
import type { LiveClassMap } from './class-map-store.ts';
import { CoarsePicture, staysLegible } from './coarse-picture.ts';
import { latticeFor, readWindow, toWindow, windowAround } from './map-window.ts';
import { createCanvas } from './overlay-context.ts';
import { windowMargin } from './tile-paint.ts';
import type { TileJob, TilePicture } from './tile-paint.ts';
import type { PaintJobs, Part, TilesFrame } from './tiles-frame.ts';

/** Side in device pixels. */
export const tileSide = 256;
const side = tileSide;
/** Of one scale: enough for a view of 4K with what is around it. */
const maxBytes = 128e6;

interface Tile {
  readonly column: number;
  readonly row: number;
  readonly fill: OffscreenCanvas | null;
  readonly marks: OffscreenCanvas | null;
  /** Revision of the map that it shows. */
  readonly revision: number;
  /** Whether slices have changed since. */
  stale: boolean;
}

interface TileSet {
  /** The transform without its translation. */
  readonly scale: Affine;
  readonly key: string;
  readonly tiles: LeastRecentlyUsed<string, Tile>;
}

interface Batch {
  readonly set: TileSet;
  readonly revision: number;
  readonly waiting: { readonly column: number; readonly row: number }[];
  readonly places: { readonly column: number; readonly row: number; readonly job: TileJob | null }[];
  sent: boolean;
}

export class OverlayTiles {
  readonly #paint: PaintJobs;
  readonly #onPainted: () => void;
  readonly #coarse: CoarsePicture;
  #set: TileSet | null = null;
  /** Tiles of the previous scale or style, shown until the new ones are complete. */
  #last: TileSet | null = null;
  #batch: Batch | null = null;
  #map: LiveClassMap | null = null;
  #revision = 0;
  #lastKey = '';

  /** @param onPainted called when there is something new to draw */
  constructor(paint: PaintJobs, onPainted: () => void) {
    this.#paint = paint;
    this.#onPainted = onPainted;
    this.#coarse = new CoarsePicture(paint, onPainted);
  }

  /** Forgets everything, for another map. */
  clear(): void {
    this.#set = this.#last = this.#batch = null;
    this.#coarse.clear();
  }

  /**
   * Reads what the screen lacks, and has it painted.
   * @returns whether nothing is left to read; if not, call again in the next frame
   */
  prepare(frame: TilesFrame): boolean {
    const { map, transform } = frame;
    if (map !== this.#map) {
      this.clear();
      this.#map = map;
      this.#revision = map.revision;
    }
    const key = `${keyOf(transform)}/${frame.styleKey}`;
    const set = this.#setFor(key, transform);
    this.#invalidate(set, map);
    // While the scale changes, tiles would be out of date before they are painted.
    const steady = key === this.#lastKey;
    this.#lastKey = key;
    const coarse = this.#coarse.prepare(frame, this.#set?.tiles.size === 0 || !steady);
    if (!steady) return false;
    if (this.#batch !== null && this.#batch.sent) return coarse;
    if (this.#batch?.set !== set) this.#batch = this.#newBatch(set, frame);
    if (this.#batch === null) return coarse;
    return this.#read(this.#batch, frame) && coarse;
  }

  /** Copies tiles to a canvas whose context has no transform. */
  draw(context: CanvasRenderingContext2D, part: Part, frame: TilesFrame): void {
    const set = this.#set;
    if (set === null) return;
    const { transform, width, height } = frame;
    const shiftX = Math.round(transform.e);
    const shiftY = Math.round(transform.f);
    const places = placesIn(-shiftX, -shiftY, width, height);
    const known = places.map(({ column, row }) => set.tiles.get(nameOf(column, row)));
    if (known.some((tile) => tile === undefined)) {
      this.#coarse.draw(context, part, transform);
      if (this.#last !== null) drawStretched(context, part, this.#last, transform);
    } else this.#last = null;
    context.imageSmoothingEnabled = false;
    const clears = known.includes(undefined);
    for (const tile of known) {
      if (tile === undefined) continue;
      const x = tile.column * side + shiftX;
      const y = tile.row * side + shiftY;
      if (clears) context.clearRect(x, y, side, side);
      const canvas = tile[part];
      if (canvas !== null) context.drawImage(canvas, x, y);
    }
  }

  #setFor(key: string, transform: Affine): TileSet {
    if (this.#set?.key === key) return this.#set;
    if (this.#set !== null && this.#set.tiles.size > 0) this.#last = this.#set;
    this.#set = {
      scale: { ...transform, e: 0, f: 0 },
      key,
      tiles: new LeastRecentlyUsed(maxBytes, () => 2 * side * side * 4),
    };
    return this.#set;
  }

  /** Marks tiles whose slices have changed as outdated. */
  #invalidate(set: TileSet, map: LiveClassMap): void {
    if (map.revision === this.#revision) return;
    for (const slice of map.slices) {
      if (slice.revision <= this.#revision) continue;
      // Borders next to the slice depend on it as well.
      const marginX = (4 * slice.rect.width) / slice.size;
      const marginY = (4 * slice.rect.height) / slice.size;
      const area = transformBounds(set.scale, {
        x: slice.rect.x - marginX,
        y: slice.rect.y - marginY,
        width: slice.rect.width + 2 * marginX,
        height: slice.rect.height + 2 * marginY,
      });
      // At most one step per tile: at high zoom a slice covers far more tiles than there are.
      for (const tile of set.tiles.values()) {
        if (tile.revision >= slice.revision) continue;
        const { column, row } = tile;
        if (overlaps({ x: column * side, y: row * side, width: side, height: side }, area)) tile.stale = true;
      }
    }
    this.#revision = map.revision;
  }

  #newBatch(set: TileSet, { map, transform, width, height }: TilesFrame): Batch | null {
    const [left, top] = [-Math.round(transform.e), -Math.round(transform.f)];
    const lacks = ({ column, row }: { column: number; row: number }): boolean => {
      const tile = set.tiles.get(nameOf(column, row));
      return tile === undefined || tile.stale;
    };
    let waiting = placesIn(left, top, width, height).filter(lacks);
    // What comes into view next, once the view itself is complete.
    if (waiting.length === 0) {
      waiting = placesIn(left - side / 2, top - side / 2, width + side, height + side).filter(lacks);
    }
    return waiting.length === 0 ? null : { set, revision: map.revision, waiting, places: [], sent: false };
  }

  /** @returns whether the whole batch is read. */
  #read(batch: Batch, frame: TilesFrame): boolean {
    let place = batch.waiting.at(-1);
    while (place !== undefined) {
      if (!frame.spare()) return false;
      batch.waiting.pop();
      batch.places.push({ ...place, job: jobOf(batch.set, place.column, place.row, frame) });
      place = batch.waiting.at(-1);
    }
    batch.sent = true;
    const jobs = batch.places.flatMap(({ job }) => job ?? []);
    if (jobs.length === 0) {
      this.#take(batch, []);
      return true;
    }
    void this.#paint(jobs, frame.style).then((pictures) => this.#take(batch, pictures));
    return true;
  }

  #take(batch: Batch, pictures: readonly TilePicture[]): void {
    let next = 0;
    for (const { column, row, job } of batch.places) {
      const picture = job === null ? undefined : pictures[next++];
      const name = nameOf(column, row);
      const known = batch.set.tiles.get(name);
      batch.set.tiles.set(name, {
        column,
        row,
        fill: canvasOf(picture?.fill ?? null, known?.fill ?? null),
        marks: canvasOf(picture?.marks ?? null, known?.marks ?? null),
        revision: batch.revision,
        stale: (this.#map?.revision ?? 0) > batch.revision,
      });
    }
    if (this.#batch === batch) this.#batch = null;
    this.#onPainted();
  }
}

function jobOf(
  { scale }: TileSet,
  column: number,
  row: number,
  { map, style, minConfidence, leaveOut }: TilesFrame,
): TileJob | null {
  const lattice = latticeFor(map, scaleOf(scale));
  if (lattice === null) return null;
  const fromTile = multiply(invert(scale), { a: 1, b: 0, c: 0, d: 1, e: column * side, f: row * side });
  const area = transformBounds(fromTile, { x: 0, y: 0, width: side, height: side });
  const around = windowAround(lattice, area, windowMargin);
  const window = readWindow(map, lattice, {
    ...around,
    minConfidence,
    confidence: style.confidence,
    leaveOut: style.confidence ? leaveOut : null,
  });
  if (window === null) return null;
  return {
    window,
    toWindow: multiply(toWindow(lattice, around.left, around.top), fromTile),
    width: side,
    height: side,
    isFinest: lattice.level === 0,
    originX: column * side,
    originY: row * side,
  };
}

/** The picture on a canvas, on the former one if there is one. */
function canvasOf(
  pixels: Uint8ClampedArray<ArrayBuffer> | null,
  known: OffscreenCanvas | null,
): OffscreenCanvas | null {
  if (pixels === null) return null;
  const context = known?.getContext('2d') ?? createCanvas(side, side);
  context.putImageData(new ImageData(pixels, side, side), 0, 0);
  return context.canvas;
}

/** Draws tiles of another scale, stretched to their current position. */
function drawStretched(
  context: CanvasRenderingContext2D,
  part: Part,
  { scale, tiles }: TileSet,
  transform: Affine,
): void {
  const stretch = multiply(transform, invert(scale));
  const { a, b, c, d } = stretch;
  context.imageSmoothingEnabled = true;
  context.setTransform(a, b, c, d, Math.round(transform.e), Math.round(transform.f));
  for (const tile of tiles.values()) {
    const canvas = tile[part];
    context.clearRect(tile.column * side, tile.row * side, side, side);
    if (canvas !== null && staysLegible(part, scaleOf(stretch)))
      context.drawImage(canvas, tile.column * side, tile.row * side);
  }
  context.setTransform(1, 0, 0, 1, 0, 0);
}

/** Most tiles in a row or column: enough for a canvas of 65,000 device pixels. */
const maxTiles = 256;

function placesIn(
  left: number,
  top: number,
  width: number,
  height: number,
): { readonly column: number; readonly row: number }[] {
  const columns = tilesBetween(left, left + width);
  return tilesBetween(top, top + height).flatMap((row) => columns.map((column) => ({ column, row })));
}

/** Numbers of the tiles that meet a range of device pixels; none for ranges that no canvas has. */
export function tilesBetween(start: number, end: number): number[] {
  const first = Math.floor(start / side);
  const count = Math.ceil(end / side) - first;
  if (!Number.isSafeInteger(first * side) || !(count > 0 && count <= maxTiles)) return [];
  return Array.from({ length: count }, (_, i) => first + i);
}

function nameOf(column: number, row: number): string {
  return `${column},${row}`;
}

function keyOf({ a, b, c, d }: Affine): string {
  return [a, b, c, d].map((value) => value.toPrecision(9)).join();
}
