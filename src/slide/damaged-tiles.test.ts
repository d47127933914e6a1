/**
 * One-bit damages of compressed tiles. A checksum notices every one of them. Without one, what no longer fits is noticed:
 * lengths, markers, codes, and what the decoders complain about. The counts are printed;
 * `DUALSCOPE_MUTANTS=20000 npx vitest run src/slide/damaged-tiles.test.ts` makes 300 damages of each.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { randomFrom } from '../base/testing/mutants.ts';
import { memoryByteSource } from './byte-source.ts';
import { nodePlatform } from './node-platform.node.ts';
import { damageTiles, type DamageCounts, type StoredTile } from './testing/tile-damage.ts';
import { buildTiff, tiledEntries } from './testing/tiff-builder.ts';
import { unpack } from './tiff/codecs.ts';
import { compression, tag } from './tiff/tags.ts';
import { TiffFile } from './tiff/tiff-file.ts';
import { loadZstd } from './tiff/zstd.ts';

beforeAll(loadZstd);

const variants = join(import.meta.dirname, 'golden/variants');
const flips = Number(process.env.DUALSCOPE_MUTANTS ?? 2000) >= 20_000 ? 300 : 30;

/** Bytes that a codec gets. */
const pattern = Uint8Array.from({ length: 768 }, (_, i) => (i * 7 + (i >> 4) * 13 + (i % 5) * 31) & 255);
/** The pattern by `zstd -19 --check` 1.5: a frame with a content checksum. */
const checkedZstd = new Uint8Array(
  Buffer.from(
    'KLUv/WQAAk0LAAQSACZMcpgjSW+Vu0ZskrjeaZzC6A6Zv+ULMbziCC5U3wU4XoQPNVuBpzJYfqTKVXuh1PqFq9H3HajO9BpAy/EX' +
      'PXD7IUdtkx5EapC2QWeNs9lxl73jCZS64AYst90DKU/aDTNZfwowVnyiLVN5n8VQdqnP9YCmzPIYo8nvFTvG7BJFa/YcQmiOGT9l' +
      'i7E8Yoiu4QSPtdsBJ7LY/iRKegUrUXedKE50msBL8Huhx+0TnsTqEDbB5xpAZmOJFDpghqw3XYO23P+KsNb8Iq3T+R9Sdet2YewS' +
      'i7HXJ03D5lzn0l2D/CJImL40V81YQ870bZO5CS+lyD7JtD9l3gQqeqAWOa86JbDWT3Wb6xGHqiCrliFHwOYMXIL4G5EcB5K4MVd9' +
      'SaiRMdbybGnv4Hw3gFbcB8MKRqmhgzeqYIwadWijCsaoUYc2qmCMGnVoowrGqFGHNqpgjBp1aKMKxgRNj5bid4WP8SMJk6q7BwVS',
    'base64',
  ),
);

const tiffOf = (scheme: number, tile: Uint8Array): Uint8Array =>
  buildTiff([tile], tiledEntries(16, 16, [tile], scheme)).bytes;

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

async function damaged(name: string, bytes: Uint8Array): Promise<DamageCounts> {
  const random = randomFrom(flips + name.length);
  const counts = await damageTiles(bytes, await storedTiles(bytes), flips, random, nodePlatform());
  console.info(`${name}: ${JSON.stringify(counts)}`);
  return counts;
}

const file = (name: string): Uint8Array => new Uint8Array(readFileSync(join(variants, name)));

test.each([
  ['Deflate', file('deflate.tif')],
  ['Deflate, predictor', file('deflate-predictor.tif')],
  ['Deflate, SubIFDs', file('subifd-deflate.tif')],
  ['Deflate, grey', file('grey-deflate.tif')],
  ['Zstandard with a checksum', tiffOf(compression.zstd, checkedZstd)],
])(
  `${flips} damages of %s: none gives other pixels`,
  async (name, bytes) => {
    expect(await damaged(name, bytes)).toMatchObject({ silent: 0 });
  },
  600_000,
);

test.each([
  ['Zstandard without a checksum', 'zstd.tif'],
  ['LZW', 'lzw.tif'],
  ['PackBits', 'packbits.tif'],
  ['JPEG, YCbCr', 'jpeg-ycbcr.tif'],
  ['JPEG, RGB', 'jpeg-rgb.tif'],
  ['JPEG 2000, 33004', 'jpeg2000-33004.tif'],
  ['JPEG 2000, 33005', 'aperio-jpeg2000-33005.svs'],
  ['WebP', 'webp.tif'],
  ['WebP, lossless', 'webp-lossless.tif'],
  ['uncompressed', 'none.tif'],
])(
  `${flips} damages of %s: nothing but a broken tile or pixels`,
  async (name, path) => {
    const { caught, harmless, silent } = await damaged(name, file(path));
    expect(caught + harmless + silent).toBe(flips);
    if (/LZW|JPEG, YCbCr|Zstandard/.test(name)) expect(caught).toBeGreaterThan(0);
  },
  600_000,
);

