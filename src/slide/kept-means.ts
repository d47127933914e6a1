/** A coarser copy of an image that changes: computed where it is asked for, and again only where the image has changed. */
import type { RgbaImage } from './slide.ts';

/** Side of the squares of the copy that are computed together, in pixels of the copy. */
const cellPx = 32;

export class KeptMeans {
  readonly #source: RgbaImage;
  readonly #by: number;
  readonly #width: number;
  readonly #height: number;
  readonly #data: Uint8ClampedArray<ArrayBuffer>;
  readonly #cellsAcross: number;
  /** Per cell: 1 if it is not what the image shows. */
  readonly #stale: Uint8Array;

  /** @param by pixels of the image per pixel of the copy, on both axes; whole. */
  constructor(source: RgbaImage, by: number) {
    this.#source = source;
    this.#by = by;
    this.#width = Math.ceil(source.width / by);
    this.#height = Math.ceil(source.height / by);
    this.#data = new Uint8ClampedArray(this.#width * this.#height * 4);
    this.#cellsAcross = Math.ceil(this.#width / cellPx);
    this.#stale = new Uint8Array(this.#cellsAcross * Math.ceil(this.#height / cellPx)).fill(1);
  }

  /** Notes that the image has changed. The area is in its pixels, and may extend beyond it. */
  changed(left: number, top: number, right: number, bottom: number): void {
    const by = this.#by;
    this.#eachCell(left / by, top / by, right / by, bottom / by, (index) => (this.#stale[index] = 1));
  }

  /**
   * All pixels of the copy, red, green, blue and one byte without meaning; right within the area, which is in pixels of
   * the copy.
   */
  fresh(left: number, top: number, right: number, bottom: number): Uint8ClampedArray<ArrayBuffer> {
    this.#eachCell(left, top, right, bottom, (index, column, row) => {
      if (this.#stale[index] === 0) return;
      this.#stale[index] = 0;
      this.#compute(column * cellPx, row * cellPx);
    });
    return this.#data;
  }

  #eachCell(
    left: number,
    top: number,
    right: number,
    bottom: number,
    visit: (index: number, column: number, row: number) => void,
  ): void {
    const lastColumn = Math.ceil(Math.min(this.#width, right) / cellPx);
    const lastRow = Math.ceil(Math.min(this.#height, bottom) / cellPx);
    for (let row = Math.floor(Math.max(0, top) / cellPx); row < lastRow; row++) {
      for (let column = Math.floor(Math.max(0, left) / cellPx); column < lastColumn; column++) {
        visit(row * this.#cellsAcross + column, column, row);
      }
    }
  }

  #compute(left: number, top: number): void {
    const by = this.#by;
    const { data, width, height } = this.#source;
    for (let y = top; y < Math.min(this.#height, top + cellPx); y++) {
      const y1 = Math.min(height, (y + 1) * by);
      for (let x = left; x < Math.min(this.#width, left + cellPx); x++) {
        const x0 = x * by;
        const x1 = Math.min(width, x0 + by);
        let red = 0;
        let green = 0;
        let blue = 0;
        for (let v = y * by; v < y1; v++) {
          for (let at = (v * width + x0) * 4, end = (v * width + x1) * 4; at < end; at += 4) {
            red += data[at]!;
            green += data[at + 1]!;
            blue += data[at + 2]!;
          }
        }
        const count = (x1 - x0) * (y1 - y * by);
        const to = (y * this.#width + x) * 4;
        this.#data[to] = red / count;
        this.#data[to + 1] = green / count;
        this.#data[to + 2] = blue / count;
      }
    }
  }
}
