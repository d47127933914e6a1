/**
 * One-bit damages of compressed tiles. A checksum notices all of them; without one, what no longer fits is noticed. The
 * counts are printed: `DUALSCOPE_MUTANTS=20000 npx vitest run src/slide/damaged-tiles.test.ts` makes 300 damages each.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { memoryByteSource } from './byte-source.ts';
import { nodePlatform } from './node-platform.node.ts';
import { damageTiles, type StoredTile } from './testing/tile-damage.ts';
import { randomFrom } from '../base/testing/mutants.ts';
import { tag } from './tiff/tags.ts';
import { TiffFile } from './tiff/tiff-file.ts';

const variants = join(import.meta.dirname, 'golden/variants');
const flips = Number(process.env.DUALSCOPE_MUTANTS ?? 2000) >= 20_000 ? 300 : 30;

async function storedTiles(bytes: Uint8Array): Promise<StoredTile[]> {
  const file = await TiffFile.open(memoryByteSource(bytes, 'whole.tif'));
  const [first] = file.directories;
  const tiled = first!.has(tag.tileOffsets);
  const offsets = await first!.numbers(tiled ? tag.tileOffsets : tag.stripOffsets);
  const lengths = await first!.numbers(tiled ? tag.tileByteCounts : tag.stripByteCounts);
  const columns = tiled ? Math.ceil(first!.number(tag.imageWidth)! / first!.number(tag.tileWidth)!) : 1;
  return Array.from(offsets, (offset, i) => ({
    column: i % columns,
    row: Math.floor(i / columns),
    offset,
    length: lengths[i]!,
  })).filter(({ length }) => length > 0);
}

/** Share of the damages that may pass with other pixels. */
test.each([
  ['deflate.tif', 0],
  ['deflate-predictor.tif', 0],
  ['subifd-deflate.tif', 0],
  ['grey-deflate.tif', 0],
  ['zstd.tif', 1],
  ['lzw.tif', 1],
  ['packbits.tif', 1],
  ['jpeg-ycbcr.tif', 1],
  ['jpeg-rgb.tif', 1],
  ['jpeg2000-33004.tif', 1],
  ['aperio-jpeg2000-33005.svs', 1],
  ['webp.tif', 1],
  ['webp-lossless.tif', 1],
  ['none.tif', 1],
])(
  `%s: at most %d of ${flips} damages give other pixels without a word`,
  async (name, most) => {
    const bytes = new Uint8Array(readFileSync(join(variants, name)));
    const tiles = await storedTiles(bytes);
    const counts = await damageTiles(bytes, tiles, flips, randomFrom(flips + name.length), nodePlatform());
    console.info(`${name}: ${JSON.stringify(counts)}`);
    expect(counts.silent / flips).toBeLessThanOrEqual(most);
  },
  600_000,
);
