/** Reads the first sheet of a workbook in Office Open XML (ECMA-376, `.xlsx`): a ZIP archive of XML files. */
import { unzipSync } from 'fflate';
import { attribute, nodeOf, nodesOf, parseXml, textOf, type XmlNode } from './xml.ts';

/** Most bytes of one part, unpacked: some hundred thousand cells. */
const maxPartBytes = 2 ** 26;
const sheetPart = 'xl/worksheets/sheet1.xml';
const stringsPart = 'xl/sharedStrings.xml';
/** Last column of the format. */
const maxColumns = 16_384;

/**
 * The rows of the first sheet, keyed by its first row, as `readCsv` does. Values are texts: numbers as stored. Rows without
 * any value are skipped.
 * @throws Error with a message for people when it is no workbook, or too large.
 */
export function readXlsx(bytes: Uint8Array): Record<string, string | undefined>[] {
  const [header = [], ...rows] = sheetRows(bytes).filter((row) => row.some((cell) => cell !== ''));
  return rows.map((row) =>
    Object.fromEntries(header.flatMap((name, column) => (name === '' ? [] : [[name, row[column]]]))),
  );
}

function sheetRows(bytes: Uint8Array): string[][] {
  const parts = unzipSync(bytes, {
    filter: ({ name, originalSize }) => {
      if (name !== sheetPart && name !== stringsPart) return false;
      if (originalSize > maxPartBytes) throw new Error('its table is too large');
      return true;
    },
  });
  const sheet = parts[sheetPart];
  if (sheet === undefined) throw new Error('it has no sheet');
  const shared = parts[stringsPart];
  const strings =
    shared === undefined ? [] : nodesOf(rootOf(shared, 'sst', ['si', 'r']).si ?? []).map(stringOf);
  const rows = nodeOf(rootOf(sheet, 'worksheet', ['row', 'c']).sheetData).row;
  return nodesOf(rows).map((row) => {
    const cells: string[] = [];
    for (const cell of nodesOf(row.c)) {
      // Cells without a reference follow one another.
      const column = columnOf(attribute(cell, 'r')) ?? cells.length;
      while (cells.length < column) cells.push('');
      cells[column] = cellText(cell, strings);
    }
    return cells;
  });
}

function rootOf(part: Uint8Array, name: string, lists: string[]): XmlNode {
  return nodeOf(parseXml(new TextDecoder().decode(part), { lists, removePrefixes: true })[name]);
}

function cellText(cell: XmlNode, strings: readonly string[]): string {
  switch (attribute(cell, 't')) {
    case 's':
      return strings[Number(contentOf(cell.v))] ?? '';
    case 'inlineStr':
      return stringOf(nodeOf(cell.is));
    default:
      return contentOf(cell.v);
  }
}

/** A string of one piece, or of several with formats of their own. */
function stringOf(node: XmlNode): string {
  const runs = nodesOf(node.r);
  return runs.length === 0 ? contentOf(node.t) : runs.map(({ t }) => contentOf(t)).join('');
}

/** Text of an element with or without attributes, such as `xml:space`. */
function contentOf(value: unknown): string {
  return textOf(typeof value === 'string' ? value : nodeOf(value)['#text']);
}

/** 0 for `A7`, 26 for `AA7`; null without letters. */
function columnOf(reference: string): number | null {
  const [letters] = /^[A-Z]{1,3}/.exec(reference) ?? [];
  if (letters === undefined) return null;
  let column = 0;
  for (const letter of letters) column = column * 26 + letter.charCodeAt(0) - 64;
  return Math.min(column, maxColumns) - 1;
}
