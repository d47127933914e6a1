/**
 * Pixels of a class map as runs: stretches of one class in one row. All that is asked of objects (area, overlap, outline)
 * is linear in runs, of which there are far fewer than pixels.
 */

/** Columns of equal length, ordered by row, then by start. */
export interface Runs {
  /** Row of each run, map pixels. */
  readonly rows: Uint32Array;
  readonly starts: Uint32Array;
  /** Exclusive. */
  readonly ends: Uint32Array;
  /** Class value. */
  readonly classes: Uint8Array;
  /** Sum over the run's pixels of confidence, 0 to 255 each. */
  readonly sums: Uint32Array;
}

/** Runs that are still being collected. */
export class RunList implements Runs {
  #count = 0;
  #rows = new Uint32Array(64);
  #starts = new Uint32Array(64);
  #ends = new Uint32Array(64);
  #classes = new Uint8Array(64);
  #sums = new Uint32Array(64);

  get count(): number {
    return this.#count;
  }

  get rows(): Uint32Array {
    return this.#rows.subarray(0, this.#count);
  }

  get starts(): Uint32Array {
    return this.#starts.subarray(0, this.#count);
  }

  get ends(): Uint32Array {
    return this.#ends.subarray(0, this.#count);
  }

  get classes(): Uint8Array {
    return this.#classes.subarray(0, this.#count);
  }

  get sums(): Uint32Array {
    return this.#sums.subarray(0, this.#count);
  }

  start(run: number): number {
    return this.#starts[run] ?? 0;
  }

  end(run: number): number {
    return this.#ends[run] ?? 0;
  }

  classOf(run: number): number {
    return this.#classes[run] ?? 0;
  }

  push(row: number, start: number, end: number, classValue: number, sum: number): void {
    if (this.#count === this.#rows.length) this.#grow();
    const at = this.#count++;
    this.#rows[at] = row;
    this.#starts[at] = start;
    this.#ends[at] = end;
    this.#classes[at] = classValue;
    this.#sums[at] = sum;
  }

  #grow(): void {
    const length = 2 * this.#rows.length;
    const wider = (from: Uint32Array): Uint32Array<ArrayBuffer> => {
      const to = new Uint32Array(length);
      to.set(from);
      return to;
    };
    this.#rows = wider(this.#rows);
    this.#starts = wider(this.#starts);
    this.#ends = wider(this.#ends);
    this.#sums = wider(this.#sums);
    const classes = new Uint8Array(length);
    classes.set(this.#classes);
    this.#classes = classes;
  }
}

/** Pixels that two sets of runs share. */
export function sharedPixels(
  one: Pick<Runs, 'rows' | 'starts' | 'ends'>,
  other: Pick<Runs, 'rows' | 'starts' | 'ends'>,
): number {
  let shared = 0;
  for (let i = 0, j = 0; i < one.rows.length && j < other.rows.length;) {
    const byRow = (one.rows[i] ?? 0) - (other.rows[j] ?? 0);
    const [end, otherEnd] = [one.ends[i] ?? 0, other.ends[j] ?? 0];
    if (byRow === 0) {
      const from = Math.max(one.starts[i] ?? 0, other.starts[j] ?? 0);
      shared += Math.max(0, Math.min(end, otherEnd) - from);
    }
    if (byRow < 0 || (byRow === 0 && end <= otherEnd)) i++;
    else j++;
  }
  return shared;
}

/** All runs of several disjoint sets, in order. */
export function joinRuns(parts: readonly Runs[]): Runs {
  const order = parts
    .flatMap((runs) => Array.from(runs.rows, (row, at) => ({ row, start: runs.starts[at] ?? 0, runs, at })))
    .sort((one, other) => one.row - other.row || one.start - other.start);
  const joined = new RunList();
  for (const { row, start, runs, at } of order) {
    joined.push(row, start, runs.ends[at] ?? 0, runs.classes[at] ?? 0, runs.sums[at] ?? 0);
  }
  return joined;
}
