/** Tables as CSV (RFC 4180, lines end in CR LF), safe to open in a spreadsheet. Pure. */

export type CsvValue = string | number | boolean | null | undefined;

/**
 * A table with its header row. null and undefined are empty cells.
 *
 * Text that a spreadsheet would run as a formula (a leading `=`, `+`, `-`, `@`, tab or carriage return) gets a leading
 * apostrophe, as OWASP's "CSV injection" page recommends; numbers are written as they are.
 */
export function csvTable(header: readonly string[], rows: readonly (readonly CsvValue[])[]): string {
  return [header, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

function csvCell(value: CsvValue): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
