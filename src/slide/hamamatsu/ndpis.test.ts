import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { below, expectSound, mutantCount, mutatedBytes, pick } from '../../base/testing/mutants.ts';
import { memoryByteSource } from '../byte-source.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { readRegion } from '../region.ts';
import { SlideError, type Slide } from '../slide.ts';

interface Golden {
  /** In pixels of level 0. */
  readonly places: readonly (readonly [x: number, y: number])[];
  /** By level and channel, the values at the places. */
  readonly levels: readonly (readonly (readonly number[])[])[];
}

type Files = readonly { readonly name: string; readonly bytes: Uint8Array }[];

const folder = join(import.meta.dirname, '../golden/ndpis');
const platform = nodePlatform();
const { decoder } = platform;
const golden = JSON.parse(readFileSync(join(folder, 'ndpis.json'), 'utf8')) as Golden;
const files: Files = readdirSync(folder)
  .filter((name) => !name.endsWith('.json'))
  .map((name) => ({ name, bytes: new Uint8Array(readFileSync(join(folder, name))) }));

const opened = (all: Files): Promise<Slide> =>
  openSlide(
    all.map(({ name, bytes }) => memoryByteSource(bytes, name, `s/${name}`)),
    platform,
  );

/** The slide of one channel, whose values are its reds. */
const only = (slide: Slide, index: number): Slide =>
  slide.channels!.shownAs(
    slide.metadata.channels!.map((_, i) => ({ on: i === index, colour: [255, 0, 0], window: [0, 255] })),
  );

describe('an NDPIS set as OpenSlide reads its files', () => {
  test('each channel is the colour that its wavelength says', async () => {
    const slide = await opened(files);
    const { width, height, levels } = slide.metadata;
    for (const [level, channels] of golden.levels.entries()) {
      const size = levels[level]!;
      for (const [index, values] of channels.entries()) {
        const rect = { x: 0, y: 0, width, height };
        const { data } = await readRegion(only(slide, index), rect, size.width, size.height, {
          decoder,
          level,
        });
        for (const [i, [x, y]] of golden.places.entries()) {
          const at = 4 * ((y >> level) * size.width + (x >> level));
          expect(Math.abs(data[at]! - values[i]!)).toBeLessThanOrEqual(2);
          expect(data[at + 1]).toBe(0);
        }
      }
    }
    slide.close();
  });

  test('its facts', async () => {
    const slide = await opened(files);
    expect(slide.metadata).toMatchObject({
      name: 'cells.ndpis',
      format: 'hamamatsu-ndpis',
      mpp: { x: 0.5, y: 0.5 },
      magnification: 20,
      properties: { Channels: 'DAPI 2 (387), FITC 2 (485), TRITC 2 (560)' },
    });
    expect(slide.metadata.notes).toBeUndefined();
    slide.close();
  });
});

test('a missing file is a channel that is said to be missing; without any there is no slide', async () => {
  const slide = await opened(files.filter(({ name }) => name !== 'cells-FITC.ndpi'));
  expect(slide.metadata.channels!.map(({ name }) => name)).toEqual(['DAPI 2 (387)', 'TRITC 2 (560)']);
  expect(slide.metadata.notes).toEqual([
    'The file of a channel is missing, which is not shown: cells-FITC.ndpi.',
  ]);
  slide.close();
  await expect(opened(files.filter(({ name }) => name.endsWith('.ndpis')))).rejects.toMatchObject({
    code: 'not-found',
    problem: expect.stringContaining('cells-DAPI.ndpi is missing') as string,
  });
});

test.each<[string, (file: Files[number]) => Uint8Array | null, string]>([
  [
    'a file that is no NDPI',
    ({ name }) => (name.includes('FITC') ? Buffer.from('x') : null),
    'is no NDPI file',
  ],
  [
    'no list',
    ({ name }) => (name.endsWith('s') ? Buffer.from('[Something]\nNoImages=3') : null),
    'not a Hamamatsu NDPIS set',
  ],
  [
    'a name that is missing',
    ({ name, bytes }) =>
      name.endsWith('s') ? Buffer.from(Buffer.from(bytes).toString().replace('Image2', 'Image7')) : null,
    'lacks the name of its file 3',
  ],
  [
    '16 bits',
    ({ name, bytes }) => {
      if (!name.includes('FITC')) return null;
      // BitsPerSample, a short for each of three samples, and where they are.
      const copy = Buffer.from(bytes);
      for (let at = 0; (at = copy.indexOf(Buffer.of(2, 1, 3, 0, 3, 0, 0, 0), at)) >= 0; at += 8) {
        const values = copy.readUInt32LE(at + 8);
        for (let i = 0; i < 3; i++) copy.writeUInt16LE(16, values + 2 * i);
      }
      return copy;
    },
    '16 bits per channel',
  ],
])('%s is refused', async (_what, change, problem) => {
  const changed = files.map((file) => ({ name: file.name, bytes: change(file) ?? file.bytes }));
  await expect(opened(changed)).rejects.toMatchObject({
    problem: expect.stringContaining(problem) as string,
  });
});

test('mutants open or are refused', async () => {
  const counts = await expectSound({
    seed: 19,
    count: mutantCount(0.03),
    make: (random) => {
      const changed = pick(random, files).name;
      return files.map(({ name, bytes }) => ({
        name,
        bytes:
          name !== changed
            ? bytes
            : mutatedBytes(bytes, random, { from: 0, span: below(random, 2) === 0 ? bytes.length : 400 }),
      }));
    },
    read: async (all) => {
      const slide = await opened(all);
      const { width, height } = slide.metadata;
      structuredClone(slide.metadata);
      const rect = { x: 0, y: 0, width: Math.min(width, 256), height: Math.min(height, 256) };
      await readRegion(slide, rect, 32, 32, { decoder });
      slide.close();
    },
    isTyped: (error) => error instanceof SlideError && error.problem !== '' && error.remedy !== '',
    describe: (all) => all.map(({ bytes }) => bytes.length).join(),
  });
  expect(counts.refused).toBeGreaterThan(0);
}, 900_000);
