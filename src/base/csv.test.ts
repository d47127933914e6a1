import { parse } from 'csv-parse/sync';
import { expect, it } from 'vitest';
import { csvTable } from './csv.ts';

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

it.each(['=1+1', '+1+1', '-1+1', '@SUM(A1)', '\t=1', '\r=1', "=cmd|' /C calc'!A0"])(
  'defuses the formula %j',
  (formula) => {
    const [[cell]] = parse(csvTable([formula], [])) as [[string]];
    expect(cell).toBe(`'${formula}`);
  },
);
