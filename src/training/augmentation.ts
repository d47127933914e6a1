/** What is drawn for a sample beside its place, and how it changes what was read. */
import { mulberry32 } from '../runtime/variables.ts';
import type { Sample, SamplingGeometry } from './sample.ts';
import { changeStains, drawStainChange, type StainChange } from './stain-jitter.ts';
import { transformPlace, transformSquare, type Symmetry } from './symmetry.ts';

export interface Augmentation {
  /**
   * Range of the field that a slice and its context are read with, as a share of their own; the paper's is
   * [0.6, 1]. Below 1 tissue looks larger.
   */
  readonly scale: readonly [number, number];
  /** Largest relative change of each stain; 0 for none. */
  readonly stain: number;
}

/** Uniform numbers that depend on the seed and the sample's number alone. */
export interface Draw {
  /** In [0, 1). */
  readonly random: () => number;
  /** A whole number from 0 to n - 1. */
  readonly below: (n: number) => number;
}

export function drawFor(seed: number, number: number): Draw {
  const random = mulberry32(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
  for (let i = 0; i < 4; i++) random();
  return { random, below: (n) => Math.floor(random() * n) };
}

/** The class at a random share of the summed weights. */
export function drawClass({ random }: Draw, classWeights: readonly number[]): number {
  let rest = random() * classWeights.reduce((sum, weight) => sum + weight, 0);
  const found = classWeights.findIndex((weight) => (rest -= weight) < 0);
  return Math.max(0, found);
}

/** The share of its own field that a sample is read with; draws nothing without an augmentation. */
export function drawScale({ random }: Draw, augmentation: Augmentation | undefined): number {
  if (augmentation === undefined) return 1;
  const [low, high] = augmentation.scale;
  return low + (high - low) * random();
}

/** What was read of the slide, before any change. */
export interface RawSample {
  /** [slicePx, slicePx, 3] */
  readonly slice: Uint8Array;
  /** [slicePx, slicePx] */
  readonly classes: Uint8Array;
  readonly context: {
    /** [contextPx, contextPx, 3] */
    readonly rgb: Uint8Array;
    /** [contextPx, contextPx] */
    readonly classes: Uint8Array;
    readonly place: Sample['place'];
  } | null;
}

/** How colours change: stains, then a gain per channel and an offset. */
export interface ColourChange {
  readonly stains: StainChange | null;
  readonly jitter: readonly number[];
}

export function drawColourChange({ random }: Draw, augmentation: Augmentation | undefined): ColourChange {
  const jitter = colourJitter(random);
  return { jitter, stains: augmentation === undefined ? null : drawStainChange(random, augmentation.stain) };
}

/** Turns and recolours a slice, and its context in the same way. */
export function augment(
  { slice, classes, context }: RawSample,
  symmetry: Symmetry,
  colours: ColourChange,
  { slicePx, contextPx }: Pick<SamplingGeometry, 'slicePx' | 'contextPx'>,
): Sample {
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

/** A gain and an offset per channel, the same for a slice and its context: scanners differ. */
function colourJitter(random: () => number): readonly number[] {
  const brightness = (random() - 0.5) * 0.1;
  const channel = (): number => 1 + brightness + (random() - 0.5) * 0.1;
  return [channel(), channel(), channel(), (random() - 0.5) * 10];
}

function recolour(data: Uint8Array<ArrayBuffer>, jitter: readonly number[]): Uint8Array<ArrayBuffer> {
  const clamped = new Uint8ClampedArray(data.buffer);
  for (let i = 0; i < clamped.length; i++) {
    clamped[i] = data[i]! * jitter[i % 3]! + jitter[3]!;
  }
  return data;
}
