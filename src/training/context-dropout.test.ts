import { expect, it } from 'vitest';
import { presetById } from '../model/presets.ts';
import { lacksContext, withContextDropout } from './context-dropout.ts';
import { randomSample } from './trainer-testing.ts';

const dropout = { share: 0.2, colour: [124, 116, 104], seed: 7 } as const;
const preset = { ...presetById('nano-attention'), slicePx: 8, contextPx: 8 };
const source = { sample: (number: number) => randomSample(preset, number) };

it('drops the share of contexts, the same ones at every call, others with another seed', () => {
  const dropped = (seed: number): number[] =>
    Array.from({ length: 5000 }, (_, number) => number).filter((number) =>
      lacksContext(number, { ...dropout, seed }),
    );
  const first = dropped(7);
  expect(first.length / 5000).toBeCloseTo(0.2, 1);
  expect(dropped(7)).toEqual(first);
  expect(dropped(8)).not.toEqual(first);
  // The seed is not the samples' own: dropping is not tied to what a sample shows.
  expect(lacksContext(3, { share: 1, seed: 7 })).toBe(true);
  expect(lacksContext(3, { share: 0, seed: 7 })).toBe(false);
});

it('replaces the context by the missing colour, and asks nothing of it; the slice stays', async () => {
  const samples = withContextDropout(source, dropout);
  for (let number = 0; number < 40; number++) {
    const [before, after] = [source.sample(number), await samples.sample(number)];
    if (!lacksContext(number, dropout)) {
      expect(after).toEqual(before);
      continue;
    }
    const { context, contextClasses, ...rest } = after;
    expect(rest).toEqual({ slice: before.slice, classes: before.classes, place: before.place });
    expect([...(context ?? [])]).toEqual(Array.from({ length: 64 }, () => dropout.colour).flat());
    expect(new Set(contextClasses)).toEqual(new Set([255]));
  }
});

it('leaves samples without a context alone', async () => {
  const single = { sample: (number: number) => randomSample({ ...preset, contextPx: null }, number) };
  const samples = withContextDropout(single, { ...dropout, share: 1 });
  expect(await samples.sample(1)).toEqual(single.sample(1));
});
