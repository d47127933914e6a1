/**
 * Traces the borders between classes row by row: the one place where shapes are found in class maps. Outlines
 * drawn on the slide (src/app/overlay) and polygons written to files (`trace-polygons.ts`) both come from
 * here.
 */

/** One complete 4-connected piece of a class. */
export interface TracedPiece {
  readonly value: number;
  /**
   * Its border along pixel edges: x1, y1, x2, y2 of each straight line, as long as possible, directed so that
   * the piece is on its right (y downwards). Outlines run clockwise on screen, holes anticlockwise.
   */
  readonly lines: readonly number[];
}

interface Piece {
  readonly value: number;
  parent: Piece | null;
  lines: number[];
  lastRow: number;
}

/** Pixels `start` up to `end` (exclusive) of one row. */
interface Run {
  readonly start: number;
  readonly end: number;
  readonly value: number;
  readonly piece: Piece;
  /** Row at which the straight line at its left, or right, end begins. */
  leftSince: number;
  rightSince: number;
}

/**
 * Takes the rows of a map from the top and emits every piece as soon as it is complete. It holds only the
 * borders of pieces that reach the current row, not the map, so it can trace slides of any height.
 */
export class BorderTracer {
  #above: Run[] = [];
  #y = 0;
  readonly #isTraced: (value: number) => boolean;
  readonly #onPiece: (piece: TracedPiece) => void;

  /**
   * @param isTraced whether pixels of a value belong to pieces; everything else is outside, as is the area
   * around the map.
   * @param onPiece called with each piece, in the order in which they end.
   */
  constructor(isTraced: (value: number) => boolean, onPiece: (piece: TracedPiece) => void) {
    this.#isTraced = isTraced;
    this.#onPiece = onPiece;
  }

  /** Adds the next row; every row has the same length. */
  row(values: Uint8Array): void {
    this.#next(this.#runsOf(values));
  }

  /** Ends the map and emits the pieces that touch its last row. */
  finish(): void {
    this.#next([]);
    this.#above = [];
    this.#y = 0;
  }

  #runsOf(values: Uint8Array): Run[] {
    const y = this.#y;
    const above = this.#above;
    const runs: Run[] = [];
    // The first run above that ends to the right of the current position.
    let first = 0;
    for (let start = 0; start < values.length;) {
      const value = values[start] ?? 0;
      let end = start + 1;
      while (end < values.length && values[end] === value) end++;
      if (this.#isTraced(value)) {
        let piece: Piece | null = null;
        let leftSince = y;
        let rightSince = y;
        while (first < above.length && (above[first]?.end ?? 0) <= start) first++;
        for (let i = first; i < above.length; i++) {
          const run = above[i];
          if (run === undefined || run.start >= end) break;
          if (run.value !== value) continue;
          piece = piece === null ? rootOf(run.piece) : join(piece, run.piece);
          if (run.start === start) leftSince = run.leftSince;
          if (run.end === end) rightSince = run.rightSince;
        }
        piece ??= { value, parent: null, lines: [], lastRow: y };
        piece.lastRow = y;
        runs.push({ start, end, value, piece, leftSince, rightSince });
      }
      start = end;
    }
    return runs;
  }

  #next(runs: Run[]): void {
    const y = this.#y;
    const above = this.#above;
    // Lines above the new runs, and below those of the previous row.
    eachUncovered(runs, above, (run, from, to) => rootOf(run.piece).lines.push(from, y, to, y));
    eachUncovered(above, runs, (run, from, to) => rootOf(run.piece).lines.push(to, y, from, y));
    // Vertical lines that end here.
    let at = 0;
    for (const run of above) {
      while (at < runs.length && (runs[at]?.end ?? 0) <= run.start) at++;
      let leftGoesOn = false;
      let rightGoesOn = false;
      for (let i = at; i < runs.length; i++) {
        const next = runs[i];
        if (next === undefined || next.start >= run.end) break;
        if (next.value !== run.value) continue;
        leftGoesOn ||= next.start === run.start;
        rightGoesOn ||= next.end === run.end;
      }
      const { lines } = rootOf(run.piece);
      if (!leftGoesOn) lines.push(run.start, y, run.start, run.leftSince);
      if (!rightGoesOn) lines.push(run.end, run.rightSince, run.end, y);
    }
    for (const run of above) {
      const root = rootOf(run.piece);
      if (root.lastRow === y || root.lines.length === 0) continue;
      this.#onPiece({ value: root.value, lines: root.lines });
      // Other runs of the row belong to the same piece.
      root.lines = [];
    }
    this.#above = runs;
    this.#y++;
  }
}

/**
 * Parts of each of `runs` that no run of the same value in `others` covers. Both are ordered from left to
 * right.
 */
function eachUncovered(
  runs: readonly Run[],
  others: readonly Run[],
  visit: (run: Run, from: number, to: number) => void,
): void {
  let first = 0;
  for (const run of runs) {
    while (first < others.length && (others[first]?.end ?? 0) <= run.start) first++;
    let from = run.start;
    for (let i = first; i < others.length; i++) {
      const other = others[i];
      if (other === undefined || other.start >= run.end) break;
      if (other.value !== run.value) continue;
      if (other.start > from) visit(run, from, other.start);
      from = other.end;
    }
    if (from < run.end) visit(run, from, run.end);
  }
}

function rootOf(piece: Piece): Piece {
  let root = piece;
  while (root.parent !== null) root = root.parent;
  // Path compression.
  for (let at = piece; at.parent !== null;) {
    const { parent } = at;
    if (parent !== root) at.parent = root;
    at = parent;
  }
  return root;
}

/** Merges two pieces of one class; the one with more lines absorbs the other's. */
function join(a: Piece, b: Piece): Piece {
  const first = rootOf(a);
  const second = rootOf(b);
  if (first === second) return first;
  const [big, small] = first.lines.length >= second.lines.length ? [first, second] : [second, first];
  for (const value of small.lines) big.lines.push(value);
  small.lines = [];
  small.parent = big;
  return big;
}
