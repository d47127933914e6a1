/**
 * Stitches slices. Without overlap a slice's maps are those of its cell. With overlap, neighbours share a band twice as wide
 * as the margin. There, `blend.ts` blends the log-probabilities (logits up to a constant) of two slices, or of four in
 * corners, with weights that shift from one slice to the other. Blending probabilities would show the border: where two
 * confident slices disagree, the class changes where the weights are equal. Measured in docs/decisions/0009.
 *
 * Sums are of integers, so the result does not depend on the order of slices. Memory holds the bands of slices with missing
 * neighbours, and the cells that wait for them.
 */
import type { SliceMaps } from '../runtime/segmenter.ts';
import { blend, type BlendLayer, type PieceMaps, type Place } from './blend.ts';
import { copyBlock } from './copy-block.ts';
import { ModelError } from '../runtime/manifest.ts';
import type { PlannedSlice, SlicePlan } from './grid.ts';
import type { Cell } from './run-progress.ts';

/**
 * The bands cut the grid into pieces. On each axis, even positions are bands around cell borders, odd ones are cell
 * interiors. Column c has the positions 2c, 2c + 1 and 2c + 2.
 */
interface Piece {
  /** Planned slices that cover the piece, and how many of them are missing. */
  readonly slices: readonly PlannedSlice[];
  waiting: number;
  contributions: Contribution[];
}

interface Contribution {
  readonly slice: PlannedSlice;
  readonly layer: BlendLayer;
  /** Whether the layer's bytes are a copy of only this piece. */
  readonly cut: boolean;
}

interface OpenCell {
  readonly classes: Uint8Array<ArrayBuffer>;
  readonly confidence: Uint8Array<ArrayBuffer>;
  /** Number of pieces that are not final yet. */
  waiting: number;
}

export class Stitcher {
  readonly #plan: SlicePlan;
  readonly #byPlace = new Map<number, PlannedSlice>();
  readonly #pieces = new Map<number, Piece>();
  readonly #cells = new Map<number, OpenCell>();
  /** Buffers of blended layers for reuse, by length; pieces have three shapes. */
  readonly #spare = new Map<number, Uint8Array[]>();
  /** Classes. */
  #depth = 0;

  constructor(plan: SlicePlan) {
    this.#plan = plan;
    if (plan.marginPx > 0) {
      for (const slice of plan.slices) this.#byPlace.set(slice.row * plan.columns + slice.column, slice);
    }
  }

  /** Whether slices need log-probabilities. */
  get blends(): boolean {
    return this.#plan.marginPx > 0;
  }

  /** Bytes of bands that wait for a neighbour. */
  get pendingBytes(): number {
    let bytes = 0;
    for (const { contributions } of this.#pieces.values()) {
      for (const { layer } of contributions) bytes += layer.bytes.length;
    }
    return bytes + this.#cells.size * 2 * this.#plan.cellPx ** 2;
  }

