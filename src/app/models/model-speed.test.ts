import { expect, it } from 'vitest';
import { expectedSpeed, loadSpeeds } from './model-speed.ts';

const models = [
  { id: 'small', manifest: { macsReusedContext: 1e8 } },
  { id: 'middle', manifest: { macsReusedContext: 4e8 } },
  { id: 'large', manifest: { macsReusedContext: 1e11 } },
];

it('uses the measured speed, else the model nearest in cost, else nothing', () => {
  const [small, middle] = models;
  expect(expectedSpeed(small!, models, { small: 20, large: 0.1 })).toEqual({ slicesPerSecond: 20, measured: true });
  expect(expectedSpeed(middle!, models, { small: 20, large: 0.1 })).toEqual({ slicesPerSecond: 5, measured: false });
  expect(expectedSpeed(middle!, models, {})).toBeNull();
});

it('ignores damaged values', () => {
  for (const text of ['x', '{"a":"b"}', '{"a":-1}', '[]']) {
    expect(loadSpeeds({ getItem: () => text, setItem: () => undefined }, 'd')).toEqual({});
  }
});
