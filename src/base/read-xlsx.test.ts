import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { expect, it } from 'vitest';
import { readXlsx } from './read-xlsx.ts';

const sheetPart = 'xl/worksheets/sheet1.xml';
const sheet = (rows: string): Uint8Array => strToU8(`<worksheet><sheetData>${rows}</sheetData></worksheet>`);

it('reads the first sheet of a workbook that openpyxl wrote', () => {
  const file = join(import.meta.dirname, '../training/golden/patients.xlsx');
  expect(readXlsx(readFileSync(file))).toEqual([
    { slide_id: '16B0001851', patient_id: '7', Gleason_primary: '3', note: 'a & b <c>' },
    { slide_id: '18B0005478J', patient_id: '12', Gleason_primary: '', note: 'x' },
    { slide_id: '18B0001159D', patient_id: '1.5', Gleason_primary: '0' },
  ]);
});

it('reads shared texts, of several pieces too, and places cells by their references', () => {
  const strings =
    '<x:sst xmlns:x="m"><x:si><x:t xml:space="preserve">name</x:t></x:si><x:si><x:r><x:t>S</x:t></x:r><x:r><x:t>1</x:t></x:r></x:si></x:sst>';
  const bytes = zipSync({
    'xl/sharedStrings.xml': strToU8(strings),
    [sheetPart]: sheet(
      '<row r="1"><c r="B1" t="s"><v>0</v></c></row><row r="2"><c r="A2"><v>9</v></c><c r="B2" t="s"><v>1</v></c></row>',
    ),
  });
  expect(readXlsx(bytes)).toEqual([{ name: 'S1' }]);
});

it('refuses what is no workbook, and what would take too much memory', () => {
  expect(() => readXlsx(strToU8('slide_id,patient_id'))).toThrow();
  expect(() => readXlsx(zipSync({ 'a.txt': strToU8('x') }))).toThrow(/no sheet/);
  // The size that the archive's directory claims.
  const bomb = Buffer.from(zipSync({ [sheetPart]: sheet('') }));
  bomb.writeUInt32LE(2 ** 26 + 1, bomb.indexOf('PK\u0001\u0002') + 24);
  expect(() => readXlsx(bomb)).toThrow(/too large/);
  expect(readXlsx(zipSync({ [sheetPart]: sheet('<row><c r="XFD1"><v>1</v></c></row>') }))).toEqual([]);
});
