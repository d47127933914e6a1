import { expect, test } from 'vitest';
import { memoryByteSource } from '../byte-source.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { buildTiff, changed, tiledEntries } from '../testing/tiff-builder.ts';

const tiles = [60, 120, 180, 240].map((value) => new Uint8Array(768).fill(value));
const plain = tiledEntries(32, 32, tiles);
const open = (bytes: Uint8Array) => openSlide([memoryByteSource(bytes, 'a.tif')], nodePlatform());

/** A level behind which the chain breaks off, and the slide before it. */
function withBrokenTail(): Uint8Array {
  const tile = tiles[0]!;
  const small = buildTiff([tile], tiledEntries(16, 16, [tile]), 0x7fffffff);
  const shifted = changed(plain, 324, [4, [0, 1, 2, 3].map((i) => small.bytes.length + 768 * i)]);
  return buildTiff([small.bytes.subarray(8), ...tiles], shifted, small.directory).bytes;
}

test.each<[string, Uint8Array, levels: number, RegExp]>([
  ['past the end', buildTiff(tiles, plain, 0x7fffffff).bytes, 1, /breaks off after the first\./],
  ['into the pixels', buildTiff(tiles, plain, 8).bytes, 1, /breaks off after the first\./],
  ['in a circle', buildTiff(tiles, plain, buildTiff(tiles, plain).directory).bytes, 1, /after the first/],
  ['behind a level', withBrokenTail(), 2, /breaks off after 2\./],
])(
  'a chain of directories that goes %s shows what was read, and says so',
  async (_how, bytes, levels, note) => {
    const slide = await open(bytes);
    expect(slide.metadata.levels).toHaveLength(levels);
    expect(slide.metadata.notes).toEqual([expect.stringMatching(note)]);
    const tile = await slide.tile(0, 1, 1);
    expect(tile.kind === 'pixels' && tile.image.data[0]).toBe(240);
    slide.close();
  },
);

test.each<[string, Uint8Array, RegExp]>([
  [
    'in strips may be a label',
    buildTiff(
      tiles,
      [
        ...[322, 323, 324, 325].reduce((all, number) => changed(all, number, null), plain),
        [273, 4, [8]],
        [278, 4, [32]],
        [279, 4, [3072]],
      ],
      0x7fffffff,
    ).bytes,
    /may be its label/,
  ],
  ['is a reduced copy', buildTiff(tiles, [[254, 4, [1]], ...plain], 0x7fffffff).bytes, /may be its label/],
  [
    'is not all there',
    buildTiff(tiles, changed(plain, 324, [4, [8, 776, 1544, 1e6]]), 0x7fffffff).bytes,
    /not all there/,
  ],
])('it is refused where what was read %s', async (_what, bytes, problem) => {
  await expect(open(bytes)).rejects.toMatchObject({
    code: 'corrupt',
    problem: expect.stringMatching(problem) as string,
  });
});

test('a SubIFD that cannot be read is said to be left out', async () => {
  const slide = await open(buildTiff(tiles, changed(plain, 330, [4, [1e9]])).bytes);
  expect(slide.metadata.notes).toEqual(['One of its images (a SubIFD) is damaged and left out.']);
  slide.close();
});
