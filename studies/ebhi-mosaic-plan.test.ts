import { expect, it } from 'vitest';
import { planMosaics } from './ebhi-mosaic-plan.ts';
import type { EbhiTile } from './ebhi-seg.ts';

const tile = (file: string, patient: string, class_id7: string): EbhiTile => ({
  file,
  patient,
  class_id7,
  slide: patient,
  fold: '3',
  spellingFold: '3',
});

it('groups four tiles of one patient and class, and fills up with mirrored ones', () => {
  const index = [
    // Normal and polyp are one class.
    ...['1', '2', '1', '2', '1'].map((value, i) => tile(`a${String(i)}`, 'A', value)),
    tile('a-low', 'A', '4'),
    // Serrated adenomas are adenomas.
    ...['3', '4', '3', '4'].map((value, i) => tile(`b${String(i)}`, 'B', value)),
    tile('b-high', 'B', '5'),
  ];
  const words = planMosaics(index).map(({ name, patient, fold, classIndex, tiles }) => [
    name,
    patient,
    fold,
    classIndex,
    tiles.map(({ file, isMirrored }) => (isMirrored ? `${file} mirrored` : file)).join(', '),
  ]);
  expect(words).toEqual([
    ['A-1-1', 'A', '3', 1, 'a0, a1, a2, a3'],
    ['A-1-2', 'A', '3', 1, 'a4, a0 mirrored, a1 mirrored, a2 mirrored'],
    ['A-2-1', 'A', '3', 2, 'a-low, a-low mirrored, a-low mirrored, a-low mirrored'],
    ['B-2-1', 'B', '3', 2, 'b0, b1, b2, b3'],
  ]);
  // High-grade neoplasia has no class; who asks for glands alone gives it one.
  expect(planMosaics(index, 3).at(-1)).toMatchObject({ name: 'B-3-1', classIndex: 3 });
});
