/** A finished slice with its maps at full, half, quarter, … resolution. */
import type { Level0Rect } from '../../slide/slide.ts';
import type { Cell } from '../../segment/run-progress.ts';
import { halveClasses, halveConfidence } from './class-regions.ts';

/** A slice's maps at one resolution. */
export interface SliceMap {
  readonly size: number;
  readonly classes: Uint8Array<ArrayBuffer>;
  readonly confidence: Uint8Array<ArrayBuffer>;
}

/** Reads and spills the maps of slices; see `slice-cache.ts`. */
export interface SlicePager {
  /** Reports use of a map that could be spilled. */
  used(slice: StoredSlice): void;
  /** The map at full resolution, read back if spilled. */
  whole(slice: StoredSlice): Promise<SliceMap>;
}

/** Maps up to this side always stay in memory: they show the slide as a whole. */
const residentSide = 32;

export class StoredSlice {
  readonly column: number;
  readonly row: number;
  readonly rect: Level0Rect;
  /** Grows when the slice is computed again, which invalidates drawings of it. */
  readonly generation: number;
  /** Also grows when a finer map becomes available. */
  revision: number;
  /** Side in pixels at full resolution. */
  readonly size: number;
  /** Starting at full resolution; undefined if spilled or not yet requested. */
  readonly #levels: (SliceMap | undefined)[];
  readonly #pager: SlicePager | null;
  /** The coarsest possible level, and the finest one that always stays in memory. */
  readonly #coarsest: number;
  readonly #resident: number;

  constructor(result: Cell, generation: number, pager: SlicePager | null = null) {
    const { column, row, size, classes, confidence } = result;
    this.column = column;
    this.row = row;
    this.rect = result.rect;
    this.generation = generation;
    this.revision = generation;
    this.size = size;
    this.#levels = [{ size, classes, confidence }];
    this.#pager = pager;
    let coarsest = 0;
    let resident = size <= residentSide ? 0 : -1;
    for (let side = size; side % 2 === 0 && side > 2; side /= 2) {
      coarsest++;
      if (resident < 0 && side / 2 <= residentSide) resident = coarsest;
    }
    this.#coarsest = coarsest;
    this.#resident = resident < 0 ? coarsest : resident;
  }

  /**
   * The map with its side halved `level` times, or as often as the size allows. If it is spilled, returns a coarser
   * one and starts reading it back; subscribers of the class map are notified when it arrives.
   */
  map(level: number): SliceMap {
    const wanted = Math.min(level, this.#coarsest);
    if (wanted < this.#resident) this.#pager?.used(this);
    let from = wanted;
    while (from > 0 && this.#levels[from] === undefined) from--;
    let map = this.#levels[from];
    if (map === undefined) {
      void this.#pager?.whole(this).catch(() => undefined);
      map = this.#levels.find((each) => each !== undefined);
      if (map === undefined) throw new Error('A slice must have at least one map.');
      return map;
    }
    for (let at = from; at < wanted; at++) {
      map = {
        size: map.size / 2,
        classes: halveClasses(map.classes, map.size),
        confidence: halveConfidence(map.confidence, map.size),
      };
      this.#levels[at + 1] = map;
    }
    return map;
  }

  /** Whether the map at full resolution is in memory. */
  get isWhole(): boolean {
    return this.#levels[0] !== undefined;
  }

  /** The map at full resolution. @throws WorkerError when it cannot be read back */
  whole(): Promise<SliceMap> {
    const [map] = this.#levels;
    if (map !== undefined) return Promise.resolve(map);
    return this.#pager?.whole(this) ?? Promise.resolve(this.map(0));
  }

  /** Bytes of maps in memory that could be spilled. */
  get spareBytes(): number {
    return this.#levels
      .slice(0, this.#resident)
      .reduce((sum, map) => sum + (map === undefined ? 0 : 2 * map.size ** 2), 0);
  }

  /** Drops all maps that can be spilled. */
  drop(): void {
    // Derived from the finer ones, so created before they are dropped.
    this.map(this.#resident);
    this.#levels.fill(undefined, 0, this.#resident);
  }

  /** Restores the map at full resolution. */
  take(map: SliceMap): void {
    this.#levels[0] = map;
  }
}
