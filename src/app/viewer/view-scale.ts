/** Scale of a view: magnification, and length of the scale bar. Pure. */

export interface ScaleBar {
  /** Length in µm: 1, 2 or 5 times a power of ten. */
  readonly um: number;
  /** Length on screen, in CSS pixels. */
  readonly px: number;
  readonly label: string;
}

/**
 * The longest bar of a round length within `maxPx`.
 * @param umPerPx µm of tissue per CSS pixel, above 0.
 */
export function chooseScaleBar(umPerPx: number, maxPx: number): ScaleBar {
  const limit = umPerPx * maxPx;
  const power = 10 ** Math.floor(Math.log10(limit));
  // The margin absorbs rounding between 10 ** n and log10.
  const step = [5, 2, 1].find((factor) => factor * power <= limit * (1 + 1e-9)) ?? 1;
  const um = step * power;
  return { um, px: um / umPerPx, label: formatLength(um) };
}

/** 500 µm, 2 mm, 0.5 µm. */
export function formatLength(um: number): string {
  if (um >= 1000) return `${Number((um / 1000).toPrecision(3))} mm`;
  return `${Number(um.toPrecision(3))} µm`;
}

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
