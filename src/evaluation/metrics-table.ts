/** Metrics as text for a terminal: one row per class with its confusions, then the overall figures. */
import { terminalText } from '../base/terminal-text.ts';
import type { ConfusionMatrix } from './confusion-matrix.ts';
import { toRows } from './confusion-matrix.ts';
import { metricsOf, type Metrics } from './metrics.ts';

/**
 * A table in plain text, without a trailing line break. Confusions are shares of the true class's pixels.
 * @param names of the classes, in order of their values; as many as the matrix has.
 */
export function metricsTable(matrix: ConfusionMatrix, names: readonly string[]): string {
  if (names.length !== matrix.classes) {
    throw new RangeError(`${names.length} names for ${matrix.classes} classes.`);
  }
  const metrics = metricsOf(matrix);
  const header = ['truth \\ predicted', ...names, 'pixels', 'IoU'];
  const rows = toRows(matrix).map((row, label) => {
    const total = row.reduce((sum, value) => sum + value, 0);
    return [
      names[label] ?? '',
      ...row.map((value) => (total === 0 ? '-' : `${((100 * value) / total).toFixed(1)} %`)),
      String(total),
      figure(metrics.iou[label] ?? null),
    ];
  });
  return [
    ...aligned(header, rows),
    '',
    `mIoU ${figure(metrics.miou)}   accuracy ${figure(metrics.accuracy)}   BACH score ${figure(metrics.score)}   ${metrics.pixels} pixels`,
  ].join('\n');
}

/** Figures per image, in plain text, without a trailing line break. */
export function imagesTable(
  images: readonly (Metrics & { readonly image: string; readonly patient: string | null })[],
  hasScore: boolean,
): string {
  return aligned(
    ['image', 'patient', 'mIoU', 'accuracy', ...(hasScore ? ['score'] : []), 'pixels'],
    images.map(({ image, patient, miou, accuracy, score, pixels }) => [
      image,
      patient ?? '-',
      figure(miou),
      figure(accuracy),
      ...(hasScore ? [figure(score)] : []),
      String(pixels),
    ]),
  ).join('\n');
}

/** Lines of a table: the first column left-aligned, the others right-aligned. */
function aligned(names: readonly string[], values: readonly (readonly string[])[]): string[] {
  const header = names.map(terminalText);
  const rows = values.map((row) => row.map(terminalText));
  const widths = header.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ');
  return [line(header), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)];
}

function figure(value: number | null): string {
  return value === null ? '-' : value.toFixed(4);
}
