/** Finds the objects of a class map of the page, in parts that leave time for frames. */
import { yieldToEventLoop } from '../../base/yield-to-event-loop.ts';
import { PieceFinder, type PieceKind } from '../../objects/find-pieces.ts';
import type { MapObject } from '../../objects/map-object.ts';
import type { MapScale } from '../../objects/object-shape.ts';
import type { ConfidenceSum } from '../../objects/split-object.ts';
import { stripsOf } from '../export/class-map-strips.ts';
import type { LiveClassMap } from '../overlay/class-map-store.ts';

/** Milliseconds of work between two frames. */
const budgetMs = 8;

export interface FoundObjects {
  readonly objects: readonly MapObject[];
  readonly scale: MapScale;
}

export interface FindRequest {
  readonly map: LiveClassMap;
  /** Level-0 size. */
  readonly slide: { readonly width: number; readonly height: number };
  readonly classes: readonly { readonly background: boolean }[];
  readonly kind: PieceKind;
  /** Area of the smallest object, level-0 pixels². */
  readonly smallest: number;
}

/**
 * The map must be held (`LiveClassMap.hold`).
 * @returns null for a map without slices
 * @throws the signal's reason when it aborts
 */
export async function findObjects(request: FindRequest, signal: AbortSignal): Promise<FoundObjects | null> {
  const { map, slide, classes, kind, smallest } = request;
  const strips = stripsOf(map, slide);
  if (strips === null) return null;
  const { scale, height, width } = strips;
  const { cellPx } = strips.geometry;
  const rows = new Set([...map.slices].map(({ row }) => row));
  const finder = new PieceFinder({
    kind,
    classes,
    smallest: Math.max(1, Math.ceil(smallest / (scale.x * scale.y))),
  });
  let since = performance.now();
  for (let row = 0; row * cellPx < height; row++) {
    const top = row * cellPx;
    const count = Math.min(cellPx, height - top);
    if (!rows.has(row)) {
      finder.skip(count);
      continue;
    }
    // Not a whole row of cells at once: that of a wide slide takes longer than a frame.
    for (let y = top; y < top + count; y += stripRows) {
      const strip = strips.read(y, Math.min(stripRows, top + count - y));
      for (let at = 0; at < strip.classes.length; at += width) {
        finder.row(strip.classes.subarray(at, at + width), strip.confidence.subarray(at, at + width));
      }
      if (performance.now() - since < budgetMs) continue;
      await yieldToEventLoop();
      signal.throwIfAborted();
      since = performance.now();
    }
  }
  return { objects: finder.finish(), scale };
}

/** Rows that are read at once. */
const stripRows = 16;

/** Sums confidence from the slices of a map, which must be held. */
export function confidenceIn(map: LiveClassMap): ConfidenceSum {
  return (row, start, end) => {
    let sum = 0;
    for (let column = start; column < end;) {
      const size = map.first()?.size ?? 1;
      const cellColumn = Math.floor(column / size);
      const stop = Math.min(end, (cellColumn + 1) * size);
      const cell = map.at(cellColumn, Math.floor(row / size))?.map(0);
      const from = (row % size) * size - cellColumn * size;
      for (let x = column; x < stop; x++) sum += cell?.confidence[from + x] ?? 0;
      column = stop;
    }
    return sum;
  };
}
