import { expect, it } from 'vitest';
import { checkedOutputs, checkMaps } from './output-checks.ts';
import type { Segmenter, SliceMaps } from './segmenter.ts';

const maps = (classes: readonly number[], confidence: readonly number[]): SliceMaps => ({
  size: 2,
  classes: Uint8Array.from(classes),
  confidence: Uint8Array.from(confidence),
});

const sound = maps([0, 1, 2, 3], [64, 255, 100, 200]);

it('takes classes of the manifest with a probability that can win', () => {
  checkMaps('m', sound, 4);
});

it.each([
  [
    'a class that the manifest does not name',
    maps([0, 1, 4, 3], [64, 255, 100, 200]),
    /m: .*class 4.*4 classes/,
  ],
  ['the value of pixels without a class', maps([0, 1, 255, 3], [64, 255, 100, 200]), /m: .*class 255/],
  // What NaN becomes.
  ['a winner without a probability', maps([0, 0, 0, 0], [255, 0, 255, 255]), /m: .*not finite numbers/],
  ['too few pixels', maps([0, 1], [64, 64]), /m: .*maps of 2 and 2 pixels for 2 × 2/],
])('refuses %s', (_what, wrong, message) => {
  expect(() => checkMaps('m', wrong, 4)).toThrow(message);
});

it('checks every slice, alone or in a batch', async () => {
  const wrong = maps([0, 1, 255, 3], [64, 255, 100, 200]);
  const inner = {
    manifest: { classes: [1, 2, 3, 4] },
    segment: () => Promise.resolve(wrong),
    segmentBatch: () => Promise.resolve([sound, wrong]),
  } as unknown as Segmenter;
  const checked = checkedOutputs('m', inner);
  const image = { width: 2, height: 2, data: new Uint8ClampedArray(16) };
  await expect(checked.segment(image, null, null)).rejects.toMatchObject({ code: 'bad-output' });
  const slice = { image, sliceInContext: null };
  await expect(checked.segmentBatch?.([slice, slice], null)).rejects.toMatchObject({ code: 'bad-output' });
  expect('warmUp' in checked).toBe(false);
  expect('reuse' in checked).toBe(false);
});

it('gives memory back', () => {
  const given: unknown[] = [];
  const inner = { manifest: { classes: [] }, reuse: (each: unknown) => given.push(each) };
  checkedOutputs('m', inner as unknown as Segmenter).reuse?.([sound]);
  expect(given).toEqual([[sound]]);
});
