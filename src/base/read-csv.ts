/** Reads tables in CSV: ours, with the apostrophes before formulas taken away again, and others'. */
import { parse } from 'csv-parse/sync';
import { withFormulas } from './csv.ts';

/**
 * The rows of a table, keyed by its header. Empty lines are skipped; spaces around cells are dropped. The keys of a row
 * are data too: read them with `Object.hasOwn` in mind.
 * @throws Error with a message for people when the text is not CSV
 */
export function readCsv(text: string): Record<string, string | undefined>[] {
  const rows: unknown = parse(text, {
    columns: true,
    skip_empty_lines: true,
    trim: true,
    bom: true,
    cast: withFormulas,
  });
  return rows as Record<string, string | undefined>[];
}
