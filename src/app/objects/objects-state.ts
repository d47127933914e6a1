/** What the list of objects shows. */
import type { CorrectedObjects } from '../../objects/apply-corrections.ts';
import type { MapObject } from '../../objects/map-object.ts';
import type { MapScale } from '../../objects/object-shape.ts';
import type { ReviewCounts, Sorting } from '../../objects/review-list.ts';
import type { LayerContent } from '../session/layer-content.ts';
import type { OpenSlide } from '../state/state.ts';

/** The layer whose objects are listed. */
export interface ObjectSource {
  readonly content: LayerContent;
  /** Under which its corrections are kept: the id of its model. */
  readonly layer: string;
  readonly slide: OpenSlide;
}

export interface ObjectsState {
  readonly source: ObjectSource;
  readonly scale: MapScale;
  readonly corrected: CorrectedObjects;
  readonly counts: ReviewCounts;
  readonly sorting: Sorting;
  /** In the order of the list; it stays while objects are reviewed. */
  readonly listed: readonly MapObject[];
  /** Keys. */
  readonly selected: number | null;
  /** Keys of objects to be merged with the selected one. */
  readonly marked: ReadonlySet<number>;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
}
