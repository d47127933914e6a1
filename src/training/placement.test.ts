import { describe, expect, it } from 'vitest';
import { onHalfSteps } from './placement.ts';
import { drawFor } from './sample.ts';

describe('onHalfSteps', () => {
  it('draws each of the four slices on half steps that contain a pixel', () => {
    const corners = new Set<string>();
    for (let number = 0; number < 60; number++) {
      const { x, y, span } = onHalfSteps({ column: 1234, row: 567 }, 1000, 1000, drawFor(1, number));
      expect(span).toBe(1000);
      corners.add(`${String(x)},${String(y)}`);
    }
    expect([...corners].sort()).toEqual(['1000,0', '1000,500', '500,0', '500,500']);
  });

  it('draws the first slice at the border, where it is the only one', () => {
    for (let number = 0; number < 20; number++) {
      expect(onHalfSteps({ column: 3, row: 499 }, 1000, 1000, drawFor(1, number))).toEqual({
        x: 0,
        y: 0,
        span: 1000,
      });
    }
  });

  it('at a smaller scale, reads a part of the slice that contains the pixel', () => {
    const pixel = { column: 1234, row: 567 };
    for (let number = 0; number < 60; number++) {
      const { x, y, span } = onHalfSteps(pixel, 1000, 600, drawFor(2, number));
      expect(span).toBe(600);
      const inSlice = (from: number): boolean =>
        [0, 500, 1000].some((start) => from >= start && from + span <= start + 1000);
      expect(inSlice(x) && inSlice(y)).toBe(true);
      expect(x <= pixel.column && pixel.column < x + span).toBe(true);
      expect(y <= pixel.row && pixel.row < y + span).toBe(true);
    }
  });

  it('at a larger scale, reads a square centred on the slice', () => {
    const { x, span } = onHalfSteps({ column: 3, row: 3 }, 1000, 1200, drawFor(1, 0));
    expect([x, span]).toEqual([-100, 1200]);
  });
});
