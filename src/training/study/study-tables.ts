/**
 * Results of the study's runs, statistics over them, and its tables as Markdown: the paper's two, and a
 * comparison by fold.
 */
import type { ConfusionMatrix } from '../../evaluation/confusion-matrix.ts';
import { type Metrics, metricsOf } from '../../evaluation/metrics.ts';
import { presetById } from '../../model/presets.ts';
import { zooRow } from '../../runtime/zoo.ts';
import type { Study } from './studies.ts';
import { glassPhrase, studyClasses, type StudyRecipe, type StudyRow, studyRows } from './study-config.ts';

/** One trained and evaluated network. */
export interface StudyResult {
  readonly row: string;
  /** From 1. */
  readonly fold: number;
  readonly seed: number;
  readonly steps: number;
  /** Duration of the training. */
  readonly seconds: number;
  /** Pixels by true class (rows) and predicted class. */
  readonly confusion: readonly (readonly number[])[];
}

/**
 * The sum of all confusion matrices.
 * @throws RangeError when one is not square or the runs differ in their classes.
 */
export function pooledMatrix(results: readonly StudyResult[]): ConfusionMatrix {
  const classes = results[0]?.confusion.length ?? 0;
  const counts = new Float64Array(classes * classes);
  for (const { confusion } of results) {
    if (confusion.length !== classes || confusion.some((columns) => columns.length !== classes)) {
      throw new RangeError('The runs differ in their classes, or a confusion matrix is not square.');
    }
    confusion.flat().forEach((pixels, cell) => {
      counts[cell] = counts[cell]! + pixels;
    });
  }
  return { classes, counts };
}

/** mIoU of one run; null if undefined. */
export function miouOf(result: StudyResult): number | null {
  return metricsOf(pooledMatrix([result])).miou;
}

export interface Spread {
  readonly mean: number;
  /** Sample standard deviation; null for fewer than two values. */
  readonly deviation: number | null;
  readonly count: number;
}

/** @returns null without values */
export function spreadOf(values: readonly number[]): Spread | null {
  const count = values.length;
  if (count === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, count, deviation: count < 2 ? null : Math.sqrt(squares / (count - 1)) };
}

/**
 * The difference in mIoU between two rows, over pairs of runs on the same fold with the same seed: patients
 * differ more than networks.
 * @returns null without any pair
 */
export function pairedDifference(
  results: readonly StudyResult[],
  row: string,
  reference: string,
): Spread | null {
  const differences = results.flatMap((run) => {
    if (run.row !== row) return [];
    const other = results.find(
      ({ row: id, fold, seed }) => id === reference && fold === run.fold && seed === run.seed,
    );
    const [own, theirs] = [miouOf(run), other === undefined ? null : miouOf(other)];
    return own === null || theirs === null ? [] : [own - theirs];
  });
  return spreadOf(differences);
}

/** All runs of a row. */
export interface RowSummary {
  readonly row: string;
  readonly title: string;
  readonly runs: number;
  readonly folds: readonly number[];
  /** Mean over the runs; null if undefined for all of them. */
  readonly miou: number | null;
  /** Sample standard deviation over the runs; null for fewer than two. */
  readonly spread: number | null;
  /** From one confusion matrix over all runs. With each fold once, each image counts once. */
  readonly pooled: Metrics;
  readonly minutes: number;
  readonly checkpointMB: number;
  readonly paperMB: number | null;
}

/**
 * Summarises the rows that have runs.
 * @throws RangeError when a confusion matrix is not square or runs differ in their classes.
 */
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

/** Both tables and the comparison by fold as Markdown, with an introduction. */
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
    `${study.title}, split by patient, compact networks, ${String(steps)} steps, learning rate ${String(learningRate)}${glassPhrase(glass)}. ${String(folds.length)} of ${String(study.foldCount)} folds` +
    `${folds.length < study.foldCount ? ' so far; figures on other patients will differ' : ''}. ` +
    'mIoU: mean ± standard deviation over the runs. Other figures: from one confusion matrix over all runs. ' +
    "Paper MB: the paper's row with ResNet-50, trained on BACH; its other figures are not comparable.";
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

/** Rows that the others are compared with, to test the paper's claims and ours. */
const references = [
  { row: 'single', title: 'over one input' },
  { row: 'attention', title: 'over attention' },
] as const;

/** mIoU of each row on each fold (mean over seeds) with paired differences, as Markdown with a title. */
export function foldTable(results: readonly StudyResult[], foldCount: number): string {
  const folds = Array.from({ length: foldCount }, (_, index) => index + 1);
  const rows = studyRows.flatMap(({ id, title }) => {
    const runs = results.filter(({ row }) => row === id);
    if (runs.length === 0) return [];
    const byFold = folds.map((fold) =>
      spreadOf(runs.filter((run) => run.fold === fold).flatMap((run) => miouOf(run) ?? [])),
    );
    const differences = references.map(({ row }) =>
      row === id ? '' : signed(pairedDifference(results, id, row)),
    );
    return [[title, ...byFold.map((spread) => figure(spread?.mean ?? null)), ...differences]];
  });
  const head = [
    'mIoU',
    ...folds.map((fold) => `fold ${String(fold)}`),
    ...references.map(({ title }) => title),
  ];
  return `By fold. Differences compare runs on the same fold with the same seed: mean ± standard deviation (pairs)\n\n${markdownTable(head, rows)}`;
}

/** A difference with its sign and the number of pairs. */
function signed(spread: Spread | null): string {
  if (spread === null) return '–';
  const { mean, deviation, count } = spread;
  const sign = mean < 0 ? '−' : '+';
  const about = deviation === null ? '' : ` ± ${figure(deviation)}`;
  return `${sign}${figure(Math.abs(mean))}${about} (${String(count)})`;
}

/** Three decimals, or a dash if undefined. */
export function figure(value: number | null): string {
  return value === null ? '–' : value.toFixed(3);
}

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
