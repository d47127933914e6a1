/** Hatches, which distinguish classes without colour. */

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
