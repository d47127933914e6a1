import { noiseLine, setAcross, setDown, type NoiseAxes, type NoiseLine, type ValueNoise } from './noise.ts';

/** The pixels of a rectangle: their number, and µm of the left and top border and per pixel. */
export interface PixelRect {
  readonly width: number;
  readonly height: number;
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
}

/**
 * Amounts of haematoxylin and eosin per pixel of a rectangle, and soft shapes drawn into them. Shapes are
 * evaluated at pixel centres in µm, with an edge about one pixel soft.
 */
export class StainCanvas implements PixelRect {
  readonly width: number;
  readonly height: number;
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly haematoxylin: Float32Array;
  readonly eosin: Float32Array;
  /** µm of the pixel centres. */
  readonly centresX: Float64Array;
  readonly centresY: Float64Array;
  readonly noise: ValueNoise;
  readonly #rasters = new Map<NoiseAxes, NoiseRaster>();

  /** @param amounts memory for both stains, twice the number of pixels or more. */
  constructor(rect: PixelRect, noise: ValueNoise, amounts: Float32Array) {
    const { width, height } = rect;
    this.width = width;
    this.height = height;
    this.x = rect.x;
    this.y = rect.y;
    this.stepX = rect.stepX;
    this.stepY = rect.stepY;
    this.noise = noise;
    this.haematoxylin = amounts.subarray(0, width * height);
    this.eosin = amounts.subarray(width * height, 2 * width * height);
    this.centresX = Float64Array.from({ length: width }, (_, i) => rect.x + (i + 0.5) * rect.stepX);
    this.centresY = Float64Array.from({ length: height }, (_, i) => rect.y + (i + 0.5) * rect.stepY);
  }

  /** Noise along the slide's axes, its coordinates computed once per row and column of this canvas. */
  raster(axes: NoiseAxes): NoiseRaster {
    let raster = this.#rasters.get(axes);
    if (raster === undefined) {
      raster = new NoiseRaster(this.noise, this.centresX, this.centresY, axes);
      this.#rasters.set(axes, raster);
    }
    return raster;
  }
}

/** Noise at the pixels of a canvas. */
export class NoiseRaster {
  readonly #noise: ValueNoise;
  readonly #across: NoiseLine;
  readonly #down: NoiseLine;