  /**
   * Adds the network's result for a slice, once. Returns the cells that it completes, row by row.
   * @throws ModelError `bad-input` if required log-probabilities are missing.
   */
  add(slice: PlannedSlice, maps: SliceMaps): Cell[] {
    const { marginPx, cellPx, sizePx } = this.#plan;
    if (marginPx === 0) {
      const { classes, confidence } = maps;
      return [cellOf(slice, cellPx, classes, confidence)];
    }
    const { logProbabilities } = maps;
    if (logProbabilities === undefined) {
      throw new ModelError(
        'bad-input',
        'segmenter',
        "Overlapping slices can't be blended: the network returns no log-probabilities.",
        'Segment without overlap.',
      );
    }
    const finished: Cell[] = [];
    this.#depth = logProbabilities.length / (sizePx * sizePx);
    const cell: OpenCell = { ...this.#own(maps), waiting: 0 };
    const shared = positionsOf(slice).flatMap(({ u, v }) => {
      const key = this.#keyOf(u, v);
      const piece = this.#pieceAt(u, v, key);
      return piece === null ? [] : [{ u, v, key, piece }];
    });
    if (shared.length === 0) return [this.#finished(slice, cell)];
    this.#cells.set(slice.index, cell);
    cell.waiting = shared.length;
    for (const { u, v, key, piece } of shared) {
      piece.waiting--;
      const layer = this.#layerOf(slice, logProbabilities, u, v);
      // The last slice is blended in place, without a copy.
      const cut = piece.waiting > 0;
      piece.contributions.push({ slice, cut, layer: cut ? this.#cut(layer, u, v) : layer });
      if (!cut) this.#settle(u, v, key, piece, finished);
    }
    return finished.sort(byPlace);
  }

  /** Marks a slice as broken. Returns the cells that waited only for it. */
  skip(slice: PlannedSlice): Cell[] {
    if (this.#plan.marginPx === 0) return [];
    const finished: Cell[] = [];
    for (const { u, v } of positionsOf(slice)) {
      const key = this.#keyOf(u, v);
      const piece = this.#pieceAt(u, v, key);
      if (piece === null) continue;
      piece.waiting--;
      if (piece.waiting === 0) this.#settle(u, v, key, piece, finished);
    }
    return finished.sort(byPlace);
  }

  /** The unfinished cells, blended from the available slices, for a run that ends early. */
  flush(): Cell[] {
    const finished: Cell[] = [];
    for (const [key, piece] of [...this.#pieces]) {
      if (piece.contributions.length === 0) continue;
      const across = 2 * this.#plan.columns + 1;
      this.#settle(key % across, Math.floor(key / across), key, piece, finished);
    }
    return finished.sort(byPlace);
  }

  #keyOf(u: number, v: number): number {
    return v * (2 * this.#plan.columns + 1) + u;
  }

  /** A piece that several slices cover; null if only one does. */
  #pieceAt(u: number, v: number, key: number): Piece | null {
    const known = this.#pieces.get(key);
    if (known !== undefined) return known;
    const slices = this.#slicesAt(u, v);
    if (slices.length < 2) return null;
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

  /** A slice's own result for its cell. */
  #own({ classes, confidence }: SliceMaps): Pick<OpenCell, 'classes' | 'confidence'> {
    const { sizePx, cellPx, marginPx } = this.#plan;
    const own = { classes: new Uint8Array(cellPx * cellPx), confidence: new Uint8Array(cellPx * cellPx) };
    const first = marginPx * sizePx + marginPx;
    for (const [from, to] of [
      [classes, own.classes],
      [confidence, own.confidence],
    ] as const) {
      const target = { bytes: to, first: 0, stride: cellPx };
      copyBlock({ bytes: from, first, stride: sizePx }, target, cellPx, cellPx);
    }
    return own;
  }

  /** A slice's layer of a piece, in place. */
  #layerOf(slice: PlannedSlice, bytes: Uint8Array, u: number, v: number): BlendLayer {
    const { sizePx } = this.#plan;
    const across = (u - 2 * slice.column) as Place;
    const down = (v - 2 * slice.row) as Place;
    const stride = bytes.length / sizePx;
    const first = this.#start(down) * stride + (this.#start(across) * stride) / sizePx;
    return { bytes, first, stride, across, down };
  }

  /** Offset of a piece in a slice on one axis, map pixels. */
  #start(place: Place): number {
    const { sizePx, marginPx } = this.#plan;
    if (place === 0) return 0;
    return place === 1 ? 2 * marginPx : sizePx - 2 * marginPx;
  }

  /** A copy of the layer's part within a piece, so that the rest of the slice can be freed. */
  #cut(layer: BlendLayer, u: number, v: number): BlendLayer {
    const stride = (layer.stride / this.#plan.sizePx) * this.#side(u);
    const length = this.#side(v) * stride;
    const bytes = this.#spare.get(length)?.pop() ?? new Uint8Array(length);
    const cut = { ...layer, bytes, first: 0, stride };
    copyBlock(layer, cut, stride, this.#side(v));
    return cut;
  }

  /** Blends a piece and writes it to its cells. */
  #settle(u: number, v: number, key: number, piece: Piece, finished: Cell[]): void {
    this.#pieces.delete(key);
    if (piece.contributions.length === 0) return;
    const layers = piece.contributions.map(({ layer }) => layer);
    const maps = blend(this.#side(u), this.#side(v), this.#depth, layers);
    for (const slice of piece.slices) {
      // Broken or missing slices have no cell.
      const cell = this.#cells.get(slice.index);
      if (cell === undefined) continue;
      this.#write(cell, maps, u - 2 * slice.column, v - 2 * slice.row);
      cell.waiting--;
      if (cell.waiting > 0) continue;
      this.#cells.delete(slice.index);
      finished.push(this.#finished(slice, cell));
    }
    for (const { cut, layer } of piece.contributions) {
      if (!cut) continue;
      const { bytes } = layer;
      const spare = this.#spare.get(bytes.length);
      if (spare === undefined) this.#spare.set(bytes.length, [bytes]);
      else spare.push(bytes);
    }
  }

  #finished(slice: PlannedSlice, { classes, confidence }: OpenCell): Cell {
    return cellOf(slice, this.#plan.cellPx, classes, confidence);
  }

  /** Writes a piece to a cell; of a band, only the half on the cell's side of the border. */
  #write(cell: OpenCell, maps: PieceMaps, placeX: number, placeY: number): void {
    const { cellPx, marginPx } = this.#plan;
    const fromX = placeX === 0 ? marginPx : 0;
    const fromY = placeY === 0 ? marginPx : 0;
    const width = placeX === 1 ? maps.width : marginPx;
    const height = placeY === 1 ? maps.height : marginPx;
    const first = this.#startInCell(placeY) * cellPx + this.#startInCell(placeX);
    for (const name of ['classes', 'confidence'] as const) {
      const from = { bytes: maps[name], first: fromY * maps.width + fromX, stride: maps.width };
      copyBlock(from, { bytes: cell[name], first, stride: cellPx }, width, height);
    }
  }

  #startInCell(place: number): number {
    const { cellPx, marginPx } = this.#plan;
    if (place === 0) return 0;
    return place === 1 ? marginPx : cellPx - marginPx;
  }
}

function cellOf(
  { column, row, cell: rect }: PlannedSlice,
  size: number,
  classes: Cell['classes'],
  confidence: Cell['confidence'],
): Cell {
  return { column, row, rect, size, classes, confidence };
}

/** Grid order, which makes the order of cells deterministic that become final at the same time. */
function byPlace(a: Cell, b: Cell): number {
  return a.row - b.row || a.column - b.column;
}

/** The nine pieces of a slice. */
function positionsOf({ column, row }: PlannedSlice): { readonly u: number; readonly v: number }[] {
  const positions: { u: number; v: number }[] = [];
  for (let v = 2 * row; v <= 2 * row + 2; v++) {
    for (let u = 2 * column; u <= 2 * column + 2; u++) positions.push({ u, v });
  }
  return positions;
}

/** The columns (or rows) whose slices cover a position. */
function cellsAt(position: number, count: number): number[] {
  const cells = position % 2 === 1 ? [(position - 1) / 2] : [position / 2 - 1, position / 2];
  return cells.filter((cell) => cell >= 0 && cell < count);
}
