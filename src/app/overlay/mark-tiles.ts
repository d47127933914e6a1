/**
 * Outlines and hatches, drawn once into tiles and then copied. Drawing lines costs the CPU far more than copying
 * pixels, so each frame draws as many tiles as time allows and leaves the rest to the next.
 *
 * Tiles cover the slide at one scale, with their origin at whole device pixels: panning moves all of them by the same
 * number of pixels. While the scale changes, the tiles of the previous scale are stretched.
 */
import type { Level0Rect } from '../../slide/slide.ts';
import { apply, transformBounds, invert, placeImage, placeLines, scaleOf } from '../viewer/affine.ts';
import { intersection, overlaps } from '../../base/rect.ts';
import type { Affine } from '../viewer/affine.ts';
import type { LiveClassMap, StoredSlice } from './class-map-store.ts';
import type { ClassPaths, SlicePart } from './class-paths.ts';
import { HatchPatterns } from './hatch.ts';
import { LeastRecentlyUsed } from '../../base/lru.ts';
import { createCanvas } from './overlay-context.ts';
import type { OverlayStyle } from './overlay-style.ts';

/** Side in device pixels. */
export const tileSide = 128;
const side = tileSide;
const maxBytes = 64e6;

/** Width of the dark inner line, as a share of the outline's width. */
const darkShare = 2 / 7;

interface Tile {
  /** null if there is nothing to draw. */
  readonly canvas: OffscreenCanvas | null;
  readonly column: number;
  readonly row: number;
  /** Whether it is up to date with the slices. */
  fresh: boolean;
}

interface TileSet {
  /** The transform without its translation. */
  readonly scale: Affine;
  readonly key: string;
  readonly tiles: LeastRecentlyUsed<string, Tile>;
}

export interface MarksFrame {
  readonly map: LiveClassMap;
  readonly style: OverlayStyle;
  /** Level-0 pixels to device pixels. */
  readonly transform: Affine;
  readonly devicePixelRatio: number;
  readonly slices: readonly StoredSlice[];
  /** How often to halve a slice's map at this scale. */
  readonly levelOf: (slice: StoredSlice) => number;
  /** Whether there is time to draw more. */
  readonly spare: () => boolean;
}

export class MarkTiles {
  readonly #paths: ClassPaths;
  readonly #patterns = new HatchPatterns();
  #set: TileSet | null = null;
  /** Tiles of the previous scale or style, shown until the new ones are complete. */
  #last: TileSet | null = null;
  #map: LiveClassMap | null = null;
  #style: OverlayStyle | null = null;
  #revision = 0;
  #lastKey = '';

  constructor(paths: ClassPaths) {
    this.#paths = paths;
  }

