import { expect, it } from 'vitest';
import { planSlices } from './grid.ts';
import { overlapOf, planMacs, qualities } from './quality.ts';

const mpp = { x: 1, y: 1 };
const slide = { width: 36_400, height: 36_400 };

it('prices overlap by slices, and contexts once a region', () => {
  const model = {
    slice: { fieldUm: 512, sizePx: 128 },
    context: { kind: 'region', fieldUm: 2560, sizePx: 128 },
    macs: 70,
    macsReusedContext: 50,
  } as const;
  const [fast, standard, best] = qualities.map(({ overlap }) =>
    planMacs(planSlices({ slide, mpp, model, overlap }), model),
  );
  // 72, 82 and 95 slices a side; 5 × 5, 5 × 5 and 6 × 6 of them share a context.
  expect(fast).toBe(72 ** 2 * 50 + 15 ** 2 * 20);
  expect(standard).toBe(82 ** 2 * 50 + 17 ** 2 * 20);
  expect(best).toBe(95 ** 2 * 50 + 16 ** 2 * 20);
});

it('counts no context where there is none', () => {
  const model = { slice: { fieldUm: 512, sizePx: 128 }, context: null, macs: 50, macsReusedContext: 50 };
  expect(planMacs(planSlices({ slide, mpp, model }), model)).toBe(72 ** 2 * 50);
  expect(overlapOf('fast')).toBe(0);
});
