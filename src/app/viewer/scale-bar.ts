/** Length of a scale bar. */

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
