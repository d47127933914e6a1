import { type Nucleus, type StainCanvas, drawNucleus, pixelBox } from './canvas.ts';
import type { Phantom } from './phantom.ts';
import { hash, Random } from './random.ts';
import { field, fieldAt, fieldCount, nodeSpacing, type FieldGrid, fieldsAt } from './tissue-fields.ts';

/** Fills the canvas with background, the three kinds of collagen, and fat. */
export function drawStroma(canvas: StainCanvas, phantom: Phantom, grid: FieldGrid): void {
  const { width, height, stepX, stepY } = canvas;
  const { noise } = phantom;
  const H = canvas.haematoxylin;
  const E = canvas.eosin;
  const fat = drawFatSites(phantom, canvas.x, canvas.y, width * stepX, height * stepY);
  const line = Array.from({ length: fieldCount }, () => new Float64Array(grid.columns));
  const [depths, , densities, lobules, masses, alongs, acrosses] = line as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const edge = Math.max(3, stepX);
  // Fibres finer than a pixel would only flicker.
  const fine = stepX > 5 ? 0 : stepX > 2.5 ? 0.4 : 1;
  for (let row = 0, i = 0; row < height; row++) {
    const py = canvas.y + (row + 0.5) * stepY;
    const gy = py / nodeSpacing - grid.row0;
    const nodeRow = Math.floor(gy);
    const fy = gy - nodeRow;
    for (let f = 0; f < fieldCount; f++) {
      const plane = grid.planes[f]!;
      const out = line[f]!;
      const base = nodeRow * grid.columns;
      for (let c = 0; c < grid.columns; c++) {
        const a = plane[base + c]!;
        out[c] = a + (plane[base + grid.columns + c]! - a) * fy;
      }
    }
    for (let column = 0; column < width; column++, i++) {
      const px = canvas.x + (column + 0.5) * stepX;
      const gx = px / nodeSpacing - grid.column0;
      const c = Math.floor(gx);
      const fx = gx - c;
      const depth = depths[c]! + (depths[c + 1]! - depths[c]!) * fx;
      let tissue = depth / edge + 0.5;
      if (tissue <= 0) {
        H[i] = 0;
        E[i] = 0.006 + 0.012 * noise.at(px / 37, py / 37);
        continue;
      }
      if (tissue > 1) tissue = 1;
      const density = densities[c]! + (densities[c + 1]! - densities[c]!) * fx;
      const along = alongs[c]! + (alongs[c + 1]! - alongs[c]!) * fx;
      const across = acrosses[c]! + (acrosses[c + 1]! - acrosses[c]!) * fx;
      const bundle = noise.at(along / 95, across / 13);
      const fibre = fine === 0 ? 0.5 : noise.at(along / 28 + 40, across / 3.3) * fine + 0.5 * (1 - fine);
      let e = (0.34 + 0.34 * bundle + 0.2 * fibre) * density;
      let h = 0.03 + 0.06 * fibre;
      // Clefts: thin bundles part and the background shows.
      const cleft = 0.3 - 0.62 * bundle - 0.38 * fibre;
      if (cleft > 0) e *= Math.max(0.12, 1 - cleft * 14);
      const lobule = lobules[c]! + (lobules[c + 1]! - lobules[c]!) * fx;
      const mass = masses[c]! + (masses[c + 1]! - masses[c]!) * fx;
      if (lobule > 0 || mass > 0) {
        const loose = noise.at(px / 11 + 9, py / 11);
        const w = lobule > mass ? lobule : mass;
        // Both kinds of specialised stroma are paler and bluer than the fibrous stroma around them.
        const le = lobule > mass ? 0.2 + 0.17 * loose + 0.08 * fibre : 0.26 + 0.2 * bundle + 0.12 * fibre;
        const lh = lobule > mass ? 0.09 + 0.06 * loose : 0.1 + 0.07 * fibre;
        e += (le - e) * w;
        h += (lh - h) * w;
      }
      const fc = Math.floor(px / fatPitch) - fat.column0;
      const fr = Math.floor(py / fatPitch) - fat.row0;
      if (fat.near[fr * fat.columns + fc]) {
        const wobble = 9 * (noise.at(px / 31 + 60, py / 31) - 0.5);
        const white = fatMembership(fat, fc, fr, px + wobble, py - wobble, stepX);
        if (white !== 0) {
          if (white > 0) {
            h += (0.005 - h) * white;
            e += (0.012 - e) * white;
          } else {
            h += (0.08 - h) * -white;
            e += (0.42 - e) * -white;
          }
        }
      }
      H[i] = h * tissue;
      E[i] = e * tissue + 0.01 * (1 - tissue);
    }
  }
}

