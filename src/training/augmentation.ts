/** Random changes to a sample: scale, symmetry, stains, colours, glass and artefacts. */
import { type Artefact, drawArtefact, withArtefact } from './artefacts.ts';
import type { Draw, RawSample, Sample, SamplingGeometry } from './sample.ts';
import { drawGlass, type Glass, withGlass } from './glass.ts';

export interface Augmentation {
  /**
   * Range of the field that slice and context are read with, relative to their normal fields. Below 1, tissue
   * looks larger. The paper uses [0.6, 1].
   */
  readonly scale: readonly [number, number];
  /** Maximum relative change of each stain; 0 for none. */
  readonly stain: number;
  /** Share of samples that get glass (glass.ts), 0 to 1; none by default. */
  readonly glass?: number | undefined;
  /** Share of samples that get fat, a pen stroke, a fold or lost focus (artefacts.ts), 0 to 1; none by default. */
  readonly artefacts?: number | undefined;
}

/** Scale of the field that a sample is read with. Draws no random number without an augmentation. */
export function drawScale({ random }: Draw, augmentation: Augmentation | undefined): number {
  if (augmentation === undefined) return 1;
  const [low, high] = augmentation.scale;
  return low + (high - low) * random();
}

/** Colour changes in the order in which they apply: glass, an artefact, stains, then a gain per channel and an offset. */
export interface ColourChange {
  readonly glass: Glass | null;
  readonly artefact: Artefact | null;
  readonly stains: StainChange | null;
  /** Gains of R, G and B, then an offset in grey levels. */
  readonly jitter: readonly number[];
}

export function drawColourChange(draw: Draw, augmentation: Augmentation | undefined): ColourChange {
  const { random } = draw;
  const jitter = colourJitter(random);
  if (augmentation === undefined) return { jitter, stains: null, glass: null, artefact: null };
  const { stain, glass, artefacts } = augmentation;
  const stains = drawStainChange(random, stain);
  return {
    jitter,
    stains,
    glass: glass === undefined ? null : drawGlass(draw, glass),
    artefact: artefacts === undefined ? null : drawArtefact(draw, artefacts),
  };
}

