/**
 * Draws a class map over the slide: fill on one canvas, outlines and hatches on another that lies above it.
 * Everything is drawn in device pixels, without smoothing, under the transform of the frame that the viewer
 * has just drawn, so that slide and overlay never part.
 */
import type { Level0Rect } from '../../slide/slide.ts';
import { apply, boundsOf, intersection, placeImage, placeLines, scaleOf } from '../viewer/affine.ts';
import type { Affine } from '../viewer/affine.ts';
import type { ClassMap, SliceMap, StoredSlice } from './class-map-store.ts';
import { coverWithRectangles, traceBorders } from './class-regions.ts';
import type { PixelTable } from './class-palette.ts';
import { hatchMarks, hatchPeriod } from './hatch.ts';
import type { HatchKind } from './hatch.ts';
import { LeastRecentlyUsed } from './least-recently-used.ts';

export interface OverlayStyle {
  readonly fill: boolean;
  readonly outline: boolean;
  readonly hatch: boolean;
  /** Draw confidence instead of classes. */
  readonly confidence: boolean;
  /** 0 to 1. */
  readonly outlineOpacity: number;
  /** Pixels of class values, or of confidence values when `confidence` is set. */
  readonly pixels: PixelTable;
  /** Classes that get outline and hatch. */
  readonly classes: readonly OverlayClass[];
}

export interface OverlayClass {
  readonly value: number;
  /** `#rrggbb`. */
  readonly colour: string;
  readonly hatch: HatchKind | null;
}

export interface OverlayFrame {
  /** Level-0 pixels to device pixels. */
  readonly transform: Affine;
  readonly devicePixelRatio: number;
  /** Level-0 size of the slide. */
  readonly slide: { readonly width: number; readonly height: number };
}

/** Bytes of coloured pixels and number of paths that are kept for reuse. */
const maxBitmapBytes = 192e6;
const maxPaths = 6000;

/**
 * The overlay is drawn by the processor: many short lines are no work for a graphics card, on machines without
 * one the browser's emulation is far slower still, and canvases of both kinds must not be mixed.
 */
export const overlayContext: CanvasRenderingContext2DSettings = { willReadFrequently: true };

interface Paths {
  readonly border: Path2D;
  readonly area: Path2D;
}

