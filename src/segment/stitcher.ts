/**
 * Puts finished slices together. Without overlap a slice's maps are its cell's. With overlap neighbouring
 * slices have a band in common, twice the margin wide; there, the log-probabilities (logits, but for a constant)
 * of the two slices, in corners four, are blended with weights that go linearly from one slice to the other.
 * Blending probabilities would not do: where two sure slices disagree, it changes class where the weights
 * are equal, which is the border itself. Measured in docs/decisions.md.
 *
 * All sums are of integers, so the result does not depend on the order in which slices finish. What is kept:
 * the bands of slices whose neighbours are still to come, and the cells that wait for such a band.
 */
import type { SliceMaps } from '../runtime/segmenter.ts';
import { leastLogProbability } from '../runtime/segmenter.ts';
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

interface PieceMaps {
  readonly width: number;
  readonly height: number;
  readonly classes: Uint8Array;
  readonly confidence: Uint8Array;
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

  /**
   * The class with the largest weighted sum of log-probabilities. Weights are whole numbers, linear across a
   * band: the pixel i of a band of b has 2b − 2i − 1 for the slice before it and 2i + 1 for the one after,
   * together 2b. A byte times two such weights fits 32 bits up to slices of 4096 pixels.
   */
  #blend(u: number, v: number, contributions: readonly Contribution[]): PieceMaps {
    const width = this.#side(u);
    const height = this.#side(v);
    const depth = (contributions[0]?.bytes?.length ?? 0) / (width * height);
    const sums = new Uint32Array(width * height * depth);
    const weights = new Uint32Array(width * height);
    for (const { slice, bytes } of contributions) {
      if (bytes === null) continue;
      const across = ramp(width, u - 2 * slice.column);
      const down = ramp(height, v - 2 * slice.row);
      let at = 0;
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          const weight = (across[x] ?? 0) * (down[y] ?? 0);
          weights[y * width + x] = (weights[y * width + x] ?? 0) + weight;
          for (let value = 0; value < depth; value++, at++) {
            sums[at] = (sums[at] ?? 0) + weight * (bytes[at] ?? 0);
          }
        }
      }
    }
    const classes = new Uint8Array(width * height);
    const confidence = new Uint8Array(width * height);
    for (let pixel = 0, at = 0; pixel < classes.length; pixel++) {
      const weight = weights[pixel] ?? 1;
      let best = -1;
      let total = 0;
      for (let value = 0; value < depth; value++, at++) {
        const sum = sums[at] ?? 0;
        total += exponential(sum / weight);
        if (sum <= best) continue;
        best = sum;
        classes[pixel] = value;
      }
      confidence[pixel] = Math.round((255 * exponential(best / weight)) / total);
    }
    return { width, height, classes, confidence };
  }
}

/** e to the log-probability that a byte stands for, in steps of a sixteenth of a byte. */
const exponentials = Float64Array.from({ length: 255 * 16 + 1 }, (_value, i) =>
  Math.exp(leastLogProbability * (1 - i / (255 * 16))),
);

/** @param byte mean of bytes, so not a whole number. */
function exponential(byte: number): number {
  return exponentials[Math.round(16 * byte)] ?? 1;
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

/** Weights of a slice across a piece; `place` is 0 for its first band, 1 for its middle, 2 for its last band. */
function ramp(length: number, place: number): Uint32Array {
  if (place === 1) return new Uint32Array(length).fill(1);
  return Uint32Array.from({ length }, (_value, i) => (place === 0 ? 2 * i + 1 : 2 * (length - i) - 1));
}
