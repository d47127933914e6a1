/** Paints something that is not what the classes name (glass, fat, a fold, ink) over a sample, as class 0. */
import type { RawSample } from './sample.ts';

/**
 * Something that covers tissue. Points are in sides of the slice from its top left corner, so that the slice and its
 * context show the same thing at the same place.
 */
export interface Cover {
  /** How much of the point is covered, 0 to 1. More than half makes it class 0. */
  shareAt(x: number, y: number): number;
  /** Replaces the tissue's colour by that of the covered point, in place. @param rgb 0 to 255 */
  paint(x: number, y: number, rgb: [number, number, number]): void;
}

/** The covered sample. Does not modify its input. */
export function withCover(sample: RawSample, cover: Cover): RawSample {
  const { slice, classes, context } = sample;
  const whole = { x: 0, y: 0, size: 1 };
  const own = paintSquare(slice, classes, whole, cover);
  if (context === null) return { slice: own.rgb, classes: own.classes, context };
  // `place` is in sides of the context: its corner is at -x / size in sides of the slice.
  const { x, y, size } = context.place;
  const field = { x: -x / size, y: -y / size, size: 1 / size };
  const seen = paintSquare(context.rgb, context.classes, field, cover);
  return { slice: own.rgb, classes: own.classes, context: { ...context, ...seen } };
}

/**
 * @param rgb [side, side, 3]
 * @param classes [side, side]
 * @param field the square's field, in sides of the slice
 */
function paintSquare(
  rgb: Uint8Array,
  classes: Uint8Array,
  field: { readonly x: number; readonly y: number; readonly size: number },
  cover: Cover,
): { rgb: Uint8Array; classes: Uint8Array } {
  const side = Math.sqrt(classes.length);
  const [outRgb, outClasses] = [rgb.slice(), classes.slice()];
  const colour: [number, number, number] = [0, 0, 0];
  for (let row = 0; row < side; row++) {
    const y = field.y + ((row + 0.5) / side) * field.size;
    for (let column = 0; column < side; column++) {
      const x = field.x + ((column + 0.5) / side) * field.size;
      const share = cover.shareAt(x, y);
      if (share === 0) continue;
      const pixel = row * side + column;
      if (share > 0.5) outClasses[pixel] = 0;
      for (let channel = 0; channel < 3; channel++) colour[channel] = outRgb[pixel * 3 + channel]!;
      cover.paint(x, y, colour);
      for (let channel = 0; channel < 3; channel++) {
        const tissue = outRgb[pixel * 3 + channel]!;
        outRgb[pixel * 3 + channel] = Math.round(tissue + (colour[channel]! - tissue) * share);
      }
    }
  }
  return { rgb: outRgb, classes: outClasses };
}

/** A wavy line through or beside the slice. */
export interface WavyLine {
  /** Unit vector across the line. */
  readonly normal: readonly [x: number, y: number];
  /** Distance of the line from the slice's centre, along the normal, in sides of the slice. */
  readonly offset: number;
  /** Waves of the line: amplitude, periods per side, phase in radians. */
  readonly waves: readonly (readonly [amplitude: number, frequency: number, phase: number])[];
}

/**
 * The line mostly crosses the slice. Otherwise the slice lies on one side, and the line is in its context.
 * @param random uniform in [0, 1)
 * @param angle of the normal, radians; drawn first by default
 */
export function drawWavyLine(random: () => number, angle = random() * 2 * Math.PI): WavyLine {
  return {
    normal: [Math.cos(angle), Math.sin(angle)],
    offset: (random() - 0.5) * 1.6,
    waves: [0.06, 0.03].map((most, i) => [
      random() * most,
      (i + 1) * (0.5 + random()),
      random() * 2 * Math.PI,
    ]),
  };
}

/** Distance of a point beyond the line, in sides of the slice; negative before it. */
export function beyondLine(x: number, y: number, { normal: [nx, ny], offset, waves }: WavyLine): number {
  const [dx, dy] = [x - 0.5, y - 0.5];
  const along = dy * nx - dx * ny;
  let beyond = dx * nx + dy * ny - offset;
  for (const [amplitude, frequency, phase] of waves) {
    beyond += amplitude * Math.sin(2 * Math.PI * frequency * along + phase);
  }
  return beyond;
}

/** Width of the blend from tissue to what covers it, in sides of the slice. */
const edgeWidth = 0.02;

/** Share of a point that is covered, from its distance inside the border, in sides of the slice. */
export function softEdge(inside: number): number {
  return Math.max(0, Math.min(1, inside / edgeWidth + 0.5));
}
