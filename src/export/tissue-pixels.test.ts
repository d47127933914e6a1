import { expect, it } from 'vitest';
import { tissuePixels } from './map-area.ts';
import type { TissueMask } from '../segment/tissue.ts';

/** 2 × 2 pixels of 100 level-0 pixels; tissue on the left, and on the right only below. */
const mask: TissueMask = {
  width: 2,
  height: 2,
  tissue: new Uint8Array([1, 0, 1, 1]),
  scaleX: 100,
  scaleY: 100,
  threshold: 20,
};

it('pixels of a map are on tissue by their centres, and off the mask they are not', () => {
  // Six columns of 40 px from 20: their centres lie at 40, 80, 120, 160, 200 and 240.
  const at = { column: 0.5, row: 0 };
  const marked = tissuePixels(mask, at, 6, 3, { x: 40, y: 80 });
  expect([...marked!]).toEqual([1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  expect(tissuePixels(null, at, 6, 3, { x: 40, y: 80 })).toBeNull();
});
