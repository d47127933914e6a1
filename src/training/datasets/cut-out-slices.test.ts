import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodePlatform } from '../../slide/node-platform.node.ts';
import { readRegion } from '../../slide/region.ts';
import { slicesOver } from './cut-out-slide.ts';
import { openDataset } from './open-dataset.ts';

const options = { classNames: ['normal', 'benign', 'in situ', 'invasive'], mpp: null, classOfValue: null };
let folder: string;

type Colour = readonly [number, number, number];

async function flat(side: number, [r, g, b]: Colour, file: string): Promise<void> {
  await sharp({ create: { width: side, height: side, channels: 3, background: { r, g, b } } })
    .png()
    .toFile(join(folder, file));
}

/** A mask of 1000 × 1000 pixels: `left` in the left half, `right` in the right half. */
async function halves(left: Colour, right: Colour, file: string): Promise<void> {
  const data = Buffer.alloc(1000 * 1000 * 3);
  for (let i = 0; i < 1000 * 1000; i++) data.set(i % 1000 < 500 ? left : right, i * 3);
  await sharp(data, { raw: { width: 1000, height: 1000, channels: 3 } })
    .png()
    .toFile(join(folder, file));
}

const region = 'A05_0_10000';
const slice = (number: number): string => `splited_svs_little/${region}_image_${number}.png`;
const centre = { x: 0, y: 0, width: 5000, height: 5000 };

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cut-out-'));
  for (const name of ['svs_little', 'svs_resize', 'xml_little_P', 'xml_little', 'xml']) {
    await mkdir(join(folder, `splited_${name}`));
  }
  // Slices 0 and 1 overlap by half; 10 is one stride to the right of and below 0.
  await flat(1000, [10, 20, 30], slice(0));
  await flat(1000, [40, 50, 60], slice(1));
  await flat(1000, [70, 80, 90], slice(10));
  await flat(500, [200, 100, 50], `splited_svs_resize/${region}_image.png`);
  await flat(1000, [1, 1, 1], 'splited_svs_little/A01_0_0_image_0.png');
  await flat(1000, [0, 0, 0], 'splited_xml_little_P/A01_0_0_anno_0.png');
  // As values for slice 0, in colours for slice 1: 2 left, 3 right.
  await halves([1, 1, 1], [2, 2, 2], `splited_xml_little_P/${region}_anno_0.png`);
  await halves([0, 255, 0], [0, 0, 255], `splited_xml_little/${region}_anno_1.png`);
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe("the cut-out layout of the paper's authors", () => {
  it('gives regions by slide, assembled from the available slices', async () => {
    const items = await openDataset(folder, options);
    expect(items.map(({ name, patient }) => [name, patient])).toEqual([
      ['A01_0_0', 'A01'],
      [region, 'A05'],
    ]);
    const slide = await items[1]!.open();
    expect(slide.metadata).toMatchObject({ width: 5000, height: 5000, mpp: { x: 0.467, y: 0.467 } });
    const { decoder } = nodePlatform();
    const at = async (x: number, y: number): Promise<number[]> => {
      const { data } = await readRegion(slide, { x, y, width: 10, height: 10 }, 10, 10, { decoder });
      return [...data.subarray(0, 3)];
    };
    expect(await at(20, 20)).toEqual([10, 20, 30]);
    expect(await at(980, 20)).toEqual([10, 20, 30]);
    expect(await at(1020, 20)).toEqual([40, 50, 60]);
    expect(await at(520, 1480)).toEqual([70, 80, 90]);
    // White where there is no slice. At a tenth of the size, from the reduced image of the region.
    expect(await at(4000, 4000)).toEqual([255, 255, 255]);
    const { data } = await readRegion(slide, centre, 500, 500, { decoder });
    expect([...data.subarray(0, 3)]).toEqual([200, 100, 50]);
    slide.close();
  });

  it('reads classes from values or colours, and counts cells with pixels and a mask', async () => {
    const [, item] = await openDataset(folder, options);
    const truth = (await item!.truth())(centre, 10, 10);
    // From 500 on, the mask of slice 1 covers that of slice 0.
    expect([...truth.subarray(0, 4)]).toEqual([1, 2, 3, 0]);
    expect([...truth.subarray(10, 14)]).toEqual([1, 2, 3, 0]);
    const counted = (await item!.counted!())(centre, 10, 10);
    expect([...counted.subarray(0, 4)]).toEqual([1, 1, 1, 0]);
    // The cells of slice 10 that slices 0 and 1 don't cover have pixels, but no mask.
    expect([...counted.subarray(20, 24)]).toEqual([0, 0, 0, 0]);
  });

  it('prefers the mask of the whole region, and counts only listed slices', async () => {
    await flat(5000, [255, 0, 0], `splited_xml/${region}_anno.png`);
    await writeFile(join(folder, 'test.txt'), `${region}_anno_10.png\n`);
    const [first, item] = await openDataset(folder, options);
    expect(new Set((await item!.truth())(centre, 50, 50))).toEqual(new Set([1]));
    const counted = (await item!.counted!())(centre, 10, 10);
    expect([...counted.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
    expect([...counted.subarray(10, 14)]).toEqual([0, 1, 1, 0]);
    expect([...counted.subarray(20, 24)]).toEqual([0, 1, 1, 0]);
    // A01 is not listed.
    expect(new Set((await first!.counted!())(centre, 10, 10))).toEqual(new Set([0]));
    await writeFile(join(folder, 'train.txt'), 'A05_0_10000_anno_99.png\n');
    await expect(openDataset(folder, options)).rejects.toThrow(/train\.txt: "A05_0_10000_anno_99\.png"/);
    await rm(join(folder, 'train.txt'));
    await rm(join(folder, 'test.txt'));
    await rm(join(folder, `splited_xml/${region}_anno.png`));
  });

  it('reports invalid masks and slices', async () => {
    await halves([255, 0, 0], [12, 200, 7], `splited_xml_little_P/${region}_anno_1.png`);
    const [, odd] = await openDataset(folder, options);
    await expect(odd!.truth()).rejects.toThrow(/anno_1\.png: The mask contains a pixel \(12, 200, 7\)/);
    await flat(900, [0, 0, 0], `splited_xml_little_P/${region}_anno_1.png`);
    const [, small] = await openDataset(folder, options);
    await expect(small!.truth()).rejects.toThrow(/900 × 900 pixels, not 1000/);
    await rm(join(folder, `splited_xml_little_P/${region}_anno_1.png`));
    await rm(join(folder, 'splited_xml_little_P/A01_0_0_anno_0.png'));
    const [none] = await openDataset(folder, options);
    await expect(none!.truth()).rejects.toThrow(/Region A01_0_0 has no mask/);
    await flat(800, [0, 0, 0], slice(0));
    const [, broken] = await openDataset(folder, options);
    const slide = await broken!.open();
    await expect(slide.tile(0, 0, 0)).rejects.toThrow(/800 × 800 pixels, not 1000/);
    await writeFile(join(folder, slice(1)), 'no PNG');
    await expect(slide.tile(0, 2, 0)).rejects.toThrow(/The slice can't be read as PNG/);
  });

  it('numbers slices row by row', () => {
    expect(slicesOver(0, 0)).toEqual([0]);
    expect(slicesOver(9, 9)).toEqual([80]);
    expect(slicesOver(3, 4)).toEqual([38, 39, 29, 30]);
  });
});
