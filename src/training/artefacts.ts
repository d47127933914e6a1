/**
 * Synthetic artefacts for datasets of clean images: fat, pen, folds and lost focus. A network that never saw them names
 * them with confidence. All are class 0, at the same place in the slice and its context.
 */
import { beyondLine, drawWavyLine, softEdge, type Cover, type WavyLine, withCover } from './cover.ts';
import type { Draw, RawSample } from './sample.ts';

export type Artefact =
  | { readonly kind: 'fat' | 'pen' | 'fold'; readonly cover: Cover }
  | {
      readonly kind: 'blur';
      /** Radius of the three box filters, in sides of the slice. */
      readonly radius: number;
    };

/**
 * @param share of samples that get an artefact, 0 to 1; the four kinds are equally frequent
 * @returns null for samples without one
 */
export function drawArtefact(draw: Draw, share: number): Artefact | null {
  const { random, below } = draw;
  if (random() >= share) return null;
  const kind = (['fat', 'pen', 'fold', 'blur'] as const)[below(4)]!;
  if (kind === 'blur') return { kind, radius: 0.02 + random() * 0.04 };
  const line = drawWavyLine(random);
  return { kind, cover: { fat: fatCover, pen: penCover, fold: foldCover }[kind](draw, line) };
}

/** The sample with the artefact. Does not modify its input. */
export function withArtefact(sample: RawSample, artefact: Artefact): RawSample {
  if (artefact.kind !== 'blur') return withCover(sample, artefact.cover);
  const { slice, classes, context } = sample;
  return {
    slice: blurred(slice, artefact.radius),
    classes: new Uint8Array(classes.length),
    context:
      context === null
        ? null
        : {
            ...context,
            rgb: blurred(context.rgb, artefact.radius * context.place.size),
            classes: new Uint8Array(context.classes.length),
          },
  };
}

/**
 * Fat: round white cells of 40 to 110 µm between thin walls (in a slice of 290 µm), as the cells of a jittered grid; the
 * wall is where the two nearest centres are equally far.
 */
function fatCover({ random, below }: Draw, line: WavyLine): Cover {
  const pitch = 0.14 + random() * 0.24;
  const wall = 0.03 + random() * 0.05; // of the pitch
  const salt = below(0x7fffffff);
  const lumen = 226 + random() * 26;
  const wallColour = [205 + random() * 35, 130 + random() * 60, 170 + random() * 50] as const;
  return {
    shareAt: (x, y) => softEdge(beyondLine(x, y, line)),
    paint: (x, y, rgb) => {
      const [nearest, second] = nearestCentres(x / pitch, y / pitch, salt);
      const inLumen = Math.max(0, Math.min(1, ((second - nearest) / wall - 1) * 2));
      for (let channel = 0; channel < 3; channel++) {
        rgb[channel] = wallColour[channel]! + (lumen - wallColour[channel]!) * inLumen;
      }
    },
  };
}

/** Distances to the nearest two centres of a grid of pitch 1 whose centres are jittered by up to 0.35. */
function nearestCentres(x: number, y: number, salt: number): [number, number] {
  let [nearest, second] = [Infinity, Infinity];
  const [column, row] = [Math.floor(x), Math.floor(y)];
  for (let j = row - 1; j <= row + 1; j++) {
    for (let i = column - 1; i <= column + 1; i++) {
      const hash = mixed(i, j, salt);
      const dx = i + 0.15 + (0.7 * (hash & 0xffff)) / 0xffff - x;
      const dy = j + 0.15 + (0.7 * (hash >>> 16)) / 0xffff - y;
      const distance = Math.hypot(dx, dy);
      if (distance < nearest) [nearest, second] = [distance, nearest];
      else if (distance < second) second = distance;
    }
  }
  return [nearest, second];
}

/** 32 well mixed bits of a grid cell (the finaliser of MurmurHash3). */
function mixed(i: number, j: number, salt: number): number {
  let hash = Math.imul(i, 0x9e3779b1) ^ Math.imul(j, 0x85ebca6b) ^ salt;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Inks that mark slides: blue, green, black, red. */
const inks = [
  [20, 45, 150],
  [15, 110, 70],
  [25, 25, 30],
  [190, 25, 45],
] as const;

/** A stroke of a pen: more or less opaque ink over glass and tissue. */
function penCover({ random, below }: Draw, line: WavyLine): Cover {
  const halfWidth = 0.06 + random() * 0.5;
  const ink = inks[below(inks.length)]!.map((value) => value + random() * 50);
  const opacity = 0.7 + random() * 0.3;
  return {
    shareAt: (x, y) => softEdge(halfWidth - Math.abs(beyondLine(x, y, line))),
    paint: (_x, _y, rgb) => {
      // Ink absorbs: tissue below shows through as a darker shade.
      for (let channel = 0; channel < 3; channel++) {
        const through = (rgb[channel]! * ink[channel]!) / 255;
        rgb[channel] = through + (ink[channel]! - through) * opacity;
      }
    },
  };
}

/** A fold: two layers of tissue, whose optical densities add up. */
function foldCover({ random }: Draw, line: WavyLine): Cover {
  const halfWidth = 0.03 + random() * 0.12;
  const density = 1.7 + random() * 1.2;
  return {
    shareAt: (x, y) => softEdge(halfWidth - Math.abs(beyondLine(x, y, line))),
    paint: (_x, _y, rgb) => {
      for (let channel = 0; channel < 3; channel++) {
        rgb[channel] = 255 * (Math.min(235, rgb[channel]!) / 255) ** density;
      }
    },
  };
}

/** Three box filters, which are nearly a Gaussian. @param rgb [side, side, 3] @param radius in sides */
function blurred(rgb: Uint8Array, radius: number): Uint8Array {
  const side = Math.sqrt(rgb.length / 3);
  const pixels = Math.max(1, Math.round(radius * side));
  const [from, to] = [Float32Array.from(rgb), new Float32Array(rgb.length)];
  for (let pass = 0; pass < 3; pass++) {
    boxFilter(from, to, side, pixels, 3, side * 3);
    boxFilter(to, from, side, pixels, side * 3, 3);
  }
  return Uint8Array.from(from, Math.round);
}

/** Means over 2 × radius + 1 neighbours along one axis, repeating the border. */
function boxFilter(
  from: Float32Array,
  to: Float32Array,
  side: number,
  radius: number,
  step: number,
  across: number,
): void {
  const inside = (i: number): number => Math.max(0, Math.min(side - 1, i));
  for (let line = 0; line < side; line++) {
    for (let channel = 0; channel < 3; channel++) {
      const start = line * across + channel;
      let sum = 0;
      for (let i = -radius; i <= radius; i++) sum += from[start + inside(i) * step]!;
      for (let i = 0; i < side; i++) {
        to[start + i * step] = sum / (2 * radius + 1);
        sum += from[start + inside(i + radius + 1) * step]! - from[start + inside(i - radius) * step]!;
      }
    }
  }
}
