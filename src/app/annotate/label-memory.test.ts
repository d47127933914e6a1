import { describe, expect, it } from 'vitest';
import type { KeyValueStorage } from '../state/browser-storage.ts';
import { matchLabels, rememberLabels } from './label-memory.ts';

function storage(): KeyValueStorage {
  const map = new Map<string, string>();
  return { getItem: (key) => map.get(key) ?? null, setItem: (key, value) => void map.set(key, value) };
}

const names = ['normal', 'benign', 'in situ', 'invasive'];
const regions = ['Invasive', 'Tumour', 'Tumour', ''].map((label) => ({ label }));

describe('labels', () => {
  it('that are no class are asked for once, then remembered', () => {
    const memory = storage();
    const first = matchLabels(memory, regions, names);
    expect(first).toEqual({
      asks: true,
      labels: [
        { label: 'Invasive', regions: 1, className: 'invasive' },
        { label: 'Tumour', regions: 2, className: null },
        { label: '', regions: 1, className: null },
      ],
    });
    rememberLabels(memory, [
      { label: 'Tumour', regions: 2, className: 'in situ' },
      { label: '', regions: 1, className: null },
    ]);
    const second = matchLabels(memory, regions, names);
    expect(second.asks).toBe(false);
    expect(second.labels.map(({ className }) => className)).toEqual(['invasive', 'in situ', null]);
  });

  it('are asked for again where the class is not among those of the model', () => {
    const memory = storage();
    rememberLabels(memory, [{ label: 'Tumour', regions: 2, className: 'adenocarcinoma' }]);
    expect(matchLabels(memory, [{ label: 'Tumour' }], names)).toMatchObject({ asks: true });
  });

  it('survive damaged memory', () => {
    const broken = { getItem: () => '{"tumour":7', setItem: () => undefined };
    expect(matchLabels(broken, regions, names).asks).toBe(true);
  });
});
