/**
 * Finished slices per slide and model, kept in memory or spilled to disk until the page closes, so that switching
 * layers, palettes or slides never runs a network again.
 */
import type { Cell } from '../../segment/run-progress.ts';
import type { TissueFit } from '../../base/tissue-fit.ts';
import { countClasses } from './class-regions.ts';
import type { SliceCache } from './slice-cache.ts';
import type { SlicePager } from './stored-slice.ts';
import { StoredSlice } from './stored-slice.ts';

export { StoredSlice } from './stored-slice.ts';
export type { SliceMap } from './stored-slice.ts';

/** The class map of one slide and one model, which grows slice by slice. */
export class LiveClassMap {
  readonly #slices = new Map<string, StoredSlice>();
  readonly #listeners = new Set<() => void>();
  readonly #counts = new Float64Array(256);
  readonly #countsBySlice = new Map<string, Float64Array>();
  readonly #cache: SliceCache | null;
  readonly #pager: SlicePager | null;
  #version = 0;
  #revision = 0;
  #fit: TissueFit | null = null;

  /** @param cache bounds the slices in memory; without one, all stay. */
  constructor(cache: SliceCache | null = null) {
    this.#cache = cache;
    this.#pager =
      cache?.pager((slice) => {
        slice.revision = ++this.#revision;
        this.#notify();
      }) ?? null;
  }

  /** Grows with every slice. */
  get version(): number {
    return this.#version;
  }

  /** Grows with every slice, and when a spilled one is read back. */
  get revision(): number {
    return this.#revision;
  }

  /** How near the slide is to the model's training data, by its last run; null if that was not measured. */
  get fit(): TissueFit | null {
    return this.#fit;
  }

  setFit(fit: TissueFit): void {
    this.#fit = fit;
    this.#version++;
    this.#notify();
  }

  get slices(): Iterable<StoredSlice> {
    return this.#slices.values();
  }

  get size(): number {
    return this.#slices.size;
  }

  /** The slice at a position of the grid. */
  at(column: number, row: number): StoredSlice | null {
    return this.#slices.get(keyOf(column, row)) ?? null;
  }

  /** Any slice; all have the same size and lie on one grid. */
  first(): StoredSlice | null {
    for (const slice of this.#slices.values()) return slice;
    return null;
  }

  /** The slice `columns` to the right of `slice` and `rows` below it. */
  neighbour({ column, row }: StoredSlice, columns: number, rows: number): StoredSlice | null {
    return this.#slices.get(keyOf(column + columns, row + rows)) ?? null;
  }

  /**
   * Adds a slice; replaces an earlier one at the same position.
   * @param slide level-0 size; pixels outside the slide do not count as area
   */
  add(result: Cell, slide: { readonly width: number; readonly height: number }): void {
    const { rect, size } = result;
    // One grid at a time: slices of another grid would overlap these and count twice. Saved results keep both.
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
    // Level-0 area of a pixel, so that counts of slices of different sizes add up.
    const area = (rect.width * rect.height) / (size * size);
    for (let value = 0; value < 256; value++) {
      counts[value] = (counts[value] ?? 0) * area;
      this.#counts[value] = (this.#counts[value] ?? 0) + (counts[value] ?? 0) - (earlier?.[value] ?? 0);
    }
    // Truncated to save memory: few classes occur, and there may be thousands of slices.
    this.#countsBySlice.set(key, counts.slice(0, counts.findLastIndex((count) => count > 0) + 1));
    this.#put(key, result);
    this.#notify();
  }

  #put(key: string, result: Cell): void {
    const earlier = this.#slices.get(key);
    if (earlier !== undefined) this.#cache?.forget(earlier);
    const slice = new StoredSlice(result, this.#version, this.#pager);
    slice.revision = ++this.#revision;
    this.#slices.set(key, slice);
    this.#cache?.add(slice);
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }

  /**
   * Reads all spilled slices back, for work that needs the whole map at once.
   * @returns a function that releases them again
   * @throws WorkerError when a slice cannot be read back
   */
  async hold(): Promise<() => void> {
    const release = this.#cache?.hold() ?? (() => undefined);
    try {
      for (const slice of [...this.#slices.values()]) await slice.whole();
    } catch (error) {
      release();
      throw error;
    }
    return release;
  }

  /** Drops all slices. */
  clear(): void {
    this.#clear();
    this.#version++;
    this.#notify();
  }

  #clear(): void {
    for (const slice of this.#slices.values()) this.#cache?.forget(slice);
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
  readonly #maps = new Map<string, LiveClassMap>();
  readonly #cache: SliceCache | null;

  /** @param cache bounds the slices of all maps together. */
  constructor(cache: SliceCache | null = null) {
    this.#cache = cache;
  }

  /** Bytes of maps in memory that could be spilled. */
  get bytes(): number {
    return this.#cache?.bytes ?? 0;
  }

  /**
   * The class map of a model on a slide; empty at first.
   * @param mpp µm per pixel of the run; results at another resolution are not shown
   */
  of(
    fingerprint: string,
    mpp: { readonly x: number; readonly y: number } | null,
    modelId: string,
  ): LiveClassMap {
    const key = `${fingerprint}/${mpp === null ? '' : `${mpp.x},${mpp.y}`}/${modelId}`;
    let map = this.#maps.get(key);
    if (map === undefined) {
      map = new LiveClassMap(this.#cache);
      this.#maps.set(key, map);
    }
    return map;
  }
}
