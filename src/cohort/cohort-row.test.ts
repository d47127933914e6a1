import { expect, it } from 'vitest';
import { qualityFlags } from './cohort-row.ts';
import { testFigures, testPlan } from './testing.ts';

const ids = (change: Partial<typeof testFigures>): string[] =>
  qualityFlags({ ...testFigures, ...change }, testPlan.model).map(({ id }) => id);

it('raises no flag for an ordinary slide', () => {
  expect(ids({})).toEqual([]);
});

it('flags what needs checking', () => {
  expect(ids({ broken: 1 })).toEqual(['slices-left-out']);
  expect(ids({ tissueMm2: null })).toEqual(['tissue-unknown']);
  // A slice of 500 µm is 0.25 mm².
  expect(ids({ tissueMm2: 0.25 })).toEqual([]);
  expect(ids({ tissueMm2: 0.249 })).toEqual(['little-tissue']);
  expect(ids({ confidence: { mean: 0.7, tenth: 0.4, median: 0.8, belowHalf: 0.1 } })).toEqual(['unsure']);
  expect(ids({ mpp: 1.04 })).toEqual([]);
  expect(ids({ mpp: 2, mppGiven: true })).toEqual(['coarse-pixels', 'mpp-given']);
});
