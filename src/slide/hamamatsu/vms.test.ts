import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { mutatedBytes, expectSound, mutantCount, pick } from '../../base/testing/mutants.ts';
import { memoryByteSource } from '../byte-source.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { pathByteSources } from '../path-byte-source.node.ts';
import { readRegion } from '../region.ts';
import { slideFiles } from '../slide-files.node.ts';
import { SlideError, type Slide } from '../slide.ts';
import { psnr } from '../testing/images.ts';

interface Golden {
  readonly slide: string;
  readonly png: string;
  readonly level: number;
}

type Files = readonly { readonly name: string; readonly bytes: Uint8Array }[];

const folder = join(import.meta.dirname, '../golden/vms');
const platform = nodePlatform();
const { decoder } = platform;
const goldens = JSON.parse(readFileSync(join(folder, 'vms.json'), 'utf8')) as Golden[];

const filesOf = (name: string): Files =>
  readdirSync(join(folder, name)).map((file) => ({
    name: file,
    bytes: new Uint8Array(readFileSync(join(folder, name, file))),
  }));

const opened = (files: Files): Promise<Slide> =>
  openSlide(
    files.map(({ name, bytes }) => memoryByteSource(bytes, name, `s/${name}`)),
    platform,
  );

const whole = (slide: Slide, level: number) => {
  const { width, height, levels } = slide.metadata;
  const size = levels[level]!;
  return readRegion(slide, { x: 0, y: 0, width, height }, size.width, size.height, { decoder, level });
};

describe('VMS as OpenSlide reads it', () => {
  test.each(goldens)('$png', async ({ slide: path, png, level }) => {
    const expected = await decoder.decode(new Uint8Array(readFileSync(join(folder, png))), 'image/png');
    const slide = await openSlide(await pathByteSources(await slideFiles(join(folder, path))), platform);
    expect(slide.metadata.levels[level]).toMatchObject({
      width: expected.width,
      height: expected.height,
      downsample: level + 1,
    });
    expect(psnr(await whole(slide, level), expected)).toBeGreaterThan(40);
    slide.close();
  });

  test('its facts, without the reference, which may be the patient’s', async () => {
    const slide = await opened(filesOf('pieces'));
    expect(slide.metadata).toMatchObject({
      name: 'pieces.vms',
      format: 'hamamatsu-vms',
      mpp: { x: 0.23, y: 0.23 },
      magnification: 40,
      associated: [{ name: 'macro', width: 90, height: 40 }],
    });
    expect(JSON.stringify(slide.metadata)).not.toContain('DOE');
    slide.close();
  });
});

test.each<[string, (files: Files) => Files]>([
  ['without its table of rows', (files) => files.filter(({ name }) => !name.endsWith('.opt'))],
  [
    'with a table that is wrong',
    (files) =>
      files.map((file) =>
        file.name.endsWith('.opt') ? { ...file, bytes: file.bytes.map((byte) => (byte + 3) & 255) } : file,
      ),
  ],
  [
    'with a table that ends early',
    (files) =>
      files.map((file) => (file.name.endsWith('.opt') ? { ...file, bytes: file.bytes.slice(0, 200) } : file)),
  ],
])('%s, the pixels are the same', async (_what, change) => {
  const [slide, other] = [await opened(filesOf('pieces')), await opened(change(filesOf('pieces')))];
  expect(await whole(other, 0)).toEqual(await whole(slide, 0));
  slide.close();
  other.close();
});

test('a missing piece is named', async () => {
  const files = filesOf('pieces').filter(({ name }) => name !== 'pieces(1,0).jpg');
  await expect(opened(files)).rejects.toMatchObject({
    code: 'not-found',
    problem: expect.stringContaining('pieces(1,0).jpg is missing') as string,
  });
  await expect(opened(filesOf('pieces').filter(({ name }) => name.endsWith('.vms')))).rejects.toMatchObject({
    remedy: expect.stringContaining('folder') as string,
  });
});

test('a piece that ends early breaks its tiles', async () => {
  const files = filesOf('single').map((file) =>
    file.name === 'single(0,0).jpg' ? { ...file, bytes: file.bytes.slice(0, 3000) } : file,
  );
  const slide = await opened(files);
  await expect(whole(slide, 0)).rejects.toMatchObject({ code: 'broken-tile' });
  slide.close();
});

test('mutants open or are refused', async () => {
  const slides = ['pieces', 'single'].map(filesOf);
  const counts = await expectSound({
    seed: 54,
    count: mutantCount(0.05, 1600),
    make: (random) => {
      const files = pick(random, slides);
      const changed = pick(random, [/\.vms$/, /\.vms$/, /\)\.jpg$/, /\.opt$/, /map2/]);
      return files.map((file) =>
        changed.test(file.name)
          ? {
              ...file,
              bytes: mutatedBytes(file.bytes, random, { from: 0, span: Math.min(700, file.bytes.length) }),
            }
          : file,
      );
    },
    read: async (files) => {
      const slide = await opened(files);
      for (const level of slide.metadata.levels.keys()) await slide.tile(level, 0, 0);
      structuredClone(slide.metadata);
      slide.close();
    },
    isTyped: (error) => error instanceof SlideError && error.problem !== '' && error.remedy !== '',
    describe: (files) =>
      files.map(({ name, bytes }) => `${name} ${Buffer.from(bytes).toString('base64')}`).join(),
  });
  console.info(`VMS: ${JSON.stringify(counts)}`);
  expect(counts.refused).toBeGreaterThan(0);
}, 900_000);
