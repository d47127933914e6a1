/** Which slice comes next: what the reader looks at first, but region by region. */
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
   * Regions whose context can be kept at the same time. When the view shows more, visible regions are done
   * one after the other as a whole, because their contexts would not survive until they are needed again.
   */
  readonly keptRegions?: number;
  /** Whether there is tissue in a slice; everywhere where absent. */
  readonly isTissue?: (slice: PlannedSlice) => boolean;
}

/**
 * The slices of a plan that are still to be done, most urgent first: visible ones, then those near the view
 * (in a region that shows, or within one view's width around it), then regions that hold tissue, then the rest.
 * Within a rank, a region
 * that was begun comes before one that was not, so that its context is encoded once; then the one nearest
 * to the view's centre.
 */
export class SliceQueue {
  readonly #plan: SlicePlan;
  readonly #keptRegions: number;
  readonly #begun = new Set<number>();
  /** Regions that hold tissue. */
  readonly #tissue = new Set<number>();
  /** Least urgent first, so that taking the most urgent one is cheap. */
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

  /** Slices still to be taken. */
  get length(): number {
    return this.#waiting.length;
  }

  /** The rectangle that is looked at, level-0 pixels; null when nothing is. Takes effect at the next `peek`. */
  setView(view: Level0Rect | null): void {
    this.#view = view;
    this.#stale = true;
  }

  /** Up to `limit` slices, most urgent first; they stay in the queue. */
  peek(limit: number): PlannedSlice[] {
    if (this.#stale) this.#sort();
    return this.#waiting.slice(-limit).reverse();
  }

  /** Takes `slice` out. @throws RangeError when it is not waiting. */
  take(slice: PlannedSlice): void {
    // The slice that is taken is the most urgent one or close to it.
    const position = this.#waiting.lastIndexOf(slice);
    if (position < 0) throw new RangeError(`Slice ${slice.index} is not in the queue.`);
    this.#waiting.splice(position, 1);
    this.#begun.add(slice.region);
  }

  /** Returns a slice that was taken but not done. */
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

  /** Rank of a region that is not near the view. */
  #rank(region: number): number {
    return this.#tissue.has(region) ? tissue : rest;
  }

  /** Sorts by the two keys, then by region and place in it. */
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
