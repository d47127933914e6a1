import { type Nucleus, type StainCanvas, drawNucleus, pixelBox } from './canvas.ts';
import { type FatSites, fatPitch, NearestSites, placeFatSites } from './fat.ts';
import type { NoiseAxes } from './noise.ts';
import type { Phantom } from './phantom.ts';
import { hash, Random } from './random.ts';
import { field, fieldAt, fieldCount, nodeSpacing, type FieldGrid } from './tissue-fields.ts';

const glassAxes: NoiseAxes = { across: (x) => x / 37, down: (y) => y / 37 };
const looseAxes: NoiseAxes = { across: (x) => x / 11 + 9, down: (y) => y / 11 };
const fatAxes: NoiseAxes = { across: (x) => x / 31 + 60, down: (y) => y / 31 };
/** Fat is looked up at most this far away, µm each way, so that its borders are uneven. */
const fatWobble = 4.5;
const fatHaematoxylin = 0.005;
const fatEosin = 0.012;

/** Fills the canvas with background, the three kinds of collagen, and fat. */
export function drawStroma(canvas: StainCanvas, phantom: Phantom, grid: FieldGrid): void {
  const { width, height, stepX, stepY, centresX, centresY } = canvas;
  const { noise } = phantom;
  const H = canvas.haematoxylin;
  const E = canvas.eosin;
  const fat = placeFatSites(phantom, canvas.x, canvas.y, width * stepX, height * stepY);
  const sites = new NearestSites(fat);
  const glass = canvas.raster(glassAxes);
  const looseness = canvas.raster(looseAxes);
  const uneven = canvas.raster(fatAxes);
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
  const runs = columnRuns(canvas, grid, fat);
  const fractions = Float64Array.from(centresX, (px) => {
    const gx = px / nodeSpacing - grid.column0;
    return gx - Math.floor(gx);
  });
  const edge = Math.max(3, stepX);
  // Fibres finer than a pixel would only flicker.
  const fine = stepX > 5 ? 0 : stepX > 2.5 ? 0.4 : 1;
  for (let row = 0; row < height; row++) {
    const py = centresY[row]!;
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
    const fatRow = Math.floor(py / fatPitch) - fat.row0;
    for (const { from, end, node: c, fatColumn } of runs) {
      const depth = depths[c]!;
      const depthRise = depths[c + 1]! - depth;
      const density = densities[c]!;
      const densityRise = densities[c + 1]! - density;
      const lobule = lobules[c]!;
      const lobuleRise = lobules[c + 1]! - lobule;
      const mass = masses[c]!;
      const massRise = masses[c + 1]! - mass;
      const along = alongs[c]!;
      const alongRise = alongs[c + 1]! - along;
      const across = acrosses[c]!;
      const acrossRise = acrosses[c + 1]! - across;
      // Between two nodes that aren't inside, no pixel is.
      const maySpecialise = lobule > 0 || lobules[c + 1]! > 0 || mass > 0 || masses[c + 1]! > 0;
      const middle = (centresX[from]! + centresX[end - 1]!) / 2;
      const half = middle - centresX[from]!;
      const allFat = sites.choose(fatColumn, fatRow, middle, py, half, fatWobble, stepX);
      for (let column = from, i = row * width + from; column < end; column++, i++) {
        const fx = fractions[column]!;
        let tissue = (depth + depthRise * fx) / edge + 0.5;
        if (tissue <= 0) {
          H[i] = 0;
          E[i] = 0.006 + 0.012 * glass.at(column, row);
          continue;
        }
        if (tissue > 1) tissue = 1;
        let white: number = allFat ?? 0;
        if (allFat === null) {
          const wobble = 2 * fatWobble * (uneven.at(column, row) - 0.5);
          white = sites.membership(centresX[column]! + wobble, py - wobble, stepX);
        }
        if (white === 1 && tissue === 1) {
          H[i] = fatHaematoxylin;
          E[i] = fatEosin;
          continue;
        }
        const u = along + alongRise * fx;
        const v = across + acrossRise * fx;
        const bundle = noise.at(u / 95, v / 13);
        const fibre = fine === 0 ? 0.5 : noise.at(u / 28 + 40, v / 3.3) * fine + 0.5 * (1 - fine);
        let e = (0.34 + 0.34 * bundle + 0.2 * fibre) * (density + densityRise * fx);
        let h = 0.03 + 0.06 * fibre;
        // Clefts: thin bundles part and the background shows.
        const cleft = 0.3 - 0.62 * bundle - 0.38 * fibre;
        if (cleft > 0) e *= Math.max(0.12, 1 - cleft * 14);
        if (maySpecialise) {
          const inLobule = lobule + lobuleRise * fx;
          const inMass = mass + massRise * fx;
          if (inLobule > 0 || inMass > 0) {
            const loose = looseness.at(column, row);
            const isLobule = inLobule > inMass;
            const w = isLobule ? inLobule : inMass;
            // Both kinds of specialised stroma are paler and bluer than the fibrous stroma around them.
            const le = isLobule ? 0.2 + 0.17 * loose + 0.08 * fibre : 0.26 + 0.2 * bundle + 0.12 * fibre;
            const lh = isLobule ? 0.09 + 0.06 * loose : 0.1 + 0.07 * fibre;
            e += (le - e) * w;
            h += (lh - h) * w;
          }
        }
        if (white > 0) {
          h += (fatHaematoxylin - h) * white;
          e += (fatEosin - e) * white;
        } else if (white < 0) {
          h += (0.08 - h) * -white;
          e += (0.42 - e) * -white;
        }
        H[i] = h * tissue;
        E[i] = e * tissue + 0.01 * (1 - tissue);
      }
    }
  }
}

/** Neighbouring columns of pixels between the same two nodes and in the same column of fat cells. */
interface ColumnRun {
  readonly from: number;
  end: number;
  readonly node: number;
  readonly fatColumn: number;
}

function columnRuns(canvas: StainCanvas, grid: FieldGrid, fat: FatSites): ColumnRun[] {
  const runs: ColumnRun[] = [];
  let last: ColumnRun | undefined;
  for (const [column, px] of canvas.centresX.entries()) {
    const node = Math.floor(px / nodeSpacing - grid.column0);
    const fatColumn = Math.floor(px / fatPitch) - fat.column0;
    if (last?.node !== node || last.fatColumn !== fatColumn) {
      last = { from: column, end: column, node, fatColumn };
      runs.push(last);
    }
    last.end = column + 1;
  }
  return runs;
}

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
  const fat = placeFatSites(
    phantom,
    canvas.x - cellSize,
    canvas.y - cellSize,
    right - canvas.x + 2 * cellSize,
    bottom - canvas.y + 2 * cellSize,
  );
  const sites = new NearestSites(fat);
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
        if ((sites.choose(fc, fr, x, y, 0, 0, 1) ?? sites.membership(x, y, 1)) > 0) continue;
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
        drawNucleus(canvas, nucleus);
      }
    }
  }
}
