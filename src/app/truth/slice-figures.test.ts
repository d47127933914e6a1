import { describe, expect, it } from 'vitest';
import { toRows } from '../../evaluation/confusion-matrix.ts';
import { sliceFigures } from './slice-figures.ts';

/** 4 × 4 pixels of 10 level-0 pixels each, at (40, 0): left half class 0, right half class 1. */
const slice = {
  rect: { x: 40, y: 0, width: 40, height: 40 },
  size: 4,
  classes: Uint8Array.from({ length: 16 }, (_value, i) => (i % 4 < 2 ? 0 : 1)),
};
const slide = { width: 1000, height: 1000 };
const whole = { kind: 'slide' } as const;
/** Class 1 over the lower half of the slice. */
const truth = { areas: [{ classIndex: 1, outer: [40, 20, 80, 20, 80, 40, 40, 40] }], outside: 0 };

describe('measurements of a slice', () => {
  it('count pixels per class, and compare truth with prediction', () => {
    const { counts, confusion, pixelArea } = sliceFigures(slice, 2, slide, whole, truth);
    expect([...counts]).toEqual([8, 8]);
    expect(pixelArea).toBe(100);
    expect(toRows(confusion!)).toEqual([
      [4, 4],
      [4, 4],
    ]);
  });

  it('exclude pixels outside the slide, outside the area, and without truth', () => {
    const small = { width: 70, height: 30 };
    expect([...sliceFigures(slice, 2, small, whole, null).counts]).toEqual([6, 3]);
    const rect = { kind: 'rect', rect: { x: 50, y: 10, width: 20, height: 10 } } as const;
    expect([...sliceFigures(slice, 2, slide, rect, null).counts]).toEqual([1, 1]);
    const polygon = { outer: [40, 0, 60, 0, 60, 40, 40, 40], holes: [] };
    const area = { kind: 'polygons', polygons: [polygon] } as const;
    expect([...sliceFigures(slice, 2, slide, area, null).counts]).toEqual([8, 0]);
    const inside = sliceFigures(slice, 2, slide, whole, { ...truth, outside: 255 });
    expect(toRows(inside.confusion!)).toEqual([
      [0, 0],
      [4, 4],
    ]);
    // Areas include all segmented pixels, compared or not.
    expect([...inside.counts]).toEqual([8, 8]);
  });

  it('leave glass out of areas, but compare it with the truth', () => {
    // Tissue in the upper half of the slice alone.
    const tissue = {
      width: 100,
      height: 100,
      tissue: Uint8Array.from({ length: 10_000 }, (_, at) => (at < 200 ? 1 : 0)),
      scaleX: 10,
      scaleY: 10,
      threshold: 20,
    };
    const { counts, confusion } = sliceFigures(slice, 2, slide, whole, truth, tissue);
    expect([...counts]).toEqual([4, 4]);
    expect(
      toRows(confusion!)
        .flat()
        .reduce((sum, count) => sum + count),
    ).toBe(16);
  });

  it('exclude pixels that were not segmented', () => {
    const classes = slice.classes.slice();
    classes[0] = 255;
    expect([...sliceFigures({ ...slice, classes }, 2, slide, whole, truth).counts]).toEqual([7, 8]);
  });
});
