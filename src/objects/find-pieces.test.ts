import { inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { PieceFinder, type PieceKind } from './find-pieces.ts';
import golden from './golden/objects.json' with { type: 'json' };
import type { MapObject } from './map-object.ts';
import { mapRows, objectsOfRows, type MadeMap } from './testing/made-map.ts';

const unpacked = (text: string): Uint8Array => new Uint8Array(inflateSync(Buffer.from(text, 'base64')));
const map: MadeMap = {
  width: golden.width,
  classes: unpacked(golden.classes),
  confidence: unpacked(golden.confidence),
};
const classes = [true, false, false, false].map((background) => ({ background }));

const find = (kind: PieceKind, smallest = 1): MapObject[] => objectsOfRows(map, { kind, classes, smallest });

const measured = (objects: readonly MapObject[]): unknown[] =>
  objects
    .map(({ pixels, box: { left, top, right, bottom }, confidence, mix }) => ({
      pixels,
      box: [left, top, right, bottom],
      confidenceSum: Math.round(confidence * 255 * pixels),
      pixelsByClass: [...mix].map((share) => Math.round(share * pixels)),
    }))
    .sort(byText);
const expected = (objects: typeof golden.foreground): unknown[] => [...objects].sort(byText);
const byText = (one: unknown, other: unknown): number =>
  JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;

describe('pieces of a class map', () => {
  it('are those of SciPy, with the measures of scikit-image, for all classes together', () => {
    expect(golden.foreground.length).toBeGreaterThan(10);
    expect(measured(find('foreground'))).toEqual(expected(golden.foreground));
  });

  it('are those of SciPy for each class', () => {
    expect(golden.byClass.length).toBeGreaterThan(golden.foreground.length);
    expect(measured(find('class'))).toEqual(expected(golden.byClass));
  });

  it('leave out small ones, and come by their first pixels', () => {
    const objects = find('foreground', 40);
    expect(objects.map(({ pixels }) => pixels).sort((one, other) => one - other)).toEqual(
      golden.foreground
        .map(({ pixels }) => pixels)
        .filter((pixels) => pixels >= 40)
        .sort((one, other) => one - other),
    );
    const keys = objects.map(({ key }) => key);
    expect(keys).toEqual([...keys].sort((one, other) => one - other));
  });

  it('do not join over rows that were skipped', () => {
    const finder = new PieceFinder({ kind: 'foreground', classes, smallest: 1 });
    const row = Uint8Array.of(0, 1, 1);
    finder.row(row, row);
    finder.skip(1);
    finder.row(row, row);
    expect(finder.finish().map(({ box }) => [box.top, box.bottom])).toEqual([
      [0, 1],
      [2, 3],
    ]);
  });

  it('join arms that meet later: a spiral is one piece', () => {
    const spiral = mapRows(['1111111', '1     1', '1 111 1', '1 1   1', '1 11111', '1      ', '1111111']);
    expect(objectsOfRows(spiral, { kind: 'foreground', classes, smallest: 1 })).toHaveLength(1);
  });
});
