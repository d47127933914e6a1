/** How far a review is, for figures and reports. */
import type { ReviewCounts } from '../../objects/review-list.ts';
import { formatCount } from '../format.ts';

/** @param isByObject whether the areas are those of objects, with one class each. */
export function reviewSentence(
  { total, accepted, relabelled, rejected, left }: ReviewCounts,
  isByObject: boolean,
): string {
  const parts = [
    `${formatCount(accepted)} accepted`,
    `${formatCount(relabelled)} relabelled`,
    `${formatCount(rejected)} rejected`,
    `${formatCount(left)} left`,
  ];
  const areas = isByObject ? 'Areas: by object, after review.' : 'Areas: the model’s, before review.';
  return `${formatCount(total)} ${total === 1 ? 'object' : 'objects'}: ${parts.join(', ')}. ${areas}`;
}
