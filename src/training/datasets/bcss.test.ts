import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodePlatform } from '../../slide/node-platform.node.ts';
import { readRegion } from '../../slide/region.ts';
import { chooseImages } from '../../cli/evaluate-image.ts';
import { tinyConfig } from '../../cli/train-testing.ts';
import { openSamples } from '../open-samples.ts';
import { configuredPreset, trainingConfigSchema } from '../training-config.ts';
import { prepareImage, uncounted } from '../labelled-image.ts';
import { bcssCodes } from './bcss-codes.ts';
import { ofPatients, openDataset } from './open-dataset.ts';

const classNames = ['other', 'stroma', 'Tumour', 'inflammatory', 'necrosis'];
const options = { classNames, mpp: null, classOfValue: null };
const release = '0_Public-data-Amgad2019_0.25MPP';
const first = 'TCGA-A1-A0SK-DX1_xmin45749_ymin25055_MPP-0.2500';
const second = 'TCGA-OL-A5D6-DX1_xmin115108_ymin40554_MPP-0.2500';
let folder: string;

const png = (data: Uint8Array, width: number, channels: 1 | 3 = 1): Uint8Array =>
  encode({ width, height: data.length / width / channels, data, channels, depth: 8 });

/** A colour for each place, so that any shift is seen. */
function pixels(width: number, height: number): Uint8Array {
  const rgb = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    const [x, y] = [i % width, Math.floor(i / width)];
    rgb[i * 3] = x & 255;
    rgb[i * 3 + 1] = y & 255;
    rgb[i * 3 + 2] = ((x >> 8) << 4) | (y >> 8);
  }
  return rgb;
}

