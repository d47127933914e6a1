import { expect, it } from 'vitest';
import { classAgreement } from './class-agreement.ts';
import type { SliceMaps } from './segmenter.ts';

function maps(classes: number[], confidence: number[]): SliceMaps {
  return { size: 2, classes: Uint8Array.from(classes), confidence: Uint8Array.from(confidence) };
}

it('counts equal classes and finds the largest difference of confidence among them', () => {
  const a = [maps([0, 1, 2, 3], [255, 255, 100, 100]), maps([1, 1, 1, 1], [51, 51, 51, 51])];
  const b = [maps([0, 1, 2, 0], [255, 204, 100, 0]), maps([1, 1, 1, 1], [51, 51, 51, 51])];
  expect(classAgreement(a, b)).toEqual({ pixels: 8, share: 7 / 8, confidenceDifference: 0.2 });
});

it('rejects lists that do not match', () => {
  expect(() => classAgreement([maps([0, 0, 0, 0], [0, 0, 0, 0])], [])).toThrow(/1 results.*0/);
});
