/**
 * Draws a class map over the slide: fill on one canvas, outlines and hatches on a second one above it. Everything
 * is drawn in device pixels, without smoothing, under the transform of the viewer's current frame, so that overlay
 * and slide never drift apart. Work beyond a few milliseconds is left to later frames.
 */
import type { Level0Rect } from '../../slide/slide.ts';
import { apply, placeImage, scaleOf, transformBounds } from '../viewer/affine.ts';
import { intersection } from '../../base/rect.ts';
import type { Affine } from '../viewer/affine.ts';
import type { LiveClassMap, SliceMap, StoredSlice } from './class-map-store.ts';
import { ClassPaths } from './class-paths.ts';
import { MarkTiles, tileSide } from './mark-tiles.ts';
import type { FillStyle, OverlayStyle } from './overlay-style.ts';
import { LeastRecentlyUsed } from '../../base/lru.ts';
import { createCanvas } from './overlay-context.ts';

export interface OverlayFrame {
  /** Level-0 pixels to device pixels. */
  readonly transform: Affine;
  readonly devicePixelRatio: number;
  /** Level-0 size of the slide. */
  readonly slide: { readonly width: number; readonly height: number };
}

/** Milliseconds per frame for drawing new content. */
const frameBudget = 6;
/** Largest distance that lines extend beyond their shape, device pixels. */
const maxMargin = 64;

export class OverlayPainter {
  readonly #bitmaps = new FillBitmaps();
  readonly #paths = new ClassPaths();
  readonly #marks = new MarkTiles(this.#paths);
  #style: OverlayStyle | null = null;
  #map: LiveClassMap | null = null;

  /**
   * Clears both canvases and draws `map`; null draws nothing.
   * @returns whether everything is drawn; if not, paint again in the next frame
   */
  paint(
    fill: CanvasRenderingContext2D,
    marks: CanvasRenderingContext2D,
    map: LiveClassMap | null,
    style: OverlayStyle,
    frame: OverlayFrame,
  ): boolean {
    for (const context of [fill, marks]) {
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    }
    if (map === null) return true;
    this.#dropOutdated(map, style);
    const { transform } = frame;
    const { width, height } = fill.canvas;
    // Tiles of marks extend beyond the canvas and need all their slices.
    const around = {
      x: -tileSide - maxMargin,
      y: -tileSide - maxMargin,
      width: width + 2 * (tileSide + maxMargin),
      height: height + 2 * (tileSide + maxMargin),
    };
    const slices = visibleSlices(map, transform, around);
    const spare = untilSpent(frameBudget);
    let complete = true;
    if (style.fill) {
      this.#within(fill, frame, () => {
        complete = this.#paintFill(fill, slices, style, transform, spare);
      });
    }
    if (style.outline || style.hatch) {
      this.#within(marks, frame, () => {
        const levelOf = (slice: StoredSlice): number => resolutionFor(slice, transform);
        const drawn = this.#marks.draw(marks, { ...frame, map, style, slices, levelOf, spare });
        complete &&= drawn;
      });
    }
    return complete;
  }

  #dropOutdated(map: LiveClassMap, style: OverlayStyle): void {
    if (map !== this.#map) {
      this.#bitmaps.clear();
      this.#paths.clear();
      this.#map = map;
    }
    this.#paths.setMinConfidence(style.minConfidence);
    if (style.pixels !== this.#style?.pixels || style.minConfidence !== this.#style.minConfidence) {
      this.#bitmaps.clear();
    }
    this.#style = style;
  }

  /** Clips drawing to the slide, because slices may extend beyond it. */
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
    spare: () => boolean,
  ): boolean {
    let complete = true;
    context.imageSmoothingEnabled = false;
    for (const slice of slices) {
      const map = slice.map(resolutionFor(slice, transform));
      const bitmap = this.#bitmaps.of(slice, map, style, spare());
      if (bitmap === null) {
        complete = false;
        continue;
      }
      const { a, b, c, d, e, f } = placeImage(transform, slice.rect, map.size);
      context.setTransform(a, b, c, d, e, f);
      context.drawImage(bitmap, 0, 0);
    }
    return complete;
  }
}

/** True for the given milliseconds from now, and at least once, so that every frame makes progress. */
function untilSpent(milliseconds: number): () => boolean {
  const end = performance.now() + milliseconds;
  let asked = false;
  return () => {
    const spare = !asked || performance.now() < end;
    asked = true;
    return spare;
  };
}

function visibleSlices(map: LiveClassMap, transform: Affine, canvas: Level0Rect): StoredSlice[] {
  return [...map.slices].filter(
    (slice) => intersection(transformBounds(transform, slice.rect), canvas) !== null,
  );
}

/** How often to halve a slice's map, so that its pixels are not much smaller than screen pixels. */
function resolutionFor(slice: StoredSlice, transform: Affine): number {
  const devicePxPerMapPx = (scaleOf(transform) * slice.rect.width) / slice.size;
  return Math.max(0, Math.floor(Math.log2(1 / devicePxPerMapPx)));
}

const maxFillBytes = 96e6;

/** Slices as coloured pixels, cached between frames. */
export class FillBitmaps {
  readonly #bitmaps = new LeastRecentlyUsed<string, OffscreenCanvas>(
    maxFillBytes,
    (canvas) => canvas.width * canvas.height * 4,
  );

  clear(): void {
    this.#bitmaps.clear();
  }

  /** @param map of the slice @param allowCreate whether there is time to draw one @returns null if not cached and not drawn */
  of(slice: StoredSlice, map: SliceMap, style: FillStyle, allowCreate: boolean): OffscreenCanvas | null {
    const key = `${slice.generation}/${map.size}`;
    const kept = this.#bitmaps.get(key);
    if (kept !== undefined || !allowCreate) return kept ?? null;
    const context = createCanvas(map.size, map.size);
    const image = context.createImageData(map.size, map.size);
    const pixels = new Uint32Array(image.data.buffer);
    const values = style.confidence ? map.confidence : map.classes;
    const { minConfidence } = style;
    for (let index = 0; index < pixels.length; index++) {
      const sure = (map.confidence[index] ?? 0) >= minConfidence;
      pixels[index] = sure ? (style.pixels[values[index] ?? 0] ?? 0) : 0;
    }
    context.putImageData(image, 0, 0);
    this.#bitmaps.set(key, context.canvas);
    return context.canvas;
  }
}
