/** Hatches, which distinguish classes without colour. */
import { createCanvas } from './overlay-context.ts';

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

/** Hatches as canvas patterns, cached. */
export class HatchPatterns {
  readonly #patterns = new Map<string, CanvasPattern>();

  /** @param colour `#rrggbb`. */
  of(kind: HatchKind, colour: string, devicePixelRatio: number): CanvasPattern {
    const key = `${kind}/${colour}/${devicePixelRatio}`;
    let pattern = this.#patterns.get(key);
    if (pattern === undefined) {
      const tile = hatchTile(kind, colour, devicePixelRatio);
      const created = tile.createPattern(tile.canvas, 'repeat');
      if (created === null) throw new Error('No canvas pattern available.');
      pattern = created;
      this.#patterns.set(key, pattern);
    }
    return pattern;
  }
}

/** One period of the hatch, square. */
function hatchTile(
  kind: HatchKind,
  colour: string,
  devicePixelRatio: number,
): OffscreenCanvasRenderingContext2D {
  const side = Math.max(4, Math.round(hatchPeriod * devicePixelRatio));
  const context = createCanvas(side, side);
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = devicePixelRatio;
  const { lines, dots } = hatchMarks[kind];
  for (const [x1, y1, x2, y2] of lines) {
    context.beginPath();
    context.moveTo(x1 * side, y1 * side);
    context.lineTo(x2 * side, y2 * side);
    context.stroke();
  }
  for (const [x, y] of dots) {
    context.beginPath();
    context.arc(x * side, y * side, 1.1 * devicePixelRatio, 0, 2 * Math.PI);
    context.fill();
  }
  return context;
}
