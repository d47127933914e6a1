/** Reads a class map from top to bottom, a few rows at a time. Source of all exports. */
import type { SliceMaps } from '../runtime/segmenter.ts';
import type { SlideArea } from '../segment/area.ts';
import { noClass, type ClassMapGeometry, type ClassMapWindow } from '../segment/class-map.ts';
import type { PlannedSlice, SlicePlan } from '../segment/grid.ts';
import { Stitcher } from '../segment/stitch.ts';
import { areaMask } from './map-area.ts';

/** Reads the maps of a cell; null if the cell was not segmented. */
export type ReadCell = (column: number, row: number) => CellMaps | null;

/** Maps of a cell, `cellPx × cellPx` each, row by row. */
export interface CellMaps {
  readonly classes: Uint8Array;
  readonly confidence: Uint8Array;
}

/** The map of a whole slide, assembled from its cells and cropped to an area. Holds one strip in memory. */
export class MapStrips {
  /** Pixels of the whole map; the last ones may extend beyond the slide. */
  readonly width: number;
  readonly height: number;
  /** Level-0 pixels per pixel of the map, per axis. */
  readonly scale: { readonly x: number; readonly y: number };

  readonly geometry: ClassMapGeometry;
  readonly #area: SlideArea;
  readonly #readCell: ReadCell;

  constructor(geometry: ClassMapGeometry, area: SlideArea, readCell: ReadCell) {
    this.geometry = geometry;
    this.#area = area;
    this.#readCell = readCell;
    const { cellWidth, cellHeight, cellPx, slideWidth, slideHeight } = geometry;
    this.scale = { x: cellWidth / cellPx, y: cellHeight / cellPx };
    this.width = Math.ceil(slideWidth / this.scale.x);
    this.height = Math.ceil(slideHeight / this.scale.y);
  }

  /** Rows from `top` to `top + rows`, all columns; fewer at the bottom. */
  read(top: number, rows: number): ClassMapWindow {
    const { width } = this;
    const { cellPx } = this.geometry;
    const height = Math.max(0, Math.min(rows, this.height - top));
    const classes = new Uint8Array(width * height).fill(noClass);
    const confidence = new Uint8Array(width * height);
    for (let cellRow = Math.floor(top / cellPx); cellRow * cellPx < top + height; cellRow++) {
      const firstRow = Math.max(top, cellRow * cellPx);
      const endRow = Math.min(top + height, (cellRow + 1) * cellPx);
      for (let column = 0; column * cellPx < width; column++) {
        const cell = this.#readCell(column, cellRow);
        if (cell === null) continue;
        const across = Math.min(cellPx, width - column * cellPx);
        for (let y = firstRow; y < endRow; y++) {
          const from = (y - cellRow * cellPx) * cellPx;
          const to = (y - top) * width + column * cellPx;
          classes.set(cell.classes.subarray(from, from + across), to);
          confidence.set(cell.confidence.subarray(from, from + across), to);
        }
      }
    }
    const mask = areaMask(this.#area, { column: 0, row: top }, width, height, this.scale);
    mask?.forEach((inside, i) => {
      if (inside === 1) return;
      classes[i] = noClass;
      confidence[i] = 0;
    });
    return { width, height, classes, confidence };
  }
}

/**
 * Stitches cells row by row. Holds only the rows being read and the borders that wait for slices of the next row. The
 * result does not depend on the order of stitching, so it equals that of a run.
 */
export class StitchedRows {
  readonly #stitcher: Stitcher;
  readonly #slices: PlannedSlice[][] = [];
  readonly #cells = new Map<number, Map<number, CellMaps>>();
  /** Rows of slices added to the stitcher. */
  #added = 0;
  #first = 0;

  readonly #plan: SlicePlan;
  readonly #readSlice: (slice: PlannedSlice) => SliceMaps | null;

  /** @param readSlice the network's result for a slice; null if the slide could not be read there. */
  constructor(plan: SlicePlan, readSlice: (slice: PlannedSlice) => SliceMaps | null) {
    this.#plan = plan;
    this.#readSlice = readSlice;
    this.#stitcher = new Stitcher(plan);
    for (const slice of plan.slices) (this.#slices[slice.row] ??= []).push(slice);
  }

  /**
   * The maps of a cell; null if no slice was planned or could be read. Rows must be read from top to bottom.
   * @throws RangeError for a row above one already read; any error of `readSlice`.
   */
  read(column: number, row: number): CellMaps | null {
    if (row < this.#first)
      throw new RangeError(`Row ${row} is no longer in memory: read rows from top to bottom.`);
    for (; this.#first < row; this.#first++) this.#cells.delete(this.#first);
    // A row of cells is final once the slices below it have been blended in.
    while (this.#added <= row + 1 && this.#added < this.#plan.rows) this.#addRow(this.#added++);
    return this.#cells.get(row)?.get(column) ?? null;
  }

  #addRow(row: number): void {
    for (const slice of this.#slices[row] ?? []) {
      const maps = this.#readSlice(slice);
      const finished = maps === null ? this.#stitcher.skip(slice) : this.#stitcher.add(slice, maps);
      for (const cell of finished) {
        if (cell.row < this.#first) continue;
        const cells = this.#cells.get(cell.row) ?? new Map<number, CellMaps>();
        this.#cells.set(cell.row, cells.set(cell.column, cell));
      }
    }
  }
}
