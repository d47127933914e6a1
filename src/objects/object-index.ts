/** Finds objects by place. Pure. */
import type { MapObject } from './map-object.ts';
import type { Runs } from './runs.ts';

/** All runs of some objects by row. Building it is linear in runs. */
export class ObjectIndex {
  readonly #objects: readonly MapObject[];
  /** First run of each row; one more than there are rows. */
  readonly #firsts: Uint32Array;
  readonly #starts: Uint32Array;
  readonly #ends: Uint32Array;
  /** Number of the object of each run. */
  readonly #owners: Uint32Array;

  constructor(objects: readonly MapObject[]) {
    this.#objects = objects;
    const rows = objects.reduce((most, { box }) => Math.max(most, box.bottom), 0);
    const firsts = new Uint32Array(rows + 1);
    for (const { runs } of objects) {
      for (const row of runs.rows) firsts[row + 1] = (firsts[row + 1] ?? 0) + 1;
    }
    for (let row = 0; row < rows; row++) firsts[row + 1] = (firsts[row + 1] ?? 0) + (firsts[row] ?? 0);
    const total = firsts[rows] ?? 0;
    const [starts, ends, owners] = [new Uint32Array(total), new Uint32Array(total), new Uint32Array(total)];
    const next = firsts.slice();
    objects.forEach(({ runs }, owner) => {
      for (let i = 0; i < runs.rows.length; i++) {
        const row = runs.rows[i] ?? 0;
        const to = next[row] ?? 0;
        next[row] = to + 1;
        starts[to] = runs.starts[i] ?? 0;
        ends[to] = runs.ends[i] ?? 0;
        owners[to] = owner;
      }
    });
    this.#firsts = firsts;
    this.#starts = starts;
    this.#ends = ends;
    this.#owners = owners;
    this.#sortRows();
  }

  /** Rows hold their runs object by object so far; they are short, and mostly in order. */
  #sortRows(): void {
    const [starts, ends, owners] = [this.#starts, this.#ends, this.#owners];
    for (let row = 0; row + 1 < this.#firsts.length; row++) {
      const [from, to] = [this.#firsts[row] ?? 0, this.#firsts[row + 1] ?? 0];
      let isSorted = true;
      for (let i = from + 1; i < to && isSorted; i++) isSorted = (starts[i - 1] ?? 0) < (starts[i] ?? 0);
      if (isSorted) continue;
      const order = Array.from({ length: to - from }, (_, i) => from + i).sort(
        (one, other) => (starts[one] ?? 0) - (starts[other] ?? 0),
      );
      const copies = [starts, ends, owners].map((column) => order.map((at) => column[at] ?? 0));
      [starts, ends, owners].forEach((column, i) => column.set(copies[i] ?? [], from));
    }
  }

  /** The object at a map pixel; null where there is none. */
  at(column: number, row: number): MapObject | null {
    const run = this.#firstEndingAfter(row, column);
    if (run === null || (this.#starts[run] ?? 0) > column) return null;
    return this.#objects[this.#owners[run] ?? 0] ?? null;
  }

  /** Objects that share pixels with some runs, with the number of pixels shared. */
  overlapping(area: Pick<Runs, 'rows' | 'starts' | 'ends'>): Map<MapObject, number> {
    const byOwner = new Map<number, number>();
    for (let i = 0; i < area.rows.length; i++) {
      const [row, start, end] = [area.rows[i] ?? 0, area.starts[i] ?? 0, area.ends[i] ?? 0];
      const first = this.#firstEndingAfter(row, start);
      if (first === null) continue;
      const last = this.#firsts[row + 1] ?? 0;
      for (let run = first; run < last && (this.#starts[run] ?? 0) < end; run++) {
        const owner = this.#owners[run] ?? 0;
        const shared = Math.min(end, this.#ends[run] ?? 0) - Math.max(start, this.#starts[run] ?? 0);
        byOwner.set(owner, (byOwner.get(owner) ?? 0) + shared);
      }
    }
    const found = new Map<MapObject, number>();
    for (const [owner, shared] of byOwner) {
      const object = this.#objects[owner];
      if (object !== undefined) found.set(object, shared);
    }
    return found;
  }

  /** The first run of a row that ends to the right of a column; null without one. */
  #firstEndingAfter(row: number, column: number): number | null {
    if (row < 0 || row + 1 >= this.#firsts.length) return null;
    let [low, high] = [this.#firsts[row] ?? 0, this.#firsts[row + 1] ?? 0];
    const end = high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ends[middle] ?? 0) > column) high = middle;
      else low = middle + 1;
    }
    return low < end ? low : null;
  }
}
