import { expect, it } from 'vitest';

it('compares typed arrays of millions of numbers in no time', () => {
  const one = { data: new Float32Array(3e6).map((_, i) => i) };
  const same = { data: one.data.slice() };
  const begun = process.cpuUsage();
  expect(one).toEqual(same);
  const { user } = process.cpuUsage(begun);
  // Microseconds. Number by number, it takes seconds.
  expect(user).toBeLessThan(300_000);
});

it('tells different typed arrays apart as before', () => {
  expect(Uint8Array.of(1, 2)).not.toEqual(Uint8Array.of(1, 3));
  expect(Uint8Array.of(1, 2)).not.toEqual(Uint8Array.of(1, 2, 3));
  expect(Uint8Array.of(1, 2)).not.toEqual(Int8Array.of(1, 2));
  expect(Float32Array.of(0)).not.toEqual(Float32Array.of(-0));
  expect(Float32Array.of(NaN)).toEqual(Float32Array.of(NaN));
  // A part of a larger buffer counts by itself.
  expect(Uint8Array.of(9, 1, 2).subarray(1)).toEqual(Uint8Array.of(1, 2));
  expect(() => expect([Uint8Array.of(1, 2)]).toEqual([Uint8Array.of(1, 3)])).toThrow(/deeply equal/);
});
