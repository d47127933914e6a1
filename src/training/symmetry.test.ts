import { describe, expect, it } from 'vitest';
import { transformPlace, transformSquare } from './symmetry.ts';

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

it('the place follows the context: a marked square is found where transformPlace says', () => {
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
