import type { Phantom } from './phantom.ts';
import { depthInside } from './outline.ts';
import { depthInTissue } from './structure.ts';

/** Distance of the nodes on which slowly varying properties are evaluated, µm. */
export const nodeSpacing = 16;

/** Numbers stored per node. */
export const field = {
  /** Depth inside the tissue, µm, clipped to ±64. */
  depth: 0,
  /** Section thickness and stain uptake, about 1. */
  thickness: 1,
  /** Density of the collagen, about 1. */
  density: 2,
  /** Membership of a lobule: 0 outside, 1 inside, down to −2 farther away. */
  lobule: 3,
  /** Membership of a mass or a focus, likewise. */
  desmoplasia: 4,
  /** Coordinates along and across the collagen fibres, µm. */
  along: 5,
  across: 6,
} as const;
export const fieldCount = 7;

/** Node values over a rectangle. Nodes are at multiples of the spacing, the same for every rectangle. */
export interface FieldGrid {
  readonly column0: number;
  readonly row0: number;
  readonly columns: number;
  readonly rows: number;
  /** `fieldCount` planes of `rows * columns`. */
  readonly planes: readonly Float64Array[];
}

/** Evaluates the fields on all nodes around the rectangle (µm), up to `margin` µm beyond its border. */
export function evaluateFields(
  phantom: Phantom,
  x: number,
  y: number,
  width: number,
  height: number,
  margin: number,
): FieldGrid {
  const column0 = Math.floor((x - margin) / nodeSpacing);
  const row0 = Math.floor((y - margin) / nodeSpacing);
  const columns = Math.ceil((x + width + margin) / nodeSpacing) - column0 + 2;
  const rows = Math.ceil((y + height + margin) / nodeSpacing) - row0 + 2;
  const planes = Array.from({ length: fieldCount }, () => new Float64Array(columns * rows));
  const node = new Float64Array(fieldCount);
  for (let row = 0, i = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) {
      fieldsAt(phantom, (column0 + column) * nodeSpacing, (row0 + row) * nodeSpacing, node);
      for (let f = 0; f < fieldCount; f++) planes[f]![i] = node[f]!;
    }
  }
  return { column0, row0, columns, rows, planes };
}

/** One field at a point, interpolated between the nodes. The point must be inside the grid. */
export function fieldAt(grid: FieldGrid, index: number, x: number, y: number): number {
  const gx = x / nodeSpacing - grid.column0;
  const gy = y / nodeSpacing - grid.row0;
  const column = Math.floor(gx);
  const row = Math.floor(gy);
  const fx = gx - column;
  const fy = gy - row;
  const plane = grid.planes[index]!;
  const i = row * grid.columns + column;
  const a = plane[i]!;
  const b = plane[i + 1]!;
  const c = plane[i + grid.columns]!;
  const d = plane[i + grid.columns + 1]!;
  const upper = a + (b - a) * fx;
  return upper + (c + (d - c) * fx - upper) * fy;
}

/** All fields at one point (µm), written to `out`. */
export function fieldsAt(phantom: Phantom, x: number, y: number, out: Float64Array): void {
  const n = phantom.noise;
  const { tissue } = phantom.layout;
  const depth =
    depthInTissue(tissue, x, y) + 70 * n.signed(x / 210, y / 210 + 9) + 22 * n.signed(x / 61, y / 61 + 40);
  out[field.depth] = Math.max(-64, Math.min(64, depth));
  out[field.thickness] = 1 + 0.1 * n.signed(x / 1900 + 3, y / 1900) + 0.06 * n.signed(x / 420, y / 420 + 71);
  out[field.density] = 0.95 + 0.3 * n.signed(x / 310 + 17, y / 310) + 0.14 * n.signed(x / 95, y / 95 + 5);
  let lobule = -2;
  let desmoplasia = -2;
  const near = phantom.index.at(x, y);
  if (near) {
    const ragged = 14 * n.signed(x / 40, y / 40 + 90);
    for (const outline of near.lobules) {
      lobule = Math.max(lobule, (depthInside(outline, x, y) + ragged) / 36 + 0.5);
    }
    for (const outline of near.nested) {
      desmoplasia = Math.max(desmoplasia, (depthInside(outline, x, y) + ragged) / 40 + 0.5);
    }
  }
  out[field.lobule] = Math.min(1, lobule);
  out[field.desmoplasia] = Math.min(1, desmoplasia);
  // Fibres run along lines of equal `across`; bending the coordinates bends the fibres.
  const bend1 = n.signed(x / 900 + 50, y / 900);
  const bend2 = n.signed(x / 900, y / 900 + 120);
  const bend3 = n.signed(x / 260 + 80, y / 260);
  const bend4 = n.signed(x / 260, y / 260 + 160);
  const wave = n.signed(x / 90 + 33, y / 90);
  const { fibreCos, fibreSin } = phantom;
  const bx = x + 620 * bend1 + 110 * bend3 + 18 * wave;
  const by = y + 620 * bend2 + 110 * bend4 + 18 * wave;
  out[field.along] = bx * fibreCos + by * fibreSin;
  out[field.across] = by * fibreCos - bx * fibreSin;
}
