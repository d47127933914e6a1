/** Borders and areas of classes as paths, piece by piece, kept for the next frame. */
import type { Level0Rect } from '../../slide/slide.ts';
import type { ClassMap, StoredSlice } from './class-map-store.ts';
import { coverWithRectangles, traceBorders } from './class-regions.ts';
import { LeastRecentlyUsed } from '../../base/lru.ts';

const maxPaths = 6000;
const maxMaskedBytes = 32e6;

/** Side of a piece at most, pixels: tracing one is a matter of few milliseconds. */
const pieceSide = 128;

/** Class value of pixels that are left out. */
const noClass = 255;

export interface Paths {
  readonly border: Path2D;
  readonly area: Path2D;
}

/** A square part of a slice's map at one resolution. */
export interface Piece {
  readonly slice: StoredSlice;
  readonly level: number;
  /** Where it lies, level-0 pixels. */
  readonly rect: Level0Rect;
  /** Pixels a side. */
  readonly size: number;
  readonly column: number;
  readonly row: number;
}

export class ClassPaths {
  readonly #paths = new LeastRecentlyUsed<string, Paths>(maxPaths, () => 1);
  readonly #masked = new LeastRecentlyUsed<string, Uint8Array<ArrayBuffer>>(
    maxMaskedBytes,
    (classes) => classes.length,
  );
  #minConfidence = 0;

  clear(): void {
    this.#paths.clear();
    this.#masked.clear();
  }

  /** Pixels of a lower confidence, 0 to 255, count as no class. */
  setMinConfidence(min: number): void {
    if (min === this.#minConfidence) return;
    this.clear();
    this.#minConfidence = min;
  }

  /** The parts of a slice at a resolution. */
  pieces(slice: StoredSlice, level: number): Piece[] {
    const { size } = slice.map(level);
    // Odd sizes stay whole: a part must be a whole number of pixels.
    const across = size % pieceSide === 0 ? size / pieceSide : 1;
    const { x, y } = slice.rect;
    const width = slice.rect.width / across;
    const height = slice.rect.height / across;
    const pieces: Piece[] = [];
    for (let row = 0; row < across; row++) {
      for (let column = 0; column < across; column++) {
        const rect = { x: x + column * width, y: y + row * height, width, height };
        pieces.push({ slice, level, rect, size: size / across, column, row });
      }
    }
    return pieces;
  }

  /** @param allowCreate whether there is time to trace. null when there is none. */
  of(map: ClassMap, piece: Piece, value: number, allowCreate: boolean): Paths | null {
    const { slice, level, size, column, row } = piece;
    const left = column > 0 ? slice : map.neighbour(slice, -1, 0);
    const above = row > 0 ? slice : map.neighbour(slice, 0, -1);
    const key = [
      slice.generation,
      `${size}:${column},${row}`,
      value,
      // A neighbour that is put aside is coarser, and no neighbour for a border.
      `${left?.generation ?? 0}:${left?.map(level).size ?? 0}`,
      `${above?.generation ?? 0}:${above?.map(level).size ?? 0}`,
    ].join('/');
    const kept = this.#paths.get(key);
    if (kept !== undefined || !allowCreate) return kept ?? null;
    const across = slice.map(level).size / size;
    const around = {
      left: this.#part(left, level, size, across, column > 0 ? column - 1 : across - 1, row),
      above: this.#part(above, level, size, across, column, row > 0 ? row - 1 : across - 1),
    };
    const classes = this.#part(slice, level, size, across, column, row) ?? new Uint8Array(size * size);
    const paths = pathsOf(classes, size, value, around);
    this.#paths.set(key, paths);
    return paths;
  }

  /** Classes of a part; null where there is no slice, or not at this resolution. */
  #part(
    slice: StoredSlice | null,
    level: number,
    size: number,
    across: number,
    column: number,
    row: number,
  ): Uint8Array | null {
    if (slice?.map(level).size !== size * across) return null;
    const classes = this.#classesOf(slice, level);
    if (across === 1) return classes;
    const part = new Uint8Array(size * size);
    for (let y = 0; y < size; y++) {
      const from = (row * size + y) * size * across + column * size;
      part.set(classes.subarray(from, from + size), y * size);
    }
    return part;
  }

  /** Classes of a slice, without those that are not sure enough. */
  #classesOf(slice: StoredSlice, level: number): Uint8Array {
    const map = slice.map(level);
    const min = this.#minConfidence;
    if (min === 0) return map.classes;
    const key = `${slice.generation}/${map.size}`;
    const kept = this.#masked.get(key);
    if (kept !== undefined) return kept;
    const masked = map.classes.map((value, at) => ((map.confidence[at] ?? 0) >= min ? value : noClass));
    this.#masked.set(key, masked);
    return masked;
  }
}

function pathsOf(
  classes: Uint8Array,
  size: number,
  value: number,
  around: { readonly left: Uint8Array | null; readonly above: Uint8Array | null },
): Paths {
  const border = new Path2D();
  const lines = traceBorders(classes, size, value, around);
  for (let at = 0; at < lines.length; at += 4) {
    border.moveTo(lines[at] ?? 0, lines[at + 1] ?? 0);
    border.lineTo(lines[at + 2] ?? 0, lines[at + 3] ?? 0);
  }
  const area = new Path2D();
  const rectangles = coverWithRectangles(classes, size, value);
  for (let at = 0; at < rectangles.length; at += 4) {
    area.rect(rectangles[at] ?? 0, rectangles[at + 1] ?? 0, rectangles[at + 2] ?? 0, rectangles[at + 3] ?? 0);
  }
  return { border, area };
}
