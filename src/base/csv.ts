/** Tables as CSV (RFC 4180, lines end in CR LF), safe to open in a spreadsheet. Pure. `read-csv.ts` reads them. */

export type CsvValue = string | number | boolean | null | undefined;

/**
 * A table with its header row. null and undefined are empty cells. Numbers and booleans are written as they are; text is
 * written as `withoutFormulas` gives it.
 */
export function csvTable(header: readonly string[], rows: readonly (readonly CsvValue[])[]): string {
  return [header, ...rows].map((row) => `${row.map(csvCell).join(',')}\r\n`).join('');
}

function csvCell(value: CsvValue): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const text = withoutFormulas(value);
  // Semicolons and tabs separate cells in some countries' spreadsheets; readers drop spaces around cells.
  return /[",;\t\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** What starts a formula, also in full width, as Japanese spreadsheets accept it. */
const start = /[=+@＝＋－＠-]/;
/** What a spreadsheet may skip before a formula: spaces, invisible characters, and our own apostrophes. */
const skipped = /['\s\p{Cc}\p{Cf}]/u;
/** Line breaks and tabs, which a spreadsheet may drop, and what ends a cell in some of them. */
const ending = /[;\t\r\n]/;

/**
 * Text that no spreadsheet runs as a formula: an apostrophe goes before each place where one could see a formula begin, as
 * OWASP's page on CSV injection recommends. `withFormulas` takes them away again; the two are exact inverses.
 */
export function withoutFormulas(text: string): string {
  return pieces(text)
    .map(({ piece, isFormula }) => (isFormula ? `'${piece}` : piece))
    .join('');
}

/** The text that `withoutFormulas` was given. Text from elsewhere that lacks the apostrophes is returned as it is. */
export function withFormulas(cell: string): string {
  return pieces(cell)
    .map(({ piece, isFormula }) => (isFormula && piece.startsWith("'") ? piece.slice(1) : piece))
    .join('');
}

/**
 * Cuts a text where some spreadsheet would begin a cell, and says whether that cell would be a formula. Apostrophes before
 * the formula change neither. Takes time in proportion to the text.
 */
function pieces(text: string): readonly { readonly piece: string; readonly isFormula: boolean }[] {
  if (!/[=+@＝＋－＠\t\r\n-]/.test(text)) return [{ piece: text, isFormula: false }];
  const found: { piece: string; isFormula: boolean }[] = [];
  let end = text.length;
  // Whether a formula begins at the current place, after what is skipped.
  let leads = false;
  for (let at = text.length - 1; at >= 0; at--) {
    const letter = text.charAt(at);
    leads = start.test(letter) || (leads && skipped.test(letter));
    const isFirst = at === 0 || ending.test(text.charAt(at - 1));
    if (!isFirst) continue;
    const isFormula = leads || (at === 0 && startsWithBreak(text));
    found.push({ piece: text.slice(at, end), isFormula });
    end = at;
  }
  return found.reverse();
}

/** Whether a tab or line break comes before anything visible. */
function startsWithBreak(text: string): boolean {
  for (const letter of text) {
    if (/[\t\r\n]/.test(letter)) return true;
    if (!skipped.test(letter)) return false;
  }
  return false;
}
