import type { SliceInContext } from './segmenter.ts';

/** Corners of a slice in the feature maps of its context, as fractions: the argument of `Ops.cropResize`. */
export type SliceBox = readonly [y1: number, x1: number, y2: number, x2: number];

/** Keeps a backend's rounding from stepping past the last pixel, where CropAndResize would give zeros. */
const lastPixel = 1 - 2 ** -16;

/**
 * The box at which context features are cut out so that they align with the slice's features, pixel centre on
 * pixel centre.
 *
 * The context has C pixels and the slice n, covering the fraction [x, x + s] of the context. In pixels of
 * the context, measured from its edge, the slice's first pixel centre is at x·C + s·C/2n and its last at
 * (x + s)·C − s·C/2n. A pixel index is that minus one half (pixel 0 has its centre at 0.5), and
 * CropAndResize counts from the first pixel's centre (0) to the last one's (1), as align-corners resizing
 * does throughout the network. Hence
 *
 *     x1 = (x·C + s·C/2n − 1/2) / (C − 1)        x2 = ((x + s)·C − s·C/2n − 1/2) / (C − 1).
 *
 * Fractions are the same for feature maps of every stride. Where the slice has finer pixels than the
 * context, the outermost centres are up to half a context pixel outside [0, 1]: those snap to the edge.
 * A slice that really extends beyond the context keeps its box, and reads zeros there, as convolutions do.
 *
 * @param contextPx side of the context's input in pixels, at least 2.
 * @param slicePx side of the slice's input in pixels.
 */
export function sliceBox(sliceInContext: SliceInContext, contextPx: number, slicePx: number): SliceBox {
  const margin = (sliceInContext.size * contextPx) / (2 * slicePx);
  const fraction = (position: number): number => (position - 0.5) / (contextPx - 1);
  const tolerance = 0.5 / (contextPx - 1) + 1e-9;
  const snapped = (value: number): number => {
    if (value < 0) return value >= -tolerance ? 0 : value;
    return value > lastPixel && value <= 1 + tolerance ? lastPixel : value;
  };
  const first = (start: number): number => snapped(fraction(start * contextPx + margin));
  const last = (start: number): number =>
    snapped(fraction((start + sliceInContext.size) * contextPx - margin));
  return [first(sliceInContext.y), first(sliceInContext.x), last(sliceInContext.y), last(sliceInContext.x)];
}
