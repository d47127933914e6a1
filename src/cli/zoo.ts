/** `dualscope zoo`: lists all presets with their row in the paper, size and cost. */
import { presets } from '../model/presets.ts';
import { zooRow, type ZooRow } from '../runtime/zoo.ts';
import type { AddCommand } from './command.ts';
import { print, printJson } from './terminal.ts';

/** Adds the command to the program. */
export const addZooCommand: AddCommand = (program) => {
  program
    .command('zoo')
    .description("List all presets: the paper's row, parameters, checkpoint size, multiply-accumulates.")
    .option('--json', 'print one JSON list')
    .action((call: { readonly json?: boolean }) => {
      const rows = presets.map(zooRow);
      if (call.json === true) printJson(rows, 2);
      else print(table(rows));
    });
};

function table(rows: readonly ZooRow[]): string {
  const head = ['preset', 'parameters', 'moving stats', 'MB', 'GMAC', 'reused', 'input', 'table'];
  const cells = rows.map((row) => [
    row.id,
    row.parameters.toLocaleString('en-GB'),
    row.movingStatistics.toLocaleString('en-GB'),
    row.checkpointMB.toFixed(1),
    row.gmac.toFixed(3),
    row.gmacReusedContext.toFixed(3),
    `${String(row.inputPx)} px`,
    row.table,
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]!.length)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column]!;
        return column === 0 || column === row.length - 1 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  const note =
    'MB: float32 checkpoint. GMAC: one slice with its context, at the preset’s input size; reused: without\n' +
    'encoding the context again.';
  return `${[line(head), ...cells.map(line)].join('\n')}\n\n${note}\n`;
}
