/** Geometry of class maps: borders, areas, halving, counting. Pure. */
import { BorderTracer } from '../../annotation/trace-borders.ts';

/** Class maps of the left and upper neighbours, of the same size; null if there is none. */
export interface Neighbours {
  readonly left: Uint8Array | null;
  readonly above: Uint8Array | null;
}

/**
 * Borders of class `value`: straight lines along pixel edges with the class on exactly one side, joined
 * into runs. The map's left and upper edges count only towards an existing neighbour, so that each seam is
 * drawn once and the outer rim not at all.
 * @param classes size × size, row by row.
 * @returns x1, y1, x2, y2 of each line, in pixels of the map, 0 to `size`.
 */
export function traceBorders(
  classes: Uint8Array,
  size: number,
  value: number,
  neighbours: Neighbours,
): number[] {
  const { left, above } = neighbours;
  const lines: number[] = [];
  // The traced map has an extra column on the left and an extra row on top: the neighbours' last ones, or copies
  // of the map's first ones, which create no border.
  const tracer = new BorderTracer(
    (each) => each === value,
    (piece) => {
      for (let at = 0; at < piece.lines.length; at += 4) {
        const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = piece.lines.slice(at, at + 4);
        // Drops the rim of the traced map, and clips its first row and column.
        const rim = x1 === x2 ? x1 % (size + 1) === 0 : y1 % (size + 1) === 0;
        const ownX1 = Math.max(0, Math.min(x1, x2) - 1);
        const ownY1 = Math.max(0, Math.min(y1, y2) - 1);
        const ownX2 = Math.max(x1, x2) - 1;
        const ownY2 = Math.max(y1, y2) - 1;
        if (!rim && ownX2 - ownX1 + ownY2 - ownY1 > 0) lines.push(ownX1, ownY1, ownX2, ownY2);
      }
    },
  );
  const row = new Uint8Array(size + 1);
  for (let y = -1; y < size; y++) {
    const own = classes.subarray(Math.max(0, y) * size, Math.max(0, y) * size + size);
    row.set(y < 0 && above !== null ? above.subarray((size - 1) * size, size * size) : own, 1);
    row[0] = (y >= 0 && left !== null ? left[y * size + size - 1] : row[1]) ?? 0;
    tracer.row(row);
  }
  tracer.finish();
  return lines;
}

/**
 * The area of class `value` as non-overlapping rectangles: runs of each row, extended downwards while the
 * next row has the same run.
 * @returns x, y, width, height of each rectangle, in pixels of the map.
 */
export function coverWithRectangles(classes: Uint8Array, size: number, value: number): number[] {
  const rectangles: number[] = [];
  /** Indices into `rectangles` of those that end at the previous row, by x and width. */
  let open = new Map<number, number>();
  for (let y = 0; y < size; y++) {
    const next = new Map<number, number>();
    let start = -1;
    for (let x = 0; x <= size; x++) {
      const isInside = x < size && classes[y * size + x] === value;
      if (isInside && start < 0) start = x;
      if (!isInside && start >= 0) {
        const width = x - start;
        const key = start * (size + 1) + width;
        const index = open.get(key);
        if (index === undefined) {
          next.set(key, rectangles.length);
          rectangles.push(start, y, width, 1);
        } else {
          rectangles[index + 3] = (rectangles[index + 3] ?? 0) + 1;
          next.set(key, index);
        }
        start = -1;
      }
    }
    open = next;
  }
  return rectangles;
}

/**
 * Halves the resolution: the most frequent value of each 2 × 2 pixels, the first one on ties.
 * @param size even.
 */
export function halveClasses(classes: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const half = size / 2;
  const result = new Uint8Array(half * half);
  for (let y = 0; y < half; y++) {
    for (let x = 0; x < half; x++) {
      const at = 2 * y * size + 2 * x;
      const a = classes[at] ?? 0;
      const b = classes[at + 1] ?? 0;
      const c = classes[at + size] ?? 0;
      const d = classes[at + size + 1] ?? 0;
      // a wins unless another value has two pixels and a has one.
      result[y * half + x] = a === b || a === c || a === d ? a : b === c || b === d ? b : c === d ? c : a;
    }
  }
  return result;
}

/** Halves the resolution: the mean of each 2 × 2 pixels. @param size even */
export function halveConfidence(confidence: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const half = size / 2;
  const result = new Uint8Array(half * half);
  for (let y = 0; y < half; y++) {
    for (let x = 0; x < half; x++) {
      const at = 2 * y * size + 2 * x;
      const sum =
        (confidence[at] ?? 0) +
        (confidence[at + 1] ?? 0) +
        (confidence[at + size] ?? 0) +
        (confidence[at + size + 1] ?? 0);
      result[y * half + x] = Math.round(sum / 4);
    }
  }
  return result;
}

/** Pixels per class value, counting only pixels on the slide. */
export function countClasses(
  classes: Uint8Array,
  size: number,
  visibleColumns: number,
  visibleRows: number,
): Float64Array {
  const counts = new Float64Array(256);
  const columns = Math.min(size, visibleColumns);
  const rows = Math.min(size, visibleRows);
  for (let y = 0; y < rows; y++) {
    for (let x = 0; x < columns; x++) {
      const value = classes[y * size + x] ?? 0;
      counts[value] = (counts[value] ?? 0) + 1;
    }
  }
  return counts;
}
