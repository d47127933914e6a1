import { describe, expect, it } from 'vitest';
import { float16Bits, fromFloat16, toFloat16 } from './float16.ts';

// From the tables of IEEE 754-2008 and Wikipedia's "Half-precision floating-point format".
it.each([
  [0, 0x0000],
  [-0, 0x8000],
  [1, 0x3c00],
  [-2, 0xc000],
  [1 / 3, 0x3555],
  [65504, 0x7bff],
  [2 ** -14, 0x0400],
  [2 ** -24, 0x0001],
  [(1023 / 1024) * 2 ** -14, 0x03ff],
  [1 + 2 ** -10, 0x3c01],
  [Infinity, 0x7c00],
  [-Infinity, 0xfc00],
])('%d is 0x%s', (value, bits) => {
  expect(float16Bits(value)).toBe(bits);
});

// The same tables, read the other way.
it.each([
  [0x0000, 0],
  [0x8000, -0],
  [0x3c00, 1],
  [0xc000, -2],
  [0x3555, 0.333251953125],
  [0x7bff, 65504],
  [0x0400, 2 ** -14],
  [0x0001, 2 ** -24],
  [0x03ff, (1023 / 1024) * 2 ** -14],
  [0x3c01, 1 + 2 ** -10],
  [0x7c00, Infinity],
  [0xfc00, -Infinity],
  [0x7e00, NaN],
])('the bits %d are %d', (bits, value) => {
  expect(fromFloat16(Uint16Array.of(bits))[0]).toBe(value);
});

describe('rounding', () => {
  it('rounds to nearest, ties to even', () => {
    expect(float16Bits(1 + 2 ** -11)).toBe(0x3c00); // between 0x3c00 and 0x3c01: even
    expect(float16Bits(1 + 3 * 2 ** -11)).toBe(0x3c02); // between 0x3c01 and 0x3c02: even
    expect(float16Bits(1 + 2 ** -11 + 2 ** -20)).toBe(0x3c01);
    expect(float16Bits(2 ** -25)).toBe(0); // half of the smallest subnormal: even
    expect(float16Bits(1.5 * 2 ** -25)).toBe(1);
  });
  it('carries into the exponent', () => {
    expect(float16Bits(2 - 2 ** -12)).toBe(0x4000);
    expect(float16Bits(2 ** -14 - 2 ** -26)).toBe(0x0400); // largest subnormal and a half: the least normal
  });
});

it('rejects values that are too large', () => {
  expect(() => toFloat16(Float32Array.of(1, 65520))).toThrow(/65520 does not fit half precision/);
  expect(toFloat16(Float32Array.of(65519))[0]).toBe(0x7bff);
});
