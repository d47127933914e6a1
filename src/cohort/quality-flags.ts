/** What to look at before a slide's figures are believed. */
import type { SlideFigures } from './outcome.ts';
import type { CohortPlan } from './request.ts';

export interface QualityFlag {
  /** In the table. */
  readonly id: string;
  /** In the gallery. */
  readonly text: string;
}

/** A map of which this share is less than half sure is flagged. */
const unsureShare = 0.1;
/** Pixels this much larger than the model's count as coarse: rounding of stated sizes stays below it. */
const coarser = 1.05;

/** The flags of a slide, most telling first; none is a slide without remarks. */
export function qualityFlags(figures: SlideFigures, model: CohortPlan['model']): QualityFlag[] {
  const { broken, tissueMm2, confidence, mpp, mppGiven } = figures;
  const sliceMm2 = (model.sliceFieldUm / 1000) ** 2;
  const flags: (QualityFlag | null)[] = [
    broken > 0
      ? { id: 'slices-left-out', text: `${broken} ${broken === 1 ? 'slice' : 'slices'} unreadable` }
      : null,
    confidence !== null && confidence.belowHalf >= unsureShare
      ? {
          id: 'unsure',
          text: `${Math.round(100 * confidence.belowHalf)} % of the map is less than half sure`,
        }
      : null,
    tissueMm2 === null ? { id: 'tissue-unknown', text: 'Tissue is not told from glass' } : null,
    tissueMm2 !== null && tissueMm2 < sliceMm2
      ? { id: 'little-tissue', text: 'Less tissue than one slice of the model' }
      : null,
    mpp > coarser * model.umPerPx
      ? { id: 'coarse-pixels', text: 'Pixels are coarser than the model was made for' }
      : null,
    mppGiven ? { id: 'mpp-given', text: `µm per pixel taken from the configuration: ${mpp}` } : null,
  ];
  return flags.filter((flag) => flag !== null);
}
