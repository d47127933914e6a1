import type { StainCanvas, Nucleus } from './canvas.ts';
import { drawNucleus, pixelBox } from './canvas.ts';
import type { NoiseAxes } from './noise.ts';
import type { Phantom } from './phantom.ts';
import { depthInside, drawOutline, isInside, radiusAt, type Outline } from './outline.ts';
import { hash, Random } from './random.ts';

/** One nest may start in every cell of this size, µm; the greatest extent of a nest from its centre, µm. */
const cellSize = 92;
export const nestReach = 100;

const random = new Random(0);
const nucleus: Nucleus = {
  x: 0,
  y: 0,
  a: 4,
  b: 3,
  cos: 1,
  sin: 0,
  haematoxylin: 1,
  eosin: 0.3,
  chromatin: 1,
};

/** Draws the solid nests of tumour cells that touch the canvas, identical in masses and foci. */
export function drawNests(canvas: StainCanvas, phantom: Phantom): void {
  const right = canvas.x + canvas.width * canvas.stepX;
  const bottom = canvas.y + canvas.height * canvas.stepY;
  const lastRow = Math.floor((bottom + nestReach) / cellSize);
  const lastColumn = Math.floor((right + nestReach) / cellSize);
  for (let row = Math.floor((canvas.y - nestReach) / cellSize); row <= lastRow; row++) {
    for (let column = Math.floor((canvas.x - nestReach) / cellSize); column <= lastColumn; column++) {
      const seed = hash(phantom.seed, column, row, 41);
      random.reseed(seed);
      const x = (column + random.between(0.1, 0.9)) * cellSize;
      const y = (row + random.between(0.1, 0.9)) * cellSize;
      const radius = random.between(26, 58);
      if (!phantom.index.at(x, y)?.nested.some((o) => depthInside(o, x, y) > 0.55 * radius)) continue;
      drawNest(canvas, drawOutline(random, x, y, radius, 0.2, 5), seed);
    }
  }
}

function drawNest(canvas: StainCanvas, outline: Outline, seed: number): void {
  const box = pixelBox(canvas, outline.x, outline.y, Math.min(nestReach, outline.reach + 4));
  if (box.left > box.right || box.top > box.bottom) return;
  drawCytoplasm(canvas, outline, box);
  random.reseed(hash(seed, 1));
  const pitch = random.between(8.6, 10);
  const turn = random.between(0, Math.PI);
  const cos = Math.cos(turn);
  const sin = Math.sin(turn);
  const steps = Math.ceil(outline.reach / (pitch * 0.866));
  for (let row = -steps; row <= steps; row++) {
    for (let column = -steps; column <= steps; column++) {
      const u = (column + (row & 1) * 0.5 + random.between(-0.3, 0.3)) * pitch;
      const v = (row * 0.866 + random.between(-0.3, 0.3)) * pitch;
      const size = random.next();
      const angle = random.between(0, Math.PI);
      const stain = random.between(0.7, 1.25);
      const skip = random.next() < 0.07;
      const x = outline.x + u * cos - v * sin;
      const y = outline.y + u * sin + v * cos;
      if (skip || !isInside(outline, x, y, 3.5)) continue;
      nucleus.x = x;
      nucleus.y = y;
      nucleus.a = 3.5 + 2.1 * size * size;
      nucleus.b = nucleus.a * (0.68 + 0.28 * ((stain * 7) % 1));
      nucleus.cos = Math.cos(angle);
      nucleus.sin = Math.sin(angle);
      nucleus.haematoxylin = stain;
      nucleus.eosin = 0.32;
      nucleus.chromatin = 1.25;
      drawNucleus(canvas, nucleus);
    }
  }
}

/** How far noise moves the border of a nest, µm from one extreme to the other. */
const borderNoise = 5;
const borderAxes: NoiseAxes = { across: (x) => x / 9, down: (y) => y / 9 + 140 };
const grainAxes: NoiseAxes = { across: (x) => x / 3.4, down: (y) => y / 3.4 + 60 };

function drawCytoplasm(
  canvas: StainCanvas,
  outline: Outline,
  box: { left: number; right: number; top: number; bottom: number },
): void {
  const border = canvas.raster(borderAxes);
  const grained = canvas.raster(grainAxes);
  const edge = Math.max(2.5, canvas.stepX);
  const H = canvas.haematoxylin;
  const E = canvas.eosin;
  // Radius by angle, tabulated: a nest has tens of thousands of pixels at full scale.
  for (let k = 0; k < radii.length; k++) radii[k] = radiusAt(outline, (k / 64) * Math.PI * 2);
  // Nearer to the centre everything is inside, farther away nothing, whatever the angle and the noise.
  const blur = borderNoise / 2 + edge / 2 + 1e-6;
  const inner = Math.min(...radii) - blur;
  const outer = Math.min(Math.max(...radii) + blur, outline.reach + 4);
  for (let row = box.top; row <= box.bottom; row++) {
    const dy = canvas.centresY[row]! - outline.y;
    for (let column = box.left; column <= box.right; column++) {
      const dx = canvas.centresX[column]! - outline.x;
      const d = Math.sqrt(dx * dx + dy * dy);
      if (d > outer) continue;
      let alpha = 1;
      if (d > inner) {
        const t = (Math.atan2(dy, dx) / (Math.PI * 2) + 1) * 64;
        const k = Math.floor(t);
        const r = radii[k & 63]! + (radii[(k + 1) & 63]! - radii[k & 63]!) * (t - k);
        alpha = (r - d + borderNoise * (border.at(column, row) - 0.5)) / edge + 0.5;
        if (alpha <= 0) continue;
        if (alpha > 1) alpha = 1;
      }
      const i = row * canvas.width + column;
      const grain = grained.at(column, row) - 0.5;
      H[i] = H[i]! + (0.25 + 0.1 * grain - H[i]!) * alpha;
      E[i] = E[i]! + (0.4 + 0.12 * grain - E[i]!) * alpha;
    }
  }
}

const radii = new Float64Array(64);
