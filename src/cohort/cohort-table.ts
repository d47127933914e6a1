/**
 * A cohort as a table: CSV for spreadsheets and statistics, JSON for programs. One row per slide, including
 * failed ones.
 */
import { csvTable } from '../base/csv.ts';
import type { CohortRow } from './cohort-row.ts';
import type { CohortPlan } from './request.ts';

type Cell = string | number | null;

/** The table's header and cells. Areas are in mm², percentages from 0 to 100, confidences from 0 to 1. */
export function cohortColumns(
  plan: CohortPlan,
  rows: readonly CohortRow[],
): { readonly head: readonly string[]; readonly rows: readonly (readonly Cell[])[] } {
  const { classes } = plan.model;
  const head = [
    'slide',
    'status',
    'error',
    'flags',
    ...classes.map(({ name }) => `area_mm2_${columnWord(name)}`),
    ...classes.map(({ name }) => `percent_of_segmented_tissue_${columnWord(name)}`),
    'tissue_mm2',
    'segmented_tissue_mm2',
    'fit_distance',
    'warning',
    'confidence_mean',
    'confidence_tenth',
    'confidence_median',
    'confidence_below_half',
    'width_px',
    'height_px',
    'um_per_px',
    'slices',
    'slices_left_out',
    'seconds',
    'backend',
    'model',
    'model_sha256',
    'version',
    'id',
    'source',
  ];
  return { head, rows: rows.map((row) => cells(plan, row)) };
}

function cells({ model, version }: CohortPlan, row: CohortRow): Cell[] {
  const { figures } = row;
  const area = (name: string) => figures?.areas.find((each) => each.class === name) ?? null;
  const confidence = figures?.confidence ?? null;
  return [
    row.name,
    row.status,
    row.error,
    row.flags.map(({ id }) => id).join(';'),
    ...model.classes.map(({ name }) => fixed(area(name)?.areaMm2, 6)),
    ...model.classes.map(({ name }) => fixed(area(name)?.percentOfTissue, 4)),
    fixed(figures?.tissueMm2, 6),
    fixed(figures?.segmentedMm2, 6),
    fixed(figures?.fitDistance, 3),
    figures?.warning ?? null,
    fixed(confidence?.mean, 4),
    fixed(confidence?.tenth, 4),
    fixed(confidence?.median, 4),
    fixed(confidence?.belowHalf, 4),
    figures?.width ?? null,
    figures?.height ?? null,
    figures?.mpp ?? null,
    figures?.slices ?? null,
    figures?.broken ?? null,
    fixed(figures?.seconds, 2),
    figures?.backend ?? null,
    model.id,
    model.hash,
    version,
    row.id,
    row.source,
  ];
}

/** Rounded to the precision of the map, so that tables of two runs can be compared as text. */
function fixed(value: number | null | undefined, digits: number): number | null {
  return value == null ? null : Number(value.toFixed(digits));
}

/**
 * A class name as part of a column name: spaces as underscores, anything else but letters and digits as its code between
 * dots, `Grade 3+4` as `Grade_3.2B.4`. Different names never share a column.
 */
export function columnWord(name: string): string {
  return name.replace(/[^\p{L}\p{N}]/gu, (letter) =>
    letter === ' ' ? '_' : `.${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase()}.`,
  );
}

/** The table as CSV. */
export function cohortCsv(plan: CohortPlan, rows: readonly CohortRow[]): string {
  const table = cohortColumns(plan, rows);
  return csvTable(table.head, table.rows);
}

/** The same rows as objects keyed by column, plus the model. */
export function cohortJson(plan: CohortPlan, rows: readonly CohortRow[]): string {
  const { head, rows: lines } = cohortColumns(plan, rows);
  const { id, title, hash, intendedUse } = plan.model;
  const slides = lines.map((line) => Object.fromEntries(head.map((name, i) => [name, line[i] ?? null])));
  return `${JSON.stringify(
    {
      title: plan.title,
      notice: 'Research use only.',
      version: plan.version,
      model: { id, title, sha256: hash, intendedUse },
      slides,
    },
    null,
    2,
  )}\n`;
}
