import { describe, expect, it } from 'vitest';
import { countClasses, halveClasses, halveConfidence } from './class-regions.ts';

/** Parses a map from a drawing. */
function mapOf(...rows: string[]): Uint8Array {
  return Uint8Array.from(rows.join(''), Number);
}

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
