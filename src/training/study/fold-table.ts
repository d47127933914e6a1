/** The study fold by fold, and by how much rows differ on the same patients. */
import { figure, markdownTable } from './markdown-table.ts';
import { studyRows } from './study-rows.ts';
import { miouOf, pairedDifference, spreadOf, type Spread, type StudyResult } from './study-results.ts';

/** Rows that the others are compared with: the paper's claims, and ours. */
const REFERENCES = [
  { row: 'single', title: 'over one input' },
  { row: 'attention', title: 'over attention' },
] as const;

/** mIoU of every row on every fold (mean over seeds), and its paired differences, as Markdown under a title. */
export function foldTable(results: readonly StudyResult[], foldCount: number): string {
  const folds = Array.from({ length: foldCount }, (_, index) => index + 1);
  const rows = studyRows.flatMap(({ id, title }) => {
    const runs = results.filter(({ row }) => row === id);
    if (runs.length === 0) return [];
    const byFold = folds.map((fold) =>
      spreadOf(runs.filter((run) => run.fold === fold).flatMap((run) => miouOf(run) ?? [])),
    );
    const differences = REFERENCES.map(({ row }) =>
      row === id ? '' : signed(pairedDifference(results, id, row)),
    );
    return [[title, ...byFold.map((spread) => figure(spread?.mean ?? null)), ...differences]];
  });
  const head = [
    'mIoU',
    ...folds.map((fold) => `fold ${String(fold)}`),
    ...REFERENCES.map(({ title }) => title),
  ];
  return `Fold by fold; differences are of runs on the same fold with the same seed, mean ± standard deviation\n\n${markdownTable(head, rows)}`;
}

/** With its sign, and the number of pairs. */
function signed(spread: Spread | null): string {
  if (spread === null) return '–';
  const { mean, deviation, count } = spread;
  const sign = mean < 0 ? '−' : '+';
  const about = deviation === null ? '' : ` ± ${figure(deviation)}`;
  return `${sign}${figure(Math.abs(mean))}${about} (${String(count)})`;
}
