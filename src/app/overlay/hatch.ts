/** Hatches, which distinguish classes without colour. Pure. */

export const hatchKinds = [
  'dots',
  'diagonal',
  'cross',
  'counter-diagonal',
  'vertical',
  'horizontal',
] as const;
export type HatchKind = (typeof hatchKinds)[number];

/** Side of the repeated square, in CSS pixels. */
export const hatchPeriod = 10;

/** The hatch of each class; null for background classes. Repeats if there are more classes than kinds. */
export function hatchesOf(classes: readonly { readonly background: boolean }[]): (HatchKind | null)[] {
  let next = 0;
  return classes.map((entry) => (entry.background ? null : (hatchKinds[next++ % hatchKinds.length] ?? null)));
}

/** The marks in one square: lines x1, y1, x2, y2 and dots x, y, in units of the period. */
export interface HatchMarks {
  readonly lines: readonly (readonly [number, number, number, number])[];
  readonly dots: readonly (readonly [number, number])[];
}

/** Diagonals extend beyond the square's corners, so that the pattern repeats without gaps. */
export const hatchMarks: Readonly<Record<HatchKind, HatchMarks>> = {
  dots: {
    lines: [],
    dots: [
      [0.25, 0.25],
      [0.75, 0.75],
    ],
  },
  diagonal: {
    lines: [
      [-0.5, 0.5, 0.5, -0.5],
      [-0.5, 1.5, 1.5, -0.5],
      [0.5, 1.5, 1.5, 0.5],
    ],
    dots: [],
  },
  'counter-diagonal': {
    lines: [
      [-0.5, 0.5, 0.5, 1.5],
      [-0.5, -0.5, 1.5, 1.5],
      [0.5, -0.5, 1.5, 0.5],
    ],
    dots: [],
  },
  cross: {
    lines: [
      [0.5, 0.2, 0.5, 0.8],
      [0.2, 0.5, 0.8, 0.5],
    ],
    dots: [],
  },
  vertical: { lines: [[0.5, -0.5, 0.5, 1.5]], dots: [] },
  horizontal: { lines: [[-0.5, 0.5, 1.5, 0.5]], dots: [] },
};

/**
 * One period of the hatch: coverage from 0 to 255, row by row, of a square of `hatchSide` device pixels.
 * @param devicePixelRatio device pixels per CSS pixel
 */
export function hatchMask(kind: HatchKind, devicePixelRatio: number): Uint8Array<ArrayBuffer> {
  const side = hatchSide(devicePixelRatio);
  const { lines, dots } = hatchMarks[kind];
  const mask = new Uint8Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [px, py] = [x + 0.5, y + 0.5];
      let coverage = 0;
      for (const [x1, y1, x2, y2] of lines) {
        const distance = distanceToLine(px, py, x1 * side, y1 * side, x2 * side, y2 * side);
        coverage = Math.max(coverage, devicePixelRatio / 2 + 0.5 - distance);
      }
      for (const [dotX, dotY] of dots) {
        const distance = Math.hypot(px - dotX * side, py - dotY * side);
        coverage = Math.max(coverage, 1.1 * devicePixelRatio + 0.5 - distance);
      }
      mask[y * side + x] = Math.round(255 * Math.min(1, Math.max(0, coverage)));
    }
  }
  return mask;
}

/** Side of a period, device pixels. */
export function hatchSide(devicePixelRatio: number): number {
  return Math.max(4, Math.round(hatchPeriod * devicePixelRatio));
}

function distanceToLine(x: number, y: number, x1: number, y1: number, x2: number, y2: number): number {
  const [dx, dy] = [x2 - x1, y2 - y1];
  const along = Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(x - x1 - along * dx, y - y1 - along * dy);
}
