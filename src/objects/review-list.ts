/** The list of a review: objects with what was said of them, sorted and counted. Pure. */
import type { ReviewCorrection } from './correction.ts';
import { mixedness, type MapObject } from './map-object.ts';

/** `relabelled`: accepted as another class than the model's. */
export type ReviewState = 'left' | 'accepted' | 'relabelled' | 'rejected';
export const sortKeys = ['place', 'area', 'confidence', 'mixed', 'class', 'state'] as const;
export type SortKey = (typeof sortKeys)[number];

export interface Sorting {
  readonly by: SortKey;
  readonly descending: boolean;
}

export interface ReviewCounts {
  readonly total: number;
  readonly accepted: number;
  readonly relabelled: number;
  readonly rejected: number;
  readonly left: number;
}

type Classes = readonly { readonly name: string }[];
type Reviews = ReadonlyMap<number, ReviewCorrection>;

export function stateOf(object: MapObject, reviews: Reviews, classes: Classes): ReviewState {
  const review = reviews.get(object.key);
  if (review === undefined) return 'left';
  if (review.verdict === 'rejected') return 'rejected';
  return review.className === classes[object.majority]?.name ? 'accepted' : 'relabelled';
}

/** The name of the object's class: the reviewer's, else that of most of its pixels. */
export function classNameOf(object: MapObject, reviews: Reviews, classes: Classes): string {
  return reviews.get(object.key)?.className ?? classes[object.majority]?.name ?? '';
}

export function countReviews(
  objects: readonly MapObject[],
  reviews: Reviews,
  classes: Classes,
): ReviewCounts {
  const counts = { total: objects.length, accepted: 0, relabelled: 0, rejected: 0, left: 0 };
  for (const object of objects) counts[stateOf(object, reviews, classes)]++;
  return counts;
}

const stateOrder: Readonly<Record<ReviewState, number>> = {
  left: 0,
  relabelled: 1,
  rejected: 2,
  accepted: 3,
};

/** Objects in the order of the list; equal ones stay in the order of their places. */
export function sortObjects(
  objects: readonly MapObject[],
  reviews: Reviews,
  classes: Classes,
  { by, descending }: Sorting,
): MapObject[] {
  const valueOf = (object: MapObject): number => {
    switch (by) {
      case 'place':
        return object.key;
      case 'area':
        return object.pixels;
      case 'confidence':
        return object.confidence;
      case 'mixed':
        return mixedness(object);
      case 'class': {
        const name = classNameOf(object, reviews, classes);
        return classes.findIndex((entry) => entry.name === name);
      }
      case 'state':
        return stateOrder[stateOf(object, reviews, classes)];
    }
  };
  const values = Float64Array.from(objects, valueOf);
  const sign = descending ? -1 : 1;
  return Array.from(objects.keys())
    .sort((one, other) => sign * ((values[one] ?? 0) - (values[other] ?? 0)) || one - other)
    .flatMap((at) => objects[at] ?? []);
}
