import { describe, expect, it } from 'vitest';
import { rasterise } from './rasterise.ts';

/** Rows as text, for pictures worked by hand. */
function picture(mask: Uint8Array, width: number): string[] {
  const rows: string[] = [];
  for (let i = 0; i < mask.length; i += width) rows.push(Array.from(mask.subarray(i, i + width)).join(''));
  return rows;
}

const square = (x: number, y: number, side: number): number[] => [
  x,
  y,
  x + side,
  y,
  x + side,
  y + side,
  x,
  y + side,
];

describe('rasterise', () => {
  it('fills the pixels whose centre is inside', () => {
    // Centres at 0.5, 1.5, …: the square from 1 to 4 holds those of pixels 1, 2, 3.
    const mask = rasterise(
      [{ classIndex: 1, outer: square(1, 1, 3) }],
      { x: 0, y: 0, width: 5, height: 5 },
      5,
      5,
    );
    expect(picture(mask, 5)).toEqual(['00000', '01110', '01110', '01110', '00000']);
  });

  it('includes a centre on the left or top edge, excludes one on the right or bottom edge', () => {
    const mask = rasterise(
      [{ classIndex: 1, outer: square(0.5, 0.5, 2) }],
      { x: 0, y: 0, width: 4, height: 4 },
      4,
      4,
    );
    expect(picture(mask, 4)).toEqual(['1100', '1100', '0000', '0000']);
  });

  it('fills a triangle as worked by hand', () => {
    // Hypotenuse from (4, 0) to (0, 4): in row r, x < 4 − (r + 0.5), so centres up to column 3 − r; the last
    // one is on the edge itself and therefore outside.
    const mask = rasterise(
      [{ classIndex: 3, outer: [0, 0, 4, 0, 0, 4] }],
      { x: 0, y: 0, width: 4, height: 4 },
      4,
      4,
    );
    expect(picture(mask, 4)).toEqual(['3330', '3300', '3000', '0000']);
  });

  it('paints later over earlier and leaves holes unchanged', () => {
    const mask = rasterise(
      [
        { classIndex: 1, outer: square(0, 0, 6) },
        { classIndex: 2, outer: square(1, 1, 4), holes: [square(2, 2, 2)] },
      ],
      { x: 0, y: 0, width: 6, height: 6 },
      6,
      6,
    );
    expect(picture(mask, 6)).toEqual(['111111', '122221', '121121', '121121', '122221', '111111']);
  });

  it('scales each axis and shifts by the rectangle', () => {
    const mask = rasterise(
      [{ classIndex: 1, outer: square(10, 10, 10) }],
      { x: 5, y: 0, width: 20, height: 40 },
      4,
      4,
    );
    // Pixels are 5 × 10: centres x 7.5, 12.5, 17.5, 22.5 and y 5, 15, 25, 35.
    expect(picture(mask, 4)).toEqual(['0000', '0110', '0000', '0000']);
  });

  it('does not leak out of a self-crossing or clipped polygon', () => {
    const bowTie = [0, 0, 4, 4, 4, 0, 0, 4];
    const mask = rasterise([{ classIndex: 1, outer: bowTie }], { x: 0, y: 0, width: 4, height: 4 }, 4, 4);
    // Left and right triangle: in row 1 (y = 1.5) from 0 to 1.5 and from 2.5 to 4.
    expect(picture(mask, 4)).toEqual(['0001', '1011', '1011', '0001']);
    const clipped = rasterise(
      [{ classIndex: 1, outer: square(-100, -100, 102) }],
      { x: 0, y: 0, width: 3, height: 3 },
      3,
      3,
    );
    expect(picture(clipped, 3)).toEqual(['110', '110', '000']);
  });
});
