/** What to check before trusting a slide's figures. */
import type { SlideFigures } from './outcome.ts';
import type { CohortPlan } from './request.ts';

export interface QualityFlag {
  /** In the table. */
  readonly id: string;
  /** In the gallery. */
  readonly text: string;
}

/** A map is flagged if at least this share of it has a confidence below one half. */
const unsureShare = 0.1;
/** Pixels this much larger than the model's count as coarse; rounding of stated sizes stays below it. */
const coarser = 1.05;

/** The flags of a slide, most important first; none for an inconspicuous slide. */
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
          text: `Confidence below 50 % in ${Math.round(100 * confidence.belowHalf)} % of the map`,
        }
      : null,
    tissueMm2 === null
      ? { id: 'tissue-unknown', text: 'No tissue detection: background was segmented too' }
      : null,
    tissueMm2 !== null && tissueMm2 < sliceMm2
      ? { id: 'little-tissue', text: 'Less tissue than one slice of the model' }
      : null,
    mpp > coarser * model.umPerPx
      ? { id: 'coarse-pixels', text: 'Pixels are coarser than in the model’s training' }
      : null,
    mppGiven ? { id: 'mpp-given', text: `µm per pixel taken from the configuration: ${mpp}` } : null,
  ];
  return flags.filter((flag) => flag !== null);
}