  constructor(noise: ValueNoise, centresX: Float64Array, centresY: Float64Array, axes: NoiseAxes) {
    this.#noise = noise;
    this.#across = noiseLine(centresX.length);
    this.#down = noiseLine(centresY.length);
    centresX.forEach((x, i) => setAcross(this.#across, i, axes.across(x)));
    centresY.forEach((y, i) => setDown(this.#down, i, axes.down(y)));
  }

  at(column: number, row: number): number {
    const { cells, parts } = this.#across;
    const down = this.#down;
    return this.#noise.between(down.cells[row]! + cells[column]!, parts[column]!, down.parts[row]!);
  }
}

/** A nucleus: an ellipse with an uneven outline and grained chromatin. Lengths in µm. */
export interface Nucleus {
  x: number;
  y: number;
  /** Half axes. */
  a: number;
  b: number;
  /** Direction of the long axis. */
  cos: number;
  sin: number;
  haematoxylin: number;
  eosin: number;
  /** 0 even, 1 coarse chromatin. */
  chromatin: number;
}

const chromatinAxes: NoiseAxes = { across: (x) => x * 0.85, down: (y) => y * 0.85 + 31 };
/** The uneven outline's noise across a nucleus. */
let outlineLine = noiseLine(0);
const outlineRow = noiseLine(1);

/** Draws a nucleus over the existing contents. */
export function drawNucleus(canvas: StainCanvas, n: Nucleus): void {
  const { stepX, stepY, width, height, centresX, centresY, noise } = canvas;
  const step = Math.max(stepX, stepY);
  const edge = Math.max(1.1, step);
  const grow = 1.22 + edge / (2 * n.b);
  // Half extents of the grown ellipse's bounding box.
  const halfX = grow * Math.sqrt(n.a * n.a * n.cos * n.cos + n.b * n.b * n.sin * n.sin);
  const halfY = grow * Math.sqrt(n.a * n.a * n.sin * n.sin + n.b * n.b * n.cos * n.cos);
  const left = Math.max(0, Math.ceil((n.x - halfX - canvas.x) / stepX - 0.5));
  const right = Math.min(width - 1, Math.floor((n.x + halfX - canvas.x) / stepX - 0.5));
  const top = Math.max(0, Math.ceil((n.y - halfY - canvas.y) / stepY - 0.5));
  const bottom = Math.min(height - 1, Math.floor((n.y + halfY - canvas.y) / stepY - 0.5));
  if (left > right || top > bottom) return;
  // A nucleus smaller than a pixel covers only part of it.
  const cover = Math.min(1, (3.14 * n.a * n.b) / (stepX * stepY));
  const softness = n.b / edge;
  const wobble = 1 / (1.3 * (n.a + n.b));
  if (outlineLine.cells.length < width) outlineLine = noiseLine(width);
  const { cells, parts } = outlineLine;
  for (let column = left; column <= right; column++) {
    setAcross(outlineLine, column, centresX[column]! * wobble + n.a * 7);
  }
  const chromatin = canvas.raster(chromatinAxes);
  const { a, b, cos, sin } = n;
  // Where a row crosses the grown ellipse: p · dx² + 2 · q · dy · dx + r · dy² = grow².
  const p = (cos * cos) / (a * a) + (sin * sin) / (b * b);
  const q = cos * sin * (1 / (a * a) - 1 / (b * b));
  const r = (sin * sin) / (a * a) + (cos * cos) / (b * b);
  const H = canvas.haematoxylin;
  const E = canvas.eosin;
  for (let row = top; row <= bottom; row++) {
    const py = centresY[row]!;
    const dy = py - n.y;
    const dySin = dy * sin;
    const dyCos = dy * cos;
    const middle = n.x - (q * dy) / p;
    // A little more than half of the row's part inside, so that no pixel is lost to rounding.
    const half = Math.sqrt(Math.max(0, grow * grow - (r - (q * q) / p) * dy * dy) / p) + 0.01 * stepX;
    const first = Math.max(left, Math.ceil((middle - half - canvas.x) / stepX - 0.5));
    const last = Math.min(right, Math.floor((middle + half - canvas.x) / stepX - 0.5));
    setDown(outlineRow, 0, py * wobble);
    const cell = outlineRow.cells[0]!;
    const part = outlineRow.parts[0]!;
    for (let column = first; column <= last; column++) {
      const dx = centresX[column]! - n.x;
      const u = (dx * cos + dySin) / a;
      const v = (dyCos - dx * sin) / b;
      const d2 = u * u + v * v;
      if (d2 > grow * grow) continue;
      const d = Math.sqrt(d2) * (0.86 + 0.28 * noise.between(cell + cells[column]!, parts[column]!, part));
      let alpha = (1 - d) * softness + 0.5;
      if (alpha <= 0) continue;
      if (alpha > 1) alpha = 1;
      alpha *= cover;
      const grain = chromatin.at(column, row) - 0.5;
      const rim = d > 0.72 && d < 1 ? 0.16 : 0;
      const amount = n.haematoxylin * (1 + n.chromatin * (0.75 * grain + rim - 0.06));
      const i = row * width + column;
      H[i] = H[i]! + (amount - H[i]!) * alpha;
      E[i] = E[i]! + (n.eosin - E[i]!) * alpha;
    }
  }
}

/** Index range of pixels whose centres may be within `reach` µm of the point; empty when none. */
export function pixelBox(
  canvas: StainCanvas,
  x: number,
  y: number,
  reach: number,
): { left: number; right: number; top: number; bottom: number } {
  return {
    left: Math.max(0, Math.ceil((x - reach - canvas.x) / canvas.stepX - 0.5)),
    right: Math.min(canvas.width - 1, Math.floor((x + reach - canvas.x) / canvas.stepX - 0.5)),
    top: Math.max(0, Math.ceil((y - reach - canvas.y) / canvas.stepY - 0.5)),
    bottom: Math.min(canvas.height - 1, Math.floor((y + reach - canvas.y) / canvas.stepY - 0.5)),
  };
}
