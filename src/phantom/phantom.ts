/**
 * A phantom: a synthetic H&E-like slide with known classes, drawn from a seed. Each point depends only on the
 * seed and its position in µm, so the same tissue can be drawn at any scale and in pieces. Pure code for
 * page, worker and Node.
 */
import { layOutPhantom, type Layout } from './layout.ts';
import { phantomClass, type Structure, StructureIndex } from './structure.ts';
import { fillLobule, type Acinus } from './lobule.ts';
import { ValueNoise } from './noise.ts';
import type { Outline } from './outline.ts';
import { hash } from './random.ts';
import { drawStain, type StainTable } from './stain.ts';

export interface PhantomSpec {
  /** Any 32-bit integer. */
  readonly seed: number;
  readonly widthUm: number;
  readonly heightUm: number;
}

/** A rectangle in µm from the slide's top left corner. */
export interface UmRect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A labelled region: its class index (1 benign, 2 in situ, 3 invasive) and its outline. */
export interface PhantomRegion {
  readonly classIndex: number;
  /** Alternating x and y, µm; implicitly closed. */
  readonly polygonUm: Float64Array;
}

/** Everything that the renderer needs of one slide; created by `createPhantom`. */
export interface Phantom extends PhantomSpec {
  readonly layout: Layout;
  readonly regions: readonly PhantomRegion[];
  readonly noise: ValueNoise;
  readonly stain: StainTable;
  readonly index: StructureIndex;
  /** Glands of each lobule, in layout order. */
  readonly acini: readonly (readonly Acinus[])[];
  /** Outlines inside which nests of tumour cells grow: masses and foci. */
  readonly nested: readonly Outline[];
  /** Main direction of the collagen. */
  readonly fibreCos: number;
  readonly fibreSin: number;
}

/** Class names of a phantom by class index. */
export const phantomClassNames = ['normal', 'benign', 'in situ', 'invasive'] as const;

/**
 * Creates a phantom. Takes about a second for 12×10 mm: the layout is computed at once, the pixels on demand.
 * @throws RangeError for a size that is not positive and finite.
 */
export function createPhantom({ seed, widthUm, heightUm }: PhantomSpec): Phantom {
  if (!(widthUm > 0 && heightUm > 0 && Number.isFinite(widthUm * heightUm))) {
    throw new RangeError(`A phantom of ${widthUm} × ${heightUm} µm is impossible; give a positive size.`);
  }
  const layout = layOutPhantom(seed, widthUm, heightUm);
  const nested = [...layout.masses, ...layout.foci].map((shape) => shape.outline);
  const toRegion = (classIndex: number, shape: Structure): PhantomRegion => ({
    classIndex,
    polygonUm: shape.polygon,
  });
  const direction = (hash(seed, 5) / 4294967296) * Math.PI;
  return {
    seed,
    widthUm,
    heightUm,
    layout,
    regions: [
      ...layout.masses.map((mass) => toRegion(phantomClass.invasive, mass)),
      ...layout.lobules.map((lobule) => toRegion(lobule.classIndex, lobule)),
    ],
    noise: new ValueNoise(hash(seed, 3)),
    stain: drawStain(seed),
    index: new StructureIndex(
      layout.lobules.map((lobule) => lobule.outline),
      nested,
    ),
    acini: layout.lobules.map(fillLobule),
    nested,
    fibreCos: Math.cos(direction),
    fibreSin: Math.sin(direction),
  };
}
