/** How runs of the study are trained: what may differ from one pass of the rows to the next, never between the rows of one. */

export interface StudyRecipe {
  readonly steps: number;
  /** Highest learning rate of AdamW; encoders learn at 0.3 of it. */
  readonly learningRate: number;
  /** Share of samples that get glass (../glass.ts), 0 to 1, so that the network knows it from whole slides. */
  readonly glass: number;
}

/** A pass of all rows over the four folds of GlaS takes about three hours on two cores. */
export const studyRecipe: StudyRecipe = { steps: 300, learningRate: 0.0005, glass: 0.15 };

/** Names the recipe in paths. */
export function recipeId({ steps, learningRate, glass }: StudyRecipe): string {
  return `${String(steps)}-steps-rate-${String(learningRate)}-glass-${String(glass)}`;
}

/** Words for drawn glass, empty for none. */
export function drawnGlass(share: number): string {
  return share === 0 ? '' : `; glass drawn into ${String(Math.round(share * 100))} % of the samples`;
}
