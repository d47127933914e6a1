import { describe, expect, it } from 'vitest';
import { initialiseNodeBackend } from '../runtime/backend.node.ts';
import { ClassMap } from '../segment/class-map.ts';
import { planSlices } from '../segment/grid.ts';
import { compareWithOrt } from './bench-ort.ts';
import { median, centralArea, unsharedContextPlan, seamRatioOf } from './bench-run.ts';

const model = {
  slice: { fieldUm: 100, sizePx: 10 },
  context: { kind: 'region', fieldUm: 500, sizePx: 10 },
} as const;
const slide = { width: 2300, height: 1700 };
const mpp = { x: 1, y: 1 };
const whole = planSlices({ slide, mpp, model });

it('runs the same network on both runtimes: their classes agree', async () => {
  await initialiseNodeBackend('wasm');
  const context = { kind: 'region', fieldUm: 2335, sizePx: 64 } as const;
  const manifest = { preset: 'nano-aligned', slice: { fieldUm: 467, sizePx: 64 }, context };
  const figures = await compareWithOrt(manifest, 2);
  expect(figures?.tfjsMs.length).toBe(2);
  expect(figures?.ortMs.length).toBe(2);
  expect(figures?.agreement).toBeGreaterThan(0.99);
});

describe('benchmark area and plan', () => {
  it('takes a square of whole regions at the centre of the slide', () => {
    const plan = planSlices({ slide, mpp, model, area: centralArea(whole, 110) });
    expect(plan.slices.length).toBe(100);
    expect(plan.regions.map(({ slices }) => slices.length)).toEqual([25, 25, 25, 25]);
    const columns = plan.slices.map(({ column }) => column);
    expect([Math.min(...columns), Math.max(...columns)]).toEqual([5, 14]);
    // At least one region, at most all of them.
    expect(planSlices({ slide, mpp, model, area: centralArea(whole, 1) }).slices.length).toBe(25);
    expect(planSlices({ slide, mpp, model, area: centralArea(whole, 5000) }).slices.length).toBe(225);
  });

  it('gives every slice its own copy of its context when contexts are not shared', () => {
    const unshared = unsharedContextPlan(whole);
    expect(unshared.regions.length).toBe(whole.slices.length);
    for (const slice of unshared.slices) {
      expect(unshared.regions[slice.region]!.slices).toEqual([slice.index]);
      const shared = whole.regions[whole.slices[slice.index]!.region]!;
      expect(unshared.regions[slice.region]!.context).toEqual(shared.context);
    }
  });

  it('measures seams within the segmented area', () => {
    const plan = planSlices({ slide, mpp, model, area: centralArea(whole, 25) });
    const map = new ClassMap(plan);
    for (const { column, row, index } of plan.slices) {
      // One class change inside every cell, and one on every other border.
      const classes = Uint8Array.from({ length: 100 }, (_value, i) => (i % 10 < 5 ? index % 2 : 3));
      map.put({ column, row, size: 10, classes, confidence: new Uint8Array(100) });
    }
    expect(seamRatioOf(plan, map)).toBeGreaterThan(1.1);
  });

  it('computes medians', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNull();
  });
});