  /** @returns whether everything is drawn; if not, paint another frame soon */
  draw(context: CanvasRenderingContext2D, frame: MarksFrame): boolean {
    const { map, style, transform } = frame;
    if (map !== this.#map) {
      this.#set = this.#last = null;
      this.#map = map;
      this.#revision = 0;
    }
    const key = keyOf(transform, frame.devicePixelRatio);
    const set = this.#setFor(key, style, transform);
    this.#invalidate(set, frame);
    // While the scale changes, tiles would be out of date before they are drawn.
    const steady = key === this.#lastKey || this.#last === null;
    this.#lastKey = key;

    const shiftX = Math.round(transform.e);
    const shiftY = Math.round(transform.f);
    const { width, height } = context.canvas;
    if (this.#last !== null) drawStretched(context, this.#last, transform);
    let complete = true;
    const columns = tilesBetween(-shiftX, width - shiftX);
    for (const row of tilesBetween(-shiftY, height - shiftY)) {
      for (const column of columns) {
        const name = `${column},${row}`;
        let tile = set.tiles.get(name);
        if (tile?.fresh !== true && steady && frame.spare()) {
          const drawn = this.#render(set, column, row, tile, frame);
          if (drawn !== null) {
            tile = drawn;
            set.tiles.set(name, drawn);
          }
        }
        if (tile?.fresh !== true) complete = false;
        if (tile === undefined) continue;
        const x = column * side + shiftX;
        const y = row * side + shiftY;
        context.setTransform(1, 0, 0, 1, 0, 0);
        if (this.#last !== null) context.clearRect(x, y, side, side);
        if (tile.canvas !== null) context.drawImage(tile.canvas, x, y);
      }
    }
    if (complete) this.#last = null;
    return complete;
  }

  #setFor(key: string, style: OverlayStyle, transform: Affine): TileSet {
    if (this.#set?.key === key && style === this.#style) return this.#set;
    if (this.#set !== null && this.#set.tiles.size > 0) this.#last = this.#set;
    this.#style = style;
    this.#set = {
      scale: { ...transform, e: 0, f: 0 },
      key,
      tiles: new LeastRecentlyUsed(maxBytes, () => side * side * 4),
    };
    return this.#set;
  }

  /** Marks tiles whose slices have changed as outdated. */
  #invalidate(set: TileSet, { map, style, devicePixelRatio }: MarksFrame): void {
    if (map.revision === this.#revision) return;
    const margin = marginOf(style, devicePixelRatio);
    for (const slice of map.slices) {
      if (slice.revision <= this.#revision) continue;
      const { x, y, width, height } = transformBounds(set.scale, slice.rect);
      const area = { x: x - margin, y: y - margin, width: width + 2 * margin, height: height + 2 * margin };
      // At most one step per tile: at high zoom a slice covers far more tiles than there are.
      for (const tile of set.tiles.values()) {
        const { column, row } = tile;
        if (overlaps({ x: column * side, y: row * side, width: side, height: side }, area))
          tile.fresh = false;
      }
    }
    this.#revision = map.revision;
  }

  /** @returns null if time ran out before all paths were traced; those traced stay cached */
  #render(
    set: TileSet,
    column: number,
    row: number,
    known: Tile | undefined,
    frame: MarksFrame,
  ): Tile | null {
    const { map, style, devicePixelRatio } = frame;
    const margin = marginOf(style, devicePixelRatio);
    const area = {
      x: column * side - margin,
      y: row * side - margin,
      width: side + 2 * margin,
      height: side + 2 * margin,
    };
    const parts = frame.slices
      .filter((slice) => intersects(set.scale, slice.rect, area))
      .flatMap((slice) => this.#paths.parts(slice, frame.levelOf(slice)))
      .filter((part) => intersects(set.scale, part.rect, area));
    if (parts.length === 0) return { canvas: null, column, row, fresh: true };
    let first = true;
    for (const part of parts) {
      for (const { value } of style.classes) {
        if (this.#paths.of(map, part, value, first || frame.spare()) === null) return null;
        first = false;
      }
    }
    const context = known?.canvas?.getContext('2d') ?? createCanvas(side, side);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, side, side);
    const transform = { ...set.scale, e: -column * side, f: -row * side };
    if (style.hatch && !style.confidence) this.#hatch(context, parts, transform, frame);
    if (style.outline) this.#outline(context, parts, transform, frame);
    context.globalAlpha = 1;
    return { canvas: context.canvas, column, row, fresh: true };
  }

  #hatch(
    context: OffscreenCanvasRenderingContext2D,
    parts: readonly SlicePart[],
    transform: Affine,
    { map, style, devicePixelRatio }: MarksFrame,
  ): void {
    const origin = apply(transform, 0, 0);
    for (const { value, colour, hatch, hatchColour } of style.classes) {
      if (hatch === null) continue;
      const pattern = this.#patterns.of(hatch, hatchColour ?? colour, devicePixelRatio);
      context.fillStyle = pattern;
      for (const part of parts) {
        // Placed like the fill, so that neighbouring slices meet at whole device pixels, without seams.
        const { a, b, c, d, e, f } = placeImage(transform, part.rect, part.size);
        context.setTransform(a, b, c, d, e, f);
        // The pattern keeps its size and direction on screen and moves with the tissue.
        pattern.setTransform(new DOMMatrix([a, b, c, d, e, f]).inverse().translateSelf(origin.x, origin.y));
        const paths = this.#paths.of(map, part, value, true);
        if (paths !== null) context.fill(paths.area);
      }
    }
  }

  #outline(
    context: OffscreenCanvasRenderingContext2D,
    parts: readonly SlicePart[],
    transform: Affine,
    { map, style, devicePixelRatio }: MarksFrame,
  ): void {
    context.globalAlpha = style.outlineOpacity;
    // All lines follow the pixel grid. Square caps close the corners and cost far less than round ones.
    context.lineCap = 'square';
    // A line in the class's colour with a thin dark line inside: one of them is visible on any background.
    const strokes = [
      { width: style.outlineWidth, colour: null },
      { width: style.outlineWidth * darkShare, colour: '#101010' },
    ];
    for (const { width, colour } of strokes) {
      for (const entry of style.classes) {
        if (!entry.outline) continue;
        context.strokeStyle = colour ?? entry.colour;
        for (const part of parts) {
          const matrix = placeLines(transform, part.rect, part.size);
          context.setTransform(matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f);
          context.lineWidth = (width * devicePixelRatio) / scaleOf(matrix);
          const paths = this.#paths.of(map, part, entry.value, true);
          if (paths !== null) context.stroke(paths.border);
        }
      }
    }
  }
}

/** Most tiles in a row or column: enough for a canvas of 65,000 device pixels. */
const maxTiles = 512;

/** Numbers of the tiles that meet a range of device pixels; none for ranges that no canvas has. */
export function tilesBetween(start: number, end: number): number[] {
  const first = Math.floor(start / side);
  const count = Math.ceil(end / side) - first;
  if (!Number.isSafeInteger(first * side) || !(count > 0 && count <= maxTiles)) return [];
  return Array.from({ length: count }, (_, i) => first + i);
}

/** Draws tiles of another scale, stretched to their current position. */
function drawStretched(
  context: CanvasRenderingContext2D,
  { scale, tiles }: TileSet,
  transform: Affine,
): void {
  const back = invert(scale);
  const a = transform.a * back.a + transform.c * back.b;
  const b = transform.b * back.a + transform.d * back.b;
  const c = transform.a * back.c + transform.c * back.d;
  const d = transform.b * back.c + transform.d * back.d;
  context.setTransform(a, b, c, d, Math.round(transform.e), Math.round(transform.f));
  for (const { canvas, column, row } of tiles.values()) {
    if (canvas !== null) context.drawImage(canvas, column * side, row * side);
  }
}

function marginOf(style: OverlayStyle, devicePixelRatio: number): number {
  return Math.ceil((style.outlineWidth * devicePixelRatio) / 2) + 1;
}

function intersects(transform: Affine, rect: Level0Rect, area: Level0Rect): boolean {
  return intersection(transformBounds(transform, rect), area) !== null;
}

function keyOf({ a, b, c, d }: Affine, devicePixelRatio: number): string {
  return [a, b, c, d, devicePixelRatio].map((value) => value.toPrecision(9)).join();
}
