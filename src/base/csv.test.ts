import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import { csvTable, withFormulas, withoutFormulas } from './csv.ts';
import { readCsv } from './read-csv.ts';

it('writes what a CSV parser reads back', () => {
  const rows = [
    ['plain', 'with "quotes"', 'a,b', 'two\nlines', ''],
    ['Grade 3+4', ' spaces ', 'é', ';', '1e5'],
  ];
  const text = csvTable(['a', 'b', 'c', 'd', 'e'], rows);
  expect(parse(text)).toEqual([['a', 'b', 'c', 'd', 'e'], ...rows]);
  expect(text.endsWith('\r\n')).toBe(true);
});

it('writes numbers and booleans plainly, and nothing for null', () => {
  expect(csvTable(['a', 'b', 'c', 'd'], [[-1.5, true, null, undefined]])).toBe('a,b,c,d\r\n-1.5,true,,\r\n');
});

it.each([
  '=1+1',
  '+1+1',
  '-1+1',
  '@SUM(A1)',
  '\t=1',
  '\r=1',
  "=cmd|' /C calc'!A0",
  '  =1',
  '\u00a0+1',
  '\ufeff=1',
  '\u200b=1',
  '\n=1',
  '\tplain',
  '＝1',
  '＋1',
  '－1',
  '＠SUM(A1)',
  "'=1",
])('defuses the formula %j', (formula) => {
  const [[cell]] = parse(csvTable([formula], [])) as [[string]];
  expect(cell.startsWith("'")).toBe(true);
  expect(withFormulas(cell)).toBe(formula);
});

it.each([
  ['a;=1+1', "a;'=1+1"],
  ['a\t=1', "a\t'=1"],
  ['a\n=1\n @b', "a\n'=1\n' @b"],
])('defuses formulas where other separators would begin a cell: %j', (text, defused) => {
  expect(withoutFormulas(text)).toBe(defused);
  expect(csvTable([text], [])).toBe(`"${defused}"\r\n`);
});

it.each(['Grade 3+4', "don't", "'tis", 'a=b', 'x; y', 'two\nlines', '', '…', '５'])(
  'leaves %j alone',
  (text) => {
    expect(withoutFormulas(text)).toBe(text);
    expect(withFormulas(text)).toBe(text);
  },
);

describe('what it writes', () => {
  const letters = [
    '=',
    '+',
    '-',
    '@',
    "'",
    ' ',
    ';',
    '\t',
    '\n',
    '\r',
    ',',
    '"',
    'a',
    '1',
    '\u200b',
    '＝',
    '😀',
  ];
  // A fixed sequence, so that a failure repeats.
  let state = 7;
  const random = (below: number): number => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
  const texts = Array.from({ length: 3000 }, () =>
    Array.from({ length: random(9) }, () => letters[random(letters.length)]).join(''),
  );

  it('is read back exactly, whatever it was', () => {
    const rows = texts.map((text, i) => [text, i]);
    const read = readCsv(csvTable(['text', '=n'], rows));
    expect(read.map(({ text }) => text)).toEqual(texts);
    expect(Object.keys(read[0] ?? {})).toEqual(['text', '=n']);
  });

  it('starts no formula in a spreadsheet, whichever separator it takes', () => {
    for (const text of texts) {
      const written = withoutFormulas(text);
      for (const cell of written.split(/[;\t\r\n]/)) expect(cell).not.toMatch(/^[\s\u200b]*[=+@＝-]/);
      expect(withFormulas(written)).toBe(text);
    }
    expect(new Set(texts.map(withoutFormulas)).size).toBe(new Set(texts).size);
  });

  it('takes time in proportion to the text', () => {
    const long = `${'\n'.repeat(100_000)}=`;
    const began = performance.now();
    expect(withFormulas(withoutFormulas(long))).toBe(long);
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

it('reads tables of others', () => {
  expect(readCsv('\ufeffname,patient\n a , "b" \n\n"-x",\'y\n')).toEqual([
    { name: 'a', patient: 'b' },
    { name: '-x', patient: "'y" },
  ]);
});
