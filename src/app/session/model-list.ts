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
 * kind (figures on synthetic and on real tissue can't be compared), else among all; null when there is none. Where all cards hold figures on
 * the same data, their mean decides: a few patients alone say little.
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
  const candidates = alike.length > 0 ? alike : models;
  const measured = candidates.filter(({ manifest }) => manifest.metrics !== null);
  const figureOf = comparableFigure(measured);
  let best = measured[0] ?? candidates[0] ?? null;
  for (const model of measured) if (best !== null && figureOf(model) > figureOf(best)) best = model;
  return best;
}

/** The mean mIoU on the data that all of the models were measured on; where there is none, the figure that each is known by. */
function comparableFigure(models: readonly ModelEntry[]): (model: ModelEntry) => number {
  const figuresOf = ({ manifest: { metrics, furtherMetrics = [] } }: ModelEntry): Map<string, number> =>
    new Map(
      [...(metrics === null ? [] : [metrics]), ...furtherMetrics].map(({ data, miou }) => [data, miou]),
    );
  const [first, ...others] = models.map(figuresOf);
  const shared = [...(first?.keys() ?? [])].filter((data) => others.every((figures) => figures.has(data)));
  return (model) => {
    const figures = figuresOf(model);
    if (shared.length === 0) return model.manifest.metrics?.miou ?? -1;
    return shared.reduce((sum, data) => sum + (figures.get(data) ?? 0), 0) / shared.length;
  };
}
