import { describe, expect, it } from 'vitest';
import type { PlanInput } from './grid.ts';
import { planSlices } from './grid.ts';

const mpp = { x: 0.5, y: 0.5 };
/** A slice of 100 µm is 200 level-0 pixels at 0.5 µm/px. */
const slice = { fieldUm: 100, sizePx: 50 };
const region = { kind: 'region', fieldUm: 500, sizePx: 50 } as const;

function plan(overrides: Partial<PlanInput> = {}) {
  return planSlices({
    slide: { width: 2500, height: 1100 },
    mpp,
    model: { slice, context: region },
    ...overrides,
  });
}

describe('slices of a slide', () => {
  it('covers the slide from its corner without gaps or overlap', () => {
    // 2500 / 200 = 12.5 → 13 columns, 1100 / 200 = 5.5 → 6 rows.
    const { slices, columns, rows } = plan();
    expect([columns, rows, slices.length]).toEqual([13, 6, 78]);
    const seen = new Set(slices.map(({ column, row }) => `${column},${row}`));
    expect(seen.size).toBe(78);
    for (const { column, row, cell, rect } of slices) {
      expect(cell).toEqual({ x: column * 200, y: row * 200, width: 200, height: 200 });
      expect(rect).toEqual(cell);
    }
  });

  it('cuts a region of ratio 5 into 5 × 5 slices, and leaves out what lies off the slide', () => {
    // Regions of 1000 px: 3 × 2 of them; the last column has 3 slice columns, the lower row one slice row.
    const { regions } = plan();
    expect(regions.map(({ slices }) => slices.length)).toEqual([25, 25, 15, 5, 5, 3]);
    expect(regions[1]!.context).toEqual({ x: 1000, y: 0, width: 1000, height: 1000 });
    expect(regions[5]!.context).toEqual({ x: 2000, y: 1000, width: 1000, height: 1000 });
  });

  it('says where each slice lies in its region', () => {
    const { slices, regions } = plan();
    const inSecond = regions[1]!.slices.map((index) => slices[index]!);
    expect(inSecond[0]!.sliceInContext).toEqual({ x: 0, y: 0, size: 0.2 });
    const last = inSecond.at(-1)!;
    expect(last.sliceInContext!.x).toBeCloseTo(0.8, 12);
    expect(last.sliceInContext!.y).toBeCloseTo(0.8, 12);
  });

  it('lists slices region by region, so that the order of the list is the order of work', () => {
    const { slices, regions } = plan();
    expect(regions.flatMap((each) => each.slices)).toEqual(slices.map(({ index }) => index));
  });

  it('uses the µm per pixel of each axis', () => {
    const { slices } = plan({ mpp: { x: 0.5, y: 0.25 } });
    expect(slices[0]!.cell).toEqual({ x: 0, y: 0, width: 200, height: 400 });
    expect(slices[0]!.sliceInContext).toEqual({ x: 0, y: 0, size: 0.2 });
  });

  it('centres the context on the whole slices that fit, for a ratio that is not whole', () => {
    // 450 µm over 100 µm: groups of 4 × 4 slices, 800 px, in a context of 900 px: 50 px more on each side.
    const { regions, slices } = plan({ model: { slice, context: { ...region, fieldUm: 450 } } });
    expect(regions[0]!.slices.length).toBe(16);
    expect(regions[0]!.context).toEqual({ x: -50, y: -50, width: 900, height: 900 });
    const sliceInContext = slices[0]!.sliceInContext!;
    expect([sliceInContext.x, sliceInContext.y, sliceInContext.size].map((value) => value * 9)).toEqual([
      0.5, 0.5, 2,
    ]);
    for (const each of slices) {
      expect(each.sliceInContext!.x).toBeGreaterThanOrEqual(0);
      expect(each.sliceInContext!.x + each.sliceInContext!.size).toBeLessThanOrEqual(1);
    }
  });

  it('takes 2335 µm over 467 µm as five, whatever the rounding', () => {
    const { regions } = plan({
      slide: { width: 50_000, height: 50_000 },
      mpp: { x: 0.467, y: 0.467 },
      model: {
        slice: { fieldUm: 467, sizePx: 512 },
        context: { kind: 'region', fieldUm: 2334.9, sizePx: 512 },
      },
    });
    expect(regions[0]!.slices.length).toBe(25);
  });
});

