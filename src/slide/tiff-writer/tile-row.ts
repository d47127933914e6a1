/** One row of tiles of a reduced level, filled from the tiles of the level above. */
export class TileRow {
  readonly #pixels: Uint8Array;
  readonly #stride: number;
  readonly #scratch: Uint8Array;
  readonly #width: number;
  readonly #height: number;
  readonly #tileSize: number;
  readonly #samples: 1 | 3;

  constructor(width: number, height: number, tileSize: number, samples: 1 | 3) {
    this.#width = width;
    this.#height = height;
    this.#tileSize = tileSize;
    this.#samples = samples;
    this.#stride = width * samples;
    this.#pixels = new Uint8Array(this.#stride * tileSize);
    this.#scratch = new Uint8Array(tileSize * tileSize * samples);
  }

  /**
   * Reduces a tile of the level above into this row. `used` is the part of the tile inside its level.
   * `average` is the mean of the existing pixels. `nearest` takes the pixel just right of and below the
   * block's centre, or the top left one if the block has no such pixel. `majority` takes the block's most
   * frequent value, the first in reading order on a tie.
   */
  reduce(
    tile: Uint8Array,
    column: number,
    row: number,
    used: { width: number; height: number },
    factor: number,
    how: 'average' | 'nearest' | 'majority',
  ): void {
    const tileSize = this.#tileSize;
    const samples = this.#samples;
    const part = tileSize / factor;
    const x0 = column * part;
    const y0 = (row % factor) * part;
    const rows = Math.ceil(used.height / factor);
    const columns = Math.ceil(used.width / factor);
    const isWhole = used.width % 2 === 0 && used.height % 2 === 0;
    if (how !== 'nearest' && factor === 2 && isWhole) {
      const first = y0 * this.#stride + x0 * samples;
      if (samples === 1) this.#halve(tile, first, columns, rows, how);
      else this.#halveRgb(tile, first, columns, rows);
      return;
    }
    for (let y = 0; y < rows; y++) {
      const top = y * factor;
      const blockHeight = Math.min(factor, used.height - top);
      for (let x = 0; x < columns; x++) {
        const left = x * factor;
        const blockWidth = Math.min(factor, used.width - left);
        const target = (y0 + y) * this.#stride + (x0 + x) * samples;
        if (how === 'nearest') {
          const sy = top + (blockHeight >> 1);
          const sx = left + (blockWidth >> 1);
          for (let s = 0; s < samples; s++) {
            this.#pixels[target + s] = tile[(sy * tileSize + sx) * samples + s]!;
          }
          continue;
        }
        if (how === 'majority') {
          this.#pixels[target] = mostFrequent(tile, tileSize, left, top, blockWidth, blockHeight);
          continue;
        }
        const count = blockWidth * blockHeight;
        for (let s = 0; s < samples; s++) {
          let sum = count >> 1;
          for (let dy = 0; dy < blockHeight; dy++) {
            let from = ((top + dy) * tileSize + left) * samples + s;
            for (let dx = 0; dx < blockWidth; dx++, from += samples) sum += tile[from]!;
          }
          this.#pixels[target + s] = (sum / count) | 0;
        }
      }
    }
  }

  /** `reduce` for whole blocks of 2 × 2 single samples, of which maps have many. @param first offset in the row. */
  #halve(tile: Uint8Array, first: number, columns: number, rows: number, how: 'average' | 'majority'): void {
    const tileSize = this.#tileSize;
    const pixels = this.#pixels;
    for (let y = 0; y < rows; y++) {
      let to = first + y * this.#stride;
      let from = 2 * y * tileSize;
      for (const end = to + columns; to < end; to++, from += 2) {
        const a = tile[from]!;
        const b = tile[from + 1]!;
        const c = tile[from + tileSize]!;
        const d = tile[from + tileSize + 1]!;
        if (how === 'average') pixels[to] = (a + b + c + d + 2) >> 2;
        // The first of the values that occur most often: `a`, unless another is the only one that occurs twice.
        else if (a === b || a === c || a === d) pixels[to] = a;
        else pixels[to] = b === c || b === d ? b : c === d ? c : a;
      }
    }
  }

  /** `reduce` by averages for whole blocks of 2 × 2 RGB pixels. @param first offset in the row. */
  #halveRgb(tile: Uint8Array, first: number, columns: number, rows: number): void {
    const line = this.#tileSize * 3;
    const pixels = this.#pixels;
    for (let y = 0; y < rows; y++) {
      let to = first + y * this.#stride;
      let from = 2 * y * line;
      for (const end = to + columns * 3; to < end; to += 3, from += 6) {
        for (let s = 0; s < 3; s++) {
          const at = from + s;
          const sum = tile[at]! + tile[at + 3]! + tile[at + line]! + tile[at + line + 3]!;
          pixels[to + s] = (sum + 2) >> 2;
        }
      }
    }
  }

  /** A copy of tile `column`; beyond the level's border its last pixels are repeated. */
  tile(column: number, row: number): Uint8Array {
    const tileSize = this.#tileSize;
    const samples = this.#samples;
    const scratch = this.#scratch;
    const usedHeight = Math.min(tileSize, this.#height - row * tileSize);
    const usedWidth = Math.min(tileSize, this.#width - column * tileSize);
    const bytes = usedWidth * samples;
    for (let y = 0; y < tileSize; y++) {
      const from = Math.min(y, usedHeight - 1) * this.#stride + column * tileSize * samples;
      const to = y * tileSize * samples;
      scratch.set(this.#pixels.subarray(from, from + bytes), to);
      for (let x = usedWidth; x < tileSize; x++) {
        for (let s = 0; s < samples; s++) {
          scratch[to + x * samples + s] = scratch[to + (usedWidth - 1) * samples + s]!;
        }
      }
    }
    return scratch.slice();
  }

  clear(): void {
    this.#pixels.fill(0);
  }
}

/** The most frequent value of a block of single samples; the first one on a tie. */
function mostFrequent(
  tile: Uint8Array,
  stride: number,
  left: number,
  top: number,
  width: number,
  height: number,
): number {
  let best = 0;
  let most = 0;
  // Blocks have 4 or 16 pixels: counting each against all is faster than a table of 256 values.
  for (let i = 0; i < width * height; i++) {
    const value = tile[(top + Math.floor(i / width)) * stride + left + (i % width)]!;
    if (most > 0 && value === best) continue;
    let count = 0;
    for (let dy = 0; dy < height; dy++) {
      const from = (top + dy) * stride + left;
      for (let dx = 0; dx < width; dx++) if (tile[from + dx] === value) count++;
    }
    if (count > most) [best, most] = [value, count];
    if (2 * most >= width * height) break;
  }
  return best;
}
