import { describe, expect, it } from 'vitest';
import { truthGrid } from './truth-painter.ts';

describe('the lattice of ground truth', () => {
  it("has the pixels of the model's map", () => {
    const slide = { width: 8000, height: 7000 };
    const lattice = truthGrid({ slide, mpp: { x: 0.5, y: 0.25 }, umPerPx: 3.65 });
    expect(lattice.cellWidth / lattice.cellPx).toBeCloseTo(7.3, 9);
    expect(lattice.cellHeight / lattice.cellPx).toBeCloseTo(14.6, 9);
    expect(lattice.columns * lattice.cellWidth).toBeGreaterThanOrEqual(slide.width);
    expect((lattice.columns - 1) * lattice.cellWidth).toBeLessThan(slide.width);
  });

  it('is coarser by a power of two where a slide is large', () => {
    const slide = { width: 100_000, height: 80_000 };
    const { columns, rows, cellPx, cellWidth } = truthGrid({ slide, mpp: null, umPerPx: null });
    expect(columns * rows * cellPx ** 2).toBeLessThan(70e6);
    expect(Math.log2(cellWidth / cellPx) % 1).toBe(0);
  });
});
