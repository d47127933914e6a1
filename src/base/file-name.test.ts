import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { fileStem, safeFileName } from './file-name.ts';
import { hostileStrings } from './hostile-strings.ts';
import { terminalText } from './terminal-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualscope-names-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('drops the last extension and leaves ordinary names alone', () => {
  expect(['CMU-1.svs', 'a b.ome.tif', 'slide', 'größe (2).svs', '100 %.svs'].map(fileStem)).toEqual([
    'CMU-1',
    'a b.ome',
    'slide',
    'größe (2)',
    '100 %',
  ]);
});

it.each([
  ['a/b\\c:d', 'a%2Fb%5Cc%3Ad'],
  ['..', '%2E.'],
  ['-rf', '%2Drf'],
  ['CON', '%43ON'],
  ['com1.x', '%63om1.x'],
  ['conference', 'conference'],
  ['a%2Fb', 'a%252Fb'],
  ['\u001b[31m', '%1B[31m'],
  ['gr\udcf6\udcdfe', 'gr%F6%DFe'],
  ['\u202e', '%E2%80%AE'],
  ['', 'slide'],
])('writes %j as %j', (text, name) => {
  expect(safeFileName(text)).toBe(name);
});

it('gives names that stay in their folder and differ', () => {
  mkdirSync(join(folder, 'in'));
  const texts = Object.values(hostileStrings);
  for (const text of texts) {
    const name = `${safeFileName(text)}.areas.csv`;
    expect(terminalText(name)).toBe(name);
    expect(Buffer.byteLength(name)).toBeLessThan(140);
    writeFileSync(join(folder, 'in', name), text);
    expect(readFileSync(join(folder, 'in', name), 'utf8')).toBe(Buffer.from(text).toString());
  }
  expect(readdirSync(join(folder, 'in'))).toHaveLength(texts.length);
  expect(readdirSync(folder)).toEqual(['in']);
});
