import { describe, expect, it } from 'vitest';
import { sliceBox } from './slice-box.ts';

describe('the box of a slice in its context', () => {
  it('is the whole map when slice and context are the same', () => {
    const [y1, x1, y2, x2] = sliceBox({ x: 0, y: 0, size: 1 }, 100, 100);
    expect([y1, x1]).toEqual([0, 0]);
    expect(y2).toBeCloseTo(1, 4);
    expect(x2).toBeCloseTo(1, 4);
  });

  it('aligns pixel centres (worked by hand)', () => {
    // A context of 10 px and a slice over its pixels 4 to 7 (from 0.4, 4 px wide), itself 8 px. The first
    // slice pixel is half a context pixel wide: its centre is 4.25 from the edge, index 3.75 of 9. The last:
    // centre 7.75, index 7.25. Down: from 0.2, centres at 2.25 and 5.75.
    const [y1, x1, y2, x2] = sliceBox({ x: 0.4, y: 0.2, size: 0.4 }, 10, 8);
    expect(x1).toBeCloseTo(3.75 / 9, 12);
    expect(x2).toBeCloseTo(7.25 / 9, 12);
    expect(y1).toBeCloseTo(1.75 / 9, 12);
    expect(y2).toBeCloseTo(5.25 / 9, 12);
  });

  it('snaps to the edge where finer pixels reach half a context pixel beyond it', () => {
    const first = sliceBox({ x: 0, y: 0, size: 0.2 }, 500, 500);
    expect(first.slice(0, 2)).toEqual([0, 0]);
    const last = sliceBox({ x: 0.8, y: 0.8, size: 0.2 }, 500, 500);
    for (const value of last) expect(value).toBeLessThan(1);
    expect(last[2]).toBeCloseTo(1, 4);
  });

  it('keeps a box that really extends beyond the context', () => {
    expect(sliceBox({ x: -0.1, y: 0.95, size: 0.2 }, 500, 500)[1]).toBeLessThan(-0.09);
    expect(sliceBox({ x: -0.1, y: 0.95, size: 0.2 }, 500, 500)[2]).toBeGreaterThan(1.1);
  });
});