export class OverlayPainter {
  readonly #bitmaps = new LeastRecentlyUsed<string, OffscreenCanvas>(
    maxBitmapBytes,
    (canvas) => canvas.width * canvas.height * 4,
  );
  readonly #paths = new LeastRecentlyUsed<string, Paths>(maxPaths, () => 1);
  readonly #patterns = new Map<string, CanvasPattern>();
  #pixels: PixelTable | null = null;
  #map: ClassMap | null = null;

  /** Clears both canvases and draws `map`; null draws nothing. */
  paint(
    fill: CanvasRenderingContext2D,
    marks: CanvasRenderingContext2D,
    map: ClassMap | null,
    style: OverlayStyle,
    frame: OverlayFrame,
  ): void {
    for (const context of [fill, marks]) {
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    }
    if (map === null) return;
    if (map !== this.#map) {
      this.#bitmaps.clear();
      this.#paths.clear();
      this.#map = map;
    }
    if (style.pixels !== this.#pixels) {
      this.#bitmaps.clear();
      this.#pixels = style.pixels;
    }
    const canvasRect = { x: 0, y: 0, width: fill.canvas.width, height: fill.canvas.height };
    const visible = visibleSlices(map, frame.transform, canvasRect);
    if (style.fill) {
      this.#within(fill, frame, () => this.#paintFill(fill, visible, style, frame.transform));
    }
    if (style.outline || style.hatch) {
      this.#within(marks, frame, () => this.#paintMarks(marks, map, visible, style, frame));
    }
  }

  /** Draws with the slide's area as clip: slices may reach over its border. */
  #within(context: CanvasRenderingContext2D, frame: OverlayFrame, draw: () => void): void {
    const { width, height } = frame.slide;
    context.save();
    context.beginPath();
    for (const [x, y] of [
      [0, 0],
      [width, 0],
      [width, height],
      [0, height],
    ] as const) {
      const corner = apply(frame.transform, x, y);
      context.lineTo(corner.x, corner.y);
    }
    context.clip();
    draw();
    context.restore();
  }

  #paintFill(
    context: CanvasRenderingContext2D,
    slices: readonly StoredSlice[],
    style: OverlayStyle,
    transform: Affine,
  ): void {
    context.imageSmoothingEnabled = false;
    for (const slice of slices) {
      const map = slice.map(resolutionFor(slice, transform));
      const bitmap = this.#bitmap(slice, map, style);
      const { a, b, c, d, e, f } = placeImage(transform, slice.rect, map.size);
      context.setTransform(a, b, c, d, e, f);
      context.drawImage(bitmap, 0, 0);
    }
  }

  #bitmap(slice: StoredSlice, map: SliceMap, style: OverlayStyle): OffscreenCanvas {
    const key = `${slice.generation}/${map.size}`;
    const kept = this.#bitmaps.get(key);
    if (kept !== undefined) return kept;
    const canvas = new OffscreenCanvas(map.size, map.size);
    const context = canvas.getContext('2d', overlayContext);
    if (context === null) throw new Error('The browser gives no 2D canvas.');
    const image = context.createImageData(map.size, map.size);
    const pixels = new Uint32Array(image.data.buffer);
    const values = style.confidence ? map.confidence : map.classes;
    for (let index = 0; index < pixels.length; index++) {
      pixels[index] = style.pixels[values[index] ?? 0] ?? 0;
    }
    context.putImageData(image, 0, 0);
    this.#bitmaps.set(key, canvas);
    return canvas;
  }

  #paintMarks(
    context: CanvasRenderingContext2D,
    map: ClassMap,
    slices: readonly StoredSlice[],
    style: OverlayStyle,
    frame: OverlayFrame,
  ): void {
    const { transform, devicePixelRatio } = frame;
    const placed = slices.map((slice) => {
      const level = resolutionFor(slice, transform);
      const { size } = slice.map(level);
      return { slice, level, size, matrix: placeLines(transform, slice.rect, size) };
    });
    if (style.hatch && !style.confidence) {
      const origin = apply(transform, 0, 0);
      for (const { value, colour, hatch } of style.classes) {
        if (hatch === null) continue;
        const pattern = this.#pattern(context, hatch, colour, devicePixelRatio);
        context.fillStyle = pattern;
        for (const { slice, level, size } of placed) {
          // As the fill, so that neighbouring slices meet on whole device pixels, without a seam.
          const matrix = placeImage(transform, slice.rect, size);
          context.setTransform(matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f);
          // The pattern keeps its size and direction on screen, but moves with the tissue.
          const upright = new DOMMatrix([matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f])
            .inverse()
            .translateSelf(origin.x, origin.y);
          pattern.setTransform(upright);
          context.fill(this.#pathsOf(map, slice, level, size, value).area);
        }
      }
    }
    if (!style.outline) return;
    context.globalAlpha = style.outlineOpacity;
    // Every line is straight along the pixel grid: square ends close the corners, and cost far less than round ones.
    context.lineCap = 'square';
    // A light line in the class's colour, and a thin dark one inside it: one of them shows on any ground.
    const strokes = [
      { width: 3.5, colour: null },
      { width: 1, colour: '#101010' },
    ];
    for (const { width, colour } of strokes) {
      for (const entry of style.classes) {
        context.strokeStyle = colour ?? entry.colour;
        for (const { slice, level, size, matrix } of placed) {
          context.setTransform(matrix.a, matrix.b, matrix.c, matrix.d, matrix.e, matrix.f);
          context.lineWidth = (width * devicePixelRatio) / scaleOf(matrix);
          context.stroke(this.#pathsOf(map, slice, level, size, entry.value).border);
        }
      }
    }
  }

  #pathsOf(map: ClassMap, slice: StoredSlice, level: number, size: number, value: number): Paths {
    const left = map.neighbour(slice, -1, 0);
    const above = map.neighbour(slice, 0, -1);
    const key = `${slice.generation}/${size}/${value}/${left?.generation ?? 0}/${above?.generation ?? 0}`;
    const kept = this.#paths.get(key);
    if (kept !== undefined) return kept;
    const { classes } = slice.map(level);
    const neighbours = { left: sameSize(left, level, size), above: sameSize(above, level, size) };
    const border = new Path2D();
    const lines = traceBorders(classes, size, value, neighbours);
    for (let at = 0; at < lines.length; at += 4) {
      border.moveTo(lines[at] ?? 0, lines[at + 1] ?? 0);
      border.lineTo(lines[at + 2] ?? 0, lines[at + 3] ?? 0);
    }
    const area = new Path2D();
    const rectangles = coverWithRectangles(classes, size, value);
    for (let at = 0; at < rectangles.length; at += 4) {
      area.rect(
        rectangles[at] ?? 0,
        rectangles[at + 1] ?? 0,
        rectangles[at + 2] ?? 0,
        rectangles[at + 3] ?? 0,
      );
    }
    const paths = { border, area };
    this.#paths.set(key, paths);
    return paths;
  }

  #pattern(
    context: CanvasRenderingContext2D,
    kind: HatchKind,
    colour: string,
    devicePixelRatio: number,
  ): CanvasPattern {
    const key = `${kind}/${colour}/${devicePixelRatio}`;
    let pattern = this.#patterns.get(key);
    if (pattern === undefined) {
      const created = context.createPattern(hatchTile(kind, colour, devicePixelRatio), 'repeat');
      if (created === null) throw new Error('The browser gives no pattern.');
      pattern = created;
      this.#patterns.set(key, pattern);
    }
    return pattern;
  }
}

/** One square of the hatch. */
export function hatchTile(kind: HatchKind, colour: string, devicePixelRatio: number): OffscreenCanvas {
  const side = Math.max(4, Math.round(hatchPeriod * devicePixelRatio));
  const canvas = new OffscreenCanvas(side, side);
  const context = canvas.getContext('2d', overlayContext);
  if (context === null) throw new Error('The browser gives no 2D canvas.');
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = devicePixelRatio;
  const { lines, dots } = hatchMarks[kind];
  for (const [x1, y1, x2, y2] of lines) {
    context.beginPath();
    context.moveTo(x1 * side, y1 * side);
    context.lineTo(x2 * side, y2 * side);
    context.stroke();
  }
  for (const [x, y] of dots) {
    context.beginPath();
    context.arc(x * side, y * side, 1.1 * devicePixelRatio, 0, 2 * Math.PI);
    context.fill();
  }
  return canvas;
}

function visibleSlices(map: ClassMap, transform: Affine, canvas: Level0Rect): StoredSlice[] {
  return [...map.slices].filter((slice) => intersection(boundsOf(transform, slice.rect), canvas) !== null);
}

/** How often to halve a slice's map so that its pixels are not much smaller than the screen's. */
function resolutionFor(slice: StoredSlice, transform: Affine): number {
  const devicePxPerMapPx = (scaleOf(transform) * slice.rect.width) / slice.map(0).size;
  return Math.max(0, Math.floor(Math.log2(1 / devicePxPerMapPx)));
}

function sameSize(slice: StoredSlice | null, level: number, size: number): Uint8Array | null {
  const map = slice?.map(level);
  return map?.size === size ? map.classes : null;
}
