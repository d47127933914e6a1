import { expect, it } from 'vitest';
import { mulberry32 } from '../runtime/variables.ts';
import { axisWeights, type AxisWeights } from './axis-weights.ts';
import { Accumulator, type ImageSums } from './resample.ts';
import { imageSums } from './simd-resample.ts';

const side = 4;
const white = [255, 255, 255] as const;

function flat(value: number): Uint8ClampedArray {
  return new Uint8ClampedArray(4 * side * side).fill(value);
}

function accumulator(): ImageSums {
  const axis = axisWeights(0, 2, side / 2, side);
  return imageSums(axis, axis, side / 2, side / 2);
}

it('keeps images accumulated at the same time apart, and starts each from zero', () => {
  const values = (data: Uint8ClampedArray): number[] => [...new Set(data.filter((_value, i) => i % 4 < 3))];
  const first = accumulator();
  const second = accumulator();
  first.add(flat(10), side, 0, 0, side, side / 2, [...white]);
  second.add(flat(200), side, 0, 0, side, side / 2, [...white]);
  first.add(flat(10), side, 0, side / 2, side, side / 2, [...white]);
  second.add(flat(200), side, 0, side / 2, side, side / 2, [...white]);
  expect(values(first.pixels(white))).toEqual([10]);
  // Reuses the memory that the first one returned, while the second is still at work.
  const third = accumulator();
  third.add(flat(30), side, 0, 0, side, side, [...white]);
  expect(values(second.pixels(white))).toEqual([200]);
  expect(values(third.pixels(white))).toEqual([30]);
});

// Factors below, at and above two and three: lines have fixed numbers of taps, which differ from column to column.
it.each([0.7, 1, 1.27, 1.9, 2, 2.3, 3, 4.6])(
  'means %f source pixels per pixel, from tiles of any width',
  (step) => {
    const [size, outputs, from] = [67, 24, 1.3];
    const image = Uint8ClampedArray.from({ length: 4 * size * size }, (_value, i) => (i * 7919) % 251);
    const axis = axisWeights(from, step, outputs, size);
    const expected = plainSums(image, size, axis);
    for (const tile of [1, 2, 3, 16, 40, size]) {
      const sums = new Accumulator(axis, axis, outputs, outputs);
      const simd = imageSums(axis, axis, outputs, outputs);
      for (let top = 0; top < size; top += tile) {
        for (let left = 0; left < size; left += tile) {
          const [width, height] = [Math.min(tile, size - left), Math.min(tile, size - top)];
          const part = Array.from({ length: height }, (_value, y) => {
            const at = ((top + y) * size + left) * 4;
            return [...image.subarray(at, at + 4 * width)];
          });
          const pixels = Uint8ClampedArray.from(part.flat());
          for (const each of [sums, simd]) each.add(pixels, width, left, top, width, height, white);
        }
      }
      const found = sums.pixels(white);
      expect(simd.pixels(white)).toEqual(found);
      const errors = expected.map((value, i) => Math.abs(found[i]! - value));
      // Halves may be rounded either way.
      expect(Math.max(...errors)).toBeLessThan(0.501);
    }
  },
);

it('has the same bytes with SIMD as in plain loops, wherever a region lies', () => {
  const random = mulberry32(5);
  const between = (low: number, high: number): number => low + (high - low) * random();
  const whole = (low: number, high: number): number => Math.floor(between(low, high + 1));
  let differing = 0;
  for (let region = 0; region < 60; region++) {
    const [size, width, height] = [whole(1, 90), whole(1, 40), whole(1, 40)];
    const [stepX, stepY] = [between(0.2, 6), between(0.2, 6)];
    // Often partly outside of the image.
    const across = axisWeights(between(-20, size), stepX, width, size);
    const down = axisWeights(between(-20, size), stepY, height, size);
    const background = [whole(0, 255), whole(0, 255), whole(0, 255)] as const;
    const [plain, simd] = [
      new Accumulator(across, down, width, height),
      imageSums(across, down, width, height),
    ];
    const tile = whole(1, 64);
    for (let top = 0; top < size; top += tile) {
      for (let left = 0; left < size; left += tile) {
        const [tileWidth, tileHeight] = [Math.min(tile, size - left), Math.min(tile, size - top)];
        // Tiles are wider than what counts of them; some are missing.
        const stride = tile + whole(0, 3);
        const pixels =
          random() < 0.2 ? null : Uint8ClampedArray.from({ length: 4 * stride * tile }, () => random() * 256);
        for (const each of [plain, simd]) {
          each.add(pixels, stride, left, top, tileWidth, tileHeight, background);
        }
      }
    }
    const [expected, found] = [plain.pixels(background), simd.pixels(background)];
    if (!expected.every((value, i) => value === found[i])) differing++;
  }
  expect(differing).toBe(0);
});

it('uses the memory of images again, also of those that were never finished', () => {
  const axis = axisWeights(0, 2, 400, 800);
  const background = new Uint8ClampedArray(4 * 800 * 800).fill(77);
  // Two hundred of them would take 400 MB.
  for (let i = 0; i < 200; i++) {
    const sums = imageSums(axis, axis, 400, 400);
    sums.release();
    sums.release();
  }
  const sums = imageSums(axis, axis, 400, 400);
  sums.add(background, 800, 0, 0, 800, 800, white);
  expect(sums.pixels(white).every((value, i) => value === (i % 4 === 3 ? 255 : 77))).toBe(true);
});

/** Weighted means in double precision, on white. */
function plainSums(image: Uint8ClampedArray, size: number, axis: AxisWeights): number[] {
  const outputs = axis.start.length;
  return Array.from({ length: outputs * outputs * 4 }, (_value, i) => {
    const channel = i % 4;
    if (channel === 3) return 255;
    const [x, y] = [((i - channel) / 4) % outputs, Math.floor(i / 4 / outputs)];
    let sum = 0;
    let cover = 0;
    for (let v = 0; v < axis.count[y]!; v++) {
      for (let u = 0; u < axis.count[x]!; u++) {
        const weight = axis.weights[axis.first[y]! + v]! * axis.weights[axis.first[x]! + u]!;
        sum += weight * image[((axis.start[y]! + v) * size + axis.start[x]! + u) * 4 + channel]!;
        cover += weight;
      }
    }
    return sum + (1 - cover) * 255;
  });
}
