import type { StainCanvas, Nucleus } from './canvas.ts';
import { drawNucleus, pixelBox } from './canvas.ts';
import type { Lobule } from './structure.ts';
import type { NoiseAxes } from './noise.ts';
import { depthInside } from './outline.ts';
import { hash, Random } from './random.ts';

/** One round gland of a lobule: epithelium around a lumen. Lengths in µm. */
export interface Acinus {
  readonly x: number;
  readonly y: number;
  /** Mean radius to the basement membrane. */
  readonly radius: number;
  /** Radius of the lumen as a fraction of `radius`. */
  readonly lumen: number;
  /** Ratio of long to short axis, and the long axis's direction. */
  readonly aspect: number;
  readonly cos: number;
  readonly sin: number;
  readonly seed: number;
}

/** Farthest extent of an acinus from its centre, as a multiple of its radius. */
const acinusReach = 1.55;

/**
 * Fills a lobule with glands that do not overlap: a duct or two, then acini wherever one fits. Independent of
 * the lobule's class.
 */
export function fillLobule(lobule: Lobule): Acinus[] {
  const random = new Random(lobule.seed);
  const { outline } = lobule;
  const acini: Acinus[] = [];
  const ducts = 1 + Math.floor(random.next() * 3);
  for (let i = 0; i < 5000; i++) {
    const isDuct = i < 60 && acini.length < ducts;
    const radius = isDuct ? random.between(36, 55) : random.between(18, 29);
    const angle = random.between(0, Math.PI * 2);
    const r = outline.reach * Math.sqrt(random.next());
    const x = outline.x + r * Math.cos(angle);
    const y = outline.y + r * Math.sin(angle);
    const aspect = random.between(1, 1.45);
    const turn = random.between(0, Math.PI);
    const lumen = isDuct ? random.between(0.45, 0.6) : random.between(0.22, 0.5);
    if (depthInside(outline, x, y) < radius * 1.15 + 4) continue;
    const gap = random.between(2, 9);
    if (acini.some((o) => (o.x - x) ** 2 + (o.y - y) ** 2 < (1.08 * (o.radius + radius) + gap) ** 2)) {
      continue;
    }
    acini.push({
      x,
      y,
      radius,
      lumen,
      aspect,
      cos: Math.cos(turn),
      sin: Math.sin(turn),
      seed: hash(lobule.seed, i),
    });
  }
  return acini;
}

const random = new Random(0);
const nucleus: Nucleus = {
  x: 0,
  y: 0,
  a: 3,
  b: 3,
  cos: 1,
  sin: 0,
  haematoxylin: 1,
  eosin: 0.3,
  chromatin: 1,
};

/** Draws one gland: membrane, cytoplasm, lumen, then its two rows of nuclei. */
export function drawAcinus(canvas: StainCanvas, acinus: Acinus): void {
  const box = pixelBox(canvas, acinus.x, acinus.y, acinus.radius * acinusReach);
  if (box.left > box.right || box.top > box.bottom) return;
  drawEpithelium(canvas, acinus, box);
  random.reseed(acinus.seed);
  const stretch = Math.sqrt(acinus.aspect);
  const rows = acinus.radius > 34 ? 2 : 1;
  for (let row = 0; row < rows; row++) {
    const ring = acinus.lumen + (1 - acinus.lumen) * (rows === 1 ? 0.52 : row === 0 ? 0.3 : 0.68);
    const count = Math.max(5, Math.round((2 * Math.PI * ring * acinus.radius) / random.between(6.6, 8)));
    const start = random.between(0, Math.PI * 2);
    for (let k = 0; k < count; k++) {
      const angle = start + ((k + random.between(-0.25, 0.25)) / count) * Math.PI * 2;
      placeOnRing(acinus, angle, ring + random.between(-0.06, 0.06), stretch);
      nucleus.a = random.between(3.1, 4.2);
      nucleus.b = random.between(2.4, 3.1);
      nucleus.haematoxylin = random.between(0.85, 1.2);
      nucleus.eosin = 0.3;
      nucleus.chromatin = 0.8;
      drawNucleus(canvas, nucleus);
    }
  }
  // The outer, flat row: myoepithelium, darker, along the membrane.
  const outer = Math.round((2 * Math.PI * acinus.radius) / 15);
  for (let k = 0; k < outer; k++) {
    const angle = ((k + random.between(-0.4, 0.4)) / outer) * Math.PI * 2;
    placeOnRing(acinus, angle, 0.97, stretch);
    const turn = nucleus.cos;
    nucleus.cos = -nucleus.sin;
    nucleus.sin = turn;
    nucleus.a = random.between(3.2, 4.8);
    nucleus.b = random.between(1.2, 1.7);
    nucleus.haematoxylin = random.between(1, 1.35);
    nucleus.eosin = 0.3;
    nucleus.chromatin = 0.5;
    drawNucleus(canvas, nucleus);
  }
}

