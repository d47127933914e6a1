import { describe, expect, it } from 'vitest';
import { initialiseNodeBackend } from '../runtime/backend.node.ts';
import { ClassMap } from '../segment/class-map.ts';
import { planSlices } from '../segment/grid.ts';
import { compareWithOrt } from './bench-ort.ts';
import { median, middleOf, naivePlan, seamRatioOf } from './bench-run.ts';

const model = {
  slice: { fieldUm: 100, sizePx: 10 },
  context: { kind: 'region', fieldUm: 500, sizePx: 10 },
} as const;
const slide = { width: 2300, height: 1700 };
const mpp = { x: 1, y: 1 };
const whole = planSlices({ slide, mpp, model });

it('gives both runtimes the same network: their classes agree', async () => {
  await initialiseNodeBackend('wasm');
  const context = { kind: 'region', fieldUm: 2335, sizePx: 64 } as const;
  const manifest = { preset: 'nano-aligned', slice: { fieldUm: 467, sizePx: 64 }, context };
  const figures = await compareWithOrt(manifest, 2);
  expect(figures?.tfjsMs.length).toBe(2);
  expect(figures?.ortMs.length).toBe(2);
  expect(figures?.agreement).toBeGreaterThan(0.99);
});

describe('what the benchmark runs on', () => {
  it('is a square of whole regions in the middle of the slide', () => {
    const plan = planSlices({ slide, mpp, model, area: middleOf(whole, 110) });
    expect(plan.slices.length).toBe(100);
    expect(plan.regions.map(({ slices }) => slices.length)).toEqual([25, 25, 25, 25]);
    const columns = plan.slices.map(({ column }) => column);
    expect([Math.min(...columns), Math.max(...columns)]).toEqual([5, 14]);
    // One region when fewer are asked for, and no more than there are.
    expect(planSlices({ slide, mpp, model, area: middleOf(whole, 1) }).slices.length).toBe(25);
    expect(planSlices({ slide, mpp, model, area: middleOf(whole, 5000) }).slices.length).toBe(225);
  });

  it('gives every slice of a naive plan its own context, the same as before', () => {
    const naive = naivePlan(whole);
    expect(naive.regions.length).toBe(whole.slices.length);
    for (const slice of naive.slices) {
      expect(naive.regions[slice.region]!.slices).toEqual([slice.index]);
      const shared = whole.regions[whole.slices[slice.index]!.region]!;
      expect(naive.regions[slice.region]!.context).toEqual(shared.context);
    }
  });

  it('measures seams where it segmented', () => {
    const plan = planSlices({ slide, mpp, model, area: middleOf(whole, 25) });
    const map = new ClassMap(plan);
    for (const { column, row, index } of plan.slices) {
      // One change of class inside of every cell, and one on every other border.
      const classes = Uint8Array.from({ length: 100 }, (_value, i) => (i % 10 < 5 ? index % 2 : 3));
      map.put({ column, row, size: 10, classes, confidence: new Uint8Array(100) });
    }
    expect(seamRatioOf(plan, map)).toBeGreaterThan(1.1);
  });

  it('takes medians', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([])).toBeNull();
  });
});
