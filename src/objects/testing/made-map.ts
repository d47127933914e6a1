/** Small class maps for tests. */
import { PieceFinder, type PieceOptions } from '../find-pieces.ts';
import type { MapObject } from '../map-object.ts';

export interface MadeMap {
  readonly width: number;
  readonly classes: Uint8Array;
  readonly confidence: Uint8Array;
}

/** A map drawn with digits, its class values; a space is class 0. Confidence is 200 everywhere. */
export function mapRows(rows: readonly string[]): MadeMap {
  const text = rows.join('');
  return {
    width: rows[0]?.length ?? 0,
    classes: Uint8Array.from(text, (letter) => Number(letter)),
    confidence: new Uint8Array(text.length).fill(200),
  };
}

export function objectsOfRows({ width, classes, confidence }: MadeMap, options: PieceOptions): MapObject[] {
  const finder = new PieceFinder(options);
  for (let at = 0; at < classes.length; at += width) {
    finder.row(classes.subarray(at, at + width), confidence.subarray(at, at + width));
  }
  return finder.finish();
}

/** The pixels of an object drawn as `mapRows` reads them. */
export function drawn({ runs, box }: MapObject): string[] {
  const rows = Array.from({ length: box.bottom - box.top }, () =>
    Array<string>(box.right - box.left).fill(' '),
  );
  runs.rows.forEach((row, i) => {
    for (let x = runs.starts[i] ?? 0; x < (runs.ends[i] ?? 0); x++) {
      (rows[row - box.top] ?? [])[x - box.left] = String(runs.classes[i]);
    }
  });
  return rows.map((row) => row.join('').trimEnd());
}
