import { describe, expect, it } from 'vitest';
import { mulberry32 } from '../variables.ts';
import { fromFloat16, toFloat16 } from './float16.ts';
import { fromInt8, toInt8 } from './int8.ts';

it('keeps weights that are multiples of a channel’s scale', () => {
  // Two channels: steps of 0.5 and of 2⁻¹⁰.
  const values = Float32Array.of(63.5, 127 / 1024, -0.5, -3 / 1024, 0, 1 / 1024);
  const stored = toInt8(values, 2);
  expect([...stored.scales]).toEqual([0.5, 2 ** -10]);
  expect([...stored.values]).toEqual([127, 127, -1, -3, 0, 1]);
  expect(fromInt8(stored)).toEqual(values);
});

it('rounds scales up to four significant bits', () => {
  // 1 / 127 = 0.00787 = 1.008 · 2⁻⁷; the next number of four bits is 9/8 · 2⁻⁷. Nothing is gained by clipping one weight.
  expect(toInt8(Float32Array.of(1), 1).scales[0]).toBe((9 / 8) * 2 ** -7);
});

it('clips one large weight where all others gain', () => {
  const values = Float32Array.from({ length: 20_000 }, (_, i) => (i === 0 ? 1.02 : Math.sin(i) / 2.5));
  const stored = toInt8(values, 1);
  expect(stored.scales[0]).toBeLessThan(1 / 127);
  expect(stored.values[0]).toBe(127);
});

describe('random weights', () => {
  const random = mulberry32(5);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

  it.each([1e-9, 1e-7, 1e-5, 1e-3, 0.1, 1, 100, 10_000])(
    'of size %d are exactly half-precision numbers',
    (size) => {
      const values = Float32Array.from({ length: 4 * 600 }, () => size * normal());
      const read = fromInt8(toInt8(values, 4));
      expect(fromFloat16(toFloat16(read))).toEqual(read);
      // Half a step at most where nothing is clipped; steps are no finer than half precision's.
      const step = Math.max((Math.max(...values.map(Math.abs)) / 127) * 1.125, 2 ** -24);
      const far = [...read].filter((value, i) => Math.abs(value - values[i]!) > step / 2);
      expect(far.length).toBeLessThan(24);
    },
  );
});

it('an empty channel stays empty', () => {
  expect([...fromInt8(toInt8(Float32Array.of(0, 1, 0, -1), 2))]).toEqual([
    0,
    expect.closeTo(1, 2),
    0,
    expect.closeTo(-1, 2),
  ]);
});

it.each([NaN, Infinity, 70_000])('refuses %d', (value) => {
  expect(() => toInt8(Float32Array.of(1, value), 2)).toThrow(/does not fit half precision/);
});

it('holds the largest half-precision numbers', () => {
  const read = fromInt8(toInt8(Float32Array.of(65_504, -65_000), 1));
  expect(Math.abs(read[0]! / 65_504 - 1)).toBeLessThan(0.08);
  expect(fromFloat16(toFloat16(read))).toEqual(read);
});
