import { expect, it } from 'vitest';
import { changeStains, drawStainChange, inverse } from './stain-jitter.ts';

const NONE = { gain: [1, 1, 1], shift: [0, 0, 0] } as const;

it('changes nothing at gain 1 and shift 0', () => {
  const rgb = Uint8Array.from({ length: 256 * 3 }, (_, i) => (i * 37) % 256);
  expect(changeStains(rgb.slice(), NONE)).toEqual(rgb);
});

it('doubles the density of what is stained with haematoxylin alone, by the law of Beer and Lambert', () => {
  // Density 0.4 of haematoxylin: light 256 * exp(-0.4 * vector) - 1; doubled, that share squared.
  const vector = [0.65, 0.704, 0.286];
  const at = (density: number): number[] => vector.map((v) => Math.round(256 * Math.exp(-density * v) - 1));
  const changed = changeStains(Uint8Array.from(at(0.4)), { ...NONE, gain: [2, 1, 1] });
  at(0.8).forEach((value, channel) => {
    expect(Math.abs(changed[channel]! - value)).toBeLessThanOrEqual(2);
  });
  // Eosin is another vector: the same pixel does not follow it.
  const other = changeStains(Uint8Array.from(at(0.4)), { ...NONE, gain: [1, 2, 1] });
  at(0.4).forEach((value, channel) => {
    expect(Math.abs(other[channel]! - value)).toBeLessThanOrEqual(2);
  });
});

it('draws within its strength, and nothing at 0', () => {
  expect(drawStainChange(() => 0.9, 0)).toEqual(NONE);
  const { gain, shift } = drawStainChange(() => 0, 0.2);
  expect(gain[0]).toBeCloseTo(0.8);
  expect(shift[2]).toBeCloseTo(-0.02);
});

it('inverts a matrix', () => {
  const matrix = [
    [2, 0, 1],
    [0, 3, 0],
    [1, 0, 1],
  ] as const;
  // By hand: determinant 3; the inverse's corners are 1, -1, -1, 2.
  const expected = [
    [1, 0, -1],
    [0, 1 / 3, 0],
    [-1, 0, 2],
  ];
  inverse(matrix).forEach((row, i) => {
    row.forEach((value, j) => {
      expect(value).toBeCloseTo(expected[i]![j]!, 12);
    });
  });
});
