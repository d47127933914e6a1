/**
 * The slices that models have finished, kept per slide and model as long as the page lives, in memory or put aside:
 * switching layers, palettes or slides never runs a network again.
 */
import type { Cell } from '../../segment/run-progress.ts';
import { countClasses } from './class-regions.ts';
import type { SliceMemory } from './slice-memory.ts';
import type { SliceKeeper } from './stored-slice.ts';
import { StoredSlice } from './stored-slice.ts';

export { StoredSlice } from './stored-slice.ts';
export type { SliceMap } from './stored-slice.ts';

/** All slices of one slide and one model. */
export class ClassMap {
  readonly #slices = new Map<string, StoredSlice>();
  readonly #listeners = new Set<() => void>();
  readonly #counts = new Float64Array(256);
  readonly #countsBySlice = new Map<string, Float64Array>();
  readonly #memory: SliceMemory | null;
  readonly #keeper: SliceKeeper | null;
  #version = 0;
  #revision = 0;

  /** @param memory bounds what is held; without one, everything is. */
  constructor(memory: SliceMemory | null = null) {
    this.#memory = memory;
    this.#keeper =
      memory?.keeper((slice) => {
        slice.revision = ++this.#revision;
        this.#tell();
      }) ?? null;
  }

  /** Grows with every slice. */
  get version(): number {
    return this.#version;
  }

  /** Grows with every slice, and when one that was put aside is there again. */
  get revision(): number {
    return this.#revision;
  }

  get slices(): Iterable<StoredSlice> {
    return this.#slices.values();
  }

  get size(): number {
    return this.#slices.size;
  }

  /** The slice `columns` to the right of `slice` and `rows` below it. */
  neighbour({ column, row }: StoredSlice, columns: number, rows: number): StoredSlice | null {
    return this.#slices.get(keyOf(column + columns, row + rows)) ?? null;
  }

  /**
   * Adds a slice, in place of an earlier one at the same spot.
   * @param slide level-0 size: what reaches over it does not count as area.
   */
  add(result: Cell, slide: { readonly width: number; readonly height: number }): void {
    const { rect, size } = result;
    // Slices of another grid overlap these and count twice: one grid at a time. Stored results keep both.
    const [known] = this.#slices.values();
    if (known !== undefined && Math.abs(known.rect.width / rect.width - 1) > 0.01) this.#clear();
    const key = keyOf(result.column, result.row);
    this.#version++;
    const counts = countClasses(
      result.classes,
      size,
      Math.round(((slide.width - rect.x) / rect.width) * size),
      Math.round(((slide.height - rect.y) / rect.height) * size),
    );
    const earlier = this.#countsBySlice.get(key);
    // A pixel's share of level 0, so that counts of slices of different sizes would add up.
    const area = (rect.width * rect.height) / (size * size);
    for (let value = 0; value < 256; value++) {
      counts[value] = (counts[value] ?? 0) * area;
      this.#counts[value] = (this.#counts[value] ?? 0) + (counts[value] ?? 0) - (earlier?.[value] ?? 0);
    }
    // Few classes occur, and there may be thousands of slices.
    this.#countsBySlice.set(key, counts.slice(0, counts.findLastIndex((count) => count > 0) + 1));
    this.#put(key, result);
    this.#tell();
  }

  #put(key: string, result: Cell): void {
    const earlier = this.#slices.get(key);
    if (earlier !== undefined) this.#memory?.forget(earlier);
    const slice = new StoredSlice(result, this.#version, this.#keeper);
    slice.revision = ++this.#revision;
    this.#slices.set(key, slice);
    this.#memory?.add(slice);
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /**
   * Brings all slices back into memory, for work that needs the whole map at once; call the returned function when
   * it is done. @throws WorkerError when a slice can't be read back.
   */
  async hold(): Promise<() => void> {
    const release = this.#memory?.hold() ?? (() => undefined);
    try {
      for (const slice of [...this.#slices.values()]) await slice.whole();
    } catch (error) {
      release();
      throw error;
    }
    return release;
  }

  #clear(): void {
    for (const slice of this.#slices.values()) this.#memory?.forget(slice);
    this.#slices.clear();
    this.#countsBySlice.clear();
    this.#counts.fill(0);
  }

  /** Area of a class, in level-0 pixels. */
  areaOf(value: number): number {
    return this.#counts[value] ?? 0;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}

function keyOf(column: number, row: number): string {
  return `${column},${row}`;
}

/** Class maps by slide, its pixel size and model. */
export class ClassMapStore {
  readonly #maps = new Map<string, ClassMap>();
  readonly #memory: SliceMemory | null;

  /** @param memory bounds what all maps hold together. */
  constructor(memory: SliceMemory | null = null) {
    this.#memory = memory;
  }

  /** Bytes of maps in memory that could be put aside. */
  get bytes(): number {
    return this.#memory?.bytes ?? 0;
  }

  /**
   * The class map of a model on a slide; empty at first.
   * @param mpp µm per pixel that slices were laid by: what was found at another size is not shown.
   */
  of(fingerprint: string, mpp: { readonly x: number; readonly y: number } | null, modelId: string): ClassMap {
    const key = `${fingerprint}/${mpp === null ? '' : `${mpp.x},${mpp.y}`}/${modelId}`;
    let map = this.#maps.get(key);
    if (map === undefined) {
      map = new ClassMap(this.#memory);
      this.#maps.set(key, map);
    }
    return map;
  }
}
