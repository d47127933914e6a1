/**
 * Puts finished slices together. Without overlap a slice's maps are its cell's. With overlap neighbouring
 * slices have a band in common, twice the margin wide; there, the log-probabilities (logits, but for a constant)
 * of the two slices, in corners four, are blended with weights that go from one slice to the other (`blend.ts`).
 * Blending probabilities would not do: where two sure slices disagree, it changes class where the weights
 * are equal, which is the border itself. Measured in docs/decisions.md.
 *
 * All sums are of integers, so the result does not depend on the order in which slices finish. What is kept:
 * the bands of slices whose neighbours are still to come, and the cells that wait for such a band.
 */
import type { SliceMaps } from '../runtime/segmenter.ts';
import { blend, type PieceMaps, type Place } from './blend.ts';
import { ModelError } from '../runtime/manifest.ts';
import type { Level0Rect } from '../slide/slide.ts';
import type { PlannedSlice, SlicePlan } from './grid.ts';

/** One finished slice: its cell of the slide and the maps of that cell, `size × size`, row by row. */
export interface FinishedSlice {
  readonly index: number;
  readonly rect: Level0Rect;
  readonly size: number;
  readonly classes: Uint8Array<ArrayBuffer>;
  readonly confidence: Uint8Array<ArrayBuffer>;
}

/**
 * The lattice of cells is cut along the bands: on each axis, even positions are bands round a cell's border,
 * odd ones the middles of cells. Column c has the positions 2c, 2c + 1 and 2c + 2.
 */
interface Piece {
  /** Slices that are planned here, and how many of them are still to come. */
  readonly slices: readonly PlannedSlice[];
  waiting: number;
  contributions: Contribution[];
}

interface Contribution {
  readonly slice: PlannedSlice;
  readonly maps: PieceMaps;
  /** Log-probabilities, `width × height × classes`; null for a piece of one slice alone. */
  readonly bytes: Uint8Array | null;
}

interface Cell {
  readonly classes: Uint8Array<ArrayBuffer>;
  readonly confidence: Uint8Array<ArrayBuffer>;
  /** Pieces that are not final yet, of nine. */
  waiting: number;
}

export class Stitcher {
  readonly #plan: SlicePlan;
  readonly #byPlace = new Map<number, PlannedSlice>();
  readonly #pieces = new Map<number, Piece>();
  readonly #cells = new Map<number, Cell>();

  constructor(plan: SlicePlan) {
    this.#plan = plan;
    if (plan.marginPx > 0) {
      for (const slice of plan.slices) this.#byPlace.set(slice.row * plan.columns + slice.column, slice);
    }
  }

  /** Whether slices must come with log-probabilities. */
  get blends(): boolean {
    return this.#plan.marginPx > 0;
  }

  /** Bytes that wait for a neighbour. */
  get pendingBytes(): number {
    let bytes = 0;
    for (const { contributions } of this.#pieces.values()) {
      for (const { maps, bytes: shared } of contributions) {
        bytes += 2 * maps.classes.length + (shared?.length ?? 0);
      }
    }
    return bytes + this.#cells.size * 2 * this.#plan.cellPx ** 2;
  }

