/** The whole slide's overlay on a few hundred pixels: for the overview map, and wherever finer tiles are not there yet. */
import type { Affine } from '../viewer/affine.ts';
import { latticeFor, readWindow, toWindow, windowAround } from './map-window.ts';
import { multiply, scaleOf } from '../viewer/affine.ts';
import { createCanvas } from './overlay-context.ts';
import type { PaintJobs, Part, TilesFrame } from './tiles-frame.ts';
import { windowMargin } from './tile-paint.ts';

/** Longest side, pixels. */
const longest = 384;
/** Milliseconds between pictures while slices arrive. */
const interval = 700;

/** Enlarged more than this, outlines are bars that hide tissue. */
const mostStretch = 2.5;

/** Whether a picture of another scale is better than nothing until its own is there. @param stretch how much it is enlarged */
export function staysLegible(part: Part, stretch: number): boolean {
  return part === 'fill' || stretch <= mostStretch;
}

export type CoarseFrame = Pick<
  TilesFrame,
  'map' | 'style' | 'styleKey' | 'minConfidence' | 'leaveOut' | 'slide'
>;

interface Shown {
  readonly key: string;
  readonly revision: number;
  readonly fill: OffscreenCanvas | null;
  readonly marks: OffscreenCanvas | null;
  /** Its pixels to level-0 pixels. */
  readonly toSlide: Affine;
}

export class CoarsePicture {
  readonly #paint: PaintJobs;
  readonly #onPainted: () => void;
  #shown: Shown | null = null;
  #isPainting = false;
  #last = -Infinity;

  constructor(paint: PaintJobs, onPainted: () => void) {
    this.#paint = paint;
    this.#onPainted = onPainted;
  }

  clear(): void {
    this.#shown = null;
    this.#last = -Infinity;
  }

  /**
   * Has it painted if it is out of date.
   * @param wanted whether it is needed now
   * @returns whether it is up to date or on its way
   */
  prepare(frame: CoarseFrame, wanted: boolean): boolean {
    const { map, slide, styleKey } = frame;
    const known = this.#shown;
    if (known?.key === styleKey && known.revision === map.revision) return true;
    if (!wanted || this.#isPainting || map.size === 0) return true;
    if (known?.key === styleKey && performance.now() < this.#last + interval) return true;
    const scale = Math.min(1, longest / Math.max(slide.width, slide.height));
    const width = Math.max(1, Math.round(slide.width * scale));
    const height = Math.max(1, Math.round(slide.height * scale));
    const toSlide = { a: slide.width / width, b: 0, c: 0, d: slide.height / height, e: 0, f: 0 };
    const lattice = latticeFor(map, scale);
    if (lattice === null) return true;
    const around = windowAround(
      lattice,
      { x: 0, y: 0, width: slide.width, height: slide.height },
      windowMargin,
    );
    const window = readWindow(map, lattice, {
      ...around,
      minConfidence: frame.minConfidence,
      confidence: frame.style.confidence,
      leaveOut: frame.style.confidence ? frame.leaveOut : null,
    });
    if (window === null) return true;
    const job = {
      window,
      toWindow: multiply(toWindow(lattice, around.left, around.top), toSlide),
      width,
      height,
      isFinest: lattice.level === 0,
      originX: 0,
      originY: 0,
    };
    const { revision } = map;
    this.#isPainting = true;
    this.#last = performance.now();
    void this.#paint([job], frame.style).then(([picture]) => {
      this.#isPainting = false;
      const canvasOf = (pixels: Uint8ClampedArray<ArrayBuffer> | null): OffscreenCanvas | null => {
        if (pixels === null) return null;
        const context = createCanvas(width, height);
        context.putImageData(new ImageData(pixels, width, height), 0, 0);
        return context.canvas;
      };
      this.#shown = {
        key: styleKey,
        revision,
        fill: canvasOf(picture?.fill ?? null),
        marks: canvasOf(picture?.marks ?? null),
        toSlide,
      };
      this.#onPainted();
    });
    return true;
  }

  /** @param transform level-0 pixels to pixels of the canvas */
  draw(context: CanvasRenderingContext2D, part: Part, transform: Affine): void {
    const canvas = this.#shown?.[part] ?? null;
    if (this.#shown === null || canvas === null) return;
    const stretch = multiply(transform, this.#shown.toSlide);
    if (!staysLegible(part, scaleOf(stretch))) return;
    const { a, b, c, d, e, f } = stretch;
    // Soft rather than in steps: what is coarse should look coarse, not like staircases.
    context.imageSmoothingEnabled = true;
    context.setTransform(a, b, c, d, e, f);
    context.drawImage(canvas, 0, 0);
    context.setTransform(1, 0, 0, 1, 0, 0);
  }
}
