/** Whether tissue looks like what a model was trained on, and what to say of it. `segment/measure-fit.ts` measures it. */

/** What was measured on a slide or an area. */
export interface TissueFit {
  /** Number of slices that were measured. */
  readonly slices: number;
  /** Median of their distances from the training data, see `Segmenter.distance`. */
  readonly distance: number;
  /** Share of them that are farther than typical ones, above 1. */
  readonly beyond: number;
}

/** Whether the model was never shown such tissue: half of the slices are farther than all but 5 % of the known kind. */
export function isUnlikeTraining(fit: TissueFit): boolean {
  return fit.distance > 1;
}

/** What the user has to know, as a sentence; null where the tissue looks like the training data. */
export function fitWarning(fit: TissueFit, model: string): string | null {
  if (!isUnlikeTraining(fit)) return null;
  const { distance, slices } = fit;
  const times = distance >= 10 ? distance.toFixed(0) : distance.toFixed(1);
  return (
    `This tissue does not look like what ${model} was trained on: it is ${times} times as far from it as known tissue ` +
    `(median of ${slices} ${slices === 1 ? 'slice' : 'slices'}). Classes may be meaningless.`
  );
}