async function write(file: string, bytes: Uint8Array): Promise<void> {
  await writeFile(join(folder, release, file), bytes);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bcss-'));
  for (const name of ['rgbs_colorNormalized', 'masks', 'meta']) {
    await mkdir(join(folder, release, name), { recursive: true });
  }
  await write('meta/gtruth_codes.tsv', new Uint8Array());
  // All 22 codes in a row, twice.
  await write(`rgbs_colorNormalized/${first}.png`, png(pixels(22, 2), 22, 3));
  await write(
    `masks/${first}.png`,
    png(
      Uint8Array.from({ length: 44 }, (_, i) => i % 22),
      22,
    ),
  );
  // Wider than a tile of 512 pixels: stroma, and tumour from column 600 on.
  await write(`rgbs_colorNormalized/${second}.png`, png(pixels(700, 520), 700, 3));
  const half = Uint8Array.from({ length: 700 * 520 }, (_, i) => (i % 700 < 600 ? 2 : 1));
  await write(`masks/${second}.png`, png(half, 700));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('BCSS', () => {
  it('has regions with participants and the resolution of their names', async () => {
    const items = await openDataset(folder, options);
    expect(items.map(({ name, patient, mpp }) => [name, patient, mpp])).toEqual([
      [first, 'TCGA-A1-A0SK', null],
      [second, 'TCGA-OL-A5D6', null],
    ]);
    const slide = await items[1]!.open();
    expect(slide.metadata).toMatchObject({ width: 700, height: 520, mpp: { x: 0.25, y: 0.25 } });
    slide.close();
    const [replaced] = await openDataset(folder, { ...options, mpp: 0.5 });
    expect(replaced!.mpp).toBe(0.5);
    // The release without its outer folder, too.
    expect(await openDataset(join(folder, release), options)).toHaveLength(2);
  });

  it('merges codes to classes by name, and leaves out what is no label', async () => {
    const [item] = await openDataset(folder, options);
    const row = { x: 0, y: 0, width: 22, height: 1 };
    const truth = (await item!.truth())(row, 22, 1);
    const counted = (await item!.counted!())(row, 22, 1);
    const merged = [...truth].map((index, code) => (counted[code] === 1 ? classNames[index] : null));
    const other = 'other';
    expect(merged).toEqual([
      ...[null, 'Tumour', 'stroma', 'inflammatory', 'necrosis', other, other, null, other, other],
      ...['inflammatory', 'inflammatory', other, other, other, null, other, other, other],
      ...['Tumour', 'Tumour', other],
    ]);
    // The table of the documentation is that of the code.
    const manual = await readFile(new URL('../../../docs/training.md', import.meta.url), 'utf8');
    for (const { code, label, className } of bcssCodes) {
      expect(manual).toMatch(
        new RegExp(`^\\| ${className ?? 'not counted'} \\|.*\\b${code} \`${label}\``, 'm'),
      );
    }
    // Outside the image nothing counts.
    expect([...(await item!.counted!())({ x: 21, y: 1, width: 2, height: 2 }, 2, 2)]).toEqual([1, 0, 0, 0]);
  });

  it('maps codes as the configuration says, never those that do not count', async () => {
    const classOfValue = Array.from({ length: 22 }, (_, code) => (code === 20 ? 1 : 0));
    const [item] = await openDataset(folder, { classNames: ['rest', 'in situ'], mpp: null, classOfValue });
    const row = { x: 0, y: 0, width: 22, height: 1 };
    expect((await item!.truth())(row, 22, 1).indexOf(1)).toBe(20);
    expect(
      [...(await item!.counted!())(row, 22, 1)].flatMap((one, code) => (one === 0 ? [code] : [])),
    ).toEqual([0, 7, 15]);
  });

  it('gives pixels and classes of the same place, across tiles', async () => {
    const [, item] = await openDataset(folder, options);
    const slide = await item!.open();
    const rect = { x: 500, y: 500, width: 200, height: 20 };
    const { data } = await readRegion(slide, rect, 200, 20, { decoder: nodePlatform().decoder });
    slide.close();
    const expected = pixels(700, 520);
    for (const [x, y] of [
      [500, 500],
      [511, 511],
      [512, 512],
      [699, 519],
    ] as const) {
      const at = ((y - 500) * 200 + x - 500) * 4;
      const from = (y * 700 + x) * 3;
      expect([...data.subarray(at, at + 3)]).toEqual([...expected.subarray(from, from + 3)]);
    }
    const image = await prepareImage(item!, 0.25);
    expect([image.width, image.height]).toEqual([700, 520]);
    expect([image.classes[599], image.classes[600]]).toEqual([1, 2]);
    const all = await prepareImage((await openDataset(folder, options))[0]!, 0.25);
    expect([...all.classes.subarray(0, 3)]).toEqual([uncounted, 2, 1]);
  });

  it('is divided by institute', async () => {
    const items = await openDataset(folder, options);
    const named = (only: string[] | null, except: string[] = []): string[] =>
      ofPatients(items, { only, except }, folder).map(({ name }) => name);
    expect(named(['TCGA-OL-*'])).toEqual([second]);
    expect(named(null, ['TCGA-OL-*'])).toEqual([first]);
    expect(() => named(['TCGA-S3-*'])).toThrow(
      /There is no patient "TCGA-S3-\*"\. Choose from: TCGA-A1-A0SK/,
    );
  });

  it('is drawn from and measured by institute', async () => {
    const config = trainingConfigSchema.parse({
      ...tinyConfig,
      geometry: { slicePx: 32, sliceFieldUm: 16, contextPx: 32, contextFieldUm: 48 },
      sampling: [0, 1, 1, 0, 0],
      validation: { patients: ['TCGA-A1-*'], every: 2 },
      classes: classNames.map((name, i) => ({ name, colour: '#000000', background: i === 0 })),
      data: {},
    });
    const samples = await openSamples(
      { config, preset: configuredPreset(config), data: folder },
      () => undefined,
    );
    expect(samples.images!.map(({ name }) => name)).toEqual([second]);
    const { classes } = await samples.sample(0);
    expect([...new Set(classes)].every((index) => [1, 2, uncounted].includes(index))).toBe(true);
    samples.close();
    const manifest = { classes: config.classes, dataset: { heldOutPatients: ['TCGA-OL-*'] } };
    const { images, split } = await chooseImages(manifest, { data: folder });
    expect([images.map(({ name }) => name), split]).toEqual([[second], 'held-out patients: TCGA-OL-*']);
  });

  it('names what is wrong', async () => {
    const [tiny] = await openDataset(folder, { ...options, classNames: ['other', 'stroma'] });
    await expect(tiny!.truth()).rejects.toThrow(/no class "tumour" for the masks of BCSS.*tumour, stroma/);
    await write(`masks/${first}.png`, png(new Uint8Array(44).fill(22), 22));
    const [odd] = await openDataset(folder, options);
    await expect(odd!.truth()).rejects.toThrow(/A0SK.*png: The mask contains the value 22, which is no code/);
    await write(`masks/${first}.png`, png(new Uint8Array(42), 21));
    const [narrow] = await openDataset(folder, options);
    await expect(narrow!.counted!()).rejects.toThrow(/The mask has 21 × 2 pixels, its image 22 × 2/);
    await write(`masks/${first}.png`, png(new Uint8Array(132), 22, 3));
    const [colours] = await openDataset(folder, options);
    await expect(colours!.truth()).rejects.toThrow(/The mask has 3 channels of 8 bits/);
    await rm(join(folder, release, 'masks', `${first}.png`));
    await expect(openDataset(folder, options)).rejects.toThrow(/There is no mask .*masks.*A0SK/);
    await write(`masks/${first}.png`, new Uint8Array());
    const image = `rgbs_colorNormalized/${first}.png`;
    await write(image, Uint8Array.from([1, 2, 3]));
    const [broken] = await openDataset(folder, options);
    await expect(broken!.open()).rejects.toThrow(/A0SK.*: The image can't be read/);
    await write('rgbs_colorNormalized/A0SK.png', png(pixels(2, 2), 2, 3));
    await expect(openDataset(folder, options)).rejects.toThrow(
      /A0SK\.png: The name does not say slide and place/,
    );
  });
});
