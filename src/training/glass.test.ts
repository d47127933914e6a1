import { describe, expect, it } from 'vitest';
import { drawFor, type RawSample } from './sample.ts';
import { drawGlass, withGlass, type Glass } from './glass.ts';

/**
 * Tissue of grey 100, class 2, on 20 × 20 pixels; the context shows three times the field, centred on the
 * slice.
 */
function tissue(): RawSample {
  const square = (): Uint8Array => new Uint8Array(20 * 20 * 3).fill(100);
  const classes = (): Uint8Array => new Uint8Array(20 * 20).fill(2);
  const place = { x: 1 / 3, y: 1 / 3, size: 1 / 3 };
  return { slice: square(), classes: classes(), context: { rgb: square(), classes: classes(), place } };
}

const rightHalf: Glass = { normal: [1, 0], offset: 0, waves: [], colour: [250, 245, 240] };

describe('withGlass', () => {
  it('turns everything beyond the line into glass, class 0', () => {
    const { slice, classes } = withGlass(tissue(), rightHalf);
    for (let row = 0; row < 20; row++) {
      expect([...slice.subarray((row * 20 + 9) * 3, (row * 20 + 11) * 3)]).toEqual([
        100, 100, 100, 250, 245, 240,
      ]);
      expect([...classes.subarray(row * 20 + 9, row * 20 + 11)]).toEqual([2, 0]);
    }
  });

  it('covers the same part of the context', () => {
    const glass = { ...rightHalf, offset: 0.25 }; // three quarters across the slice, 7/12 across the context
    const { slice, context } = withGlass(tissue(), glass);
    expect([slice[14 * 3], slice[15 * 3]]).toEqual([100, 250]);
    expect([context!.rgb[11 * 3], context!.rgb[12 * 3]]).toEqual([100, 250]);
    expect([...context!.classes.subarray(10, 13)]).toEqual([2, 2, 0]);
    expect(context!.place).toEqual(tissue().context!.place);
  });

  it('does not modify its input', () => {
    const sample = tissue();
    withGlass(sample, rightHalf);
    expect(sample).toEqual(tissue());
  });

  it('works without a context', () => {
    expect(withGlass({ ...tissue(), context: null }, rightHalf).context).toBeNull();
  });
});

describe('drawGlass', () => {
  it('adds glass to the given share of samples, mostly with its edge in the slice', () => {
    let drawn = 0;
    let crossed = 0;
    for (let number = 0; number < 400; number++) {
      const glass = drawGlass(drawFor(1, number), 0.25);
      if (glass === null) continue;
      drawn++;
      const { classes } = withGlass(tissue(), glass);
      if (classes.includes(0) && classes.includes(2)) crossed++;
    }
    expect(drawn).toBeGreaterThan(70);
    expect(drawn).toBeLessThan(130);
    expect(crossed / drawn).toBeGreaterThan(0.6);
    expect(crossed).toBeLessThan(drawn);
  });
});
