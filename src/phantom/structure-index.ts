import type { Outline } from './outline.ts';

const cellSize = 400;

export interface NearStructures {
  readonly lobules: Outline[];
  readonly nested: Outline[];
}

/**
 * Finds the structures around a point: a hash of square cells, each listing the structures that reach into
 * it.
 */
export class StructureIndex {
  readonly #cells = new Map<number, NearStructures>();

  constructor(lobules: readonly Outline[], nested: readonly Outline[]) {
    for (const outline of lobules) this.#insert(outline, 'lobules');
    for (const outline of nested) this.#insert(outline, 'nested');
  }

  /** Structures whose outline may come within about 60 µm of the point (µm); undefined when none. */
  at(x: number, y: number): NearStructures | undefined {
    return this.#cells.get(key(Math.floor(x / cellSize), Math.floor(y / cellSize)));
  }

  #insert(outline: Outline, kind: keyof NearStructures): void {
    const reach = outline.reach + 60;
    const right = Math.floor((outline.x + reach) / cellSize);
    const bottom = Math.floor((outline.y + reach) / cellSize);
    for (let row = Math.floor((outline.y - reach) / cellSize); row <= bottom; row++) {
      for (let column = Math.floor((outline.x - reach) / cellSize); column <= right; column++) {
        const k = key(column, row);
        let cell = this.#cells.get(k);
        if (!cell) this.#cells.set(k, (cell = { lobules: [], nested: [] }));
        cell[kind].push(outline);
      }
    }
  }
}

function key(column: number, row: number): number {
  return (row + 32768) * 65536 + column + 32768;
}
