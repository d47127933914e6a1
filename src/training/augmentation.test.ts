import { describe, expect, it } from 'vitest';
import { changeStains, drawStainChange, inverse, transformPlace, transformSquare } from './augmentation.ts';

const none = { gain: [1, 1, 1], shift: [0, 0, 0] } as const;

it('changes nothing at gain 1 and shift 0', () => {
  const rgb = Uint8Array.from({ length: 256 * 3 }, (_, i) => (i * 37) % 256);
  expect(changeStains(rgb.slice(), none)).toEqual(rgb);
});

it('doubles the density of a pixel stained only with haematoxylin, by the Beer–Lambert law', () => {
  // Density 0.4 of haematoxylin: intensity 256 * exp(-0.4 * vector) - 1. Doubling the density squares the
  // exponential.
  const vector = [0.65, 0.704, 0.286];
  const at = (density: number): number[] => vector.map((v) => Math.round(256 * Math.exp(-density * v) - 1));
  const changed = changeStains(Uint8Array.from(at(0.4)), { ...none, gain: [2, 1, 1] });
  at(0.8).forEach((value, channel) => {
    expect(Math.abs(changed[channel]! - value)).toBeLessThanOrEqual(2);
  });
  // A change of eosin, another vector, does not affect this pixel.
  const other = changeStains(Uint8Array.from(at(0.4)), { ...none, gain: [1, 2, 1] });
  at(0.4).forEach((value, channel) => {
    expect(Math.abs(other[channel]! - value)).toBeLessThanOrEqual(2);
  });
});

it('draws changes within the strength, and none at 0', () => {
  expect(drawStainChange(() => 0.9, 0)).toEqual(none);
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

describe('transformSquare', () => {
  // 0 1
  // 2 3
  const square = Uint8Array.from([0, 1, 2, 3]);
  it.each([
    [0, [0, 1, 2, 3]],
    [1, [1, 0, 3, 2]],
    [2, [2, 3, 0, 1]],
    [3, [3, 2, 1, 0]],
    [4, [0, 2, 1, 3]],
  ])('symmetry %d', (symmetry, expected) => {
    expect([...transformSquare(square, 2, 1, symmetry)]).toEqual(expected);
  });

  it('keeps the channels of a pixel together', () => {
    const rgb = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    expect([...transformSquare(rgb, 2, 3, 1)]).toEqual([4, 5, 6, 1, 2, 3, 10, 11, 12, 7, 8, 9]);
  });
});

it('transformPlace follows transformSquare: a marked square is at the transformed position', () => {
  const side = 10;
  const place = { x: 0.1, y: 0.6, size: 0.3 };
  const context = new Uint8Array(side * side);
  for (let y = 6; y < 9; y++) for (let x = 1; x < 4; x++) context[y * side + x] = 1;
  for (let symmetry = 0; symmetry < 8; symmetry++) {
    const moved = transformSquare(context, side, 1, symmetry);
    const { x, y, size } = transformPlace(place, symmetry);
    const expected = new Uint8Array(side * side);
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        const u = (column + 0.5) / side;
        const v = (row + 0.5) / side;
        if (u > x && u < x + size && v > y && v < y + size) expected[row * side + column] = 1;
      }
    }
    expect([...moved], `symmetry ${String(symmetry)}`).toEqual([...expected]);
  }
});
