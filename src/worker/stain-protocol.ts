/** What the slide worker answers about stains. All types are structured-cloneable. */
import type { SlideArea } from '../segment/area.ts';
import type { TissueMask } from '../segment/tissue.ts';
import type { StainIndex, StainSeparation } from '../stain/deconvolve.ts';
import type { StainHistogram } from '../stain/h-score.ts';
import type { WhiteLevel } from '../stain/optical-density.ts';
import type { StainSet, StainVector } from '../stain/stain-vectors.ts';

export interface StainSource {
  /** µm per level-0 pixel. */
  readonly mpp: { readonly x: number; readonly y: number };
  /** Where tissue is; null finds it. */
  readonly tissue: TissueMask | null;
}

export interface StainMeasurement {
  readonly histogram: StainHistogram;
  /** µm per measured pixel. */
  readonly umPerPx: number;
  /** Whether glass was left out; else it could not be told. */
  readonly glassLeftOut: boolean;
  /** Parts that could not be read and are left out. */
  readonly broken: number;
}

export interface StainMethods {
  /** The white level of the slide's glass. */
  stainWhite(slideId: number, source: StainSource): Promise<WhiteLevel>;
  /** Both stains, estimated from the tissue. @throws StainError */
  estimateStains(slideId: number, source: StainSource, white: WhiteLevel): Promise<StainSet>;
  /** The stain that an area shows alone. @throws StainError */
  stainOfArea(slideId: number, source: StainSource, white: WhiteLevel, area: SlideArea): Promise<StainVector>;
  /** Measures a stain on the tissue of an area. @throws StainError */
  measureStain(
    slideId: number,
    source: StainSource,
    separation: StainSeparation,
    stain: StainIndex,
    area: SlideArea,
  ): Promise<StainMeasurement>;
}
