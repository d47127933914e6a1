/** The list of a project's slides: states, filter, order, and the slide before and after one. Pure. */
import type { ProjectSlide } from './project.ts';

export const slideStates = ['new', 'queued', 'running', 'failed', 'segmented', 'reviewed'] as const;
export type SlideState = (typeof slideStates)[number];

export const stateTitles: Readonly<Record<SlideState, string>> = {
  new: 'New',
  queued: 'Queued',
  running: 'Running',
  failed: 'Failed',
  segmented: 'Segmented',
  reviewed: 'Reviewed',
};

/** @param running id of the slide that is being segmented, or null */
export function stateOf(slide: ProjectSlide, running: string | null): SlideState {
  if (slide.id === running) return 'running';
  if (slide.queued) return 'queued';
  if (slide.reviewed) return 'reviewed';
  if (slide.failure !== null) return 'failed';
  return Object.keys(slide.results).length > 0 ? 'segmented' : 'new';
}

export const slideOrders = ['folder', 'name', 'state', 'area', 'confidence', 'disagreement'] as const;
export type SlideOrder = (typeof slideOrders)[number];

export const orderTitles: Readonly<Record<SlideOrder, string>> = {
  folder: 'Folder',
  name: 'Name',
  state: 'State',
  area: 'Tissue, largest first',
  confidence: 'Confidence, lowest first',
  disagreement: 'Disagreement, highest first',
};

export type SlideFilter = 'all' | SlideState;

export interface ListedSlides {
  readonly slides: readonly ProjectSlide[];
  readonly running: string | null;
  readonly filter: SlideFilter;
  readonly order: SlideOrder;
  /** Text that name, path, case number or notes contain; empty for all. */
  readonly search: string;
}

/** The slides to list. Slides without a figure come last in an order by figures. */
export function listSlides({
  slides,
  running,
  filter,
  order,
  search,
}: ListedSlides): readonly ProjectSlide[] {
  const wanted = search.trim().toLocaleLowerCase();
  const shown = slides.filter(
    (slide) =>
      (filter === 'all' || stateOf(slide, running) === filter) &&
      (wanted === '' ||
        [slide.name, slide.path, slide.caseNumber, slide.notes].some((text) =>
          text.toLocaleLowerCase().includes(wanted),
        )),
  );
  const key = keyOf(order, running);
  if (key === null) return shown;
  // Stable: equal ones stay in the folder's order.
  return shown
    .map((slide) => ({ slide, value: key(slide) }))
    .sort((one, other) => compareKeys(one.value, other.value))
    .map(({ slide }) => slide);
}

/** Lowest confidence of a slide's results; null without any. */
export function confidenceOf({ results }: ProjectSlide): number | null {
  const known = Object.values(results).flatMap(({ confidence }) => (confidence === null ? [] : [confidence]));
  return known.length === 0 ? null : Math.min(...known);
}

/** Segmented tissue, mm²: the largest of a slide's results; null without any. */
export function tissueOf({ results }: ProjectSlide): number | null {
  const areas = Object.values(results).map(({ segmentedMm2 }) => segmentedMm2);
  return areas.length === 0 ? null : Math.max(...areas);
}

type Key = number | string | null;

function keyOf(order: SlideOrder, running: string | null): ((slide: ProjectSlide) => Key) | null {
  switch (order) {
    case 'folder':
      return null;
    case 'name':
      return ({ name }) => name;
    case 'state':
      return (slide) => slideStates.indexOf(stateOf(slide, running));
    case 'area':
      return (slide) => negative(tissueOf(slide));
    case 'confidence':
      return confidenceOf;
    case 'disagreement':
      return ({ disagreement }) => negative(disagreement);
  }
}

const negative = (value: number | null): number | null => (value === null ? null : -value);

const byName = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** Ascending; null comes last. */
export function compareKeys(one: Key, other: Key): number {
  if (one === null || other === null) return Number(one === null) - Number(other === null);
  return typeof one === 'string' || typeof other === 'string'
    ? byName.compare(String(one), String(other))
    : one - other;
}

/**
 * The slide `by` places after one in a list, or null at its end. Of a slide that the list lacks, the first one, or the last for a
 * step back.
 */
export function slideBeside(
  list: readonly ProjectSlide[],
  id: string | null,
  by: 1 | -1,
): ProjectSlide | null {
  const at = list.findIndex((slide) => slide.id === id);
  if (at < 0) return (by > 0 ? list[0] : list.at(-1)) ?? null;
  return list[at + by] ?? null;
}

export type StateCounts = Readonly<Record<SlideState, number>>;

export function countStates(slides: readonly ProjectSlide[], running: string | null): StateCounts {
  const counts = { new: 0, queued: 0, running: 0, failed: 0, segmented: 0, reviewed: 0 };
  for (const slide of slides) counts[stateOf(slide, running)] += 1;
  return counts;
}
