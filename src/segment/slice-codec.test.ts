import { expect, it } from 'vitest';
import { decodeSlice, encodeSlice } from './slice-codec.ts';

const key = '0123456789abcdef'.repeat(4);

const maps = (size: number, depth: number) => ({
  size,
  classes: Uint8Array.from({ length: size * size }, (_value, i) => i % 5),
  confidence: Uint8Array.from({ length: size * size }, (_value, i) => (i * 7) & 255),
  logProbabilities: Uint8Array.from({ length: size * size * depth }, (_value, i) => 1 + ((i * 13) % 255)),
});

it('keeps log-probabilities in the band along the border and nowhere else', () => {
  const slice = maps(10, 3);
  const back = decodeSlice(key, 4, 7, encodeSlice(key, { order: 0, column: 4, row: 7 }, slice, 1))!;
  expect(back).toMatchObject({ size: 10, classes: slice.classes, confidence: slice.confidence });
  const expected = slice.logProbabilities.map((value, i) => {
    const [x, y] = [Math.floor(i / 3) % 10, Math.floor(i / 30)];
    return x >= 2 && x < 8 && y >= 2 && y < 8 ? 0 : value;
  });
  expect(back.logProbabilities).toEqual(expected);
});

it('keeps all of them where the bands meet, and none without overlap', () => {
  const slice = maps(8, 4);
  expect(decodeSlice(key, 0, 0, encodeSlice(key, { order: 0, column: 0, row: 0 }, slice, 2))).toEqual(slice);
  const { logProbabilities, ...rest } = slice;
  expect(logProbabilities.length).toBe(256);
  expect(decodeSlice(key, 0, 0, encodeSlice(key, { order: 0, column: 0, row: 0 }, slice, 0))).toEqual(rest);
});

it('keeps records apart, although they are encoded in the same memory', () => {
  const [large, small] = [maps(24, 3), maps(10, 3)];
  const first = encodeSlice(key, { order: 0, column: 0, row: 0 }, large, 6);
  const second = encodeSlice(key, { order: 1, column: 1, row: 0 }, small, 2);
  const third = encodeSlice(key, { order: 2, column: 2, row: 0 }, large, 6);
  expect(decodeSlice(key, 0, 0, first)).toEqual(large);
  expect(decodeSlice(key, 2, 0, third)).toEqual(large);
  expect(decodeSlice(key, 1, 0, second)).toMatchObject({
    classes: small.classes,
    confidence: small.confidence,
  });
});

it('refuses a record with any byte changed, of another place, of another run, or cut short', () => {
  const bytes = encodeSlice(key, { order: 0, column: 4, row: 7 }, maps(16, 3), 2);
  for (let i = 0; i < bytes.length; i++) {
    const damaged = bytes.slice();
    damaged[i]! ^= 4;
    expect(decodeSlice(key, 4, 7, damaged)).toBeNull();
  }
  expect(decodeSlice(key, 7, 4, bytes)).toBeNull();
  expect(decodeSlice('f'.repeat(64), 4, 7, bytes)).toBeNull();
  expect(decodeSlice(key, 4, 7, bytes.subarray(0, 20))).toBeNull();
  expect(decodeSlice(key, 4, 7, bytes.subarray(0, -1))).toBeNull();
});

it('refuses to encode what is no slice', () => {
  const { logProbabilities: _none, ...bare } = maps(10, 3);
  expect(() => encodeSlice(key, { order: 0, column: 0, row: 0 }, bare, 1)).toThrow('need log-probabilities');
  expect(() => encodeSlice(key, { order: 0, column: 0, row: 0 }, { ...bare, size: 9 }, 0)).toThrow(
    RangeError,
  );
});
