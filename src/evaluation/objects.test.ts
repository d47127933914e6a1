import { describe, expect, it } from 'vitest';
import { squaredDistances } from './distance-transform.ts';
import { addObjects, noObjects, objectFigures, objectsOf } from './objects.ts';

/** A mask from rows of text; '.' is outside. */
function mask(...rows: string[]): { data: Uint8Array; width: number; height: number } {
  const width = rows[0]!.length;
  return { data: Uint8Array.from(rows.join(''), (c) => (c === '.' ? 0 : 1)), width, height: rows.length };
}
const objects = (...rows: string[]) => {
  const { data, width, height } = mask(...rows);
  return objectsOf(data, width, height);
};
const compared = (truth: string[], predicted: string[], umPerPx = 1) => {
  const counts = noObjects();
  addObjects(counts, objects(...truth), objects(...predicted), umPerPx);
  return { counts, figures: objectFigures(counts) };
};

describe('squaredDistances', () => {
  it('equals the nearest pixel found by trying all', () => {
    let state = 1;
    const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
    for (const [width, height] of [
      [13, 7],
      [1, 9],
      [16, 16],
    ] as const) {
      for (const share of [0.01, 0.1, 0.6]) {
        const data = Uint8Array.from({ length: width * height }, () => (random() < share ? 1 : 0));
        const expected = Array.from(data, (_, i) => {
          let best = Infinity;
          data.forEach((value, k) => {
            const [dx, dy] = [(i % width) - (k % width), Math.floor(i / width) - Math.floor(k / width)];
            if (value !== 0) best = Math.min(best, dx * dx + dy * dy);
          });
          return best;
        });
        expect([...squaredDistances(data, width, height)]).toEqual(expected);
      }
    }
  });
});

describe('objectsOf', () => {
  it('joins pixels that touch at a corner, and drops small pieces', () => {
    const { data, width, height } = mask('##..#', '..#..', '.....', 'xx..x');
    expect(objectsOf(data, width, height).areas).toEqual([3, 1, 2, 1]);
    expect(objectsOf(data, width, height, 2).areas).toEqual([3, 2]);
    expect([...objectsOf(data, width, height, 2).labels].filter((label) => label > 0)).toEqual([
      1, 1, 1, 2, 2,
    ]);
  });
});

describe('the measures of the GlaS contest', () => {
  it('are perfect for equal maps', () => {
    const rows = ['##...##', '##...##', '.......'];
    expect(compared(rows, rows).figures).toEqual({ f1: 1, dice: 1, hausdorff: 0 });
  });

  // Worked out by hand: truth A (4 pixels) and B (2), prediction P (3 of A's, 1 outside) and Q (apart).
  const truth = ['AA....B', 'AA....B', '.......', '.......'];
  const predicted = ['PP.....', '.P.....', '.P.....', '....Q..'];

  it('F1: more than half of a true object covered by its prediction', () => {
    const { counts, figures } = compared(truth, predicted);
    expect([counts.truePositives, counts.falsePositives, counts.falseNegatives]).toEqual([1, 1, 1]);
    expect(figures.f1).toBeCloseTo(0.5, 12);
  });

  it('object Dice, weighted by area on both sides', () => {
    // A and P: 2 · 3 / (4 + 4); B and Q have no partner. Weights: A 4 of 6, P 4 of 5.
    expect(compared(truth, predicted).figures.dice).toBeCloseTo(((4 / 6) * 0.75 + (4 / 5) * 0.75) / 2, 12);
  });

  it('object Hausdorff, to the nearest object where none overlaps', () => {
    // A to P: (0,1) is 1 away, and P's (1,2) is 1 below A: 1. B to P: B's (6,0) is 5 from (1,0), (6,1) is 5; P's (0,0) is 6
    // from B, and (1,2) is √26 from (6,1). B to Q: (6,0) to (4,3) is √13. The nearest object of B is Q: √13.
    // Q to A: (4,3) to (1,1) is √13, back (0,0) is 5. Q to B: √13. So Q's is √13.
    const expected = ((4 * 1 + 2 * Math.sqrt(13)) / 6 + (4 * 1 + 1 * Math.sqrt(13)) / 5) / 2;
    expect(compared(truth, predicted).figures.hausdorff).toBeCloseTo(expected, 12);
    expect(compared(truth, predicted, 0.5).figures.hausdorff).toBeCloseTo(expected / 2, 12);
    expect(compared(truth, predicted, 0.5).figures.dice).toBeCloseTo(
      compared(truth, predicted).figures.dice!,
      12,
    );
  });

  it('counts a gland that is split as one hit and a false positive, and two that are merged as one missed', () => {
    const whole = ['########', '########'];
    const split = ['#####.##', '#####.##'];
    expect(compared(whole, split).counts).toMatchObject({
      truePositives: 1,
      falsePositives: 1,
      falseNegatives: 0,
    });
    expect(compared(split, whole).counts).toMatchObject({
      truePositives: 1,
      falsePositives: 0,
      falseNegatives: 1,
    });
  });

  it('does without objects', () => {
    const none = ['....', '....'];
    expect(compared(none, none).figures).toEqual({ f1: null, dice: null, hausdorff: null });
    expect(compared(none, ['##..', '....']).figures).toEqual({ f1: 0, dice: 0, hausdorff: null });
  });
});
