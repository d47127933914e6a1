import { expect, it } from 'vitest';
import { packSlice, unpackSlice } from './packed-slice.ts';

const maps = (size: number, depth: number) => ({
  size,
  classes: Uint8Array.from({ length: size * size }, (_value, i) => i % 5),
  confidence: Uint8Array.from({ length: size * size }, (_value, i) => (i * 7) & 255),
  logProbabilities: Uint8Array.from({ length: size * size * depth }, (_value, i) => 1 + ((i * 13) % 255)),
});

it('keeps log-probabilities in the band along the border and nowhere else', () => {
  const slice = maps(10, 3);
  const bytes = packSlice(slice, { sizePx: 10, marginPx: 1 });
  // 200 bytes of maps; a band of two pixels: 100 - 6 × 6 pixels of three classes.
  expect(bytes.length).toBe(200 + 64 * 3);
  const back = unpackSlice(bytes, { sizePx: 10, marginPx: 1 })!;
  expect(back).toMatchObject({ size: 10, classes: slice.classes, confidence: slice.confidence });
  const expected = slice.logProbabilities.map((value, i) => {
    const [x, y] = [Math.floor(i / 3) % 10, Math.floor(i / 30)];
    return x >= 2 && x < 8 && y >= 2 && y < 8 ? 0 : value;
  });
  expect(back.logProbabilities).toEqual(expected);
});

it('keeps all of them where the bands meet, and none without overlap', () => {
  const slice = maps(8, 4);
  const whole = { sizePx: 8, marginPx: 2 };
  expect(unpackSlice(packSlice(slice, whole), whole)).toEqual(slice);
  const bare = { sizePx: 8, marginPx: 0 };
  const { logProbabilities, ...rest } = slice;
  expect(logProbabilities.length).toBe(256);
  expect(unpackSlice(packSlice(slice, bare), bare)).toEqual(rest);
});

it('knows what is no slice of its shape', () => {
  const bytes = packSlice(maps(10, 3), { sizePx: 10, marginPx: 1 });
  expect(unpackSlice(bytes.subarray(1), { sizePx: 10, marginPx: 1 })).toBeNull();
  expect(unpackSlice(bytes.subarray(0, 200), { sizePx: 10, marginPx: 1 })).toBeNull();
  expect(unpackSlice(bytes, { sizePx: 10, marginPx: 0 })).toBeNull();
  const { logProbabilities: _none, ...bare } = maps(10, 3);
  expect(() => packSlice(bare, { sizePx: 10, marginPx: 1 })).toThrow('need log-probabilities');
  expect(() => packSlice(bare, { sizePx: 9, marginPx: 0 })).toThrow(RangeError);
});
