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

/** What is known of a slide's tissue: drawn by a program, real, or unknown. */
export type SlideTissue = 'synthetic' | 'real' | 'unknown';

/**
 * The model that was asked for, else the one with the best measured mIoU among those that learnt from tissue of the slide's
 * kind (figures on synthetic and on real tissue can't be compared), else among all; null when there is none.
 */
export function chooseModel(
  models: readonly ModelEntry[],
  wanted: string | null,
  tissue: SlideTissue,
): ModelEntry | null {
  const asked = models.find((model) => model.id === wanted);
  if (asked !== undefined) return asked;
  const alike = models.filter(
    ({ manifest }) => tissue !== 'unknown' && manifest.provenance.synthetic === (tissue === 'synthetic'),
  );
  let best: ModelEntry | null = null;
  for (const model of alike.length > 0 ? alike : models) {
    const miou = model.manifest.metrics?.miou ?? -1;
    if (best === null || miou > (best.manifest.metrics?.miou ?? -1)) best = model;
  }
  return best;
}
