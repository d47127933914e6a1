/**
 * Finds the 4-connected pieces of a class map, row by row: union-find over runs, in time linear in pixels. Tiles need no
 * joining of their own, since rows cross them; memory holds runs, never the map.
 */
import { objectOf, type MapObject } from './map-object.ts';
import { RunList, type Runs } from './runs.ts';

/**
 * What a piece is: `foreground`, touching pixels of all classes but the background, so that a gland of two classes is one
 * object; or `class`, touching pixels of one class.
 */
export type PieceKind = 'foreground' | 'class';

export interface PieceOptions {
  readonly kind: PieceKind;
  /** By class value; other values (not segmented) belong to no piece. */
  readonly classes: readonly { readonly background: boolean }[];
  /** Pixels of the smallest piece that counts. */
  readonly smallest: number;
}

export class PieceFinder {
  readonly #options: PieceOptions;
  readonly #isForeground = new Uint8Array(256);
  readonly #runs = new RunList();
  #parents = new Uint32Array(64);
  #row = 0;
  /** First run of the row above, if it is directly above. */
  #above = 0;

  constructor(options: PieceOptions) {
    this.#options = options;
    options.classes.forEach(({ background }, value) => (this.#isForeground[value] = background ? 0 : 1));
  }

  /** Leaves out rows without pieces. */
  skip(rows: number): void {
    if (rows <= 0) return;
    this.#row += rows;
    this.#above = this.#runs.count;
  }

  /** Adds the next row. @param confidence 0 to 255 each */
  row(classes: Uint8Array, confidence: Uint8Array): void {
    const isForeground = this.#isForeground;
    const runs = this.#runs;
    const joinsClasses = this.#options.kind === 'foreground';
    const first = runs.count;
    let above = this.#above;
    const width = classes.length;
    for (let start = 0; start < width;) {
      const value = classes[start] ?? 0;
      if (isForeground[value] === 0) {
        start++;
        continue;
      }
      let end = start;
      let sum = 0;
      while (end < width && classes[end] === value) sum += confidence[end++] ?? 0;
      const run = runs.count;
      this.#add(run);
      runs.push(this.#row, start, end, value, sum);
      if (joinsClasses && run > first && runs.end(run - 1) === start) this.#join(run - 1, run);
      while (above < first && runs.end(above) <= start) above++;
      for (let over = above; over < first && runs.start(over) < end; over++) {
        if (joinsClasses || runs.classOf(over) === value) this.#join(over, run);
      }
      start = end;
    }
    this.#above = first;
    this.#row++;
  }

  #add(run: number): void {
    if (run === this.#parents.length) {
      const wider = new Uint32Array(2 * run);
      wider.set(this.#parents);
      this.#parents = wider;
    }
    this.#parents[run] = run;
  }

  #root(run: number): number {
    const parents = this.#parents;
    let at = run;
    for (;;) {
      const parent = parents[at] ?? at;
      if (parent === at) return at;
      // Halves the path, so that later searches are short.
      const next = parents[parent] ?? parent;
      parents[at] = next;
      at = next;
    }
  }

  /** The earlier run stands for both, so that objects are in the order of their first pixels. */
  #join(one: number, other: number): void {
    const [root, otherRoot] = [this.#root(one), this.#root(other)];
    if (root < otherRoot) this.#parents[otherRoot] = root;
    else this.#parents[root] = otherRoot;
  }

  /** The pieces by their first pixels, from top to bottom. Ends the map. */
  finish(): MapObject[] {
    const runs = this.#runs;
    const { count, rows, starts, ends, classes, sums } = runs;
    // The piece of each run, and per piece its pixels and runs.
    const pieceOf = new Uint32Array(count);
    const pixels: number[] = [];
    const lengths: number[] = [];
    for (let run = 0; run < count; run++) {
      const root = this.#root(run);
      const piece = root === run ? pixels.length : (pieceOf[root] ?? 0);
      pieceOf[run] = piece;
      pixels[piece] = (pixels[piece] ?? 0) + (ends[run] ?? 0) - (starts[run] ?? 0);
      lengths[piece] = (lengths[piece] ?? 0) + 1;
    }
    const isKept = pixels.map((size) => size >= this.#options.smallest);
    const firsts = new Float64Array(pixels.length);
    let total = 0;
    for (let piece = 0; piece < pixels.length; piece++) {
      firsts[piece] = total;
      if (isKept[piece] === true) total += lengths[piece] ?? 0;
    }
    const sorted = {
      rows: new Uint32Array(total),
      starts: new Uint32Array(total),
      ends: new Uint32Array(total),
      classes: new Uint8Array(total),
      sums: new Uint32Array(total),
    };
    const next = firsts.slice();
    for (let run = 0; run < count; run++) {
      const piece = pieceOf[run] ?? 0;
      if (isKept[piece] !== true) continue;
      const to = next[piece] ?? 0;
      next[piece] = to + 1;
      sorted.rows[to] = rows[run] ?? 0;
      sorted.starts[to] = starts[run] ?? 0;
      sorted.ends[to] = ends[run] ?? 0;
      sorted.classes[to] = classes[run] ?? 0;
      sorted.sums[to] = sums[run] ?? 0;
    }
    const objects: MapObject[] = [];
    for (let piece = 0; piece < pixels.length; piece++) {
      if (isKept[piece] !== true) continue;
      const from = firsts[piece] ?? 0;
      const runsOf = sliceRuns(sorted, from, from + (lengths[piece] ?? 0));
      objects.push(objectOf(runsOf, this.#options.classes.length));
    }
    return objects;
  }
}

function sliceRuns({ rows, starts, ends, classes, sums }: Runs, from: number, to: number): Runs {
  return {
    rows: rows.subarray(from, to),
    starts: starts.subarray(from, to),
    ends: ends.subarray(from, to),
    classes: classes.subarray(from, to),
    sums: sums.subarray(from, to),
  };
}
