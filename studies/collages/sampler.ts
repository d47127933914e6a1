/** Slices of collages with their contexts, made on the fly from a seed. */
import { augment, drawColourChange, type Augmentation } from '../../src/training/augmentation.ts';
import {
  drawFor,
  drawWeighted,
  type Draw,
  type RawSample,
  type Sample,
  type SampleSource,
} from '../../src/training/sample.ts';
import type { Preset } from '../../src/model/presets.ts';
import { classAt, FIELD, paintCollage, planCollage, type Collage, type TilesByClass } from './field.ts';
import { REDUCTION, TILE_MPP } from './tiles.ts';

/** Sides of slice and context: 72 µm, in which a piece of gland is ambiguous, and 434 µm of the same field. */
export const SLICE_PX = 64;
export const CONTEXT_PX = 96;
export const SLICE_UM = SLICE_PX * TILE_MPP;
export const CONTEXT_UM = CONTEXT_PX * REDUCTION * TILE_MPP;

/** Distinct collages; a sample is cut from any of them. */
export const COLLAGES = 6000;
const AUGMENTATION: Augmentation = { scale: [1, 1], stain: 0.1 };
/** Places tried for the wanted class before another collage is. */
const TRIES = 60;

/** A slice as it is measured: no augmentation. */
export interface MeasuredSlice {
  readonly sample: Sample;
  /** The patient to whom each pixel of the slice belongs, [64, 64], index into `cases`. */
  readonly owners: Uint8Array;
  /** Patients of the collage's patches. */
  readonly cases: readonly string[];
  /** Whether a pixel of the context shows the tile that most of the slice shows, [96, 96]; null without a wide context. */
  readonly ownTile: Uint8Array | null;
}

interface Place {
  readonly collage: Collage;
  /** Corners, field pixels. */
  readonly slice: { readonly left: number; readonly top: number };
  readonly context: { readonly left: number; readonly top: number };
}

export class CollageSampler implements SampleSource {
  readonly #tiles: TilesByClass;
  readonly #preset: Preset;
  readonly #seed: number;

  /** @param preset with the sizes above; its context may be the same field */
  constructor(tiles: TilesByClass, preset: Preset, seed: number) {
    this.#tiles = tiles;
    this.#preset = preset;
    this.#seed = seed;
  }

  sample(number: number): Sample {
    const draw = drawFor(this.#seed, number);
    const raw = this.#raw(this.#place(draw)).sample;
    const symmetry = draw.below(8);
    return augment(raw, symmetry, drawColourChange(draw, AUGMENTATION), this.#preset);
  }

  /** A slice for measuring: the same one in all rows of the study. */
  measured(number: number): MeasuredSlice {
    const place = this.#place(drawFor(this.#seed, number));
    const { sample: raw, owners, ownTile } = this.#raw(place);
    const { context } = raw;
    const copy = (bytes: Uint8Array): Uint8Array<ArrayBuffer> => Uint8Array.from(bytes);
    return {
      sample: {
        slice: copy(raw.slice),
        classes: copy(raw.classes),
        context: context === null ? null : copy(context.rgb),
        contextClasses: context === null ? null : copy(context.classes),
        place: context?.place ?? { x: 0, y: 0, size: 1 },
      },
      owners,
      cases: place.collage.patches.map(({ tile }) => tile.case),
      ownTile,
    };
  }

  /** A collage, a slice of it around a pixel of a drawn class, and a context around that. */
  #place(draw: Draw): Place {
    const wanted = drawWeighted(draw, [1, 1, 1, 1]);
    for (;;) {
      const collage = planCollage(this.#tiles, this.#seed, draw.below(COLLAGES));
      for (let tried = 0; tried < TRIES; tried++) {
        const [x, y] = [draw.below(FIELD), draw.below(FIELD)];
        if (classAt(collage, x, y) !== wanted) continue;
        const inside = (at: number): number =>
          Math.min(FIELD - SLICE_PX, Math.max(0, at - draw.below(SLICE_PX)));
        const slice = { left: inside(x), top: inside(y) };
        const wide = CONTEXT_PX * REDUCTION;
        const around = (at: number): number => {
          const low = Math.max(0, Math.ceil((at + SLICE_PX - wide) / REDUCTION));
          const high = Math.min(Math.floor(at / REDUCTION), (FIELD - wide) / REDUCTION);
          return REDUCTION * (low + draw.below(Math.max(1, high - low + 1)));
        };
        return { collage, slice, context: { left: around(slice.left), top: around(slice.top) } };
      }
    }
  }

  #raw({ collage, slice, context }: Place): {
    sample: RawSample;
    owners: Uint8Array;
    ownTile: Uint8Array | null;
  } {
    const { rgb, classes, patches } = paintCollage(collage, slice, SLICE_PX, 1);
    const sample = { slice: rgb, classes };
    const { contextKind } = this.#preset;
    if (contextKind === 'none')
      return { sample: { ...sample, context: null }, owners: patches, ownTile: null };
    if (contextKind === 'same') {
      const half = { rgb: halved(rgb, 3), classes: everySecond(classes), place: { x: 0, y: 0, size: 1 } };
      return { sample: { ...sample, context: half }, owners: patches, ownTile: null };
    }
    const wide = paintCollage(collage, context, CONTEXT_PX, REDUCTION);
    const span = CONTEXT_PX * REDUCTION;
    const place = {
      x: (slice.left - context.left) / span,
      y: (slice.top - context.top) / span,
      size: SLICE_PX / span,
    };
    const own = commonest(patches);
    return {
      sample: { ...sample, context: { rgb: wide.rgb, classes: wide.classes, place } },
      owners: patches,
      ownTile: wide.patches.map((patch) => (patch === own ? 1 : 0)),
    };
  }
}

function commonest(values: Uint8Array): number {
  const counts = new Uint32Array(256);
  for (const value of values) counts[value]!++;
  return counts.indexOf(Math.max(...counts));
}

/** Means of 2 × 2 pixels. @param rgb [side, side, channels] */
function halved(rgb: Uint8Array, channels: number): Uint8Array {
  const side = Math.sqrt(rgb.length / channels);
  const out = new Uint8Array(rgb.length / 4);
  for (let i = 0; i < out.length; i++) {
    const channel = i % channels;
    const pixel = (i - channel) / channels;
    const [x, y] = [2 * (pixel % (side / 2)), 2 * Math.floor(pixel / (side / 2))];
    const at = (column: number, row: number): number => rgb[(row * side + column) * channels + channel]!;
    out[i] = Math.round((at(x, y) + at(x + 1, y) + at(x, y + 1) + at(x + 1, y + 1)) / 4);
  }
  return out;
}

function everySecond(classes: Uint8Array): Uint8Array {
  const side = Math.sqrt(classes.length);
  return Uint8Array.from({ length: classes.length / 4 }, (_, i) => {
    const [x, y] = [2 * (i % (side / 2)) + 1, 2 * Math.floor(i / (side / 2)) + 1];
    return classes[y * side + x]!;
  });
}