describe('context kinds', () => {
  it('same: the context is the slice', () => {
    const { slices, regions } = plan({
      model: { slice, context: { kind: 'same', fieldUm: 100, sizePx: 25 } },
    });
    expect(regions.length).toBe(slices.length);
    expect(regions[3]!.context).toEqual(slices[3]!.rect);
    expect(slices[3]!.sliceInContext).toEqual({ x: 0, y: 0, size: 1 });
  });

  it('centred: a wider field around the slice', () => {
    const { slices, regions } = plan({
      model: { slice, context: { kind: 'centred', fieldUm: 400, sizePx: 50 } },
    });
    // 800 px around the centre (100, 100) of the first slice.
    expect(regions[0]!.context).toEqual({ x: -300, y: -300, width: 800, height: 800 });
    expect(slices[0]!.sliceInContext).toEqual({ x: 0.375, y: 0.375, size: 0.25 });
  });

  it('slide: one square that holds the slide, from its corner', () => {
    const { slices, regions } = plan({
      model: { slice, context: { kind: 'slide', fieldUm: 1, sizePx: 50 } },
    });
    expect(regions.length).toBe(1);
    expect(regions[0]!.slices.length).toBe(78);
    expect(regions[0]!.context).toEqual({ x: 0, y: 0, width: 2500, height: 2500 });
    expect(slices[1]!.sliceInContext).toEqual({ x: 0.08, y: 0, size: 0.08 });
  });

  it('none: groups only', () => {
    const { regions, slices, contextSizePx } = plan({ model: { slice, context: null } });
    expect(regions[0]!.context).toBeNull();
    expect(slices[0]!.sliceInContext).toBeNull();
    expect(contextSizePx).toBeNull();
    expect(slices.length).toBe(78);
  });
});

describe('area', () => {
  it('keeps the lattice and the regions of the whole slide', () => {
    const { slices, regions } = plan({ area: { x: 900, y: 250, width: 200, height: 100 } });
    // Columns 4 (800 to 1000) and 5 (1000 to 1200), row 1; the border at 1000 parts two regions.
    expect(slices.map(({ column, row }) => [column, row])).toEqual([
      [4, 1],
      [5, 1],
    ]);
    expect(regions.map(({ context }) => context!.x)).toEqual([0, 1000]);
  });

  it('leaves out slices that an area only touches, and gives none for an area off the slide', () => {
    expect(plan({ area: { x: 200, y: 200, width: 200, height: 200 } }).slices.length).toBe(1);
    expect(plan({ area: { x: 3000, y: 0, width: 100, height: 100 } }).slices).toEqual([]);
    expect(plan({ area: { x: 3000, y: 0, width: 100, height: 100 } }).regions).toEqual([]);
    expect(plan({ area: { x: -50, y: -50, width: 60, height: 60 } }).slices.length).toBe(1);
  });
});

describe('overlap', () => {
  it('adds a margin to every cell and keeps every slice inside its context', () => {
    // 20 % of 50 px: a margin of 5 px, cells of 40 px, 160 level-0 px.
    const { slices, cellPx, marginPx, columns } = plan({ overlap: 0.2 });
    expect([cellPx, marginPx, columns]).toEqual([40, 5, 16]);
    expect(slices[0]!.cell).toEqual({ x: 0, y: 0, width: 160, height: 160 });
    expect(slices[0]!.rect).toEqual({ x: -20, y: -20, width: 200, height: 200 });
    for (const { sliceInContext } of slices) {
      expect(sliceInContext!.x).toBeGreaterThanOrEqual(0);
      expect(sliceInContext!.x + sliceInContext!.size).toBeLessThanOrEqual(1 + 1e-12);
    }
  });
});

describe('refusals', () => {
  it('names the number that makes no sense', () => {
    expect(() => plan({ mpp: { x: 0, y: 0.5 } })).toThrow('mppX must be positive, not 0');
    expect(() => plan({ slide: { width: NaN, height: 1 } })).toThrow('width');
    expect(() => plan({ overlap: 0.7 })).toThrow('overlap');
  });
});
