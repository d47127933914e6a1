/** Fat cells: one jittered site per grid cell, some of them fat; a cell reaches to the borders with its neighbours. */
import type { Phantom } from './phantom.ts';
import { hash } from './random.ts';
import { field, fieldsAt } from './tissue-fields.ts';

/** Mean distance of two fat cells, µm. */
export const fatPitch = 58;

/** The fat cells around a rectangle. */
export interface FatSites {
  readonly column0: number;
  readonly row0: number;
  readonly columns: number;
  readonly rows: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** 1 where the site is a fat cell. */
  readonly isFat: Uint8Array;
  /** 1 where one of the 3×3 sites around this grid cell is fat. */
  readonly near: Uint8Array;
}

const fields = new Float64Array(8);

/** Places the sites whose cells touch a rectangle (µm). */
export function placeFatSites(
  phantom: Phantom,
  x: number,
  y: number,
  width: number,
  height: number,
): FatSites {
  const column0 = Math.floor(x / fatPitch) - 2;
  const row0 = Math.floor(y / fatPitch) - 2;
  const columns = Math.floor((x + width) / fatPitch) + 3 - column0;
  const rows = Math.floor((y + height) / fatPitch) + 3 - row0;
  const count = columns * rows;
  const sites: FatSites = {
    column0,
    row0,
    columns,
    rows,
    x: new Float64Array(count),
    y: new Float64Array(count),
    isFat: new Uint8Array(count),
    near: new Uint8Array(count),
  };
  for (let row = 0, i = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, i++) {
      const h = hash(phantom.seed, column + column0, row + row0, 53);
      const sx = (column + column0 + 0.12 + 0.76 * ((h & 0xffff) / 65536)) * fatPitch;
      const sy = (row + row0 + 0.12 + 0.76 * ((h >>> 16) / 65536)) * fatPitch;
      sites.x[i] = sx;
      sites.y[i] = sy;
      sites.isFat[i] = isFatAt(phantom, sx, sy) ? 1 : 0;
    }
  }
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      if (!sites.isFat[row * columns + column]) continue;
      for (let r = Math.max(0, row - 1); r <= Math.min(rows - 1, row + 1); r++) {
        for (let c = Math.max(0, column - 1); c <= Math.min(columns - 1, column + 1); c++) {
          sites.near[r * columns + c] = 1;
        }
      }
    }
  }
  return sites;
}

/** Fat grows in patches, away from lobules, masses and the tissue's edge, whatever their class. */
function isFatAt(phantom: Phantom, x: number, y: number): boolean {
  const n = phantom.noise;
  const patch = 0.65 * n.at(x / 520 + 7, y / 520 + 19) + 0.35 * n.at(x / 170, y / 170 + 230);
  if (patch < 0.6) return false;
  fieldsAt(phantom, x, y, fields);
  return fields[field.depth]! > 45 && fields[field.lobule]! < -0.6 && fields[field.desmoplasia]! < -0.6;
}

/** How far a third fat cell rounds the corner between two, µm. */
const cornerRadius = 22;

/** The sites that may be among the three nearest to some points. */
export class NearestSites {
  readonly #fat: FatSites;
  readonly #x = new Float64Array(9);
  readonly #y = new Float64Array(9);
  readonly #isFat = new Uint8Array(9);
  readonly #distances = new Float64Array(9);
  #count = 0;

  constructor(fat: FatSites) {
    this.#fat = fat;
  }

