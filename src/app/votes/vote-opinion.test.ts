import { expect, it } from 'vitest';
import { LiveClassMap } from '../overlay/class-map-store.ts';
import { voteOpinion } from './vote-opinion.ts';

const names = ['not gland', 'healthy', 'adenomatous', 'malignant'];
const classes = names.map((name, value) => ({ name, colour: '#000000', background: value === 0 }));

/** A model that names one class everywhere; null for one without results. */
function voter(value: number | null): { classes: typeof classes; map: LiveClassMap } {
  const map = new LiveClassMap();
  if (value !== null) {
    const rect = { x: 0, y: 0, width: 100, height: 100 };
    const slice = { column: 0, row: 0, rect, size: 1, classes: Uint8Array.of(value) };
    map.add({ ...slice, confidence: Uint8Array.of(255) }, { width: 100, height: 100 });
  }
  return { classes, map };
}

it('names what most models see, and what the others do', () => {
  expect(voteOpinion([2, 2, 1, 2, 3].map(voter), 50, 50)).toBe(
    '3 of 5: adenomatous · 1: healthy · 1: malignant',
  );
  expect(voteOpinion([0, 0].map(voter), 50, 50)).toBe('2 of 2: not gland');
});

it('counts the models that know the place', () => {
  expect(voteOpinion([1, 1, null].map(voter), 50, 50)).toBe('2 of 2: healthy');
  expect(voteOpinion([1, null].map(voter), 50, 50)).toBeNull();
});