describe('streams that no longer fit', () => {
  const zeros = new Uint8Array(300);

  test('Deflate: padding is allowed, more pixels than the tile has are not', () => {
    const stream = new Uint8Array(deflateSync(pattern));
    const padded = new Uint8Array(stream.length + 3);
    padded.set(stream);
    expect(unpack(compression.deflate, padded, 768)).toEqual(pattern);
    expect(() => unpack(compression.deflate, stream, 700)).toThrow('more than its pixels');
    // The last strip of an image may be as long as the others.
    expect(unpack(compression.deflate, stream, 700, 768)).toEqual(pattern.subarray(0, 700));
    const foreign = stream.slice();
    foreign[foreign.length - 1] = foreign[foreign.length - 1]! ^ 1;
    expect(() => unpack(compression.deflate, foreign, 768)).toThrow('checksum');
    const random = randomFrom(1);
    const long = new Uint8Array(deflateSync(Uint8Array.from({ length: 900_000 }, () => random() * 32)));
    expect(long.length).toBeGreaterThan(256 * 1024);
    expect(unpack(compression.deflate, long, 900_000)).toHaveLength(900_000);
    long[long.length - 1] = long[long.length - 1]! ^ 1;
    expect(() => unpack(compression.deflate, long, 900_000)).toThrow('checksum');
  });

  test('Zstandard: length and checksum', () => {
    expect(unpack(compression.zstd, checkedZstd, 768)).toEqual(pattern);
    expect(() => unpack(compression.zstd, checkedZstd, 700)).toThrow();
    expect(() => unpack(compression.zstd, checkedZstd.subarray(0, checkedZstd.length - 1), 768)).toThrow();
    const two = Uint8Array.of(...checkedZstd, ...checkedZstd, 0, 0);
    expect(unpack(compression.zstd, two, 1536)).toEqual(Uint8Array.of(...pattern, ...pattern));
    // A frame of half a tile must not leave the other half black.
    expect(unpack(compression.zstd, checkedZstd, 1536)).toHaveLength(768);
  });

  test('Zstandard: a block of a few bytes that copies for hours is refused before it is unpacked', () => {
    // 43,690 sequences without a bit each: no literals, offset code 0, matches of 65,539 bytes and more.
    const count = 43_690 - 0x7f00;
    const block = [0, 255, count & 255, count >> 8, 0b01010100, 0, 0, 52, 255, 255, 255, 1];
    const header = (block.length << 3) | 0b101;
    const frame = Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, 0x58, header & 255, header >> 8, 0, ...block);
    const start = process.cpuUsage();
    expect(() => unpack(compression.zstd, frame, 196_608)).toThrow('damaged');
    expect(process.cpuUsage(start).user).toBeLessThan(1e6);
  });

  test('PackBits: a damaged length', () => {
    // 100 bytes literally, a run of 100, padding.
    const stream = Uint8Array.of(99, ...zeros.subarray(0, 100), 257 - 100, 7, 0);
    expect(unpack(compression.packBits, stream, 200)[199]).toBe(7);
    for (let bit = 0; bit < 7; bit++) {
      for (const at of [0, 101]) {
        const other = stream.slice();
        other[at] = other[at]! ^ (1 << bit);
        const result = ((): number => {
          try {
            return unpack(compression.packBits, other, 200).length;
          } catch {
            return -1;
          }
        })();
        expect(result).not.toBe(200);
      }
    }
  });

  test('LZW: codes after the last pixel', () => {
    // Codes of nine bits: clear, 1, 2, 3, end.
    const codes = (...list: number[]): Uint8Array => {
      const bits = list.map((code) => code.toString(2).padStart(9, '0')).join('');
      return Uint8Array.from(bits.match(/.{1,8}/g)!, (byte) => parseInt(byte.padEnd(8, '0'), 2));
    };
    expect(unpack(compression.lzw, codes(256, 1, 2, 3, 257), 3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(unpack(compression.lzw, codes(256, 1, 2, 3), 3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(unpack(compression.lzw, codes(256, 1, 2, 257), 3)).toHaveLength(2);
    expect(() => unpack(compression.lzw, codes(256, 1, 2, 3, 4, 5, 6, 257), 3)).toThrow('more than');
    expect(() => unpack(compression.lzw, codes(256, 1, 300, 257), 3)).toThrow('no meaning');
    expect(() => unpack(compression.lzw, codes(256, 1, 258, 257), 2)).toThrow('more than');
  });
});
