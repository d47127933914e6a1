import { describe, expect, it } from 'vitest';
import { noClass } from './class-map.ts';
import { seamRatio } from './seam.ts';

describe('seam ratio', () => {
  it('equals the hand-worked densities', () => {
    // 4 × 2, borders at x = 2. Pairs along x: 1-1 and 2-3 in each row, 4 elsewhere; the border pair, 2.
    // Pairs along y: 4, elsewhere. Changes: on the border 1 of 2; elsewhere 2 of 8 (row 1: 0-1; column 1).
    const classes = Uint8Array.from([0, 0, 1, 1, 0, 1, 1, 1]);
    expect(seamRatio({ width: 4, height: 2, classes }, 2)).toBeCloseTo(1 / 2 / (2 / 8), 12);
  });

  it('is about 1 for a pattern that knows nothing of slices, and high for one that follows them', () => {
    const size = 120;
    const stripes = new Uint8Array(size * size);
    const slices = new Uint8Array(size * size);
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        stripes[y * size + x] = Math.floor((x + y) / 7) & 1;
        slices[y * size + x] = (Math.floor(x / 20) + Math.floor(y / 20) + (x % 20 === 10 ? 1 : 0)) & 1;
      }
    }
    expect(seamRatio({ width: size, height: size, classes: stripes }, 20)!).toBeCloseTo(1, 1);
    expect(seamRatio({ width: size, height: size, classes: slices }, 20)!).toBeGreaterThan(5);
  });

  it('leaves out what is not known', () => {
    const classes = Uint8Array.from([noClass, noClass, 1, 1]);
    expect(seamRatio({ width: 4, height: 1, classes }, 2)).toBeNull();
    expect(seamRatio({ width: 2, height: 2, classes: new Uint8Array(4) }, 2)).toBeNull();
  });
});
