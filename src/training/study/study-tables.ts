/** The study's two tables, from the results of its runs. */
import { metricsOf, type Metrics } from '../../evaluation/metrics.ts';
import { presetById } from '../../model/presets.ts';
import { zooRow } from '../../runtime/zoo.ts';
import { foldTable } from './fold-table.ts';
import { figure, markdownTable } from './markdown-table.ts';
import { miouOf, pooledMatrix, spreadOf, type StudyResult } from './study-results.ts';
import { studyClasses } from './study-config.ts';
import { drawnGlass, type StudyRecipe } from './study-recipe.ts';
import { studyRows, type StudyRow } from './study-rows.ts';
import type { Study } from './studies.ts';

export interface RowSummary {
  readonly row: string;
  readonly title: string;
  readonly runs: number;
  readonly folds: readonly number[];
  /** Mean over the runs; null where nothing could be worked out. */
  readonly miou: number | null;
  /** Sample standard deviation over the runs; null for fewer than two. */
  readonly spread: number | null;
  /** One confusion matrix over all runs: with every fold once, each image counts once. */
  readonly pooled: Metrics;
  readonly minutes: number;
  readonly checkpointMB: number;
  readonly paperMB: number | null;
}

/** @throws RangeError when a confusion matrix is not square or runs differ in their classes. */
export function summarise(results: readonly StudyResult[]): RowSummary[] {
  return studyRows.flatMap((row) => {
    const runs = results.filter((result) => result.row === row.id);
    return runs.length === 0 ? [] : [summaryOf(row, runs)];
  });
}

function summaryOf(row: StudyRow, runs: readonly StudyResult[]): RowSummary {
  const miou = spreadOf(runs.flatMap((run) => miouOf(run) ?? []));
  return {
    row: row.id,
    title: row.title,
    runs: runs.length,
    folds: [...new Set(runs.map(({ fold }) => fold))].sort((a, b) => a - b),
    miou: miou?.mean ?? null,
    spread: miou?.deviation ?? null,
    pooled: metricsOf(pooledMatrix(runs)),
    minutes: runs.reduce((total, { seconds }) => total + seconds, 0) / 60,
    checkpointMB: zooRow(presetById(row.preset)).checkpointMB,
    paperMB: row.paperMB,
  };
}

/** Both tables and the comparison fold by fold as Markdown, with a line that says what they are of. */
export function studyTables(
  results: readonly StudyResult[],
  study: Pick<Study, 'title' | 'foldCount'>,
  { steps, learningRate, glass }: StudyRecipe,
): string {
  const summaries = summarise(results);
  const of = (table: 1 | 2, id: string): boolean =>
    studyRows.find((row) => row.id === id)?.tables.includes(table) ?? false;
  const folds = [...new Set(summaries.flatMap((summary) => summary.folds))];
  const note =
    `${study.title}, split by patient, compact networks, ${String(steps)} steps, rate ${String(learningRate)}${drawnGlass(glass)}. ${String(folds.length)} of ${String(study.foldCount)} folds` +
    `${folds.length < study.foldCount ? ' so far: other patients would give other figures' : ''}. ` +
    'mIoU: mean ± standard deviation over the runs; the other figures from one confusion matrix over all of them. ' +
    'Paper MB: the ResNet-50 row of the paper, which is on BACH; its other figures are of other data and networks.';
  const title = { 1: 'Table 1: inputs', 2: 'Table 2: fusions' } as const;
  const tables = ([1, 2] as const).map((table) => {
    const rows = summaries.filter(({ row }) => of(table, row)).map(tableRow);
    return `${title[table]}\n\n${markdownTable(headers(), rows)}`;
  });
  return `${note}\n\n${[...tables, foldTable(results, study.foldCount)].join('\n\n')}\n`;
}

function headers(): string[] {
  return [
    'system',
    'mIoU',
    ...studyClasses.map(({ name }) => `IoU ${name}`),
    'accuracy',
    'score',
    'MB',
    'paper MB',
    'runs',
    'minutes',
  ];
}

function tableRow({
  title,
  miou,
  spread,
  pooled,
  runs,
  minutes,
  checkpointMB,
  paperMB,
}: RowSummary): string[] {
  return [
    title,
    spread === null ? figure(miou) : `${figure(miou)} ± ${figure(spread)}`,
    ...pooled.iou.map(figure),
    figure(pooled.accuracy),
    figure(pooled.score),
    checkpointMB.toFixed(1),
    paperMB === null ? '' : String(paperMB),
    String(runs),
    minutes.toFixed(0),
  ];
}
