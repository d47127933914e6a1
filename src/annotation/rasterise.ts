/** Rasterises polygons into class masks. */

/** An area with holes that belongs to one class. Rings alternate x and y, in any one unit. */
export interface ClassPolygon {
  readonly classIndex: number;
  /** Implicitly closed: the last point need not repeat the first. At least three points. */
  readonly outer: ArrayLike<number>;
  /** Areas cut out of `outer`; what was painted before shows through. */
  readonly holes?: readonly ArrayLike<number>[];
}

/** The part of the plane covered by the mask, in the polygons' unit. */
export interface RasterRect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Paints polygons in order, later over earlier, into a mask of class indices, row by row; `outside` where
 * there is no polygon. A pixel belongs to a polygon if its centre is inside by the even-odd rule and in none
 * of the holes, which may overlap or extend beyond the outline. A centre exactly on an edge belongs to the
 * side to the right of it, or below it.
 * @returns outWidth * outHeight class indices, 0 to 255.
 */
export function rasterise(
  polygons: Iterable<ClassPolygon>,
  rect: RasterRect,
  outWidth: number,
  outHeight: number,
  outside = 0,
): Uint8Array<ArrayBuffer> {
  const mask = new Uint8Array(outWidth * outHeight);
  if (outside !== 0) mask.fill(outside);
  const scaleX = outWidth / rect.width;
  const scaleY = outHeight / rect.height;
  for (const { classIndex, outer, holes = [] } of polygons) {
    const add = (ring: ArrayLike<number>): Spans => {
      const spans = new Spans(outHeight);
      addRing(spans, ring, rect, scaleX, scaleY, outHeight);
      return spans;
    };
    add(outer).fill(mask, outWidth, classIndex, holes.map(add));
  }
  return mask;
}

/** Where edges cross each pixel row's centre line, in pixels from the left. */
class Spans {
  readonly #crossings: (number[] | undefined)[];

  constructor(height: number) {
    this.#crossings = new Array<number[] | undefined>(height);
  }

  add(row: number, x: number): void {
    (this.#crossings[row] ??= []).push(x);
  }

  /** Fills the pixels inside these spans and outside all `holes`. */
  fill(mask: Uint8Array, width: number, value: number, holes: readonly Spans[]): void {
    let under: Uint8Array | null = null;
    for (let row = 0; row < this.#crossings.length; row++) {
      if (this.#crossings[row] === undefined) continue;
      const line = mask.subarray(row * width, (row + 1) * width);
      const cut = holes.filter((hole) => hole.#crossings[row] !== undefined);
      if (cut.length > 0) under = line.slice();
      this.#each(row, width, (start, end) => line.fill(value, start, end));
      for (const hole of cut) {
        hole.#each(row, width, (start, end) => {
          if (under !== null) line.set(under.subarray(start, end), start);
        });
      }
    }
  }

  /**
   * Calls `visit` with the pixels of a row whose centre c + 0.5 is inside: from `start` up to `end`
   * (exclusive).
   */
  #each(row: number, width: number, visit: (start: number, end: number) => void): void {
    const xs = this.#crossings[row]?.sort((a, b) => a - b) ?? [];
    for (let i = 0; i + 1 < xs.length; i += 2) {
      const start = Math.max(0, Math.ceil(xs[i]! - 0.5));
      const end = Math.min(width, Math.ceil(xs[i + 1]! - 0.5));
      if (end > start) visit(start, end);
    }
  }
}

function addRing(
  spans: Spans,
  ring: ArrayLike<number>,
  rect: RasterRect,
  scaleX: number,
  scaleY: number,
  height: number,
): void {
  const count = ring.length >> 1;
  for (let i = 0, j = count - 1; i < count; j = i++) {
    let x0 = (ring[2 * j]! - rect.x) * scaleX;
    let y0 = (ring[2 * j + 1]! - rect.y) * scaleY;
    let x1 = (ring[2 * i]! - rect.x) * scaleX;
    let y1 = (ring[2 * i + 1]! - rect.y) * scaleY;
    if (y0 > y1) {
      [x0, x1] = [x1, x0];
      [y0, y1] = [y1, y0];
    }
    // Rows whose centre line r + 0.5 is in [y0, y1): each vertex counts for one of its two edges.
    const first = Math.max(0, Math.ceil(y0 - 0.5));
    const last = Math.min(height, Math.ceil(y1 - 0.5));
    const slope = (x1 - x0) / (y1 - y0);
    for (let row = first; row < last; row++) spans.add(row, x0 + (row + 0.5 - y0) * slope);
  }
}
