/** State of the stains of the open slide, as plain data; in a store of its own. */
import type { SlideArea } from '../../segment/area.ts';
import type { StainIndex, StainSeparation } from '../../stain/deconvolve.ts';
import type { Thresholds } from '../../stain/h-score.ts';
import type { StainLook } from '../../stain/stain-view.ts';
import type { StainVector } from '../../stain/stain-vectors.ts';
import type { StainMeasurement } from '../../worker/stain-protocol.ts';

/** What the user separates by. `areas`: two annotations, each over one stain. */
export type StainChoice = 'off' | 'he' | 'hdab' | 'estimated' | 'areas';

/** What is measured. */
export type StainScope = 'view' | 'annotation' | 'slide';

export interface StainRow extends StainMeasurement {
  readonly scope: StainScope;
  /** What it is of, for people. */
  readonly title: string;
  readonly area: SlideArea;
}

export interface StainState {
  /** Of the slide that all this belongs to; null without one. */
  readonly slideId: number | null;
  readonly choice: StainChoice;
  /** null until it is known. */
  readonly separation: StainSeparation | null;
  /** Stains that were taken from annotations so far. */
  readonly drawn: readonly [StainVector | null, StainVector | null];
  /** The stain that panes show, by pane; absent for the slide's colours. */
  readonly shown: Readonly<Record<string, StainIndex>>;
  readonly inColour: boolean;
  /** How tiles of panes are asked for; the same object until it changes. */
  readonly looks: Readonly<Record<string, StainLook>>;
  /** The stain that is measured. */
  readonly measured: 0 | 1;
  readonly thresholds: Thresholds;
  readonly rows: readonly StainRow[];
  /** What is being computed, for people; null when nothing is. */
  readonly busy: string | null;
  /** What went wrong last, in sentences. */
  readonly problem: string | null;
}

/** Whether the stains are known: two annotations are needed where they are drawn. */
export function isReady({ choice, separation, drawn }: StainState): boolean {
  return separation !== null && (choice !== 'areas' || !drawn.includes(null));
}

export const scopeTitles: Readonly<Record<StainScope, string>> = {
  view: 'Current view',
  annotation: 'Selected annotation',
  slide: 'Whole slide',
};
