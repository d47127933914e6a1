/** How much of the overlay is drawn at a zoom: flat fill on a whole slide, outline alone where nuclei are read. Pure. */

export interface ZoomDetail {
  /** Factor of the fill's opacity, 0 to 1. */
  readonly fill: number;
  /** Factor of the outline's opacity, 0 to 1. */
  readonly outline: number;
  /** Factor of the outline's width. */
  readonly width: number;
}

/** All of it, at any zoom. */
export const fullDetail: ZoomDetail = { fill: 1, outline: 1, width: 1 };

/** µm of tissue per CSS pixel from which on nuclei are read: 20×. A little more, so that rounding does not matter. */
const readingUm = 0.505;
/** µm per CSS pixel at which the fill is at its lightest (10×), and from which on it is flat (3×). */
const middleUm = 1;
const farUm = 3.3;
/** Up to here the outline is drawn in full (5×); it is gone where the fill is flat. */
const outlineUm = 2;
/** Fill at middle zoom, as a factor. */
export const lightFill = 0.6;

/**
 * Both thin as the zoom grows: fill alone from 3.3 µm per pixel on, light fill and thin outline at 1 µm, outline alone up to 0.5 µm.
 * @param umPerPx µm of tissue per CSS pixel, above 0
 */
export function detailAt(umPerPx: number): ZoomDetail {
  const position = (from: number, to: number): number =>
    Math.min(1, Math.max(0, Math.log(umPerPx / from) / Math.log(to / from)));
  const fill =
    umPerPx <= readingUm
      ? 0
      : umPerPx < middleUm
        ? lightFill * (0.5 + 0.5 * position(readingUm, middleUm))
        : lightFill + (1 - lightFill) * position(middleUm, farUm);
  return {
    fill,
    outline: umPerPx <= readingUm ? 1 : 1 - position(outlineUm, farUm),
    // In steps, so that outlines of nearly the same zoom are the same.
    width: umPerPx <= readingUm ? 1 : umPerPx < outlineUm ? 0.8 : 0.6,
  };
}
