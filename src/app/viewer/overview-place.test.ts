import { describe, expect, it } from 'vitest';
import { overviewSize, tissueShare } from './overview-place.ts';

describe('overviewSize', () => {
  it('has the shape of the slide', () => {
    expect(overviewSize({ width: 32_000, height: 24_000 })).toEqual({ width: 160, height: 120 });
    expect(overviewSize({ width: 1000, height: 2000 })).toEqual({ width: 65, height: 130 });
    expect(overviewSize({ width: 100_000, height: 1000 })).toEqual({ width: 160, height: 28 });
  });
});

describe('tissueShare', () => {
  const slide = { width: 1000, height: 1000 };
  // 2 level-0 pixels per CSS pixel; the slide begins at 100 CSS pixels.
  const toSlide = { a: 2, b: 0, c: 0, d: 2, e: -200, f: 0 };

  it('counts what lies on the slide', () => {
    expect(tissueShare({ x: 0, y: 0, width: 100, height: 100 }, toSlide, slide, null)).toBe(0);
    expect(tissueShare({ x: 50, y: 0, width: 100, height: 100 }, toSlide, slide, null)).toBe(0.5);
  });

  it('leaves out glass', () => {
    const left = (x: number): boolean => x < 100;
    expect(tissueShare({ x: 100, y: 0, width: 100, height: 100 }, toSlide, slide, left)).toBe(0.5);
    expect(tissueShare({ x: 100, y: 0, width: 100, height: 100 }, toSlide, slide, () => true)).toBe(0);
  });
});
