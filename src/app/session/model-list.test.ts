import { describe, expect, it } from 'vitest';
import type { ModelEntry } from '../state/state.ts';
import { chooseModel, parseModelIds } from './model-list.ts';

/** As much of a model as is looked at. */
function model(
  id: string,
  synthetic: boolean,
  miou: number | null,
  further?: Record<string, number>,
): ModelEntry {
  const metrics = miou === null ? null : { data: synthetic ? 'phantoms' : 'glands', miou };
  const furtherMetrics = Object.entries(further ?? {}).map(([data, value]) => ({ data, miou: value }));
  const manifest = {
    provenance: { synthetic },
    metrics,
    ...(further === undefined ? {} : { furtherMetrics }),
  };
  return { id, url: `./models/${id}/`, manifest } as unknown as ModelEntry;
}

const models = [
  model('colon-single', false, 0.4),
  model('colon-best', false, 0.45),
  model('nano-best', true, 0.9),
  model('nano-new', true, null),
];

describe('chooseModel', () => {
  it('takes the best of those that learnt from tissue of the same kind', () => {
    expect(chooseModel(models, null, 'real')?.id).toBe('colon-best');
    expect(chooseModel(models, null, 'synthetic')?.id).toBe('nano-best');
  });

  it('takes the best of all if the tissue is unknown or no model was trained on its kind', () => {
    expect(chooseModel(models, null, 'unknown')?.id).toBe('nano-best');
    expect(chooseModel(models.slice(0, 2), null, 'synthetic')?.id).toBe('colon-best');
    expect(chooseModel([], null, 'real')).toBeNull();
  });

  it('compares the means where all were measured on the same data, and only then', () => {
    const narrow = model('narrow', false, 0.51, { biopsies: 0.5 });
    const wide = model('wide', false, 0.5, { biopsies: 0.6 });
    expect(chooseModel([narrow, wide], null, 'real')?.id).toBe('wide');
    // Other data of one model alone say nothing of the others.
    const alone = model('alone', false, 0.4, { easy: 0.99 });
    expect(chooseModel([narrow, wide, alone], null, 'real')?.id).toBe('narrow');
    const unmeasured = model('unmeasured', false, null);
    expect(chooseModel([unmeasured, narrow, wide], null, 'real')?.id).toBe('wide');
    expect(chooseModel([unmeasured], null, 'real')?.id).toBe('unmeasured');
  });

  it('takes the requested model, even if others measure better', () => {
    expect(chooseModel(models, 'nano-new', 'real')?.id).toBe('nano-new');
    expect(chooseModel(models, 'gone', 'real')?.id).toBe('colon-best');
  });
});

it('refuses a list with invalid ids', () => {
  expect(parseModelIds(['a-1'])).toEqual(['a-1']);
  expect(() => parseModelIds(['../secret'])).toThrow(/Not a list of model ids/);
});
