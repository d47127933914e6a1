/**
 * Synthetic glass for datasets without any. Images cut out of tissue never show the edge of a section, and a
 * network that was never trained on glass finds tissue in it. Beyond a wavy line, a sample becomes glass, at
 * the same place in the slice and its context.
 */
import type { Draw, RawSample } from './sample.ts';

/** The glass of a sample. Lengths are in sides of the slice, from its top left corner. */
export interface Glass {
  /** Unit vector towards the glass. */
  readonly normal: readonly [x: number, y: number];
  /** Distance of the line from the slice's centre, along the normal. */
  readonly offset: number;
  /** Waves of the line: amplitude, periods per side, phase in radians. */
  readonly waves: readonly (readonly [amplitude: number, frequency: number, phase: number])[];
  /** RGB */
  readonly colour: readonly [number, number, number];
}

/** Width of the blend from tissue to glass, in sides of the slice. */
const edgeWidth = 0.02;

/**
 * @param share of samples that get glass, 0 to 1
 * @returns null for samples without glass
 */
export function drawGlass({ random }: Draw, share: number): Glass | null {
  if (random() >= share) return null;
  const angle = random() * 2 * Math.PI;
  const level = 228 + random() * 24;
  const tint = (): number => Math.min(255, level + (random() - 0.5) * 8);
  return {
    normal: [Math.cos(angle), Math.sin(angle)],
    // The line mostly crosses the slice. Otherwise the slice is all tissue or all glass, and the line is in
    // its context.
    offset: (random() - 0.5) * 1.6,
    waves: [0.06, 0.03].map((most, i) => [
      random() * most,
      (i + 1) * (0.5 + random()),
      random() * 2 * Math.PI,
    ]),
    colour: [tint(), tint(), tint()],
  };
}

/** The sample with glass, which is class 0. Does not modify the sample. */
export function withGlass(sample: RawSample, glass: Glass): RawSample {
  const { slice, classes, context } = sample;
  const whole = { x: 0, y: 0, size: 1 };
  const own = paint(slice, classes, whole, glass);
  if (context === null) return { slice: own.rgb, classes: own.classes, context };
  // `place` is in sides of the context: its corner is at -x / size in sides of the slice.
  const { x, y, size } = context.place;
  const seen = paint(context.rgb, context.classes, { x: -x / size, y: -y / size, size: 1 / size }, glass);
  return { slice: own.rgb, classes: own.classes, context: { ...context, ...seen } };
}

/**
 * @param rgb [side, side, 3]
 * @param classes [side, side]
 * @param field the square's field, in sides of the slice
 */
function paint(
  rgb: Uint8Array,
  classes: Uint8Array,
  field: { readonly x: number; readonly y: number; readonly size: number },
  glass: Glass,
): { rgb: Uint8Array; classes: Uint8Array } {
  const side = Math.sqrt(classes.length);
  const [outRgb, outClasses] = [rgb.slice(), classes.slice()];
  for (let row = 0; row < side; row++) {
    const y = field.y + ((row + 0.5) / side) * field.size;
    for (let column = 0; column < side; column++) {
      const share = glassAt(field.x + ((column + 0.5) / side) * field.size, y, glass);
      if (share === 0) continue;
      const pixel = row * side + column;
      if (share > 0.5) outClasses[pixel] = 0;
      for (let channel = 0; channel < 3; channel++) {
        const tissue = outRgb[pixel * 3 + channel]!;
        outRgb[pixel * 3 + channel] = Math.round(tissue + (glass.colour[channel]! - tissue) * share);
      }
    }
  }
  return { rgb: outRgb, classes: outClasses };
}

/** Share of glass at a point, 0 to 1. */
function glassAt(x: number, y: number, { normal: [nx, ny], offset, waves }: Glass): number {
  const [dx, dy] = [x - 0.5, y - 0.5];
  const along = dy * nx - dx * ny;
  let beyond = dx * nx + dy * ny - offset;
  for (const [amplitude, frequency, phase] of waves) {
    beyond += amplitude * Math.sin(2 * Math.PI * frequency * along + phase);
  }
  return Math.max(0, Math.min(1, beyond / edgeWidth + 0.5));
}
