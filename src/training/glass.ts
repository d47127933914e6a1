/**
 * Glass for data that has none: images cut out of tissue never show a section's edge, and a network that has seen no glass paints
 * tissue on it. A part of a sample is made glass beyond a wavy line, in the slice and in its context at the same place.
 */
import type { Draw, RawSample } from './sample.ts';

/** Where glass lies, in sides of the slice from its top left corner. */
export interface Glass {
  /** Unit vector into the glass. */
  readonly normal: readonly [x: number, y: number];
  /** Of the line from the slice's middle along the normal. */
  readonly offset: number;
  /** Waves of the line: amplitude, turns per side, phase. */
  readonly waves: readonly (readonly [amplitude: number, frequency: number, phase: number])[];
  /** RGB */
  readonly colour: readonly [number, number, number];
}

/** Width of the tissue's faded edge, sides of the slice. */
const edge = 0.02;

/** @param share of samples that get glass, 0 to 1 @returns null for those that do not */
export function drawGlass({ random }: Draw, share: number): Glass | null {
  if (random() >= share) return null;
  const angle = random() * 2 * Math.PI;
  const level = 228 + random() * 24;
  const tint = (): number => Math.min(255, level + (random() - 0.5) * 8);
  return {
    normal: [Math.cos(angle), Math.sin(angle)],
    // Mostly across the slice; else all of the slice is tissue or glass, with the line in its context.
    offset: (random() - 0.5) * 1.6,
    waves: [0.06, 0.03].map((most, i) => [
      random() * most,
      (i + 1) * (0.5 + random()),
      random() * 2 * Math.PI,
    ]),
    colour: [tint(), tint(), tint()],
  };
}

/** The sample with its glass, which is class 0. Its own arrays are left as they are. */
export function withGlass(sample: RawSample, glass: Glass): RawSample {
  const { slice, classes, context } = sample;
  const whole = { x: 0, y: 0, size: 1 };
  const own = paint(slice, classes, whole, glass);
  if (context === null) return { slice: own.rgb, classes: own.classes, context };
  // Of the context's own side, the slice takes `size` from `x`, `y`: its corner lies at -x / size sides of the slice.
  const { x, y, size } = context.place;
  const seen = paint(context.rgb, context.classes, { x: -x / size, y: -y / size, size: 1 / size }, glass);
  return { slice: own.rgb, classes: own.classes, context: { ...context, ...seen } };
}

/**
 * @param rgb [side, side, 3]
 * @param classes [side, side]
 * @param field what the square shows, in sides of the slice
 */
function paint(
  rgb: Uint8Array,
  classes: Uint8Array,
  field: { readonly x: number; readonly y: number; readonly size: number },
  glass: Glass,
): { rgb: Uint8Array; classes: Uint8Array } {
  const side = Math.sqrt(classes.length);
  const [colours, labels] = [rgb.slice(), classes.slice()];
  for (let row = 0; row < side; row++) {
    const y = field.y + ((row + 0.5) / side) * field.size;
    for (let column = 0; column < side; column++) {
      const share = glassAt(field.x + ((column + 0.5) / side) * field.size, y, glass);
      if (share === 0) continue;
      const pixel = row * side + column;
      if (share > 0.5) labels[pixel] = 0;
      for (let channel = 0; channel < 3; channel++) {
        const tissue = colours[pixel * 3 + channel]!;
        colours[pixel * 3 + channel] = Math.round(tissue + (glass.colour[channel]! - tissue) * share);
      }
    }
  }
  return { rgb: colours, classes: labels };
}

/** How much of a point is glass, 0 to 1. */
function glassAt(x: number, y: number, { normal: [nx, ny], offset, waves }: Glass): number {
  const [dx, dy] = [x - 0.5, y - 0.5];
  const along = dy * nx - dx * ny;
  let beyond = dx * nx + dy * ny - offset;
  for (const [amplitude, frequency, phase] of waves) {
    beyond += amplitude * Math.sin(2 * Math.PI * frequency * along + phase);
  }
  return Math.max(0, Math.min(1, beyond / edge + 0.5));
}
