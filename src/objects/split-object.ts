/** Splits an object along a drawn line. Pure. */
import { objectOf, type MapObject } from './map-object.ts';
import { joinRuns, RunList } from './runs.ts';
import type { MapScale } from './object-shape.ts';

/** Sum of the confidence, 0 to 255 each, of map pixels `start` up to `end` (exclusive) of a row. */
export type ConfidenceSum = (row: number, start: number, end: number) => number;

/**
 * Moves the line off the pixels' centres: a centre exactly on it would belong to either side, depending on the direction from
 * which one looks.
 */
const nudge = { x: 1.3e-5, y: 2.9e-5 };

/**
 * The parts of an object on the sides of a line, largest first: pixels stay together where steps between their centres
 * lead from one to the other without crossing the line. No pixel is lost.
 * @param line corners, level-0 pixels; x and y alternate
 * @returns one part if the line does not cross the object from edge to edge
 */
export function splitObject(
  object: MapObject,
  line: ArrayLike<number>,
  scale: MapScale,
  confidenceOf: ConfidenceSum,
): MapObject[] {
  const { runs, box } = object;
  const { acrossRows, acrossColumns } = crossings(line, scale, box);
  // Runs cut where the line crosses between two of their pixels.
  const cut = new RunList();
  for (let i = 0; i < runs.rows.length; i++) {
    const row = runs.rows[i] ?? 0;
    let start = runs.starts[i] ?? 0;
    const end = runs.ends[i] ?? 0;
    for (const column of acrossColumns.get(row) ?? []) {
      if (column + 1 <= start || column + 1 >= end) continue;
      cut.push(row, start, column + 1, runs.classes[i] ?? 0, 0);
      start = column + 1;
    }
    cut.push(row, start, end, runs.classes[i] ?? 0, 0);
  }
  const parents = Array.from({ length: cut.count }, (_, i) => i);
  const rootOf = (run: number): number => {
    let at = run;
    while (parents[at] !== at) at = parents[at] = parents[parents[at] ?? at] ?? at;
    return at;
  };
  const rows = cut.rows;
  for (let i = 0, above = 0; i < cut.count; i++) {
    const row = rows[i] ?? 0;
    const [start, end] = [cut.start(i), cut.end(i)];
    const isCutLeft = (acrossColumns.get(row) ?? []).includes(start - 1);
    if (i > 0 && rows[i - 1] === row && cut.end(i - 1) === start && !isCutLeft)
      parents[rootOf(i)] = rootOf(i - 1);
    while (
      above < i &&
      ((rows[above] ?? 0) < row - 1 || ((rows[above] ?? 0) === row - 1 && cut.end(above) <= start))
    )
      above++;
    for (let over = above; over < i && rows[over] === row - 1 && cut.start(over) < end; over++) {
      if (touches(Math.max(start, cut.start(over)), Math.min(end, cut.end(over)), acrossRows, row - 1)) {
        parents[rootOf(i)] = rootOf(over);
      }
    }
  }
  const parts = new Map<number, RunList>();
  for (let i = 0; i < cut.count; i++) {
    const root = rootOf(i);
    const part = parts.get(root) ?? new RunList();
    parts.set(root, part);
    const [row, start, end] = [rows[i] ?? 0, cut.start(i), cut.end(i)];
    part.push(row, start, end, cut.classOf(i), confidenceOf(row, start, end));
  }
  if (parts.size === 1) return [object];
  return [...parts.values()]
    .map((part) => objectOf(part, object.mix.length))
    .sort((one, other) => other.pixels - one.pixels);
}

/** Whether any of the columns is connected to the row below. */
function touches(
  from: number,
  to: number,
  acrossRows: ReadonlyMap<number, ReadonlySet<number>>,
  row: number,
): boolean {
  for (let column = from; column < to; column++) {
    if (acrossRows.get(column)?.has(row) !== true) return true;
  }
  return false;
}

interface Crossings {
  /** By row: columns after which the line crosses, between the centres of two pixels; ascending. */
  readonly acrossColumns: ReadonlyMap<number, readonly number[]>;
  /** By column: rows below which it crosses. */
  readonly acrossRows: ReadonlyMap<number, ReadonlySet<number>>;
}

function crossings(line: ArrayLike<number>, scale: MapScale, box: MapObject['box']): Crossings {
  const acrossColumns = new Map<number, number[]>();
  const acrossRows = new Map<number, Set<number>>();
  for (let i = 0; i + 3 < line.length; i += 2) {
    const [x0, y0] = [(line[i] ?? 0) / scale.x + nudge.x, (line[i + 1] ?? 0) / scale.y + nudge.y];
    const [x1, y1] = [(line[i + 2] ?? 0) / scale.x + nudge.x, (line[i + 3] ?? 0) / scale.y + nudge.y];
    eachBetween(y0, y1, box.top, box.bottom, (row, share) => {
      const column = Math.floor(x0 + share * (x1 - x0) - 0.5);
      toggle(acrossColumns, row, column);
    });
    eachBetween(x0, x1, box.left, box.right, (column, share) => {
      const row = Math.floor(y0 + share * (y1 - y0) - 0.5);
      const known = acrossRows.get(column) ?? new Set<number>();
      // A line that crosses twice between two centres does not part them.
      if (!known.delete(row)) known.add(row);
      acrossRows.set(column, known);
    });
  }
  for (const columns of acrossColumns.values()) columns.sort((one, other) => one - other);
  return { acrossColumns, acrossRows };
}

function toggle(into: Map<number, number[]>, row: number, column: number): void {
  const known = into.get(row) ?? [];
  const at = known.indexOf(column);
  if (at < 0) known.push(column);
  else known.splice(at, 1);
  into.set(row, known);
}

/** Visits the whole numbers whose pixel centres lie between two ends, with their share of the way. */
function eachBetween(
  one: number,
  other: number,
  least: number,
  most: number,
  visit: (pixel: number, share: number) => void,
): void {
  if (one === other) return;
  const from = Math.max(least, Math.ceil(Math.min(one, other) - 0.5));
  const end = Math.min(most, Math.ceil(Math.max(one, other) - 0.5));
  for (let pixel = from; pixel < end; pixel++) visit(pixel, (pixel + 0.5 - one) / (other - one));
}

/** Several objects as one. */
export function mergeObjects(objects: readonly MapObject[]): MapObject {
  const [first] = objects;
  if (first === undefined) throw new RangeError('There is nothing to merge.');
  return objectOf(joinRuns(objects.map(({ runs }) => runs)), first.mix.length);
}