/** 0 outside fat; towards 1 inside a fat cell; towards −1 on the membrane between two. */
function fatMembership(
  fat: FatSites,
  column: number,
  row: number,
  px: number,
  py: number,
  step: number,
): number {
  let first = Infinity;
  let second = Infinity;
  let third = Infinity;
  let firstSite = 0;
  let secondSite = 0;
  for (let r = row - 1; r <= row + 1; r++) {
    for (let c = column - 1; c <= column + 1; c++) {
      const i = r * fat.columns + c;
      const dx = fat.x[i]! - px;
      const dy = fat.y[i]! - py;
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
  }
  if (!fat.isFat[firstSite]) return 0;
  // Distance to the border with the second nearest site, with corners rounded by the third.
  const dx = fat.x[firstSite]! - fat.x[secondSite]!;
  const dy = fat.y[firstSite]! - fat.y[secondSite]!;
  const between = 2 * Math.sqrt(dx * dx + dy * dy);
  const toSecond = (second - first) / between;
  const near = Math.max(0, cornerRadius - (third - second) / between);
  const toBorder = toSecond - (near * near) / (4 * cornerRadius) + 0.4;
  const thick = fat.isFat[secondSite] ? 1.1 : 3;
  const inside = (toBorder - thick) / Math.max(1, step) + 0.5;
  if (inside >= 1) return 1;
  if (inside > 0.5) return inside;
  return fat.isFat[secondSite] ? -0.8 : -0.4;
}

/** How far a third fat cell rounds the corner between two, µm. */
const cornerRadius = 22;

const cellSize = 48;
const random = new Random(0);
const nucleus: Nucleus = {
  x: 0,
  y: 0,
  a: 5,
  b: 1.5,
  cos: 1,
  sin: 0,
  haematoxylin: 1,
  eosin: 0.4,
  chromatin: 1,
};

/** Draws fibroblasts along the fibres and, rarely, lymphocytes. Denser in specialised stroma. */
export function drawStromalNuclei(canvas: StainCanvas, phantom: Phantom, grid: FieldGrid): void {
  const reach = 12;
  const right = canvas.x + canvas.width * canvas.stepX;
  const bottom = canvas.y + canvas.height * canvas.stepY;
  const fat = drawFatSites(
    phantom,
    canvas.x - cellSize,
    canvas.y - cellSize,
    right - canvas.x + 2 * cellSize,
    bottom - canvas.y + 2 * cellSize,
  );
  const lastRow = Math.floor((bottom + reach) / cellSize);
  const lastColumn = Math.floor((right + reach) / cellSize);
  for (let row = Math.floor((canvas.y - reach) / cellSize); row <= lastRow; row++) {
    for (let column = Math.floor((canvas.x - reach) / cellSize); column <= lastColumn; column++) {
      random.reseed(hash(phantom.seed, column, row, 61));
      for (let k = 0; k < 8; k++) {
        const x = (column + random.next()) * cellSize;
        const y = (row + random.next()) * cellSize;
        const chance = random.next();
        const kind = random.next();
        const size = random.next();
        const stain = random.between(0.75, 1.2);
        const box = pixelBox(canvas, x, y, reach);
        if (box.left > box.right || box.top > box.bottom) continue;
        if (fieldAt(grid, field.depth, x, y) < 8) continue;
        const lobule = fieldAt(grid, field.lobule, x, y);
        const mass = fieldAt(grid, field.desmoplasia, x, y);
        const special = Math.max(0, Math.min(1, Math.max(lobule, mass)));
        if (chance > 0.3 + 0.5 * special) continue;
        const fc = Math.floor(x / fatPitch) - fat.column0;
        const fr = Math.floor(y / fatPitch) - fat.row0;
        if (fat.near[fr * fat.columns + fc] && fatMembership(fat, fc, fr, x, y, 1) > 0) continue;
        nucleus.x = x;
        nucleus.y = y;
        if (kind < 0.1 + 0.12 * special) {
          nucleus.a = 2.6 + 0.5 * size;
          nucleus.b = nucleus.a * 0.94;
          nucleus.cos = 1;
          nucleus.sin = 0;
          nucleus.haematoxylin = 1.35;
          nucleus.chromatin = 0.6;
        } else {
          const e = nodeSpacing / 2;
          const gx = fieldAt(grid, field.across, x + e, y) - fieldAt(grid, field.across, x - e, y);
          const gy = fieldAt(grid, field.across, x, y + e) - fieldAt(grid, field.across, x, y - e);
          const length = Math.hypot(gx, gy) || 1;
          nucleus.cos = -gy / length;
          nucleus.sin = gx / length;
          nucleus.a = 4.2 + 4 * size;
          nucleus.b = 1.15 + 0.6 * (1 - size) + 0.7 * special;
          nucleus.haematoxylin = stain;
          nucleus.chromatin = 0.8;
        }
        nucleus.eosin = 0.38;
        drawNucleus(canvas, phantom.noise, nucleus);
      }
    }
  }
}

/** Mean distance of two fat cells, µm. */
const fatPitch = 58;

/** The fat cells around a rectangle: one site per grid cell, jittered, some of them fat. */
interface FatSites {
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

function drawFatSites(phantom: Phantom, x: number, y: number, width: number, height: number): FatSites {
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