  /**
   * Finds them among the 3×3 around a grid cell, for the points whose distance to (`px`, `py`) is at most `half` µm across
   * plus `wobble` µm along the diagonal that runs up to the right.
   * @returns what all those points are: outside fat, inside a fat cell, or, if they may differ, null: ask `membership`.
   */
  choose(
    column: number,
    row: number,
    px: number,
    py: number,
    half: number,
    wobble: number,
    step: number,
  ): 0 | 1 | null {
    const fat = this.#fat;
    const first = (row - 1) * fat.columns + column - 1;
    if (!fat.near[first + fat.columns + 1]) return 0;
    const distances = this.#distances;
    let one = Infinity;
    let two = Infinity;
    let three = Infinity;
    for (let k = 0; k < 9; k++) {
      const i = first + ((k / 3) | 0) * fat.columns + (k % 3);
      const dx = fat.x[i]! - px;
      const dy = fat.y[i]! - py;
      const d = Math.sqrt(dx * dx + dy * dy);
      distances[k] = d;
      three = Math.min(three, Math.max(two, d));
      two = Math.min(two, Math.max(one, d));
      one = Math.min(one, d);
    }
    // Farther by twice the reach than the third, it is farther than three others from each of the points.
    const limit = three + 2 * (half + wobble * Math.SQRT2) + 0.001;
    let count = 0;
    let any = 0;
    for (let k = 0; k < 9; k++) {
      const distance = distances[k]!;
      if (distance > limit) continue;
      const i = first + ((k / 3) | 0) * fat.columns + (k % 3);
      // The nearest first: then `membership` rarely has to change its mind.
      let at = count++;
      for (; at > 0 && distances[at - 1]! > distance; at--) {
        distances[at] = distances[at - 1]!;
        this.#x[at] = this.#x[at - 1]!;
        this.#y[at] = this.#y[at - 1]!;
        this.#isFat[at] = this.#isFat[at - 1]!;
      }
      distances[at] = distance;
      this.#x[at] = fat.x[i]!;
      this.#y[at] = fat.y[i]!;
      any |= this.#isFat[at] = fat.isFat[i]!;
    }
    this.#count = count;
    return any === 0 ? 0 : this.#common(half, wobble, step);
  }

  /** The result of `choose` by the borders between the nearest site and others: in a row, no point may cross one. */
  #common(half: number, wobble: number, step: number): 0 | 1 | null {
    const x = this.#x;
    const y = this.#y;
    const distances = this.#distances;
    const isFat = this.#isFat[0] !== 0;
    let least = Infinity;
    for (let i = 1; i < this.#count; i++) {
      if (!isFat && !this.#isFat[i]) continue;
      const dx = x[0]! - x[i]!;
      const dy = y[0]! - y[i]!;
      const crossing = half * Math.abs(dx) + wobble * Math.abs(dx - dy);
      const border = (distances[i]! ** 2 - distances[0]! ** 2) / 2;
      least = Math.min(least, (border - crossing) / Math.sqrt(dx * dx + dy * dy));
    }
    if (!isFat) return least > 0.001 ? 0 : null;
    // The least that `membership` needs to return 1, with the thickest membrane and the roundest corner.
    return least > 3 + 0.5 * Math.max(1, step) - 0.4 + cornerRadius / 4 + 0.001 ? 1 : null;
  }

  /** 0 outside fat; towards 1 inside a fat cell; towards −1 on the membrane between two. */
  membership(px: number, py: number, step: number): number {
    const x = this.#x;
    const y = this.#y;
    let first = Infinity;
    let second = Infinity;
    let third = Infinity;
    let firstSite = 0;
    let secondSite = 0;
    for (let i = 0; i < this.#count; i++) {
      const dx = x[i]! - px;
      const dy = y[i]! - py;
      const d = dx * dx + dy * dy;
      if (d < first) {
        third = second;
        second = first;
        secondSite = firstSite;
        first = d;
        firstSite = i;
      } else if (d < second) {
        third = second;
        second = d;
        secondSite = i;
      } else if (d < third) {
        third = d;
      }
    }
    if (!this.#isFat[firstSite]) return 0;
    // Distance to the border with the second nearest site, with corners rounded by the third.
    const dx = x[firstSite]! - x[secondSite]!;
    const dy = y[firstSite]! - y[secondSite]!;
    const between = 2 * Math.sqrt(dx * dx + dy * dy);
    const toSecond = (second - first) / between;
    const near = Math.max(0, cornerRadius - (third - second) / between);
    const toBorder = toSecond - (near * near) / (4 * cornerRadius) + 0.4;
    const thick = this.#isFat[secondSite] ? 1.1 : 3;
    const inside = (toBorder - thick) / Math.max(1, step) + 0.5;
    if (inside >= 1) return 1;
    if (inside > 0.5) return inside;
    return this.#isFat[secondSite] ? -0.8 : -0.4;
  }
}
