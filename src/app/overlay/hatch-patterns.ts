/** Hatches as patterns to fill with. */
import type { HatchKind } from './hatch.ts';
import { hatchMarks, hatchPeriod } from './hatch.ts';
import { createCanvas } from './overlay-context.ts';

/** Hatches as canvas patterns, cached. */
export class HatchPatterns {
  readonly #patterns = new Map<string, CanvasPattern>();

  /** @param colour `#rrggbb`. */
  of(kind: HatchKind, colour: string, devicePixelRatio: number): CanvasPattern {
    const key = `${kind}/${colour}/${devicePixelRatio}`;
    let pattern = this.#patterns.get(key);
    if (pattern === undefined) {
      const tile = hatchTile(kind, colour, devicePixelRatio);
      const created = tile.createPattern(tile.canvas, 'repeat');
      if (created === null) throw new Error('No canvas pattern available.');
      pattern = created;
      this.#patterns.set(key, pattern);
    }
    return pattern;
  }
}

/** One period of the hatch, square. */
function hatchTile(
  kind: HatchKind,
  colour: string,
  devicePixelRatio: number,
): OffscreenCanvasRenderingContext2D {
  const side = Math.max(4, Math.round(hatchPeriod * devicePixelRatio));
  const context = createCanvas(side, side);
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = devicePixelRatio;
  const { lines, dots } = hatchMarks[kind];
  for (const [x1, y1, x2, y2] of lines) {
    context.beginPath();
    context.moveTo(x1 * side, y1 * side);
    context.lineTo(x2 * side, y2 * side);
    context.stroke();
  }
  for (const [x, y] of dots) {
    context.beginPath();
    context.arc(x * side, y * side, 1.1 * devicePixelRatio, 0, 2 * Math.PI);
    context.fill();
  }
  return context;
}
