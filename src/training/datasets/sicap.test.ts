import { copyFile, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { strToU8, zipSync } from 'fflate';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodePlatform } from '../../slide/node-platform.node.ts';
import { readRegion } from '../../slide/region.ts';
import type { DatasetItem } from './dataset.ts';
import { ofPatients, openDataset } from './open-dataset.ts';

const options = {
  classNames: ['non-cancerous', 'Gleason 3', 'Gleason 4', 'Gleason 5'],
  mpp: null,
  classOfValue: null,
};
const slides = { a: '16B0001851', b: '18B0005478J' };
let folder: string;

/** Patches of region 1 of the first slide, by row and column. Row 1 has only a patch beside a gap. */
const patches: readonly (readonly [row: number, column: number])[] = [
  [0, 0],
  [0, 1],
  [0, 2],
  [1, 3],
];
const nameOf = (slide: string, row: number, column: number): string =>
  `${slide}_Block_Region_1_${row}_${column}_xini_${6803 + 1024 * column}_yini_${59786 + 1024 * row}`;

/** Colour and grade of each place of the region: any shift of a pixel changes the grade, of a block the colour. */
const grades = Uint8Array.of(0, 3, 4, 5);
const gradeAt = (x: number, y: number): number => grades[(x + 3 * y) % 4]!;
const redAt = (x: number): number => (x >> 4) * 3;
const blue = 128;

async function writePatch(slide: string, row: number, column: number): Promise<void> {
  const [left, top] = [column * 256, row * 256];
  const rgb = Buffer.alloc(512 * 512 * 3);
  const codes = new Uint8Array(512 * 512);
  for (let i = 0; i < codes.length; i++) {
    const [x, y] = [left + (i % 512), top + (i >> 9)];
    rgb[i * 3] = redAt(x);
    rgb[i * 3 + 1] = redAt(y);
    rgb[i * 3 + 2] = blue;
    codes[i] = gradeAt(x, y);
  }
  const name = nameOf(slide, row, column);
  await sharp(rgb, { raw: { width: 512, height: 512, channels: 3 } })
    .jpeg({ quality: 95 })
    .toFile(join(folder, 'images', `${name}.jpg`));
  await writeMask(name, codes);
}

const writeMask = async (name: string, data: Uint8Array, side = 512): Promise<void> =>
  writeFile(
    join(folder, 'masks', `${name}.png`),
    encode({ width: side, height: side, data, channels: 1, depth: 8 }, { zlib: { level: 1 } }),
  );

/** A workbook of texts and numbers. */
async function writeTable(file: string, rows: readonly (readonly (string | number)[])[]): Promise<void> {
  const cell = (value: string | number): string =>
    typeof value === 'number' ? `<c><v>${value}</v></c>` : `<c t="inlineStr"><is><t>${value}</t></is></c>`;
  const data = rows.map((row) => `<row>${row.map(cell).join('')}</row>`).join('');
  const sheet = `<worksheet><sheetData>${data}</sheetData></worksheet>`;
  await writeFile(join(folder, file), zipSync({ 'xl/worksheets/sheet1.xml': strToU8(sheet) }));
}

