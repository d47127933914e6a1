/** The context of a slice of an image in memory, of every kind. */
import {
  contextCorner,
  contextFactor,
  insideRegion,
  isPlaced,
  type RegionPlacement,
} from './context-place.ts';
import { reduceImage, sampleClasses, wholeImage, type LabelledImage } from './labelled-image.ts';
import type { RawSample, SamplingGeometry } from './sample.ts';
import { scaledClasses, scaledRgb, type ImageSquare } from './scaled-crop.ts';

export class ContextReader {
  /** Slice pixels per context pixel. */
  private readonly factor: number;
  /** The image at the context's resolution. */
  private readonly reduced: LabelledImage | null;
  /** All of the image as one context, for kind `slide`. */
  private readonly whole: ReturnType<typeof wholeImage> | null;

  /** @throws Error when a context pixel does not cover a whole number of slice pixels. */
  constructor(
    private readonly image: LabelledImage,
    private readonly geometry: SamplingGeometry,
    private readonly regions: RegionPlacement,
  ) {
    this.factor = contextFactor(geometry);
    const { contextKind, contextPx } = geometry;
    this.reduced = isPlaced(contextKind) ? reduceImage(image, this.factor) : null;
    this.whole = contextKind === 'slide' && contextPx !== null ? wholeImage(image, contextPx) : null;
  }

  /** Where regions lie on the lattice: moves a drawn slice into the image and the region of its pixel. */
  within(square: ImageSquare, pixel: { readonly column: number; readonly row: number }): ImageSquare {
    if (this.regions !== 'lattice') return square;
    return insideRegion(square, pixel, this.image, this.regionSide());
  }

  /**
   * The context of a slice; null without one.
   * @param zoom of the slice's field; that of the context follows, so that both show one scale
   * @param below draws a whole number, 0 to n - 1
   */
  read(slice: ImageSquare, zoom: number, below: (n: number) => number): RawSample['context'] {
    const { contextKind, contextPx, slicePx } = this.geometry;
    if (contextPx === null) return null;
    if (contextKind === 'same') return this.sameField(slice, contextPx);
    if (this.whole !== null) {
      const side = Math.max(this.image.width, this.image.height);
      const place = { x: slice.x / side, y: slice.y / side, size: slice.span / side };
      const { rgb, classes } = this.whole;
      return { rgb, classes, place };
    }
    if (this.reduced === null) throw new Error(`Context kind "${contextKind}" has no context.`);
    const full = contextPx * this.factor;
    const span = full * zoom;
    const [x, y] = contextCorner(contextKind, slice, span, this.regionSide(), below);
    // Whole pixels of the reduced image where nothing is scaled: those are copied, not interpolated.
    const snap = (value: number): number =>
      zoom === 1 ? Math.round(value / this.factor) : value / this.factor;
    const [left, top] = [snap(x), snap(y)];
    return {
      rgb: scaledRgb(this.reduced, { x: left, y: top, span: contextPx * zoom }, contextPx),
      classes:
        zoom === 1
          ? sampleClasses(this.image, left * this.factor, top * this.factor, contextPx, this.factor)
          : scaledClasses(this.image, { x: left * this.factor, y: top * this.factor, span }, contextPx),
      place: {
        x: slice.x / span - left / (contextPx * zoom),
        y: slice.y / span - top / (contextPx * zoom),
        size: slicePx / full,
      },
    };
  }

  /** Side of the lattice's regions, image pixels; null where there is no lattice. */
  private regionSide(): number | null {
    const { contextKind, contextPx } = this.geometry;
    if (this.regions !== 'lattice' || contextKind !== 'region' || contextPx === null) return null;
    return contextPx * this.factor;
  }

  private sameField(slice: ImageSquare, contextPx: number): RawSample['context'] {
    const { slicePx } = this.geometry;
    const rgb = scaledRgb(this.image, slice, slicePx);
    const classes = scaledClasses(this.image, slice, slicePx);
    const square: LabelledImage = { ...this.image, width: slicePx, height: slicePx, rgb, classes };
    return {
      rgb: reduceImage(square, this.factor).rgb,
      classes: sampleClasses(square, 0, 0, contextPx, this.factor),
      place: { x: 0, y: 0, size: 1 },
    };
  }
}
