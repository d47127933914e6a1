import { drawNucleus, pixelBox, type Nucleus, type StainCanvas } from './canvas.ts';
import type { Phantom } from './phantom.ts';
import { hash, Random } from './random.ts';
import { field, fieldsAt } from './tissue-fields.ts';

const cellSize = 620;
const vesselReach = 90;
const random = new Random(0);
const fields = new Float64Array(8);
const nucleus: Nucleus = {
  x: 0,
  y: 0,
  a: 5,
  b: 1.3,
  cos: 1,
  sin: 0,
  haematoxylin: 1.1,
  eosin: 0.4,
  chromatin: 0.6,
};

/** Draws small vessels of the fibrous stroma: muscular wall, endothelium, red cells in the lumen. */
export function drawVessels(canvas: StainCanvas, phantom: Phantom): void {
  const right = canvas.x + canvas.width * canvas.stepX;
  const bottom = canvas.y + canvas.height * canvas.stepY;
  const lastRow = Math.floor((bottom + vesselReach) / cellSize);
  const lastColumn = Math.floor((right + vesselReach) / cellSize);
  for (let row = Math.floor((canvas.y - vesselReach) / cellSize); row <= lastRow; row++) {
    for (let column = Math.floor((canvas.x - vesselReach) / cellSize); column <= lastColumn; column++) {
      random.reseed(hash(phantom.seed, column, row, 71));
      if (random.next() < 0.35) continue;
      drawVessel(canvas, phantom, (column + random.next()) * cellSize, (row + random.next()) * cellSize);
    }
  }
}

function drawVessel(canvas: StainCanvas, phantom: Phantom, x: number, y: number): void {
  const radius = 10 + 32 * random.next() ** 2;
  const wall = radius * random.between(0.25, 0.5) + 2;
  const aspect = random.between(1, 2.1);
  const turn = random.between(0, Math.PI);
  const filling = random.next();
  const box = pixelBox(canvas, x, y, vesselReach);
  if (box.left > box.right || box.top > box.bottom) return;
  fieldsAt(phantom, x, y, fields);
  if (fields[field.depth]! < 60 || fields[field.lobule]! > -1.2 || fields[field.desmoplasia]! > -1.2) return;
  const { noise } = phantom;
  const cos = Math.cos(turn);
  const sin = Math.sin(turn);
  const stretch = Math.sqrt(aspect);
  const edge = Math.max(1.5, canvas.stepX);
  const H = canvas.haematoxylin;
  const E = canvas.eosin;
  for (let row = box.top; row <= box.bottom; row++) {
    const py = canvas.y + (row + 0.5) * canvas.stepY;
    for (let column = box.left; column <= box.right; column++) {
      const px = canvas.x + (column + 0.5) * canvas.stepX;
      const u = ((px - x) * cos + (py - y) * sin) / stretch;
      const v = ((py - y) * cos - (px - x) * sin) * stretch;
      const d = Math.sqrt(u * u + v * v) + radius * 0.3 * (noise.at(px / 24, py / 24 + 180) - 0.5);
      let alpha = (radius + wall - d) / edge + 0.5;
      if (alpha <= 0) continue;
      if (alpha > 1) alpha = 1;
      let e = 0.5 + 0.22 * noise.at(d / 2.5, (u - v) / 30);
      let h = 0.1;
      let inside = (radius - d) / edge + 0.5;
      if (inside > 0) {
        if (inside > 1) inside = 1;
        const cells = noise.at(px / 5.5 + 3, py / 5.5) + noise.at((px + py) / 8.3, (px - py) / 8.3 + 50);
        const red = Math.max(0, Math.min(1, (cells - 1.45 + filling) * 5));
        e += (0.02 + 0.95 * red - e) * inside;
        h += (0.01 - h) * inside;
      }
      const i = row * canvas.width + column;
      H[i] = H[i]! + (h - H[i]!) * alpha;
      E[i] = E[i]! + (e - E[i]!) * alpha;
    }
  }
  const rings = [radius + 1, radius + wall * 0.7];
  for (const r of rings) {
    const count = Math.round((2 * Math.PI * r) / 13);
    for (let k = 0; k < count; k++) {
      const angle = ((k + random.between(-0.4, 0.4)) / count) * Math.PI * 2;
      const u = r * stretch * Math.cos(angle);
      const v = (r / stretch) * Math.sin(angle);
      nucleus.x = x + u * cos - v * sin;
      nucleus.y = y + u * sin + v * cos;
      const tu = -r * stretch * Math.sin(angle);
      const tv = (r / stretch) * Math.cos(angle);
      const length = Math.hypot(tu, tv) || 1;
      nucleus.cos = (tu * cos - tv * sin) / length;
      nucleus.sin = (tu * sin + tv * cos) / length;
      nucleus.a = random.between(3.5, 6);
      drawNucleus(canvas, nucleus);
    }
  }
}
