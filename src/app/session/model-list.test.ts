import { describe, expect, it } from 'vitest';
import type { ModelEntry } from '../state/state.ts';
import { chooseModel, parseModelIds } from './model-list.ts';

/** As much of a model as is looked at. */
function model(id: string, synthetic: boolean, miou: number | null): ModelEntry {
  const manifest = { provenance: { synthetic }, metrics: miou === null ? null : { miou } };
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

  it('takes the best of all where the kind is unknown or nobody learnt from it', () => {
    expect(chooseModel(models, null, 'unknown')?.id).toBe('nano-best');
    expect(chooseModel(models.slice(0, 2), null, 'synthetic')?.id).toBe('colon-best');
    expect(chooseModel([], null, 'real')).toBeNull();
  });

  it('takes the one that was asked for, whatever it is', () => {
    expect(chooseModel(models, 'nano-new', 'real')?.id).toBe('nano-new');
    expect(chooseModel(models, 'gone', 'real')?.id).toBe('colon-best');
  });
});

it('refuses a list that is none', () => {
  expect(parseModelIds(['a-1'])).toEqual(['a-1']);
  expect(() => parseModelIds(['../secret'])).toThrow(/not a list of ids/);
});