  /**
   * Adds the network's result of a slice, once. Returns the cells that are final by it, in the plan's order.
   * @throws ModelError `bad-input` when log-probabilities are needed and missing.
   */
  add(slice: PlannedSlice, maps: SliceMaps): FinishedSlice[] {
    const { marginPx, cellPx } = this.#plan;
    if (marginPx === 0) {
      const { classes, confidence } = maps;
      return [{ index: slice.index, rect: slice.cell, size: cellPx, classes, confidence }];
    }
    if (maps.logProbabilities === undefined) {
      throw new ModelError(
        'bad-input',
        'segmenter',
        'Slices overlap, but the network gives no log-probabilities to blend them by.',
        'Segment without overlap.',
      );
    }
    const finished: FinishedSlice[] = [];
    const pixels = cellPx * cellPx;
    this.#cells.set(slice.index, {
      classes: new Uint8Array(pixels),
      confidence: new Uint8Array(pixels),
      waiting: 9,
    });
    for (const { u, v } of positionsOf(slice)) {
      const key = this.#keyOf(u, v);
      const piece = this.#pieceAt(u, v, key);
      const shared = piece.slices.length > 1;
      piece.waiting--;
      piece.contributions.push(this.#cut(slice, maps, u, v, shared));
      if (piece.waiting === 0) this.#settle(u, v, key, piece, finished);
    }
    return finished.sort((a, b) => a.index - b.index);
  }

  /** Says that a slice will never come. Returns the cells that need not wait for it any more. */
  leaveOut(slice: PlannedSlice): FinishedSlice[] {
    if (this.#plan.marginPx === 0) return [];
    const finished: FinishedSlice[] = [];
    for (const { u, v } of positionsOf(slice)) {
      const key = this.#keyOf(u, v);
      const piece = this.#pieceAt(u, v, key);
      piece.waiting--;
      if (piece.waiting === 0) this.#settle(u, v, key, piece, finished);
    }
    return finished.sort((a, b) => a.index - b.index);
  }

  /** The cells of slices that came, blended with what there is: for a run that ends early. */
  flush(): FinishedSlice[] {
    const finished: FinishedSlice[] = [];
    for (const [key, piece] of [...this.#pieces]) {
      if (piece.contributions.length === 0) continue;
      const across = 2 * this.#plan.columns + 1;
      this.#settle(key % across, Math.floor(key / across), key, piece, finished);
    }
    return finished.sort((a, b) => a.index - b.index);
  }

  #keyOf(u: number, v: number): number {
    return v * (2 * this.#plan.columns + 1) + u;
  }

  #pieceAt(u: number, v: number, key: number): Piece {
    const known = this.#pieces.get(key);
    if (known !== undefined) return known;
    const slices = this.#slicesAt(u, v);
    const piece: Piece = { slices, waiting: slices.length, contributions: [] };
    this.#pieces.set(key, piece);
    return piece;
  }

  /** The planned slices that cover a piece, in a fixed order. */
  #slicesAt(u: number, v: number): PlannedSlice[] {
    const { columns, rows } = this.#plan;
    const slices: PlannedSlice[] = [];
    for (const row of cellsAt(v, rows)) {
      for (const column of cellsAt(u, columns)) {
        const slice = this.#byPlace.get(row * columns + column);
        if (slice !== undefined) slices.push(slice);
      }
    }
    return slices;
  }

  /** Side of a piece on one axis, map pixels. */
  #side(position: number): number {
    const { sizePx, marginPx } = this.#plan;
    return position % 2 === 0 ? 2 * marginPx : sizePx - 4 * marginPx;
  }

  /** The part of a slice's maps that lies in a piece. */
  #cut(slice: PlannedSlice, maps: SliceMaps, u: number, v: number, shared: boolean): Contribution {
    const { sizePx, marginPx } = this.#plan;
    const start = (place: number): number => [0, 2 * marginPx, sizePx - 2 * marginPx][place] ?? 0;
    const left = start(u - 2 * slice.column);
    const top = start(v - 2 * slice.row);
    const width = this.#side(u);
    const height = this.#side(v);
    const block = (from: Uint8Array, bytes: number): Uint8Array => {
      const to = new Uint8Array(width * height * bytes);
      for (let y = 0; y < height; y++) {
        const first = ((top + y) * sizePx + left) * bytes;
        to.set(from.subarray(first, first + width * bytes), y * width * bytes);
      }
      return to;
    };
    const { logProbabilities } = maps;
    if (shared && logProbabilities !== undefined) {
      const none = new Uint8Array(0);
      const depth = logProbabilities.length / (sizePx * sizePx);
      return {
        slice,
        maps: { width, height, classes: none, confidence: none },
        bytes: block(logProbabilities, depth),
      };
    }
    return {
      slice,
      maps: { width, height, classes: block(maps.classes, 1), confidence: block(maps.confidence, 1) },
      bytes: null,
    };
  }

  /** Works out a piece and writes it into the cells it lies in. */
  #settle(u: number, v: number, key: number, piece: Piece, finished: FinishedSlice[]): void {
    this.#pieces.delete(key);
    const [first] = piece.contributions;
    if (first === undefined) return;
    const maps = first.bytes === null ? first.maps : this.#blend(u, v, piece.contributions);
    for (const slice of piece.slices) {
      // A slice that was left out, or has not come before the end, has no cell.
      const cell = this.#cells.get(slice.index);
      if (cell === undefined) continue;
      this.#write(cell, maps, u - 2 * slice.column, v - 2 * slice.row);
      cell.waiting--;
      if (cell.waiting > 0) continue;
      this.#cells.delete(slice.index);
      const { classes, confidence } = cell;
      finished.push({ index: slice.index, rect: slice.cell, size: this.#plan.cellPx, classes, confidence });
    }
  }

  #blend(u: number, v: number, contributions: readonly Contribution[]): PieceMaps {
    const layers = contributions.flatMap(({ slice, bytes }) =>
      bytes === null
        ? []
        : [{ bytes, across: (u - 2 * slice.column) as Place, down: (v - 2 * slice.row) as Place }],
    );
    return blend(this.#side(u), this.#side(v), layers);
  }

  #write(cell: Cell, maps: PieceMaps, placeX: number, placeY: number): void {
    const { cellPx, marginPx } = this.#plan;
    // Of a band, a cell holds the half on its own side of the border.
    const from = (place: number): number => (place === 0 ? marginPx : 0);
    const to = (place: number): number => [0, marginPx, cellPx - marginPx][place] ?? 0;
    const length = (place: number, side: number): number => (place === 1 ? side : marginPx);
    const width = length(placeX, maps.width);
    const height = length(placeY, maps.height);
    for (let y = 0; y < height; y++) {
      const source = (from(placeY) + y) * maps.width + from(placeX);
      const target = (to(placeY) + y) * cellPx + to(placeX);
      cell.classes.set(maps.classes.subarray(source, source + width), target);
      cell.confidence.set(maps.confidence.subarray(source, source + width), target);
    }
  }
}

/** The nine pieces of a slice. */
function positionsOf({ column, row }: PlannedSlice): { readonly u: number; readonly v: number }[] {
  return [0, 1, 2].flatMap((y) => [0, 1, 2].map((x) => ({ u: 2 * column + x, v: 2 * row + y })));
}

/** The columns (or rows) whose slices cover a position. */
function cellsAt(position: number, count: number): number[] {
  const cells = position % 2 === 1 ? [(position - 1) / 2] : [position / 2 - 1, position / 2];
  return cells.filter((cell) => cell >= 0 && cell < count);
}