/** Puts `nucleus` at the given angle and fraction of the radius, with its long axis pointing outwards. */
function placeOnRing(acinus: Acinus, angle: number, fraction: number, stretch: number): void {
  const u = fraction * acinus.radius * stretch * Math.cos(angle);
  const v = ((fraction * acinus.radius) / stretch) * Math.sin(angle);
  nucleus.x = acinus.x + u * acinus.cos - v * acinus.sin;
  nucleus.y = acinus.y + u * acinus.sin + v * acinus.cos;
  const dx = nucleus.x - acinus.x;
  const dy = nucleus.y - acinus.y;
  const length = Math.hypot(dx, dy) || 1;
  nucleus.cos = dx / length;
  nucleus.sin = dy / length;
}

const borderAxes: NoiseAxes = { across: (x) => x / 19, down: (y) => y / 19 + 200 };
const cytoplasmAxes: NoiseAxes = { across: (x) => x / 3.1, down: (y) => y / 3.1 };
const secretionAxes: NoiseAxes = { across: (x) => x / 8, down: (y) => y / 8 + 77 };

function drawEpithelium(
  canvas: StainCanvas,
  acinus: Acinus,
  box: { left: number; right: number; top: number; bottom: number },
): void {
  const stretch = Math.sqrt(acinus.aspect);
  const edge = Math.max(1.6, canvas.stepX);
  const H = canvas.haematoxylin;
  const E = canvas.eosin;
  const border = canvas.raster(borderAxes);
  const cytoplasm = canvas.raster(cytoplasmAxes);
  const secreted = canvas.raster(secretionAxes);
  const secretion = (acinus.seed & 3) === 0 ? 0.34 : 0.03;
  for (let row = box.top; row <= box.bottom; row++) {
    const dy = canvas.centresY[row]! - acinus.y;
    for (let column = box.left; column <= box.right; column++) {
      const dx = canvas.centresX[column]! - acinus.x;
      const u = (dx * acinus.cos + dy * acinus.sin) / stretch;
      const v = (dy * acinus.cos - dx * acinus.sin) * stretch;
      const plain = Math.sqrt(u * u + v * v);
      if (plain > acinus.radius * 1.25) continue;
      const d = plain + acinus.radius * 0.22 * (border.at(column, row) - 0.5);
      let alpha = (acinus.radius + 2 - d) / edge + 0.5;
      if (alpha <= 0) continue;
      if (alpha > 1) alpha = 1;
      let h = 0.22;
      let e = 0.42 + 0.12 * (cytoplasm.at(column, row) - 0.5);
      if (d > acinus.radius) {
        // Basement membrane.
        h = 0.12;
        e = 0.5;
      } else {
        let inside = (acinus.lumen * acinus.radius - d) / (edge + 0.6) + 0.5;
        if (inside > 0) {
          if (inside > 1) inside = 1;
          h += (0.015 - h) * inside;
          e += (secretion * (0.7 + 0.6 * secreted.at(column, row)) - e) * inside;
        }
      }
      const i = row * canvas.width + column;
      H[i] = H[i]! + (h - H[i]!) * alpha;
      E[i] = E[i]! + (e - E[i]!) * alpha;
    }
  }
}
