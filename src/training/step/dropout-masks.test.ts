import { expect, it } from 'vitest';
import { hashName, mulberry32 } from '../../runtime/variables.ts';
import { DropoutMasks } from './dropout-masks.ts';

it.each([0.5, 0.3, 0])('draws the dropout masks of mulberry32, rate %f', (rate) => {
  // Planes of 12 pixels, in whole vectors, and of 15.
  const masks = [
    { name: 'mask/x', seed: 'x', rate, shape: [2, 3, 4, 5] },
    { name: 'mask/y', seed: 'y', rate, shape: [2, 3, 5, 2] },
  ] as const; // n, h, w, c
  const drawing = new DropoutMasks(masks);
  drawing.draw(1);
  const feeds = drawing.draw(1234567);
  for (const { name, seed, shape } of masks) {
    const [n, h, w, c] = shape;
    const plane = h * w;
    const { data, shape: drawn } = feeds.get(name)!;
    expect(drawn).toEqual([n, c, h, w]);
    const random = mulberry32(hashName(seed) ^ 1234567);
    const expected = new Float32Array(n * plane * c);
    for (let image = 0; image < n; image++) {
      for (let pixel = 0; pixel < plane; pixel++) {
        for (let channel = 0; channel < c; channel++) {
          expected[(image * c + channel) * plane + pixel] = random() < rate ? 0 : 1 / (1 - rate);
        }
      }
    }
    expect(data).toEqual(expected);
  }
});
