/**
 * Draws a class map over the slide: fill on one canvas, outlines and hatches on a second one above it. Both are copies of
 * tiles under the transform of the viewer's current frame, so that overlay and slide never drift apart.
 */
import { apply } from '../viewer/affine.ts';
import type { Affine } from '../viewer/affine.ts';
import type { LiveClassMap } from './class-map-store.ts';
import { paintStyle } from './paint-style.ts';
import { OverlayTiles } from './overlay-tiles.ts';
import type { PaintJobs, Part, TilesFrame } from './tiles-frame.ts';
import type { OverlayStyle } from './overlay-style.ts';
import type { PaintStyle } from './tile-paint.ts';
import type { ZoomDetail } from './zoom-detail.ts';

export interface OverlayFrame {
  /** Level-0 pixels to device pixels. */
  readonly transform: Affine;
  readonly devicePixelRatio: number;
  /** Level-0 size of the slide. */
  readonly slide: { readonly width: number; readonly height: number };
  readonly detail: ZoomDetail;
  /** Level-0 places without confidence, such as glass; null for none. */
  readonly leaveOut: ((x: number, y: number) => boolean) | null;
}

/** Milliseconds per frame for reading new content. */
const frameBudget = 4;

export class OverlayPainter {
  readonly #tiles: OverlayTiles;
  readonly #listeners = new Set<() => void>();
  #map: LiveClassMap | null = null;
  #style: OverlayStyle | null = null;
  #leaveOut: OverlayFrame['leaveOut'] = null;
  #painted: PaintStyle | null = null;
  #key = '';
  #styleNumber = 0;

  constructor(paint: PaintJobs) {
    this.#tiles = new OverlayTiles(paint, () => {
      for (const listener of [...this.#listeners]) listener();
    });
  }

  /** Calls `listener` when there is something new to draw. @returns a function that stops this */
  onPainted(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Clears the canvases, and draws `map`; null draws nothing. A canvas with nothing to draw is hidden.
   * @returns whether everything is drawn or being painted; if not, paint again in the next frame
   */
  paint(
    fill: CanvasRenderingContext2D,
    marks: CanvasRenderingContext2D,
    map: LiveClassMap | null,
    style: OverlayStyle | null,
    frame: OverlayFrame,
  ): boolean {
    const painted = map === null || style === null ? null : this.#paintStyle(style, frame);
    if (map !== this.#map) {
      this.#tiles.clear();
      this.#map = map;
    }
    const shown: readonly [CanvasRenderingContext2D, Part, boolean][] = [
      [fill, 'fill', painted !== null && painted.fill !== null],
      [marks, 'marks', painted !== null && (painted.lines !== null || painted.hatch !== null)],
    ];
    for (const [context, , isShown] of shown) {
      context.canvas.hidden = !isShown;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    }
    if (map === null || style === null || painted === null) return true;
    const tilesFrame: TilesFrame = {
      map,
      style: painted,
      styleKey: this.#key,
      minConfidence: style.minConfidence,
      leaveOut: frame.leaveOut,
      transform: frame.transform,
      width: fill.canvas.width,
      height: fill.canvas.height,
      slide: frame.slide,
      spare: untilSpent(frameBudget),
    };
    const complete = this.#tiles.prepare(tilesFrame);
    for (const [context, part, isShown] of shown) {
      if (isShown) within(context, frame, () => this.#tiles.draw(context, part, tilesFrame));
    }
    return complete;
  }

  /** The same object while nothing changes. */
  #paintStyle(style: OverlayStyle, { detail, devicePixelRatio, leaveOut }: OverlayFrame): PaintStyle | null {
    if (style !== this.#style || leaveOut !== this.#leaveOut) {
      this.#style = style;
      this.#leaveOut = leaveOut;
      this.#styleNumber++;
      this.#key = '';
    }
    // Opacity of the fill is the canvas's.
    const outline = Math.round(10 * detail.outline) / 10;
    const key = [this.#styleNumber, devicePixelRatio, detail.fill > 0, outline, detail.width].join();
    if (key !== this.#key) {
      this.#key = key;
      this.#painted = paintStyle(style, { ...detail, outline }, devicePixelRatio);
    }
    return this.#painted;
  }
}

/** Clips drawing to the slide, because slices may extend beyond it. */
function within(
  context: CanvasRenderingContext2D,
  { slide, transform }: OverlayFrame,
  draw: () => void,
): void {
  const { width, height } = slide;
  context.save();
  context.beginPath();
  for (const [x, y] of [
    [0, 0],
    [width, 0],
    [width, height],
    [0, height],
  ] as const) {
    const corner = apply(transform, x, y);
    context.lineTo(corner.x, corner.y);
  }
  context.clip();
  draw();
  context.restore();
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
