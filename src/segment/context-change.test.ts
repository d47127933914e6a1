import { expect, it } from 'vitest';
import { contextChange } from './context-change.ts';
import type { Cell } from './run-progress.ts';

const cell = (classes: number[], confidence: number[], column = 3): Cell => ({
  column,
  row: 5,
  rect: { x: 0, y: 0, width: 8, height: 8 },
  size: 2,
  classes: Uint8Array.from(classes),
  confidence: Uint8Array.from(confidence),
});

it('marks the pixels whose class the context changed, and keeps how sure each pass was', () => {
  const change = contextChange(
    cell([0, 1, 2, 2], [200, 180, 90, 255]),
    cell([0, 2, 2, 1], [100, 140, 80, 130]),
  );
  expect([...change.changed]).toEqual([0, 1, 0, 1]);
  expect(change).toMatchObject({ column: 3, row: 5, size: 2, share: 0.5 });
  expect([...change.withContext.confidence]).toEqual([200, 180, 90, 255]);
  expect([...change.without.classes]).toEqual([0, 2, 2, 1]);
});

it('refuses cells of different places', () => {
  expect(() => contextChange(cell([0, 0, 0, 0], [0, 0, 0, 0]), cell([0, 0, 0, 0], [0, 0, 0, 0], 4))).toThrow(
    /column 4/,
  );
});
