import type { ValueNoise } from './noise.ts';

/**
 * Amounts of haematoxylin and eosin per pixel of a rectangle, and soft shapes drawn into them. Shapes are
 * evaluated at pixel centres in µm, with an edge about one pixel soft.
 */
export interface StainCanvas {
  readonly width: number;
  readonly height: number;
  /** µm of the left and top border of the rectangle, and µm per pixel. */
  readonly x: number;
  readonly y: number;
  readonly stepX: number;
  readonly stepY: number;
  readonly haematoxylin: Float32Array;
  readonly eosin: Float32Array;
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

/** Draws a nucleus over the existing contents. */
export function drawNucleus(canvas: StainCanvas, noise: ValueNoise, n: Nucleus): void {
  const { stepX, stepY, width, height } = canvas;
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
  const H = canvas.haematoxylin;
  const E = canvas.eosin;
  for (let row = top; row <= bottom; row++) {
    const py = canvas.y + (row + 0.5) * stepY;
    const dy = py - n.y;
    for (let column = left; column <= right; column++) {
      const px = canvas.x + (column + 0.5) * stepX;
      const dx = px - n.x;
      const u = (dx * n.cos + dy * n.sin) / n.a;
      const v = (dy * n.cos - dx * n.sin) / n.b;
      const d2 = u * u + v * v;
      if (d2 > grow * grow) continue;
      const d = Math.sqrt(d2) * (0.86 + 0.28 * noise.at(px * wobble + n.a * 7, py * wobble));
      let alpha = (1 - d) * softness + 0.5;
      if (alpha <= 0) continue;
      if (alpha > 1) alpha = 1;
      alpha *= cover;
      const grain = noise.at(px * 0.85, py * 0.85 + 31) - 0.5;
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
