/** Cells of a map, stitched from kept slices while the map is written from the top to the bottom. Pure. */
import type { SliceMaps } from '../runtime/segmenter.ts';
import type { PlannedSlice, SlicePlan } from '../segment/grid.ts';
import { Stitcher } from '../segment/stitcher.ts';

/** Maps of a cell, `cellPx × cellPx` each, row by row. */
interface StitchedCell {
  readonly classes: Uint8Array;
  readonly confidence: Uint8Array;
}

/**
 * Stitches row after row of cells; in memory are the rows that are read, and the borders that wait for the next row's
 * slices. The result is that of a run that stitched the same slices in any other order.
 */
export class StitchedRows {
  readonly #stitcher: Stitcher;
  readonly #slices: PlannedSlice[][] = [];
  readonly #cells = new Map<number, Map<number, StitchedCell>>();
  /** Rows of slices that the stitcher has. */
  #added = 0;
  #first = 0;

  /** @param readSlice what the network gave for a slice; null where the slide could not be read. */
  constructor(
    private readonly plan: SlicePlan,
    private readonly readSlice: (slice: PlannedSlice) => SliceMaps | null,
  ) {
    this.#stitcher = new Stitcher(plan);
    for (const slice of plan.slices) (this.#slices[slice.row] ??= []).push(slice);
  }

  /**
   * A cell of the lattice; null where no slice is planned or could be read. Rows must not be read upwards.
   * @throws RangeError for a row above one that was read; what `readSlice` throws.
   */
  read(column: number, row: number): StitchedCell | null {
    if (row < this.#first) throw new RangeError(`Row ${row} has been given away: rows go down.`);
    for (; this.#first < row; this.#first++) this.#cells.delete(this.#first);
    // A row of cells is whole when the slices below it have been blended in.
    while (this.#added <= row + 1 && this.#added < this.plan.rows) this.#addRow(this.#added++);
    return this.#cells.get(row)?.get(column) ?? null;
  }

  #addRow(row: number): void {
    for (const slice of this.#slices[row] ?? []) {
      const maps = this.readSlice(slice);
      const finished = maps === null ? this.#stitcher.leaveOut(slice) : this.#stitcher.add(slice, maps);
      for (const { index, classes, confidence } of finished) {
        const place = this.plan.slices[index];
        if (place === undefined || place.row < this.#first) continue;
        const cells = this.#cells.get(place.row) ?? new Map<number, StitchedCell>();
        this.#cells.set(place.row, cells.set(place.column, { classes, confidence }));
      }
    }
  }
}
