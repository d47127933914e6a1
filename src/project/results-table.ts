/** Results of a project as a table: one row per slide and model. Pure. */
import { csvTable } from '../base/csv.ts';
import type { Project, ProjectSlide, SlideResult } from './project.ts';
import { compareKeys, slideStates, stateOf } from './slide-list.ts';
import type { SlideState } from './slide-list.ts';

export interface ResultRow {
  readonly slide: ProjectSlide;
  readonly state: SlideState;
  /** null for a slide without results. */
  readonly modelId: string | null;
  readonly result: SlideResult | null;
}

export interface ResultTable {
  readonly rows: readonly ResultRow[];
  /** Names of classes that are not background, in the order of the models. */
  readonly classes: readonly string[];
  readonly hasDisagreement: boolean;
}

/** @param modelId of the results to list; null for those of all models */
export function resultTable(
  slides: readonly ProjectSlide[],
  running: string | null,
  modelId: string | null,
): ResultTable {
  const classes = new Set<string>();
  const rows = slides.flatMap((slide): ResultRow[] => {
    const state = stateOf(slide, running);
    const results = Object.entries(slide.results).filter(([id]) => modelId === null || id === modelId);
    for (const [, { classes: own }] of results) {
      for (const { name, background } of own) if (!background) classes.add(name);
    }
    return results.length === 0
      ? [{ slide, state, modelId: null, result: null }]
      : results.map(([id, result]) => ({ slide, state, modelId: id, result }));
  });
  const hasDisagreement = slides.some(({ disagreement }) => disagreement !== null);
  return { rows, classes: [...classes], hasDisagreement };
}

/** Models with results, by id, with their titles. */
export function modelsWithResults(slides: readonly ProjectSlide[]): ReadonlyMap<string, string> {
  const titles = new Map<string, string>();
  for (const { results } of slides)
    for (const [id, { title }] of Object.entries(results)) titles.set(id, title);
  return titles;
}

/** `class:NAME` sorts by the area of a class. */
export type TableColumn =
  'slide' | 'case' | 'state' | 'model' | 'tissue' | 'confidence' | 'disagreement' | `class:${string}`;

/** Rows in the order of a column. Cells without a value come last in both directions. */
export function sortRows(
  rows: readonly ResultRow[],
  column: TableColumn,
  descending: boolean,
): readonly ResultRow[] {
  return rows
    .map((row) => ({ row, value: cellOf(row, column) }))
    .sort((one, other) => {
      if (one.value === null || other.value === null) return compareKeys(one.value, other.value);
      return (descending ? -1 : 1) * compareKeys(one.value, other.value);
    })
    .map(({ row }) => row);
}

function cellOf({ slide, state, result }: ResultRow, column: TableColumn): number | string | null {
  switch (column) {
    case 'slide':
      return slide.name;
    case 'case':
      return slide.caseNumber === '' ? null : slide.caseNumber;
    case 'state':
      return slideStates.indexOf(state);
    case 'model':
      return result?.title ?? null;
    case 'tissue':
      return result?.segmentedMm2 ?? null;
    case 'confidence':
      return result?.confidence ?? null;
    case 'disagreement':
      return slide.disagreement;
    default:
      return classOf(result, column.slice('class:'.length))?.mm2 ?? null;
  }
}

/** A class of a result by name; null if the model has none of that name. */
export function classOf(result: SlideResult | null, name: string): SlideResult['classes'][number] | null {
  return result?.classes.find((each) => each.name === name) ?? null;
}

const mm2 = (value: number | null | undefined): string | null => (value == null ? null : value.toFixed(4));
const share = (value: number | null | undefined): string | null => (value == null ? null : value.toFixed(4));

/** All results as CSV: areas in mm², shares of the segmented tissue, confidence and disagreement from 0 to 1. */
export function resultsCsv({ slides }: Project): string {
  const { rows, classes } = resultTable(slides, null, null);
  return csvTable(
    [
      ...[
        'slide',
        'path',
        'fingerprint',
        'case',
        'state',
        'reviewed',
        'model',
        'model_id',
        'date',
        'um_per_px',
      ],
      'segmented_tissue_mm2',
      ...classes.flatMap((name) => [`${name}_mm2`, `${name}_share_of_tissue`]),
      ...['mean_confidence', 'disagreement', 'unreadable_slices', 'warning', 'failure', 'notes', 'notice'],
    ],
    rows.map(({ slide, state, modelId, result }) => [
      slide.name,
      slide.path,
      slide.fingerprint,
      slide.caseNumber,
      state,
      slide.reviewed ? 'yes' : 'no',
      result?.title,
      modelId,
      result?.date,
      result?.mpp,
      mm2(result?.segmentedMm2),
      ...classes.flatMap((name) => {
        const own = classOf(result, name);
        return [mm2(own?.mm2), share(own?.shareOfTissue)];
      }),
      share(result?.confidence),
      share(slide.disagreement),
      result?.broken,
      result?.warning,
      slide.failure?.problem,
      slide.notes,
      'Research use only',
    ]),
  );
}
