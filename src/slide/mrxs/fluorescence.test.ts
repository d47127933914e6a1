import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { memoryByteSource } from '../byte-source.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { readRegion } from '../region.ts';
import type { Slide } from '../slide.ts';

const folder = join(import.meta.dirname, '../golden/mrxs');
const platform = nodePlatform();
const { decoder } = platform;

const opened = (name: string, change: (ini: string) => string = (ini) => ini): Promise<Slide> =>
  openSlide(
    readdirSync(join(folder, name)).map((file) => {
      const bytes = new Uint8Array(readFileSync(join(folder, name, file)));
      const isText = file === 'Slidedat.ini';
      const content = isText ? Buffer.from(change(Buffer.from(bytes).toString())) : bytes;
      return memoryByteSource(new Uint8Array(content), file, `s/${file}`);
    }),
    platform,
  );

/** Values of a channel at a level, row by row: it alone is shown, in red. */
async function valuesOf(slide: Slide, index: number, level: number): Promise<number[]> {
  const { width, height, levels, channels } = slide.metadata;
  const view = channels!.map((_, i) => ({
    on: i === index,
    colour: [255, 0, 0] as const,
    window: [0, 255] as const,
  }));
  const size = levels[level]!;
  const rect = { x: 0, y: 0, width, height };
  const { data } = await readRegion(slide.channels!.shownAs(view), rect, size.width, size.height, {
    decoder,
    level,
  });
  return Array.from({ length: size.width * size.height }, (_, i) => data[4 * i]!);
}

async function bandOf(png: string, band: number): Promise<number[]> {
  const { data } = await decoder.decode(new Uint8Array(readFileSync(join(folder, png))), 'image/png');
  return Array.from({ length: data.length / 4 }, (_, i) => data[4 * i + band]!);
}

test.each([
  [0, 'Rhodamine', 'stains', 2],
  [1, 'FITC', 'stains', 1],
  [2, 'DAPI', 'stains', 0],
  [3, 'Cy5', 'stains-second', 2],
  [4, 'Aqua', 'stains-second', 1],
])('channel %i, %s, has the values that OpenSlide reads', async (index, name, picture, band) => {
  const slide = await opened('stains');
  expect(slide.metadata.channels![index]).toMatchObject({ name, bits: 8 });
  for (const level of [0, 1])
    expect(await valuesOf(slide, index, level)).toEqual(await bandOf(`${picture}-${level}.png`, band));
  slide.close();
});

test('its facts; channels in red, green and blue are stains, not a picture', async () => {
  const slide = await opened('stains', (ini) => ini.replace('HIER_2_COUNT = 6', 'HIER_2_COUNT = 3'));
  expect(slide.metadata).toMatchObject({
    format: 'mrxs',
    channels: [
      { colour: [255, 0, 0], window: null },
      { colour: [0, 255, 0], window: null },
      { colour: [0, 0, 255], window: null },
    ],
    properties: { Channels: 'Rhodamine, FITC, DAPI' },
  });
  slide.close();
});

test.each<[string, (ini: string) => string, string, RegExp]>([
  [
    'a filter whose images are nowhere is left out',
    (ini) => ini,
    'Rhodamine, FITC, DAPI, Cy5, Aqua',
    /1 can’t be shown.*: Nothing/,
  ],
  [
    'two filters of one colour are neither’s',
    (ini) => ini.replace('STORING_CHANNEL_NUMBER = 1', 'STORING_CHANNEL_NUMBER = 0'),
    'DAPI, Cy5, Aqua',
    /3 can’t be shown.*: Rhodamine, FITC, Nothing/,
  ],
  [
    'a filter without a place',
    (ini) => ini.replace('STORING_CHANNEL_NUMBER = 2', ''),
    'Rhodamine, FITC, Cy5, Aqua',
    /: DAPI, Nothing/,
  ],
])('%s, and that is said', async (_what, change, channels, note) => {
  const slide = await opened('stains', change);
  expect(slide.metadata.properties.Channels).toBe(channels);
  expect(slide.metadata.notes!.join(' ')).toMatch(note);
  slide.close();
});

test('the filters of a brightfield slide are its colours', async () => {
  const withFilters = (text: string): string =>
    `${text.replace(
      'HIER_COUNT = 1',
      'HIER_COUNT = 2\nHIER_1_NAME = Slide filter level\nHIER_1_COUNT = 3\n' +
        [0, 1, 2]
          .map((i) => `HIER_1_VAL_${i} = FilterLevel_${i}\nHIER_1_VAL_${i}_SECTION = F${i}\n`)
          .join(''),
    )}${[0, 1, 2].map((i) => `[F${i}]\nFILTER_NAME = Default\nSTORING_CHANNEL_NUMBER = ${2 - i}\n`).join('')}`;
  const plain = await opened('plain');
  for (const type of ['', '[GENERAL]\nSLIDE_TYPE = SLIDE_TYPE_BRIGHTFIELD\n']) {
    const slide = await opened('plain', (text) => type + withFilters(text));
    expect(slide.metadata.channels).toBeUndefined();
    expect(await slide.tile(0, 0, 0)).toEqual(await plain.tile(0, 0, 0));
    slide.close();
  }
  plain.close();
});
