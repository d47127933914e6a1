import { expect, test } from 'vitest';
import { memoryByteSource } from '../byte-source.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { buildTiff, changed, tiledEntries } from '../testing/tiff-builder.ts';

const tile = new Uint8Array(768).fill(90);
const none = new Uint8Array(0);
const open = (bytes: Uint8Array) => openSlide([memoryByteSource(bytes, 'a.tif')], nodePlatform());

test('a file without any of its tiles is refused instead of shown white', async () => {
  const tiles = [none, none, none, none];
  await expect(open(buildTiff(tiles, tiledEntries(32, 32, tiles)).bytes)).rejects.toMatchObject({
    code: 'corrupt',
    problem: expect.stringContaining('none of its tiles') as string,
  });
  const zeros = changed(tiledEntries(32, 32, [tile, tile, tile, tile]), 324, [4, [0, 0, 0, 0]]);
  await expect(open(buildTiff([tile, tile, tile, tile], zeros).bytes)).rejects.toMatchObject({
    code: 'corrupt',
  });
});

test('one tile is enough', async () => {
  const tiles = [none, none, none, none, none, none, tile, none, none];
  const slide = await open(buildTiff(tiles, tiledEntries(48, 48, tiles)).bytes);
  expect(slide.metadata.notes).toBeUndefined();
  expect(await slide.tile(0, 0, 0)).toEqual({ kind: 'missing' });
  slide.close();
});

test('a slide whose full resolution is missing says so', async () => {
  const small = buildTiff([tile], tiledEntries(16, 16, [tile]));
  const empty = [none, none, none, none];
  // Level 0 behind the smaller level, whose directory comes first in the file and second in the chain.
  const entries = changed(tiledEntries(32, 32, empty), 324, [4, [0, 0, 0, 0]]);
  const bytes = buildTiff([small.bytes.subarray(8)], entries, small.directory).bytes;
  const slide = await open(bytes);
  expect(slide.metadata.levels).toHaveLength(2);
  expect(slide.metadata.notes).toEqual([
    'The file holds no tiles of the full resolution, which is white; smaller levels are shown.',
  ]);
  slide.close();
});
