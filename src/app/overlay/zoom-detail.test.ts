import { describe, expect, it } from 'vitest';
import { detailAt } from './zoom-detail.ts';

describe('detailAt', () => {
  it('is fill alone on a whole slide, outline alone from 20×, both between', () => {
    for (const um of [60, 10, 4]) expect(detailAt(um)).toMatchObject({ fill: 1, outline: 0 });
    for (const um of [0.5, 0.25, 0.1]) expect(detailAt(um)).toEqual({ fill: 0, outline: 1, width: 1 });
    for (const um of [1, 1.5, 2]) {
      const { fill, outline } = detailAt(um);
      expect(outline).toBe(1);
      expect(fill).toBeGreaterThan(0.2);
      expect(fill).toBeLessThan(0.9);
    }
  });

  it('never grows while the zoom grows', () => {
    let last = 1;
    for (let um = 8; um > 0.2; um *= 0.95) {
      const { fill } = detailAt(um);
      expect(fill).toBeLessThanOrEqual(last);
      last = fill;
    }
  });
});