/** Transforms and recolours a slice and its context alike. */
export function augment(
  raw: RawSample,
  symmetry: Symmetry,
  colours: ColourChange,
  { slicePx, contextPx }: Pick<SamplingGeometry, 'slicePx' | 'contextPx'>,
): Sample {
  const onGlass = colours.glass === null ? raw : withGlass(raw, colours.glass);
  const { slice, classes, context } =
    colours.artefact === null ? onGlass : withArtefact(onGlass, colours.artefact);
  const turned = (data: Uint8Array, px: number, channels: number): Uint8Array<ArrayBuffer> =>
    transformSquare(data, px, channels, symmetry);
  const recoloured = (data: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> =>
    recolour(colours.stains === null ? data : changeStains(data, colours.stains), colours.jitter);
  return {
    slice: recoloured(turned(slice, slicePx, 3)),
    classes: turned(classes, slicePx, 1),
    context: context === null ? null : recoloured(turned(context.rgb, contextPx ?? 0, 3)),
    contextClasses: context === null ? null : turned(context.classes, contextPx ?? 0, 1),
    place: transformPlace(context?.place ?? { x: 0, y: 0, size: 1 }, symmetry),
  };
}

/** A sample after one more symmetry. */
export function turnSample(
  { slice, classes, context, contextClasses, place }: Sample,
  symmetry: Symmetry,
  { slicePx, contextPx }: Pick<SamplingGeometry, 'slicePx' | 'contextPx'>,
): Sample {
  const side = contextPx ?? 0;
  return {
    slice: transformSquare(slice, slicePx, 3, symmetry),
    classes: transformSquare(classes, slicePx, 1, symmetry),
    context: context === null ? null : transformSquare(context, side, 3, symmetry),
    contextClasses: contextClasses === null ? null : transformSquare(contextClasses, side, 1, symmetry),
    place: transformPlace(place, symmetry),
  };
}

/** Small differences between scanners: a gain per channel and one offset. */
function colourJitter(random: () => number): readonly number[] {
  const brightness = (random() - 0.5) * 0.1;
  const channel = (): number => 1 + brightness + (random() - 0.5) * 0.1;
  return [channel(), channel(), channel(), (random() - 0.5) * 10];
}

function recolour(data: Uint8Array<ArrayBuffer>, jitter: readonly number[]): Uint8Array<ArrayBuffer> {
  const offset = jitter[3]!;
  const [r, g, b] = [0, 1, 2].map((channel) => {
    const gain = jitter[channel]!;
    return Uint8ClampedArray.from({ length: 256 }, (_, value) => value * gain + offset);
  }) as [Uint8ClampedArray, Uint8ClampedArray, Uint8ClampedArray];
  for (let i = 0; i < data.length; i += 3) {
    data[i] = r[data[i]!]!;
    data[i + 1] = g[data[i + 1]!]!;
    data[i + 2] = b[data[i + 2]!]!;
  }
  return data;
}

/** Optical densities of one unit of haematoxylin, eosin and the residual (DAB) in R, G and B, unit length. */
const stainVectors = [
  [0.65, 0.704, 0.286],
  [0.072, 0.99, 0.105],
  [0.268, 0.57, 0.776],
] as const;

/**
 * Changes the strength of each stain, as laboratories and scanners do (Tellez et al. 2018, "Whole-slide
 * mitosis detection in H&E breast histology using PHH3 as a reference", section III-C): colours are separated
 * into haematoxylin, eosin and a residual by the vectors of Ruifrok and Johnston (2001), each is scaled and
 * shifted, and they are recombined. Each optical density becomes `density * gain + shift`.
 */
export interface StainChange {
  readonly gain: readonly [number, number, number];
  readonly shift: readonly [number, number, number];
}

/**
 * @param strength maximum change of a gain; shifts are a tenth of it, in optical density. 0 changes nothing.
 */
export function drawStainChange(random: () => number, strength: number): StainChange {
  const around = (): number => (2 * random() - 1) * strength;
  const gain = [1 + around(), 1 + around(), 1 + around()] as const;
  const shift = [around() / 10, around() / 10, around() / 10] as const;
  return { gain, shift };
}

/** Applies the change in place. @param rgb [pixels, 3], 0 to 255 */
export function changeStains<Bytes extends Uint8Array>(rgb: Bytes, { gain, shift }: StainChange): Bytes {
  // One matrix and one offset: unmix, scale, mix. Densities are rows times matrices.
  const unmix = inverse(stainVectors);
  const matrix = [0, 1, 2].map((from) =>
    [0, 1, 2].map((to) =>
      [0, 1, 2].reduce(
        (sum, stain) => sum + unmix[from]![stain]! * gain[stain]! * stainVectors[stain]![to]!,
        0,
      ),
    ),
  );
  const offset = [0, 1, 2].map((to) =>
    [0, 1, 2].reduce((sum, stain) => sum + shift[stain]! * stainVectors[stain]![to]!, 0),
  );
  for (let i = 0; i < rgb.length; i += 3) {
    const r = densityOfByte[rgb[i]!]!;
    const g = densityOfByte[rgb[i + 1]!]!;
    const b = densityOfByte[rgb[i + 2]!]!;
    for (let to = 0; to < 3; to++) {
      const density = r * matrix[0]![to]! + g * matrix[1]![to]! + b * matrix[2]![to]! + offset[to]!;
      rgb[i + to] = Math.min(255, Math.max(0, Math.round(256 * Math.exp(-density) - 1)));
    }
  }
  return rgb;
}

/** Optical density of each byte value. One is added to the value so that black has a finite density. */
const densityOfByte = Float64Array.from({ length: 256 }, (_, value) => -Math.log((value + 1) / 256));

type Matrix3 = readonly (readonly [number, number, number])[];

/** Inverse of a 3 × 3 matrix by its cofactors. */
export function inverse(m: Matrix3): number[][] {
  const cofactor = (row: number, column: number): number => {
    const [a, b] = [0, 1, 2].filter((i) => i !== row) as [number, number];
    const [c, d] = [0, 1, 2].filter((i) => i !== column) as [number, number];
    const sign = (row + column) % 2 === 0 ? 1 : -1;
    return sign * (m[a]![c]! * m[b]![d]! - m[a]![d]! * m[b]![c]!);
  };
  const determinant = [0, 1, 2].reduce((sum, column) => sum + m[0]![column]! * cofactor(0, column), 0);
  return [0, 1, 2].map((row) => [0, 1, 2].map((column) => cofactor(column, row) / determinant));
}

/** 0 to 7: bit 0 mirrors left-right, bit 1 top-bottom, bit 2 swaps rows and columns (applied first). */
export type Symmetry = number;

/** @param data [side, side, channels] */
export function transformSquare(
  data: Uint8Array,
  side: number,
  channels: number,
  symmetry: Symmetry,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(data.length);
  const last = side - 1;
  const [alongX, alongY] = symmetry & 4 ? [side * channels, channels] : [channels, side * channels];
  const stepX = symmetry & 1 ? -alongX : alongX;
  for (let y = 0, to = 0; y < side; y++) {
    let from = (symmetry & 2 ? last - y : y) * alongY + (symmetry & 1 ? last * alongX : 0);
    for (let x = 0; x < side; x++, from += stepX, to += channels) {
      out[to] = data[from]!;
      for (let channel = 1; channel < channels; channel++) out[to + channel] = data[from + channel]!;
    }
  }
  return out;
}

/** The top left corner of a square of side `size` within the unit square after the same change. */
export function transformPlace(
  place: { readonly x: number; readonly y: number; readonly size: number },
  symmetry: Symmetry,
): { x: number; y: number; size: number } {
  const { size } = place;
  let [x, y] = symmetry & 4 ? [place.y, place.x] : [place.x, place.y];
  if (symmetry & 1) x = 1 - x - size;
  if (symmetry & 2) y = 1 - y - size;
  return { x, y, size };
}
