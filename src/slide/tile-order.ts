/** The order in which the tiles of a level are read for its overview: evenly spread first, then ever denser. */

/** A rectangle of tiles, `right` and `bottom` exclusive. */
export interface TileRect {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export const passes = ['first', 'second', 'sample', 'rest'] as const;
export type Pass = (typeof passes)[number];

export interface OrderedTile {
  readonly column: number;
  readonly row: number;
  /** Distance of the tiles of this pass, on both axes; the tile stands for a square of this side around it. */
  readonly stride: number;
  /** All but `rest`, in which it is read in full, sample the whole rectangle. */
  readonly pass: Pass;
}

/** Most tiles of the passes that sample: few at first, because the eye waits for the last of them. */
const mostTiles = { first: 16, second: 64, sample: 256 } as const;

/** A walk over a rectangle in passes; the tiles of each pass lie in the gaps of those before. */
class Passes {
  readonly #rect: TileRect;
  /** Distances between the tiles of the passes that sample, by their ends. */
  readonly #strides: Readonly<Record<keyof typeof mostTiles, number>>;
  #stride: number;
  #column: number;
  #row: number;

  constructor(rect: TileRect) {
    this.#rect = rect;
    const columns = rect.right - rect.left;
    const rows = rect.bottom - rect.top;
    const strideOf = (most: number): number => {
      let stride = 1;
      // Strips are one column of tiles.
      while (Math.max(1, columns / stride) * Math.max(1, rows / stride) > most) stride *= 2;
      return stride;
    };
    const { first, second, sample } = mostTiles;
    this.#strides = { first: strideOf(first), second: strideOf(second), sample: strideOf(sample) };
    this.#stride = this.#strides.first;
    this.#column = this.#firstColumn;
    this.#row = this.#firstRow;
  }

  /** Half a stride from the border, or in the middle where there is less. */
  get #firstColumn(): number {
    const { left, right } = this.#rect;
    return left + Math.min(this.#stride >> 1, (right - left) >> 1);
  }

  get #firstRow(): number {
    const { top, bottom } = this.#rect;
    return top + Math.min(this.#stride >> 1, (bottom - top) >> 1);
  }

  /** The next tile of the walk; null at its end. Later passes meet tiles again. */
  next(): OrderedTile | null {
    const { right, bottom } = this.#rect;
    for (;;) {
      const stride = this.#stride;
      if (this.#column < right && this.#row < bottom) {
        const pass = passes.find((one) => one === 'rest' || stride >= this.#strides[one])!;
        const tile: OrderedTile = { column: this.#column, row: this.#row, stride, pass };
        this.#column += stride;
        return tile;
      }
      if (this.#row < bottom) {
        this.#column = this.#firstColumn;
        this.#row += stride;
        continue;
      }
      if (stride === 1) return null;
      this.#stride = stride >> 1;
      this.#column = this.#firstColumn;
      this.#row = this.#firstRow;
    }
  }
}

/** Hands out each tile of a grid once. */
export class TileOrder {
  readonly columns: number;
  readonly rows: number;
  /** A bit per tile: whether it was taken. */
  readonly #taken: Uint8Array;
  #all: Passes;
  #focus: Passes | null = null;
  #next: OrderedTile | null = null;
  #left: number;

  constructor(columns: number, rows: number) {
    this.columns = columns;
    this.rows = rows;
    this.#left = columns * rows;
    this.#taken = new Uint8Array(Math.ceil(this.#left / 8));
    this.#all = this.#walk();
  }

  #walk(): Passes {
    return new Passes({ left: 0, top: 0, right: this.columns, bottom: this.rows });
  }

  /** Number of tiles not taken yet. */
  get left(): number {
    return this.#left;
  }

  /** Gives the tiles of a rectangle before all others; null ends this. */
  focus(rect: TileRect | null): void {
    this.#next = null;
    if (rect === null) {
      this.#focus = null;
      return;
    }
    const left = Math.max(0, rect.left);
    const top = Math.max(0, rect.top);
    const right = Math.min(this.columns, rect.right);
    const bottom = Math.min(this.rows, rect.bottom);
    this.#focus = left < right && top < bottom ? new Passes({ left, top, right, bottom }) : null;
  }

  /** The tile that comes next, which the caller takes; null when all were taken. */
  peek(): OrderedTile | null {
    while (this.#left > 0) {
      if (this.#next !== null && !this.#isTaken(this.#next.column, this.#next.row)) return this.#next;
      this.#next = this.#focus?.next() ?? this.#all.next();
      if (this.#next === null) return null;
    }
    return null;
  }

  /** Takes a tile. @returns whether it was there to be taken. */
  take(column: number, row: number): boolean {
    if (this.#isTaken(column, row)) return false;
    this.#flip(column, row);
    this.#left--;
    return true;
  }

  /** Undoes `take`: the tile comes again. */
  giveBack(column: number, row: number): void {
    if (!this.#isTaken(column, row)) return;
    this.#flip(column, row);
    this.#left++;
    this.#next = null;
    this.#all = this.#walk();
  }

  #isTaken(column: number, row: number): boolean {
    const index = row * this.columns + column;
    return (this.#taken[index >> 3]! & (1 << (index & 7))) !== 0;
  }

  #flip(column: number, row: number): void {
    const index = row * this.columns + column;
    this.#taken[index >> 3]! ^= 1 << (index & 7);
  }
}
