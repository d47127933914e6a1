/** `dualscope cohort report`: table and gallery of the slides finished so far. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../base/make-folder.node.ts';
import { withOutputLock } from '../../base/output-lock.node.ts';
import { replaceFile } from '../../base/replace-file.node.ts';
import { terminalText } from '../../base/terminal-text.ts';
import { cohortRows, type CohortRow, type RowStatus } from '../../cohort/cohort-row.ts';
import { cohortCsv, cohortJson } from '../../cohort/cohort-table.ts';
import { galleryPages } from '../../cohort/gallery/gallery.ts';
import type { SlideOutcome } from '../../cohort/outcome.ts';
import type { CohortPlan } from '../../cohort/request.ts';
import { cohortPaths, readOutcome, readPlan } from './cohort-folder.ts';

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
  const waiting = { onWait: () => undefined };
  return withOutputLock(join(out, 'report.lock'), () => writeReport(out, plan), waiting);
}

async function writeReport(out: string, plan: CohortPlan): Promise<CohortReport> {
  const paths = cohortPaths(out);
  const outcomes = new Map<string, SlideOutcome | null>();
  for (const { id } of plan.slides) outcomes.set(id, await readOutcome(out, id));
  const rows = cohortRows(plan, (id) => outcomes.get(id) ?? null);
  await replaceFile(paths.csv, cohortCsv(plan, rows));
  await replaceFile(paths.json, cohortJson(plan, rows));
  const pages = await galleryPages(plan, rows);
  await makeFolder(paths.gallery);
  for (const name of await readdir(paths.gallery)) {
    const isGalleryPage = /^(index|page-\d+)\.html$/.test(name);
    if (isGalleryPage && !pages.has(name)) await rm(join(paths.gallery, name));
  }
  for (const [name, html] of pages) await replaceFile(join(paths.gallery, name), html);
  const statuses = { done: 0, partial: 0, failed: 0, stopped: 0, unfinished: 0 };
  for (const { status } of rows) statuses[status]++;
  return {
    title: plan.title,
    slides: rows.length,
    statuses,
    rows,
    files: [paths.csv, paths.json, ...[...pages.keys()].map((name) => join(paths.gallery, name))],
  };
}

/** The report for the terminal: counts, up to 20 unfinished slides, the main files. */
export function reportText({ title, slides, statuses, rows, files }: CohortReport): string {
  const counts = [
    `${statuses.done} done`,
    statuses.partial > 0 ? `${statuses.partial} partial` : '',
    statuses.failed > 0 ? `${statuses.failed} failed` : '',
    statuses.stopped > 0 ? `${statuses.stopped} stopped` : '',
    statuses.unfinished > 0 ? `${statuses.unfinished} unfinished` : '',
  ].filter((part) => part !== '');
  const notDone = rows.filter(({ status }) => status !== 'done');
  return [
    `${terminalText(title)}: ${slides} ${slides === 1 ? 'slide' : 'slides'}: ${counts.join(', ')}. Research use only.`,
    ...notDone
      .slice(0, 20)
      .map(({ name, status, error }) => `  ${status}: ${terminalText(`${name}: ${error ?? ''}`)}`),
    ...(notDone.length > 20 ? [`  and ${notDone.length - 20} more`] : []),
    ...files.slice(0, 3).map(terminalText),
    '',
  ].join('\n');
}
