/** What is drawn for a sample beside its place, and how it changes what was read. */
import type { Draw } from './draw.ts';
import { drawGlass, withGlass, type Glass } from './glass.ts';
import type { RawSample, Sample, SamplingGeometry } from './sample.ts';
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
  /** Share of samples that get glass (glass.ts); none when absent. */
  readonly glass?: number | undefined;
}

/** The share of its own field that a sample is read with; draws nothing without an augmentation. */
export function drawScale({ random }: Draw, augmentation: Augmentation | undefined): number {
  if (augmentation === undefined) return 1;
  const [low, high] = augmentation.scale;
  return low + (high - low) * random();
}

/** How colours change: glass, stains, then a gain per channel and an offset. */
export interface ColourChange {
  readonly glass: Glass | null;
  readonly stains: StainChange | null;
  readonly jitter: readonly number[];
}

export function drawColourChange(draw: Draw, augmentation: Augmentation | undefined): ColourChange {
  const { random } = draw;
  const jitter = colourJitter(random);
  if (augmentation === undefined) return { jitter, stains: null, glass: null };
  const { stain, glass } = augmentation;
  const stains = drawStainChange(random, stain);
  return { jitter, stains, glass: glass === undefined ? null : drawGlass(draw, glass) };
}

/** Turns and recolours a slice, and its context in the same way. */
export function augment(
  raw: RawSample,
  symmetry: Symmetry,
  colours: ColourChange,
  { slicePx, contextPx }: Pick<SamplingGeometry, 'slicePx' | 'contextPx'>,
): Sample {
  const { slice, classes, context } = colours.glass === null ? raw : withGlass(raw, colours.glass);
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
