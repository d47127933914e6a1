/** One slide of a cohort as a row: plan and outcome combined. */
import type { SlideFigures, SlideOutcome } from './outcome.ts';
import { qualityFlags, type QualityFlag } from './quality-flags.ts';
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
