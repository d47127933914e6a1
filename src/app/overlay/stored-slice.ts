/** One finished slice with its maps at full, half, quarter … resolution. */
import type { Level0Rect } from '../../slide/slide.ts';
import type { Cell } from '../../segment/run-progress.ts';
import { halveClasses, halveConfidence } from './class-regions.ts';

/** A slice's maps at one resolution. */
export interface SliceMap {
  readonly size: number;
  readonly classes: Uint8Array<ArrayBuffer>;
  readonly confidence: Uint8Array<ArrayBuffer>;
}

/** What keeps slices within bounds; see `slice-memory.ts`. */
export interface SliceKeeper {
  /** A map finer than those that always stay was used. */
  used(slice: StoredSlice): void;
  /** The whole map, read back where it was put aside. */
  whole(slice: StoredSlice): Promise<SliceMap>;
}

/** Maps of at most this side always stay: they show the slide as a whole. */
const stayingSide = 32;

export class StoredSlice {
  readonly column: number;
  readonly row: number;
  readonly rect: Level0Rect;
  /** Grows when the slice is computed again; with it, whatever was drawn from it is out of date. */
  readonly generation: number;
  /** Grows when the slice can be seen more finely than before, too. */
  revision: number;
  /** Pixels a side at full resolution. */
  readonly size: number;
  /** From full resolution on; undefined where it was put aside or not asked for. */
  readonly #levels: (SliceMap | undefined)[];
  readonly #keeper: SliceKeeper | null;
  /** The coarsest level there can be, and the finest that always stays. */
  readonly #coarsest: number;
  readonly #staying: number;

  constructor(result: Cell, generation: number, keeper: SliceKeeper | null = null) {
    const { column, row, size, classes, confidence } = result;
    this.column = column;
    this.row = row;
    this.rect = result.rect;
    this.generation = generation;
    this.revision = generation;
    this.size = size;
    this.#levels = [{ size, classes, confidence }];
    this.#keeper = keeper;
    let coarsest = 0;
    let staying = size <= stayingSide ? 0 : -1;
    for (let side = size; side % 2 === 0 && side > 2; side /= 2) {
      coarsest++;
      if (staying < 0 && side / 2 <= stayingSide) staying = coarsest;
    }
    this.#coarsest = coarsest;
    this.#staying = staying < 0 ? coarsest : staying;
  }

  /**
   * The map with at most 2^`level` times fewer pixels a side; less often where the size is odd. A coarser one where
   * the map was put aside: it is then on its way, and the class map tells when it is there.
   */
  map(level: number): SliceMap {
    const wanted = Math.min(level, this.#coarsest);
    if (wanted < this.#staying) this.#keeper?.used(this);
    let from = wanted;
    while (from > 0 && this.#levels[from] === undefined) from--;
    let map = this.#levels[from];
    if (map === undefined) {
      void this.#keeper?.whole(this).catch(() => undefined);
      map = this.#levels.find((each) => each !== undefined);
      if (map === undefined) throw new Error('A slice has at least one map.');
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

  /** The map at full resolution. @throws WorkerError when it can't be read back. */
  whole(): Promise<SliceMap> {
    const [map] = this.#levels;
    if (map !== undefined) return Promise.resolve(map);
    return this.#keeper?.whole(this) ?? Promise.resolve(this.map(0));
  }

  /** Bytes of maps in memory that could be put aside. */
  get spareBytes(): number {
    return this.#levels
      .slice(0, this.#staying)
      .reduce((sum, map) => sum + (map === undefined ? 0 : 2 * map.size ** 2), 0);
  }

  /** Lets go of all that can be put aside. */
  drop(): void {
    // Made from the finer ones, which are still there.
    this.map(this.#staying);
    this.#levels.fill(undefined, 0, this.#staying);
  }

  /** Takes back what was put aside. */
  take(map: SliceMap): void {
    this.#levels[0] = map;
  }
}
