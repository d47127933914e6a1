/** Words for objects and their reviews. */
import type { SortKey, ReviewState } from '../../objects/review-list.ts';

export const stateWords: Readonly<Record<ReviewState, string>> = {
  left: 'not reviewed',
  accepted: 'accepted',
  relabelled: 'relabelled',
  rejected: 'rejected',
};

/** Orders of the list, with the direction that is of use first. */
export const sortings: readonly {
  readonly by: SortKey;
  readonly descending: boolean;
  readonly title: string;
}[] = [
  { by: 'confidence', descending: false, title: 'Least certain first' },
  { by: 'mixed', descending: true, title: 'Most mixed first' },
  { by: 'area', descending: true, title: 'Largest first' },
  { by: 'area', descending: false, title: 'Smallest first' },
  { by: 'class', descending: false, title: 'By class' },
  { by: 'state', descending: false, title: 'Not reviewed first' },
  { by: 'place', descending: false, title: 'Top to bottom' },
];
