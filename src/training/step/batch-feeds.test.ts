import { expect, it } from 'vitest';
import { hashName, mulberry32 } from '../../runtime/variables.ts';
import { dropoutMask } from './batch-feeds.ts';

it.each([0.5, 0.3, 0])('draws the dropout masks of mulberry32, rate %f', (rate) => {
  const shape = [2, 3, 4, 5] as const; // n, h, w, c
  const { data } = dropoutMask({ name: 'mask/x', seed: 'x', rate, shape }, 1234567);
  const random = mulberry32(hashName('x') ^ 1234567);
  for (let image = 0; image < 2; image++) {
    for (let pixel = 0; pixel < 12; pixel++) {
      for (let channel = 0; channel < 5; channel++) {
        const expected = random() < rate ? 0 : Math.fround(1 / (1 - rate));
        expect(data[(image * 5 + channel) * 12 + pixel]).toBe(expected);
      }
    }
  }
});
