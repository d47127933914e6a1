/**
 * A class map in which every object has one class: the reviewer's, else that of most of its pixels. Rejected objects are
 * background. What belongs to no object stays as it is.
 */
import { yieldToEventLoop } from '../../base/yield-to-event-loop.ts';
import type { CorrectedObjects } from '../../objects/apply-corrections.ts';
import type { MapObject } from '../../objects/map-object.ts';
import { classNameOf } from '../../objects/review-list.ts';
import { LiveClassMap } from '../overlay/class-map-store.ts';
import type { StoredSlice } from '../overlay/class-map-store.ts';

/** Milliseconds of work between two frames. */
const budgetMs = 8;
/** Class value of pixels that were not segmented. */
const notSegmented = 255;

interface SlideSize {
  readonly width: number;
  readonly height: number;
}

type Classes = readonly { readonly name: string; readonly background: boolean }[];

export class MajorityMap {
  readonly base: LiveClassMap;
  readonly map = new LiveClassMap();
  readonly #slide: SlideSize;
  readonly #classes: Classes;
  /** Class value of each object, as it is painted. */
  #painted = new Map<MapObject, number>();
  #version = -1;
  #round = 0;

  constructor(base: LiveClassMap, slide: SlideSize, classes: Classes) {
    this.base = base;
    this.#slide = slide;
    this.#classes = classes;
  }

  /** Paints what has changed; a later call ends an earlier one. @throws WorkerError when a slice cannot be read back */
  async show({ objects, reviews }: CorrectedObjects): Promise<void> {
    const round = ++this.#round;
    const background = this.#classes.findIndex((entry) => entry.background);
    const wanted = new Map<MapObject, number>();
    for (const object of objects) {
      const name = classNameOf(object, reviews, this.#classes);
      const isRejected = reviews.get(object.key)?.verdict === 'rejected';
      const value = isRejected ? background : this.#classes.findIndex((entry) => entry.name === name);
      wanted.set(object, value < 0 ? notSegmented : value);
    }
    const size = this.base.first()?.size ?? 1;
    const isWhole = this.#version !== this.base.version;
    const version = this.base.version;
    const byCell = new Map<string, MapObject[]>();
    const changed = new Set<string>();
    const eachCell = ({ box }: MapObject, visit: (key: string) => void): void => {
      for (let row = Math.floor(box.top / size); row * size < box.bottom; row++) {
        for (let column = Math.floor(box.left / size); column * size < box.right; column++)
          visit(`${column},${row}`);
      }
    };
    for (const [object, value] of wanted) {
      const isNew = this.#painted.get(object) !== value;
      eachCell(object, (key) => {
        const known = byCell.get(key);
        if (known === undefined) byCell.set(key, [object]);
        else known.push(object);
        if (isNew) changed.add(key);
      });
    }
    for (const object of this.#painted.keys()) {
      if (!wanted.has(object)) eachCell(object, (key) => changed.add(key));
    }
    let since = performance.now();
    for (const slice of [...this.base.slices]) {
      const key = `${slice.column},${slice.row}`;
      if (!isWhole && !changed.has(key)) continue;
      await this.#paint(slice, byCell.get(key) ?? [], wanted);
      if (round !== this.#round) return;
      if (performance.now() - since < budgetMs) continue;
      await yieldToEventLoop();
      if (round !== this.#round) return;
      since = performance.now();
    }
    this.#painted = wanted;
    this.#version = version;
  }

  async #paint(
    slice: StoredSlice,
    objects: readonly MapObject[],
    values: ReadonlyMap<MapObject, number>,
  ): Promise<void> {
    const { column, row, rect, size } = slice;
    const { classes, confidence } = await slice.whole();
    // Without objects, the pixels are shared with the map itself.
    const painted = objects.length === 0 ? classes : classes.slice();
    const [left, top] = [column * size, row * size];
    for (const object of objects) {
      const { rows, starts, ends } = object.runs;
      const value = values.get(object) ?? notSegmented;
      for (let i = 0; i < rows.length; i++) {
        const y = (rows[i] ?? 0) - top;
        if (y < 0) continue;
        if (y >= size) break;
        const from = Math.max(0, (starts[i] ?? 0) - left);
        const end = Math.min(size, (ends[i] ?? 0) - left);
        if (end > from) painted.fill(value, y * size + from, y * size + end);
      }
    }
    this.map.add({ column, row, rect, size, classes: painted, confidence }, this.#slide);
  }
}
