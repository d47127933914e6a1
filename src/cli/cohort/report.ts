/** `dualscope cohort report`: table and gallery of whatever has been finished so far. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cohortRows, type CohortRow, type RowStatus } from '../../cohort/cohort-row.ts';
import { cohortCsv, cohortJson } from '../../cohort/cohort-table.ts';
import { galleryPages } from '../../cohort/gallery/gallery.ts';
import type { SlideOutcome } from '../../cohort/outcome.ts';
import { writeAtomically } from '../segment-result.ts';
import { cohortPlaces, readPlan } from './places.ts';
import { readOutcome } from './segment-slide.ts';

export interface CohortReport {
  readonly title: string;
  readonly slides: number;
  readonly statuses: Readonly<Record<RowStatus, number>>;
  readonly rows: readonly CohortRow[];
  readonly files: readonly string[];
}

/** Writes `cohort.csv`, `cohort.json` and the gallery. @throws CommandError when there is no plan. */
export async function reportCohort(out: string): Promise<CohortReport> {
  const plan = await readPlan(out);
  const places = cohortPlaces(out);
  const outcomes = new Map<string, SlideOutcome | null>();
  for (const { id } of plan.slides) outcomes.set(id, await readOutcome(out, id));
  const rows = cohortRows(plan, (id) => outcomes.get(id) ?? null);
  await writeAtomically(places.csv, cohortCsv(plan, rows));
  await writeAtomically(places.json, cohortJson(plan, rows));
  const pages = await galleryPages(plan, rows);
  await mkdir(places.gallery, { recursive: true });
  for (const name of await readdir(places.gallery)) {
    const isOurs = /^(index|page-\d+)\.html$/.test(name);
    if (isOurs && !pages.has(name)) await rm(join(places.gallery, name));
  }
  for (const [name, html] of pages) await writeAtomically(join(places.gallery, name), html);
  const statuses = { done: 0, partial: 0, failed: 0, stopped: 0, unfinished: 0 };
  for (const { status } of rows) statuses[status]++;
  return {
    title: plan.title,
    slides: rows.length,
    statuses,
    rows,
    files: [places.csv, places.json, ...[...pages.keys()].map((name) => join(places.gallery, name))],
  };
}
