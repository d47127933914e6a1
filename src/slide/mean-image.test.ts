import { describe, expect, it } from 'vitest';
import { KeptMeans } from './kept-means.ts';
import { MeanImage } from './mean-image.ts';
import type { RgbaImage } from './slide.ts';

/** Random numbers from 0 to 1 that are the same on every run. */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) / 2 ** 32;
}

/** A part of an image at full size, reduced by the plain definition of a mean. */
function meansOf(
  whole: RgbaImage,
  left: number,
  top: number,
  width: number,
  height: number,
  by: number,
): number[] {
  const result: number[] = [];
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) {
      for (let c = 0; c < 3; c++) {
        let sum = 0;
        let count = 0;
        for (let v = y * by; v < Math.min(whole.height, (y + 1) * by); v++) {
          for (let u = x * by; u < Math.min(whole.width, (x + 1) * by); u++) {
            sum += whole.data[(v * whole.width + u) * 4 + c]!;
            count++;
          }
        }
        result.push(sum / count);
      }
      result.push(255);
    }
  }
  return result;
}

describe('mean image', () => {
  it('cuts what it shows now, at every size, whatever was added or guessed between two cuts', () => {
    const random = randomNumbers(7);
    const upTo = (most: number): number => Math.floor(random() * most);
    const image = new MeanImage(203, 141, 1);
    for (let round = 0; round < 40; round++) {
      const colour = [upTo(256), upTo(256), upTo(256)] as const;
      const [left, top] = [upTo(220) - 10, upTo(150) - 5];
      if (round % 2 === 0) image.guess(colour, left, top, left + upTo(90), top + upTo(90));
      else image.addColour(colour, { left: round * 5, top: upTo(100), width: 5, height: 1 + upTo(40) });
      const whole = image.cut(0, 0, 203, 141);
      const by = [2, 4, 8][round % 3]!;
      const across = Math.ceil(203 / by);
      const down = Math.ceil(141 / by);
      const [x, y] = [upTo(across), upTo(down)];
      const part = image.cut(x, y, across - x, down - y, by);
      const expected = meansOf(whole, x, y, across - x, down - y, by);
      expect(part.data.every((value, i) => Math.abs(value - expected[i]!) <= 0.5)).toBe(true);
    }
  });
});

describe('kept means', () => {
  it('are computed again where the image has changed, and nowhere else', () => {
    const source = { width: 512, height: 512, data: new Uint8ClampedArray(512 * 512 * 4).fill(10) };
    const means = new KeptMeans(source, 4);
    const red = (x: number, y: number): number => means.fresh(0, 0, 128, 128)[(y * 128 + x) * 4]!;
    expect(red(5, 5)).toBe(10);
    source.data.fill(90);
    expect([red(5, 5), red(100, 100)]).toEqual([10, 10]);
    means.changed(20, 20, 21, 21);
    expect([red(5, 5), red(100, 100)]).toEqual([90, 10]);
  });
});
