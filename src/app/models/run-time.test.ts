import { expect, it } from 'vitest';
import { runTimeText, slicesOf } from './run-time.ts';
import type { ModelEntry } from '../state/state.ts';

const model = { manifest: { slice: { fieldUm: 200, sizePx: 100 } } } as unknown as ModelEntry;
const mpp = { x: 0.5, y: 1 };

it('counts the cells that an area meets, on a lattice from the corner of the slide', () => {
  // A cell has 400 × 200 level-0 pixels.
  expect(slicesOf(model, { x: 0, y: 0, width: 4000, height: 2000 }, mpp, 0)).toBe(100);
  expect(slicesOf(model, { x: 399, y: 0, width: 2, height: 200 }, mpp, 0)).toBe(2);
  // 300 × 150 with a quarter of overlap.
  expect(slicesOf(model, { x: 0, y: 0, width: 3000, height: 1500 }, mpp, 0.25)).toBe(100);
  expect(slicesOf(model, { x: 10, y: 10, width: 0, height: 5 }, mpp, 0)).toBe(0);
});

it('gives a time no more exact than it is, and says whether it was measured', () => {
  const measured = { slicesPerSecond: 9, measured: true };
  const run = { slices: 1080, speed: measured, symmetries: false };
  expect(runTimeText([run])).toBe('1,080 slices, ≈ 2 min');
  expect(runTimeText([{ ...run, symmetries: true }])).toBe('1,080 slices, ≈ 16 min');
  expect(runTimeText([{ ...run, slices: 1 }])).toBe('1 slice, ≈ 1 s');
  expect(runTimeText([{ ...run, speed: { slicesPerSecond: 30, measured: false } }])).toBe(
    '1,080 slices, ≈ 35 s (estimated)',
  );
  // Two models in turns; a third one of unknown speed.
  expect(runTimeText([run, run])).toBe('2,160 slices, ≈ 4 min');
  expect(runTimeText([run, { ...run, speed: null }])).toBe('2,160 slices, time not measured');
});
