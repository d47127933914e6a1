/** How far a review is, for figures and reports. */
import type { ReviewCounts } from '../../objects/review-list.ts';
import { formatCount } from '../format.ts';

export function reviewSentence({ total, accepted, relabelled, rejected, left }: ReviewCounts): string {
  const parts = [
    `${formatCount(accepted)} accepted`,
    `${formatCount(relabelled)} relabelled`,
    `${formatCount(rejected)} rejected`,
    `${formatCount(left)} left`,
  ];
  return `${formatCount(total)} ${total === 1 ? 'object' : 'objects'}: ${parts.join(', ')}.`;
}
