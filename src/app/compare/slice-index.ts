/** Slices by place. */
import { intersection } from '../../base/rect.ts';
import type { Level0Rect } from '../../slide/slide.ts';
import type { StoredSlice } from '../overlay/class-map-store.ts';

/** Spatial index of slices, to find those that intersect a rectangle. */
export class SliceIndex {
  readonly #cells = new Map<string, StoredSlice[]>();
  /** Side of a cell: the width of a slice. */
  readonly #side: number;

  constructor(slices: Iterable<StoredSlice>) {
    const list = [...slices];
    this.#side = Math.max(1, list[0]?.rect.width ?? 1);
    for (const slice of list) {
      for (const cell of this.#cellsOf(slice.rect)) {
        const known = this.#cells.get(cell);
        if (known === undefined) this.#cells.set(cell, [slice]);
        else known.push(slice);
      }
    }
  }

  intersecting(rect: Level0Rect): StoredSlice[] {
    const found = new Set(this.#cellsOf(rect).flatMap((cell) => this.#cells.get(cell) ?? []));
    return [...found].filter((slice) => intersection(slice.rect, rect) !== null);
  }

  #cellsOf({ x, y, width, height }: Level0Rect): string[] {
    const cells: string[] = [];
    const side = this.#side;
    for (let row = Math.floor(y / side); row * side < y + height; row++) {
      for (let column = Math.floor(x / side); column * side < x + width; column++) {
        cells.push(`${column},${row}`);
      }
    }
    return cells;
  }
}
