/** Orders slices: the current view first, but region by region. */
import type { Level0Rect } from '../slide/slide.ts';
import type { PlannedRegion, PlannedSlice, SlicePlan } from './grid.ts';
import { overlaps } from '../base/rect.ts';

/** Smaller comes first. */
const visible = 0;
const near = 1;
const tissue = 2;
const rest = 3;

export interface QueueOptions {
  /**
   * Number of contexts that can be cached. If more regions are visible, they are completed one after the other, because
   * their contexts would be evicted before they are needed again.
   */
  readonly keptRegions?: number;
  /** Whether a slice contains tissue; if absent, all slices do. */
  readonly isTissue?: (slice: PlannedSlice) => boolean;
}

/**
 * The pending slices of a plan by priority: visible slices, then slices near the view (in a visible region, or within one
 * view's width), then regions with tissue, then the rest. At the same priority, started regions come first, so that their
 * context is encoded only once, then regions nearest to the view's centre.
 */
export class SliceQueue {
  readonly #plan: SlicePlan;
  readonly #keptRegions: number;
  readonly #begun = new Set<number>();
  /** Regions with tissue. */
  readonly #tissue = new Set<number>();
  /** Lowest priority first, so that taking the highest one is cheap. */
  #waiting: PlannedSlice[];
  #view: Level0Rect | null = null;
  #stale = false;

  constructor(plan: SlicePlan, options: QueueOptions = {}) {
    this.#plan = plan;
    this.#keptRegions = options.keptRegions ?? 8;
    this.#waiting = [...plan.slices].reverse();
    const { isTissue } = options;
    for (const slice of plan.slices) {
      if (isTissue === undefined || isTissue(slice)) this.#tissue.add(slice.region);
    }
    this.#stale = this.#tissue.size < plan.regions.length;
  }

  /** Number of pending slices. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Sets the visible rectangle, level-0 pixels; null if none. Takes effect at the next `peek`. */
  setView(view: Level0Rect | null): void {
    this.#view = view;
    this.#stale = true;
  }

  /** Up to `limit` slices by priority, without removing them. */
  peek(limit: number): PlannedSlice[] {
    if (this.#stale) this.#sort();
    return this.#waiting.slice(-limit).reverse();
  }

  /** Removes `slice`. @throws RangeError if it is not in the queue. */
  take(slice: PlannedSlice): void {
    // Searches from the end, because the slice has the highest priority or nearly so.
    const position = this.#waiting.lastIndexOf(slice);
    if (position < 0) throw new RangeError(`Slice ${slice.index} is not in the queue.`);
    this.#waiting.splice(position, 1);
    this.#begun.add(slice.region);
  }

  /** Returns a slice to the queue after a failure. */
  requeue(slice: PlannedSlice): void {
    this.#waiting.push(slice);
    this.#stale = true;
  }

  #sort(): void {
    this.#stale = false;
    const view = this.#view;
    if (view === null) {
      this.#order(({ region }) => [2 * this.#rank(region) + (this.#begun.has(region) ? 0 : 1), 0]);
      return;
    }
    const around: Level0Rect = {
      x: view.x - view.width,
      y: view.y - view.height,
      width: 3 * view.width,
      height: 3 * view.height,
    };
    const shown = new Set<number>();
    const close = new Set<number>();
    for (const { cell, region } of this.#waiting) {
      if (overlaps(cell, view)) shown.add(region);
      else if (overlaps(cell, around)) close.add(region);
    }
    const whole = shown.size > this.#keptRegions;
    const distances = new Map<number, number>();
    const distanceOf = (region: number): number => {
      const known = distances.get(region);
      if (known !== undefined) return known;
      const distance = distanceToCentre(this.#plan, this.#plan.regions[region], view);
      distances.set(region, distance);
      return distance;
    };
    this.#order((slice) => {
      const { region } = slice;
      const rank =
        whole && shown.has(region)
          ? visible
          : overlaps(slice.cell, view)
            ? visible
            : shown.has(region) || close.has(region)
              ? near
              : this.#rank(region);
      return [2 * rank + (this.#begun.has(region) ? 0 : 1), distanceOf(region)];
    });
  }

  /** Priority of a region that is not near the view. */
  #rank(region: number): number {
    return this.#tissue.has(region) ? tissue : rest;
  }

  /** Sorts by the two keys, then by region and position in it. */
  #order(keysOf: (slice: PlannedSlice) => [rank: number, distance: number]): void {
    const keyed = this.#waiting.map((slice) => ({ slice, keys: keysOf(slice) }));
    keyed.sort((a, b) => b.keys[0] - a.keys[0] || b.keys[1] - a.keys[1] || b.slice.index - a.slice.index);
    this.#waiting = keyed.map(({ slice }) => slice);
  }
}

/** Distance from the centre of the region's slices to the view's centre, level-0 pixels. */
function distanceToCentre(plan: SlicePlan, region: PlannedRegion | undefined, view: Level0Rect): number {
  const first = plan.slices[region?.slices[0] ?? -1]?.cell;
  const last = plan.slices[region?.slices.at(-1) ?? -1]?.cell;
  if (first === undefined || last === undefined) return Infinity;
  return Math.hypot(
    (first.x + last.x + last.width) / 2 - (view.x + view.width / 2),
    (first.y + last.y + last.height) / 2 - (view.y + view.height / 2),
  );
}
