/** One slide of a cohort as a row: plan and outcome combined, with flags for what to check before trusting it. */
import type { SlideFigures, SlideOutcome } from './outcome.ts';
import type { CohortPlan } from './request.ts';

/** `unfinished`: no job has finished with the current settings. */
export type RowStatus = SlideOutcome['status'] | 'unfinished';

export interface CohortRow {
  readonly id: string;
  readonly name: string;
  readonly source: string;
  readonly place: string | null;
  readonly status: RowStatus;
  readonly error: string | null;
  readonly figures: SlideFigures | null;
  readonly flags: readonly QualityFlag[];
}

/**
 * Rows in plan order.
 * @param outcomeOf the outcome of a slide's job; null when there is none. An outcome with another key comes
 * from older settings.
 */
export function cohortRows(
  plan: CohortPlan,
  outcomeOf: (id: string) => SlideOutcome | null,
): readonly CohortRow[] {
  return plan.slides.map(({ id, name, source, place, key }) => {
    const found = outcomeOf(id);
    const outcome = found?.key === key ? found : null;
    const figures = outcome?.figures ?? null;
    return {
      id,
      name,
      source,
      place,
      status: outcome?.status ?? 'unfinished',
      error: outcome === null ? `No result yet. See the job’s output in logs/${id}.log.` : outcome.error,
      figures,
      flags: figures === null ? [] : qualityFlags(figures, plan.model),
    };
  });
}

interface QualityFlag {
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
  const { broken, fitDistance, tissueMm2, confidence, mpp, mppGiven } = figures;
  const sliceMm2 = (model.sliceFieldUm / 1000) ** 2;
  const flags: (QualityFlag | null)[] = [
    broken > 0
      ? { id: 'slices-left-out', text: `${broken} ${broken === 1 ? 'slice' : 'slices'} unreadable` }
      : null,
    fitDistance !== null && fitDistance > 1
      ? {
          id: 'unlike-training',
          text: `Unlike the model’s training data: ${fitDistance.toFixed(1)} times as far from it as known tissue`,
        }
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
