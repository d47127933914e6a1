import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepareImage } from '../labelled-image.ts';
import { ofPatients, openDataset } from './open-dataset.ts';

const options = { classNames: ['normal', 'benign', 'invasive'], mpp: 0.5, classOfValue: null };
let folder: string;

/** 4 × 2 pixels with one value in the left half and another in the right. */
async function writePair(name: string, left: number, right: number): Promise<void> {
  const mask = Uint8Array.from([left, left, right, right, left, left, right, right]);
  const png = encode({ width: 4, height: 2, data: mask, channels: 1, depth: 8 });
  await writeFile(join(folder, 'masks3', `${name}.png`), png);
  const rgb = Buffer.from(Array.from(mask).flatMap((value) => [value * 100, 0, 0]));
  const raw = { width: 4, height: 2, channels: 3 } as const;
  await sharp(rgb, { raw })
    .png()
    .toFile(join(folder, 'images', `${name}.png`));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dataset-'));
  await mkdir(join(folder, 'images', 'a'), { recursive: true });
  await mkdir(join(folder, 'masks3', 'a'), { recursive: true });
  await writePair('a/one', 0, 2);
  await writePair('two', 1, 1);
  await writePair('odd', 0, 7);
  await writeFile(join(folder, 'index.csv'), 'file,patient\na/one,P1\n"two",P2\nodd,P3\n');
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('images with index masks', () => {
  it('have patients, and unchanged masks', async () => {
    const items = await openDataset(folder, options);
    expect(items.map(({ name, patient }) => [name, patient])).toEqual([
      ['a/one', 'P1'],
      ['two', 'P2'],
      ['odd', 'P3'],
    ]);
    const image = await prepareImage(items[0]!, 0.5);
    expect([image.width, image.height]).toEqual([4, 2]);
    expect([...image.classes]).toEqual([0, 0, 2, 2, 0, 0, 2, 2]);
    expect([...image.rgb.subarray(0, 9)]).toEqual([0, 0, 0, 0, 0, 0, 200, 0, 0]);
  });

  it('have the weights of their index, 1 by default', async () => {
    const weighted = join(folder, 'weighted');
    await mkdir(join(weighted, 'masks'), { recursive: true });
    await mkdir(join(weighted, 'images'));
    for (const name of ['x', 'y']) await writeFile(join(weighted, 'images', `${name}.png`), '');
    const index = (weight: string): Promise<void> =>
      writeFile(join(weighted, 'index.csv'), `name,weight\nx,\ny,${weight}\n`);
    await index('2.5');
    expect((await openDataset(weighted, options)).map(({ weight }) => weight)).toEqual([1, 2.5]);
    for (const wrong of ['0', '-1', 'often', 'Infinity']) {
      await index(wrong);
      await expect(openDataset(weighted, options)).rejects.toThrow(
        `index.csv: The weight in row 3 is "${wrong}". It must be a number above 0, or empty.`,
      );
    }
  });

  it('sample masks by the nearest pixel at other resolutions; class 0 outside', async () => {
    const [one] = await openDataset(folder, options);
    const classesIn = await one!.truth();
    expect([...classesIn({ x: 0, y: 0, width: 4, height: 2 }, 2, 1)]).toEqual([0, 2]);
    expect([...classesIn({ x: 2, y: 0, width: 4, height: 2 }, 4, 2)]).toEqual([2, 2, 0, 0, 2, 2, 0, 0]);
    // Cell centres at x = -1, 1, 3, 5 and y = 0, 2: the second row is below the image.
    expect([...classesIn({ x: -2, y: -1, width: 8, height: 4 }, 4, 2)]).toEqual([0, 0, 2, 0, 0, 0, 0, 0]);
  });

  it('map mask values to classes, and reject other values', async () => {
    const merged = await openDataset(folder, { ...options, classOfValue: [0, 1, 1] });
    const classesIn = await merged[0]!.truth();
    expect([...classesIn({ x: 0, y: 0, width: 4, height: 1 }, 4, 1)]).toEqual([0, 0, 1, 1]);
    await expect(merged[2]!.truth()).rejects.toThrow(/odd\.png.*value 7.*classOfValue/);
  });

  it('are split by patient; an unknown patient is an error', async () => {
    const items = await openDataset(folder, options);
    expect(ofPatients(items, { only: ['P2'], except: [] }, folder).map(({ name }) => name)).toEqual(['two']);
    expect(ofPatients(items, { only: null, except: ['P2', 'P3'] }, folder).map(({ name }) => name)).toEqual([
      'a/one',
    ]);
    expect(() => ofPatients(items, { only: ['P9'], except: [] }, folder)).toThrow(/"P9".*P1, P2, P3/);
  });

  it('report missing images and unknown folders with a remedy', async () => {
    const bad = join(folder, 'bad');
    await mkdir(join(bad, 'masks'), { recursive: true });
    await writeFile(join(bad, 'index.csv'), 'name\nnot-there\n');
    await expect(openDataset(bad, options)).rejects.toThrow(/no image "not-there"/);
    await writeFile(join(bad, 'index.csv'), 'name\n../../etc\n');
    await expect(openDataset(bad, options)).rejects.toThrow(/Row 2 names no image/);
    await writeFile(join(bad, 'index.csv'), 'title\nx\n');
    await expect(openDataset(bad, options)).rejects.toThrow(/column "name" or "file"/);
    await expect(openDataset(join(folder, 'nowhere'), options)).rejects.toThrow(/no such folder/);
    await expect(openDataset(join(folder, 'images'), options)).rejects.toThrow(
      /no slide .* and no index\.csv/,
    );
  });
});

const glas = resolve(import.meta.dirname, '../../../../shared/data/glas');
describe.skipIf(!existsSync(glas))('GlaS (skipped where ../shared is absent)', () => {
  it('has 165 images of 16 patients; gland areas match the index', async () => {
    const classNames = ['not gland', 'healthy', 'adenomatous', 'malignant'];
    const items = await openDataset(glas, { classNames, mpp: 0.62, classOfValue: null });
    expect(items).toHaveLength(165);
    expect(new Set(items.map(({ patient }) => patient)).size).toBe(16);
    // index.csv: testA_1 is adenomatous (2), 775 × 522, glands cover 0.8589 of it.
    const classesIn = await items[0]!.truth();
    const classes = classesIn({ x: 0, y: 0, width: 775, height: 522 }, 775, 522);
    expect(new Set(classes)).toEqual(new Set([0, 2]));
    expect(classes.filter((value) => value === 2).length / classes.length).toBeCloseTo(0.8589, 4);
  });
});
