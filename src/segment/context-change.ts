/**
 * What the context changed: the same place segmented with its context and without, pixel by pixel. Both passes are runs of
 * their own with the same grid (`withoutContext` of a request), so their cells match one to one.
 */
import type { Cell } from './run-progress.ts';

export interface ContextChange {
  readonly column: number;
  readonly row: number;
  readonly size: number;
  /** [size, size], 1 where the class differs. */
  readonly changed: Uint8Array<ArrayBuffer>;
  /** Share of pixels whose class differs. */
  readonly share: number;
  /** Class and its probability, 0 to 255, of either pass, [size, size] each. */
  readonly withContext: Pick<Cell, 'classes' | 'confidence'>;
  readonly without: Pick<Cell, 'classes' | 'confidence'>;
}

/** @throws RangeError when the cells are not the same place at the same size. */
export function contextChange(withContext: Cell, without: Cell): ContextChange {
  const { column, row, size } = withContext;
  if (column !== without.column || row !== without.row || size !== without.size) {
    throw new RangeError(
      `The cells are of different places: column ${column}, row ${row} and column ${without.column}, row ${without.row}.`,
    );
  }
  const changed = withContext.classes.map((value, pixel) => (value === without.classes[pixel] ? 0 : 1));
  const count = changed.reduce((sum, value) => sum + value, 0);
  return { column, row, size, changed, share: count / changed.length, withContext, without };
}
