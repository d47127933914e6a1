import { describe, expect, it } from 'vitest';
import {
  countClasses,
  coverWithRectangles,
  halveClasses,
  halveConfidence,
  traceBorders,
} from './class-regions.ts';

const alone = { left: null, above: null };

/** Parses a map from a drawing. */
function mapOf(...rows: string[]): Uint8Array {
  return Uint8Array.from(rows.join(''), Number);
}

/** Lines as text, so that their order does not matter. */
function linesOf(lines: readonly number[]): string[] {
  const result: string[] = [];
  for (let at = 0; at < lines.length; at += 4) result.push(lines.slice(at, at + 4).join(' '));
  return result.sort();
}

describe('traceBorders', () => {
  it('traces a square in four lines', () => {
    const map = mapOf('0000', '0110', '0110', '0000');
    expect(linesOf(traceBorders(map, 4, 1, alone))).toEqual(['1 1 1 3', '1 1 3 1', '1 3 3 3', '3 1 3 3']);
  });

  it('does not draw the outer rim of a slice without neighbours', () => {
    expect(traceBorders(mapOf('11', '11'), 2, 1, alone)).toEqual([]);
  });

  it('draws the seam to a neighbour of another class, and only there', () => {
    const map = mapOf('11', '11');
    const left = mapOf('00', '01');
    expect(linesOf(traceBorders(map, 2, 1, { left, above: null }))).toEqual(['0 0 0 1']);
    expect(linesOf(traceBorders(map, 2, 1, { left: null, above: mapOf('00', '00') }))).toEqual(['0 0 2 0']);
  });

  it('treats other classes as outside', () => {
    expect(linesOf(traceBorders(mapOf('12', '12'), 2, 1, alone))).toEqual(['1 0 1 2']);
  });
});

describe('coverWithRectangles', () => {
  it('covers each pixel of the class once', () => {
    const map = mapOf('0110', '0110', '1110', '0001');
    const rectangles = coverWithRectangles(map, 4, 1);
    const painted = new Uint8Array(16);
    for (let at = 0; at < rectangles.length; at += 4) {
      const [left, top, width, height] = rectangles.slice(at, at + 4) as [number, number, number, number];
      for (let y = top; y < top + height; y++)
        for (let x = left; x < left + width; x++) painted[y * 4 + x]!++;
    }
    expect(painted).toEqual(map);
    expect(rectangles).toHaveLength(3 * 4);
  });
});

describe('halving', () => {
  it('keeps the majority of four, or the first on a tie', () => {
    const map = mapOf('0112', '1134', '2200', '3300');
    // 0111 → 1; 1234 → 1; 2233 → 2; 0000 → 0
    expect([...halveClasses(map, 4)]).toEqual([1, 1, 2, 0]);
  });

  it('finds a pair that does not include the first pixel', () => {
    expect([...halveClasses(mapOf('01', '12'), 2)]).toEqual([1]);
    expect([...halveClasses(mapOf('01', '22'), 2)]).toEqual([2]);
    expect([...halveClasses(mapOf('01', '21'), 2)]).toEqual([1]);
  });

  it('averages confidence', () => {
    expect([...halveConfidence(Uint8Array.of(10, 20, 30, 41), 2)]).toEqual([25]);
  });
});

describe('countClasses', () => {
  it('ignores pixels outside the slide', () => {
    const counts = countClasses(mapOf('011', '011', '222'), 3, 2, 2);
    expect([counts[0], counts[1], counts[2]]).toEqual([2, 2, 0]);
  });
});
