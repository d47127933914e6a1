/**
 * The slices that models have finished, kept per slide and model as long as the page lives: switching
 * layers, palettes or slides never runs a network again.
 */
import type { Level0Rect } from '../../slide/slide.ts';
import type { SliceResult } from '../../worker/protocol.ts';
import { countClasses, halveClasses, halveConfidence } from './class-regions.ts';

/** A slice's maps at one resolution. */
export interface SliceMap {
  readonly size: number;
  readonly classes: Uint8Array<ArrayBuffer>;
  readonly confidence: Uint8Array<ArrayBuffer>;
}

/** One finished slice with its maps at full, half, quarter … resolution. */
export class StoredSlice {
  readonly rect: Level0Rect;
  /** Grows when the slice is computed again; with it, whatever was drawn from it is out of date. */
  readonly generation: number;
  readonly #levels: SliceMap[];

  constructor(result: SliceResult, generation: number) {
    this.rect = result.rect;
    this.generation = generation;
    this.#levels = [{ size: result.size, classes: result.classes, confidence: result.confidence }];
  }

  /** The map with at most 2^`level` times fewer pixels a side; less often where the size is odd. */
  map(level: number): SliceMap {
    let last = this.#levels[this.#levels.length - 1];
    while (last !== undefined && this.#levels.length <= level && last.size % 2 === 0 && last.size > 2) {
      last = {
        size: last.size / 2,
        classes: halveClasses(last.classes, last.size),
        confidence: halveConfidence(last.confidence, last.size),
      };
      this.#levels.push(last);
    }
    const map = this.#levels[Math.min(level, this.#levels.length - 1)];
    if (map === undefined) throw new Error('A slice has at least its own map.');
    return map;
  }
}

/** All slices of one slide and one model. */
export class ClassMap {
  readonly #slices = new Map<string, StoredSlice>();
  readonly #listeners = new Set<() => void>();
  readonly #counts = new Float64Array(256);
  readonly #countsBySlice = new Map<string, Float64Array>();
  #version = 0;

  /** Grows with every slice. */
  get version(): number {
    return this.#version;
  }

  get slices(): Iterable<StoredSlice> {
    return this.#slices.values();
  }

  get size(): number {
    return this.#slices.size;
  }

  /** The slice whose place is `columns` to the right of and `rows` below that of `slice`. */
  neighbour(slice: StoredSlice, columns: number, rows: number): StoredSlice | null {
    const { x, y, width, height } = slice.rect;
    return this.#slices.get(keyOf(x + columns * width, y + rows * height, width)) ?? null;
  }

  /**
   * Adds a slice, in place of an earlier one at the same spot.
   * @param slide level-0 size: what reaches over it does not count as area.
   */
  add(result: SliceResult, slide: { readonly width: number; readonly height: number }): void {
    const { rect, size } = result;
    // Slices of another grid overlap these and count twice: one grid at a time. Stored results keep both.
    const [known] = this.#slices.values();
    if (known !== undefined && Math.abs(known.rect.width / rect.width - 1) > 0.01) this.#clear();
    const key = keyOf(rect.x, rect.y, rect.width);
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
    this.#countsBySlice.set(key, counts);
    this.#slices.set(key, new StoredSlice(result, this.#version));
    for (const listener of [...this.#listeners]) listener();
  }

  #clear(): void {
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

/** Places are told apart to a quarter of a slice: the grid's own rounding must not matter. */
function keyOf(x: number, y: number, width: number): string {
  const step = width / 4;
  return `${Math.round(x / step)},${Math.round(y / step)}`;
}

/** Class maps by slide, its pixel size and model. */
export class ClassMapStore {
  readonly #maps = new Map<string, ClassMap>();

  /**
   * The class map of a model on a slide; empty at first.
   * @param mpp µm per pixel that slices were laid by: what was found at another size is not shown.
   */
  of(fingerprint: string, mpp: { readonly x: number; readonly y: number } | null, modelId: string): ClassMap {
    const key = `${fingerprint}/${mpp === null ? '' : `${mpp.x},${mpp.y}`}/${modelId}`;
    let map = this.#maps.get(key);
    if (map === undefined) {
      map = new ClassMap();
      this.#maps.set(key, map);
    }
    return map;
  }
}
