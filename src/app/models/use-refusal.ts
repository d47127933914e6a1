/** Whether a model is refused on the open slide, for components. */
import type { ModelEntry } from '../state/state.ts';
import { refusalOf } from './model-refusal.ts';
import type { Refusal } from './model-refusal.ts';
import { useApp } from '../workbench-context.ts';

/** Why the model is refused on this backend or slide; null if it is not, and without a model. */
export function useRefusal(model: ModelEntry | null): Refusal | null {
  const modelChecks = useApp((state) => state.modelChecks);
  const slide = useApp((state) => state.slide);
  const specimens = useApp((state) => state.specimens);
  const demos = useApp((state) => state.demos);
  const allowedMisfits = useApp((state) => state.allowedMisfits);
  const measuredMisfits = useApp((state) => state.measuredMisfits);
  const preferences = useApp((state) => state.preferences);
  if (model === null) return null;
  const state = { modelChecks, slide, specimens, demos, allowedMisfits, measuredMisfits, preferences };
  return refusalOf(state, model);
}
