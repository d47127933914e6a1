/** Magnification, by the convention of slide viewers: at 10×, one pixel shows 1 µm. */

/** Magnifications on keys 1 to 7. */
export const zoomSteps = [1.25, 2.5, 5, 10, 20, 40, 80] as const;

/** @param umPerPx µm of tissue per CSS pixel, above 0. */
export function magnificationAt(umPerPx: number): number {
  return 10 / umPerPx;
}

/**
 * CSS pixels per level-0 pixel at which the slide shows `magnification`.
 * @param mpp µm per level-0 pixel; null if unknown, in which case level 0 counts as 40×.
 */
export function scaleForMagnification(magnification: number, mpp: number | null): number {
  return (magnification * (mpp ?? 0.25)) / 10;
}

/** 1.3×, 12×, 40×; as a percentage of level 0 if the resolution is unknown. */
export function formatMagnification(cssPxPerLevel0Px: number, mpp: number | null): string {
  if (mpp === null) return `${formatFigure(cssPxPerLevel0Px * 100)} %`;
  return `${formatFigure(magnificationAt(mpp / cssPxPerLevel0Px))}×`;
}

function formatFigure(value: number): string {
  return value >= 10 ? String(Math.round(value)) : String(Number(value.toPrecision(2)));
}
