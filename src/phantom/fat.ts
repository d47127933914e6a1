import type { Phantom } from './phantom.ts';
import { hash } from './random.ts';
import { field, fieldsAt } from './tissue-fields.ts';

/** Mean distance of two fat cells, µm. */
export const fatPitch = 58;

/** The fat cells around a rectangle: one site per grid cell, jittered, some of them fat. */
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

export function drawFatSites(
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
      for (let r = Math.max(0, row - 2); r <= Math.min(rows - 1, row + 2); r++) {
        for (let c = Math.max(0, column - 2); c <= Math.min(columns - 1, column + 2); c++) {
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
