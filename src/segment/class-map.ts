/** The stitched result of a slide so far: class and confidence at slice resolution. */
import type { Level0Rect } from '../slide/slide.ts';
import type { SlicePlan } from './grid.ts';
import type { Cell } from './run-progress.ts';

/** Class value of a pixel that has not been segmented, or is outside the slide. */
export const noClass = 255;

/** Maps of a rectangle, row by row; `width * height` values each. */
export interface ClassMapWindow {
  readonly width: number;
  readonly height: number;
  /** Class values; `noClass` where not segmented. */
  readonly classes: Uint8Array<ArrayBuffer>;
  /** 0 to 255; 0 where not segmented. */
  readonly confidence: Uint8Array<ArrayBuffer>;
}

interface Tile {
  readonly classes: Uint8Array;
  readonly confidence: Uint8Array;
}

/** The part of a plan that defines the map; structured-cloneable. */
export type ClassMapGeometry = Pick<
  SlicePlan,
  'slideWidth' | 'slideHeight' | 'columns' | 'rows' | 'cellWidth' | 'cellHeight' | 'cellPx'
>;

/** Sparse: stores each finished cell by reference, without copying. */
export class ClassMap {
  readonly geometry: ClassMapGeometry;
  /** Pixels of the whole map; the last ones may extend beyond the slide. */
  readonly width: number;
  readonly height: number;
  /** Level-0 pixels per pixel of the map, per axis. */
  readonly scaleX: number;
  readonly scaleY: number;
  readonly #tiles = new Map<number, Tile>();

  constructor(geometry: ClassMapGeometry) {
    this.geometry = geometry;
    this.scaleX = geometry.cellWidth / geometry.cellPx;
    this.scaleY = geometry.cellHeight / geometry.cellPx;
    this.width = Math.ceil(geometry.slideWidth / this.scaleX);
    this.height = Math.ceil(geometry.slideHeight / this.scaleY);
  }

  /** Number of finished cells. */
  get size(): number {
    return this.#tiles.size;
  }

  /** Adds or replaces a cell. @throws RangeError if it is not a cell of the plan. */
  put(cell: Omit<Cell, 'rect'>): void {
    const { columns, rows, cellPx } = this.geometry;
    const { column, row } = cell;
    const inside = column >= 0 && row >= 0 && column < columns && row < rows;
    if (!inside || cell.size !== cellPx || cell.classes.length !== cellPx * cellPx) {
      throw new RangeError(
        `Not a cell of the plan: column ${column}, row ${row}, ${cell.classes.length} pixels of side ${cell.size}.`,
      );
    }
    this.#tiles.set(row * columns + column, cell);
  }

  /** Class and confidence at a level-0 point; null where not segmented. */
  classAt(x: number, y: number): { readonly classValue: number; readonly confidence: number } | null {
    const { slideWidth, slideHeight, columns, cellPx } = this.geometry;
    if (!(x >= 0 && y >= 0 && x < slideWidth && y < slideHeight)) return null;
    const column = Math.floor(x / this.scaleX);
    const row = Math.floor(y / this.scaleY);
    const tile = this.#tiles.get(Math.floor(row / cellPx) * columns + Math.floor(column / cellPx));
    const place = (row % cellPx) * cellPx + (column % cellPx);
    const classValue = tile?.classes[place];
    return classValue === undefined ? null : { classValue, confidence: tile?.confidence[place] ?? 0 };
  }

  /**
   * The maps of a level-0 rectangle, resampled to `width × height` by nearest neighbour of pixel centres. The whole map at
   * full resolution is `read(map.extent, map.width, map.height)`.
   */
  read(rect: Level0Rect, width: number, height: number): ClassMapWindow {
    const { slideWidth, slideHeight, columns, cellPx } = this.geometry;
    const classes = new Uint8Array(width * height).fill(noClass);
    const confidence = new Uint8Array(width * height);
    // The map column of each window column; -1 outside the slide.
    const under = new Int32Array(width);
    for (let i = 0; i < width; i++) {
      const x = rect.x + ((i + 0.5) * rect.width) / width;
      under[i] = x >= 0 && x < slideWidth ? Math.floor(x / this.scaleX) : -1;
    }
    for (let j = 0; j < height; j++) {
      const y = rect.y + ((j + 0.5) * rect.height) / height;
      if (!(y >= 0 && y < slideHeight)) continue;
      const row = Math.floor(y / this.scaleY);
      const firstTile = Math.floor(row / cellPx) * columns;
      const firstPlace = (row % cellPx) * cellPx;
      let tileColumn = -1;
      let tile: Tile | undefined;
      for (let i = 0; i < width; i++) {
        const column = under[i] ?? -1;
        if (column < 0) continue;
        const nextColumn = Math.floor(column / cellPx);
        if (nextColumn !== tileColumn) {
          tileColumn = nextColumn;
          tile = this.#tiles.get(firstTile + tileColumn);
        }
        if (tile === undefined) continue;
        const place = firstPlace + (column % cellPx);
        classes[j * width + i] = tile.classes[place] ?? noClass;
        confidence[j * width + i] = tile.confidence[place] ?? 0;
      }
    }
    return { width, height, classes, confidence };
  }

  /** The extent of the whole map, level-0 pixels: the slide, rounded up to whole map pixels. */
  get extent(): Level0Rect {
    return { x: 0, y: 0, width: this.width * this.scaleX, height: this.height * this.scaleY };
  }
}
