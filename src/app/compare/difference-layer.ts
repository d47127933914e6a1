/** The difference of two layers, updated slice by slice as their maps grow. */
import { LiveClassMap } from '../overlay/class-map-store.ts';
import type { StoredSlice } from '../overlay/class-map-store.ts';
import type { LayerContent } from '../session/layer-content.ts';
import { differenceOf, TransitionCodes } from './difference.ts';
import type { PixelCodes, Transition } from './difference.ts';
import { disagreementsOf, codeRegions } from './disagreements.ts';
import type { Disagreement, CodeRegions } from './disagreements.ts';
import { SliceIndex } from './slice-index.ts';

export class DifferenceLayer {
  readonly first: LayerContent;
  readonly second: LayerContent;
  /** Holds codes of `differenceOf` instead of classes. */
  readonly map = new LiveClassMap();
  readonly #codes: PixelCodes;
  readonly #slide: { readonly width: number; readonly height: number };
  /** Regions of the difference's own slices. */
  readonly #regions = new WeakMap<StoredSlice, CodeRegions>();
  /** Slices of the first map that are yet to be compared. */
  readonly #waiting = new Map<string, StoredSlice>();
  #firstVersion = 0;
  #secondVersion = 0;
  #secondIndex = new SliceIndex([]);

  /** @param codes those of the transitions that occur, by default */
  constructor(
    first: LayerContent,
    second: LayerContent,
    slide: { readonly width: number; readonly height: number },
    codes: PixelCodes = new TransitionCodes(first.classes, second.classes),
  ) {
    this.first = first;
    this.second = second;
    this.#slide = slide;
    this.#codes = codes;
  }

  /** Transitions that occur; code c is at index c − 1. */
  get transitions(): readonly Transition[] {
    return this.#codes.transitions;
  }

  /**
   * Compares slices that have changed.
   * @param milliseconds stops after about that long.
   * @returns whether everything is compared.
   */
  update(milliseconds = Infinity): boolean {
    this.#queueChanged();
    const end = performance.now() + milliseconds;
    for (const [key, slice] of this.#waiting) {
      if (!this.#compare(slice)) continue;
      this.#waiting.delete(key);
      if (performance.now() > end) break;
    }
    return this.#waiting.size === 0;
  }

  /** Queues slices that have to be compared, or compared again. */
  #queueChanged(): void {
    const { map: first } = this.first;
    const { map: second } = this.second;
    if (first.version === this.#firstVersion && second.version === this.#secondVersion) return;
    const wait = (slice: StoredSlice): unknown => this.#waiting.set(placeOf(slice), slice);
    if (second.version !== this.#secondVersion) {
      this.#secondIndex = new SliceIndex(second.slices);
      const firstIndex = new SliceIndex(first.slices);
      for (const slice of second.slices) {
        if (slice.generation > this.#secondVersion) firstIndex.intersecting(slice.rect).forEach(wait);
      }
    }
    for (const slice of first.slices) if (slice.generation > this.#firstVersion) wait(slice);
    this.#firstVersion = first.version;
    this.#secondVersion = second.version;
  }

  /** @returns false if a slice is spilled; it is then read back. */
  #compare(slice: StoredSlice): boolean {
    const { column, row, rect } = slice;
    const others = this.#secondIndex.intersecting(rect);
    const spilled = [slice, ...others].filter(({ isWhole }) => !isWhole);
    for (const each of spilled) void each.whole().catch(() => undefined);
    if (spilled.length > 0) return false;
    const { size, classes } = slice.map(0);
    const grids = others.map((other) => ({ rect: other.rect, ...other.map(0) }));
    const codes = differenceOf({ rect, size, classes }, grids, this.#codes);
    const confidence = new Uint8Array(codes.length).fill(255);
    this.map.add({ column, row, rect, size, classes: codes, confidence }, this.#slide);
    return true;
  }

  /** Areas of disagreement, largest first. */
  disagreements(): Disagreement[] {
    const slices = [...this.map.slices];
    const places = new Map(slices.map((slice, index) => [slice, index]));
    const indexOf = (slice: StoredSlice | null): number => (slice === null ? -1 : (places.get(slice) ?? -1));
    return disagreementsOf(
      slices.map((slice) => {
        const { size, classes } = slice.map(0);
        return {
          ...this.#regionsOf(slice),
          rect: slice.rect,
          size,
          codes: classes,
          right: indexOf(this.map.neighbour(slice, 1, 0)),
          below: indexOf(this.map.neighbour(slice, 0, 1)),
        };
      }),
    );
  }

  #regionsOf(slice: StoredSlice): CodeRegions {
    let regions = this.#regions.get(slice);
    if (regions === undefined) {
      const { size, classes } = slice.map(0);
      regions = codeRegions(classes, size);
      this.#regions.set(slice, regions);
    }
    return regions;
  }
}

function placeOf({ column, row }: StoredSlice): string {
  return `${column},${row}`;
}
