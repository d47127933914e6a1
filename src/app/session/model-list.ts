/** The list of models and which of them to start with. */
import { z } from 'zod';
import type { ModelEntry } from '../state/state.ts';

const idsSchema = z.array(z.string().regex(/^[a-z0-9][a-z0-9-]*$/));

/** @throws Error when `value` is not a list of model ids. */
export function parseModelIds(value: unknown): string[] {
  const parsed = idsSchema.safeParse(value);
  if (!parsed.success) throw new Error('The list of models is not a list of ids.');
  return parsed.data;
}

/** The model that was asked for, else the one with the best measured mIoU, else the first, else null. */
export function chooseModel(models: readonly ModelEntry[], wanted: string | null): ModelEntry | null {
  const asked = models.find((model) => model.id === wanted);
  if (asked !== undefined) return asked;
  let best: ModelEntry | null = null;
  for (const model of models) {
    const miou = model.manifest.metrics?.miou ?? -1;
    if (best === null || miou > (best.manifest.metrics?.miou ?? -1)) best = model;
  }
  return best;
}
