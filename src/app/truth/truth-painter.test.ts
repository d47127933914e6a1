import { describe, expect, it } from 'vitest';
import { truthGrid } from './truth-painter.ts';

describe('truthGrid', () => {
  it("matches the pixels of the model's map", () => {
    const slide = { width: 8000, height: 7000 };
    const grid = truthGrid({ slide, mpp: { x: 0.5, y: 0.25 }, umPerPx: 3.65 });
    expect(grid.cellWidth / grid.cellPx).toBeCloseTo(7.3, 9);
    expect(grid.cellHeight / grid.cellPx).toBeCloseTo(14.6, 9);
    expect(grid.columns * grid.cellWidth).toBeGreaterThanOrEqual(slide.width);
    expect((grid.columns - 1) * grid.cellWidth).toBeLessThan(slide.width);
  });

  it('is coarser by a power of two for large slides', () => {
    const slide = { width: 100_000, height: 80_000 };
    const { columns, rows, cellPx, cellWidth } = truthGrid({ slide, mpp: null, umPerPx: null });
    expect(columns * rows * cellPx ** 2).toBeLessThan(70e6);
    expect(Math.log2(cellWidth / cellPx) % 1).toBe(0);
  });
});