const open = async (): Promise<DatasetItem[]> => openDataset(folder, options);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sicap-'));
  for (const name of ['images', 'masks', 'partition/Test', 'partition/Validation/Val1']) {
    await mkdir(join(folder, name), { recursive: true });
  }
  for (const [row, column] of patches) await writePatch(slides.a, row, column);
  await writePatch(slides.b, 0, 0);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('SICAPv2', () => {
  it('puts regions together from patches, right to the pixel across their borders', async () => {
    const [item, other] = await open();
    expect([item!.name, other!.name]).toEqual([`${slides.a}_Block_Region_1`, `${slides.b}_Block_Region_1`]);
    const slide = await item!.open();
    expect(slide.metadata).toMatchObject({
      width: 1280,
      height: 768,
      mpp: { x: 1, y: 1 },
      magnification: 10,
    });
    // A context that crosses all borders of patches, and the gap.
    const rect = { x: 96, y: 0, width: 1184, height: 768 };
    const { data } = await readRegion(slide, rect, 1184, 768, { decoder: nodePlatform().decoder });
    slide.close();
    const truth = (await item!.truth())(rect, 1184, 768);
    const counted = (await item!.counted!())(rect, 1184, 768);
    const wrong = { colour: 0, grade: 0, counted: 0 };
    for (let i = 0; i < truth.length; i++) {
      const [x, y] = [96 + (i % 1184), Math.floor(i / 1184)];
      const isThere = y < 512 ? x < 1024 || (y >= 256 && x >= 768) : x >= 768;
      if (counted[i] !== Number(isThere)) wrong.counted++;
      const grade = isThere ? gradeAt(x, y) : 0;
      if (truth[i] !== Math.max(0, grade - 2)) wrong.grade++;
      // JPEG: steps of three levels stay within a few.
      const off = (channel: number, level: number): boolean =>
        Math.abs(data[i * 4 + channel]! - (isThere ? level : 255)) > 6;
      if (off(0, redAt(x)) || off(1, redAt(y)) || off(2, blue)) wrong.colour++;
    }
    expect(wrong).toEqual({ colour: 0, grade: 0, counted: 0 });
    // Outside, and reduced: the class at the centre of each cell.
    expect([...(await item!.counted!())({ x: -2, y: 766, width: 2, height: 4 }, 1, 2)]).toEqual([0, 0]);
    expect((await item!.truth())({ x: 0, y: 0, width: 9, height: 3 }, 3, 1)[1]).toBe(3);
  });

  it('knows patients and the published partition by their tables', async () => {
    expect((await open()).map(({ patient }) => patient)).toEqual([slides.a, slides.b]);
    await writeTable('wsi_labels.xlsx', [
      ['slide_id', 'patient_id', 'Gleason_primary'],
      [slides.a, 7, 3],
      [slides.b, 12, 0],
    ]);
    expect((await open()).map(({ patient }) => patient)).toEqual(['7', '12']);
    await writeTable('partition/Test/Test.xlsx', [
      ['image_name', 'NC'],
      [`${nameOf(slides.b, 0, 0)}.jpg`, 1],
    ]);
    await writeTable('partition/Validation/Val1/Test.xlsx', [
      ['image_name'],
      [`${nameOf(slides.a, 0, 1)}.jpg`],
    ]);
    const items = await open();
    expect(items.map(({ patient }) => patient)).toEqual(['val1-7', 'test-12']);
    expect(ofPatients(items, { only: ['test-*'], except: [] }, folder)).toHaveLength(1);
    await writeTable('partition/Test/Test.xlsx', [['image_name'], [nameOf(slides.a, 0, 0)]]);
    await expect(open()).rejects.toThrow(
      /Val1.Test\.xlsx: It has patches of patient 7, who is also in the part test/,
    );
    await writeTable('wsi_labels.xlsx', [
      ['slide_id', 'patient_id'],
      [slides.a, 7],
    ]);
    await expect(open()).rejects.toThrow(
      /wsi_labels\.xlsx: It does not name the patient of slide 18B0005478J/,
    );
    await writeFile(join(folder, 'wsi_labels.xlsx'), 'no workbook');
    await expect(open()).rejects.toThrow(/wsi_labels\.xlsx: The table can't be read/);
    for (const file of ['wsi_labels.xlsx', 'partition']) await rm(join(folder, file), { recursive: true });
  });

  it('names what is wrong', async () => {
    const [, second] = await openDataset(folder, { ...options, classNames: ['non-cancerous', 'tumour'] });
    await expect(second!.truth()).rejects.toThrow(/no class "Gleason 3" for the masks of SICAPv2/);
    const name = nameOf(slides.b, 0, 0);
    const file = join(folder, 'images', `${name}.jpg`);
    await writeMask(name, new Uint8Array(512 * 512).fill(2));
    await expect((await open())[1]!.truth()).rejects.toThrow(
      /contains the value 2, which is no code of SICAPv2/,
    );
    await writeMask(name, new Uint8Array(256 * 256), 256);
    await expect((await open())[1]!.truth()).rejects.toThrow(
      /The mask has 256 × 256 pixels, its patch 512 × 512/,
    );
    await sharp({ create: { width: 300, height: 512, channels: 3, background: 'red' } }).toFile(file);
    const slide = await (await open())[1]!.open();
    await expect(slide.tile(0, 0, 0)).rejects.toThrow(/The patch has 300 × 512 pixels, not 512/);
    await rename(join(folder, 'masks', `${name}.png`), join(folder, 'masks', `${name}.jpg`));
    await expect(open()).rejects.toThrow(/Its mask is a JPEG.*Use version 2/);
    await rm(join(folder, 'masks', `${name}.jpg`));
    await expect(open()).rejects.toThrow(/There is no mask .*18B0005478J/);
    await rm(file);
    const shifted = nameOf(slides.a, 1, 3).replace('xini_9875', 'xini_9874');
    for (const [kind, ending] of [
      ['images', 'jpg'],
      ['masks', 'png'],
    ] as const) {
      await copyFile(
        join(folder, kind, `${nameOf(slides.a, 1, 3)}.${ending}`),
        join(folder, kind, `${shifted.replace('_1_3_', '_1_4_')}.${ending}`),
      );
    }
    await expect(open()).rejects.toThrow(
      /_1_1_4_xini_9874.*: Its place on the slide \(xini, yini\) does not fit/,
    );
    await writeFile(join(folder, 'images', 'patch.jpg'), '');
    await expect(open()).rejects.toThrow(/patch\.jpg: The name does not say slide, region and place/);
  });
});
