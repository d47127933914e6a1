/** Puts corrections on the objects of a class map, which may have been segmented again since. Pure. */
import type { Correction, ReviewCorrection } from './correction.ts';
import type { MapObject } from './map-object.ts';
import { ObjectIndex } from './object-index.ts';
import { pixelsOf, runsInside, type MapScale } from './object-shape.ts';
import { sharedPixels, type Runs } from './runs.ts';
import { mergeObjects, splitObject, type ConfidenceSum } from './split-object.ts';

/** Least overlap of an object with the outline that a correction was made on, as intersection over union. */
const leastOverlap = 0.5;

export interface CorrectedObjects {
  /** In the order of their first pixels. */
  readonly objects: readonly MapObject[];
  readonly index: ObjectIndex;
  /** By key of the object. */
  readonly reviews: ReadonlyMap<number, ReviewCorrection>;
  /** Corrections whose object the map no longer has. */
  readonly unmatched: readonly Correction[];
}

export interface CorrectedMap {
  readonly scale: MapScale;
  readonly classes: readonly { readonly name: string }[];
  readonly confidenceOf: ConfidenceSum;
  /** The key of the object that a review is known to be of, from applying it to the same map before; null if unknown. */
  readonly hint?: (correction: ReviewCorrection) => number | null;
}

/**
 * Merges and splits first, in the order in which they were made; then reviews, each on the object that overlaps its outline by
 * at least half. A rejection holds only while the object still has the class that was rejected.
 */
export function applyCorrections(
  found: readonly MapObject[],
  corrections: readonly Correction[],
  map: CorrectedMap,
): CorrectedObjects {
  const unmatched: Correction[] = [];
  const inOrder = [...corrections].sort((one, other) => one.place - other.place);
  const reshaped = reshape(found, inOrder, map, unmatched);
  const index = new ObjectIndex(reshaped);
  const reviews = new Map<number, ReviewCorrection>();
  const byKey = new Map(reshaped.map((object) => [object.key, object]));
  // Merging and splitting may give another object the same first pixel.
  const isReshaped = reshaped !== found;
  const known = (correction: ReviewCorrection): MapObject | null => {
    const key = isReshaped ? null : (map.hint?.(correction) ?? null);
    return key === null ? null : (byKey.get(key) ?? null);
  };
  for (const correction of inOrder) {
    if (correction.kind !== 'review') continue;
    const object = known(correction) ?? bestMatch(index, runsInside(correction.shape, map.scale));
    if (object === null || !stillHolds(correction, object, map)) {
      unmatched.push(correction);
      continue;
    }
    const earlier = reviews.get(object.key);
    if (earlier !== undefined) unmatched.push(earlier);
    reviews.set(object.key, correction);
  }
  return { objects: reshaped, index, reviews, unmatched };
}

function stillHolds(
  { verdict, className }: ReviewCorrection,
  { majority }: MapObject,
  map: CorrectedMap,
): boolean {
  return verdict === 'accepted' || map.classes[majority]?.name === className;
}

/** The object that overlaps an area best, if by at least half. */
function bestMatch(index: ObjectIndex, area: Runs): MapObject | null {
  const pixels = pixelsOf(area);
  for (const [object, shared] of index.overlapping(area)) {
    // Objects share no pixels, so that only one can reach a half.
    if (shared / (pixels + object.pixels - shared) >= leastOverlap) return object;
  }
  return null;
}

/** Objects after merges and splits. */
function reshape(
  found: readonly MapObject[],
  inOrder: readonly Correction[],
  map: CorrectedMap,
  unmatched: Correction[],
): readonly MapObject[] {
  const steps = inOrder.filter(({ kind }) => kind !== 'review');
  if (steps.length === 0) return found;
  const index = new ObjectIndex(found);
  /** What became of objects that were merged or split; of several that were merged, the first stands for all. */
  const became = new Map<MapObject, readonly MapObject[]>();
  const current = new Set(found);
  for (const step of steps) {
    const area = runsInside(step.shape, map.scale);
    const near = new Set<MapObject>();
    for (const [object] of index.overlapping(area)) for (const now of nowOf(object, became)) near.add(now);
    const inside = [...near].filter((object) => 2 * sharedPixels(area, object.runs) >= object.pixels);
    if (step.kind === 'merge') {
      if (inside.length >= 2) replace(inside, [mergeObjects(inside)], became, current);
      else if (!inside.some((object) => 2 * sharedPixels(area, object.runs) >= pixelsOf(area)))
        unmatched.push(step);
    } else if (step.kind === 'split') {
      const [largest] = inside.sort((one, other) => other.pixels - one.pixels);
      const parts = largest === undefined ? [] : splitObject(largest, step.line, map.scale, map.confidenceOf);
      if (largest !== undefined && parts.length > 1) replace([largest], parts, became, current);
      else unmatched.push(step);
    }
  }
  return [...current].sort((one, other) => one.key - other.key);
}

function nowOf(object: MapObject, became: ReadonlyMap<MapObject, readonly MapObject[]>): MapObject[] {
  // A list, not recursion: an object may have been changed many times.
  const now: MapObject[] = [];
  const pending = [object];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const later = became.get(next);
    if (later === undefined) now.push(next);
    else pending.push(...later);
  }
  return now;
}

function replace(
  before: readonly MapObject[],
  after: readonly MapObject[],
  became: Map<MapObject, readonly MapObject[]>,
  current: Set<MapObject>,
): void {
  for (const object of before) {
    became.set(object, after);
    current.delete(object);
  }
  for (const object of after) current.add(object);
}
