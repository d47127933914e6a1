import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { sharpJpeg } from './sharp-jpeg.node.ts';
import { TiffWriter, type ByteSink, type TiffWriterOptions } from './tiff-writer.ts';

class MemorySink implements ByteSink {
  bytes = new Uint8Array(0);

  async write(position: number, bytes: Uint8Array): Promise<void> {
    if (position + bytes.length > this.bytes.length) {
      const longer = new Uint8Array(position + bytes.length);
      longer.set(this.bytes);
      this.bytes = longer;
    }
    this.bytes.set(bytes, position);
  }
}

/** A picture in which neighbouring pixels differ, smooth enough for JPEG. */
const sample = (x: number, y: number, c: number): number =>
  Math.round(127 + 100 * Math.sin(x / 17 + c) * Math.cos(y / 23 - c));

async function write(
  options: Partial<TiffWriterOptions> & Pick<TiffWriterOptions, 'width' | 'height' | 'colour'>,
  pixel: (x: number, y: number, c: number) => number = sample,
): Promise<Uint8Array> {
  const sink = new MemorySink();
  const tileSize = 64;
  const writer = new TiffWriter({
    sink,
    tileSize,
    compression: { kind: 'deflate' },
    reduce: 'average',
    ...options,
  });
  const samples = options.colour === 'rgb' ? 3 : 1;
  for (let row = 0; row < writer.rows; row++) {
    for (let column = 0; column < writer.columns; column++) {
      const tile = new Uint8Array(tileSize * tileSize * samples);
      for (let i = 0; i < tile.length; i++) {
        const p = Math.floor(i / samples);
        tile[i] = pixel(
          column * tileSize + (p % tileSize),
          row * tileSize + Math.floor(p / tileSize),
          i % samples,
        );
      }
      await writer.pushTile(tile);
    }
  }
  const length = await writer.finish();
  expect(length).toBe(sink.bytes.length);
  return sink.bytes;
}

/** Pixels of a page as libvips reads them. */
async function read(
  bytes: Uint8Array,
  page = 0,
): Promise<{ data: Buffer; width: number; height: number; channels: number }> {
  const { data, info } = await sharp(bytes, { page }).raw().toBuffer({ resolveWithObject: true });
  return { data, ...info };
}

describe('TiffWriter, read back by libvips', () => {
  for (const compression of ['none', 'deflate'] as const) {
    it(`keeps every pixel with ${compression}, and averages lower levels`, async () => {
      const bytes = await write({
        width: 150,
        height: 90,
        colour: 'rgb',
        compression: { kind: compression },
        mpp: 0.467,
      });
      const full = await read(bytes);
      expect([full.width, full.height, full.channels]).toEqual([150, 90, 3]);
      let wrong = 0;
      for (let i = 0; i < full.data.length; i++) {
        const p = Math.floor(i / 3);
        if (full.data[i] !== sample(p % 150, Math.floor(p / 150), i % 3)) wrong++;
      }
      expect(wrong).toBe(0);
      const half = await read(bytes, 1);
      expect([half.width, half.height]).toEqual([75, 45]);
      // The mean of the four pixels above (20, 30), rounded.
      const mean = (sample(40, 60, 1) + sample(41, 60, 1) + sample(40, 61, 1) + sample(41, 61, 1)) / 4;
      expect(Math.abs(half.data[(30 * 75 + 20) * 3 + 1]! - mean)).toBeLessThanOrEqual(0.5);
      const last = await read(bytes, 2);
      expect([last.width, last.height]).toEqual([38, 23]);
    });
  }

  it('averages only existing pixels at an odd border', async () => {
    const bytes = await write({ width: 65, height: 65, colour: 'grey' }, (x, y) =>
      x < 65 && y < 65 ? 200 : 0,
    );
    const half = await read(bytes, 1);
    expect([half.width, half.height]).toEqual([33, 33]);
    expect(half.data.every((value, i) => i % half.channels !== 0 || value === 200)).toBe(true);
  });

  it('never mixes the indices of a mask', async () => {
    const bytes = await write({ width: 200, height: 130, colour: 'grey', reduce: 'nearest' }, (x) =>
      x % 3 === 0 ? 3 : 0,
    );
    for (const page of [0, 1, 2]) {
      const { data } = await read(bytes, page);
      expect(new Set(data)).toEqual(new Set([0, 3]));
    }
  });

  it('gives a block the value that most of its pixels have', async () => {
    // Stripes of 3, 1, 4 and 1 pixels; lower levels by hand: blocks of 2 × 2, the last one of the row 1 wide.
    const row = [7, 7, 7, 2, 5, 5, 5, 5, 9];
    const options = { width: 9, height: 4, colour: 'grey', reduce: 'majority' } as const;
    const value = (x: number): number => row[Math.min(x, 8)]!;
    const half = await read(await write({ ...options, width: 129, height: 65 }, value), 1);
    // The second block has two of each: the first in reading order wins.
    expect(Array.from({ length: 5 }, (_, x) => half.data[x * half.channels])).toEqual([7, 7, 5, 5, 9]);
    // One differing pixel in each block is outvoted, even at the top left.
    const speckled = (x: number, y: number): number => (x % 2 === 0 && y % 2 === 0 ? 1 : 4);
    const voted = await read(await write({ ...options, width: 128, height: 128 }, speckled), 1);
    expect(new Set(voted.data)).toEqual(new Set([4]));
  });

  it('writes palette colours', async () => {
    const bytes = await write(
      {
        width: 64,
        height: 64,
        colour: 'palette',
        reduce: 'nearest',
        palette: [
          [10, 20, 30],
          [200, 100, 50],
        ],
      },
      (x) => (x < 32 ? 0 : 1),
    );
    const { data, channels } = await read(bytes);
    expect(Array.from(data.subarray(0, 3))).toEqual([10, 20, 30]);
    expect(Array.from(data.subarray(40 * channels, 40 * channels + 3))).toEqual([200, 100, 50]);
  });

  it('writes JPEG tiles in the right colours', async () => {
    const bytes = await write({
      width: 100,
      height: 70,
      colour: 'rgb',
      compression: { kind: 'jpeg', encoder: sharpJpeg(95) },
    });
    const { data, width } = await read(bytes);
    let worst = 0;
    for (const [x, y] of [
      [5, 5],
      [70, 20],
      [99, 69],
      [40, 66],
    ] as const) {
      for (let c = 0; c < 3; c++)
        worst = Math.max(worst, Math.abs(data[(y * width + x) * 3 + c]! - sample(x, y, c)));
    }
    expect(worst).toBeLessThan(12);
  });

  it('writes BigTIFF when asked', async () => {
    const bytes = await write({ width: 150, height: 90, colour: 'rgb', big: 'always' });
    expect(Array.from(bytes.subarray(0, 8))).toEqual([0x49, 0x49, 43, 0, 8, 0, 0, 0]);
    expect((await read(bytes, 1)).width).toBe(75);
  });

  it('reduces by four', async () => {
    const bytes = await write({ width: 260, height: 128, colour: 'grey', factor: 4 });
    expect(await read(bytes, 1)).toMatchObject({ width: 65, height: 32 });
    expect(await read(bytes, 2)).toMatchObject({ width: 17, height: 8 });
  });

  it('explains invalid calls', async () => {
    await expect(write({ width: 0, height: 3, colour: 'grey' })).rejects.toThrow(RangeError);
    const compression = { kind: 'jpeg', encoder: sharpJpeg(80) } as const;
    await expect(write({ width: 9, height: 3, colour: 'palette', compression })).rejects.toThrow(/palette/);
    const writer = new TiffWriter({
      sink: new MemorySink(),
      width: 70,
      height: 5,
      tileSize: 64,
      colour: 'grey',
      compression: { kind: 'none' },
      reduce: 'average',
    });
    await expect(writer.pushTile(new Uint8Array(5))).rejects.toThrow(/4096/);
    await expect(writer.finish()).rejects.toThrow(/2 tiles are missing/);
  });
});

const folder = mkdtempSync(join(tmpdir(), 'tiff-writer-'));
afterAll(() => rmSync(folder, { recursive: true }));

function hasOpenSlide(): boolean {
  try {
    execFileSync('openslide-show-properties', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

// Needs the openslide-tools package; skipped where it is absent.
describe.skipIf(!hasOpenSlide())('TiffWriter, read back by OpenSlide', () => {
  it('gives levels and resolution', async () => {
    const compression = { kind: 'jpeg', encoder: sharpJpeg(80) } as const;
    const bytes = await write({
      width: 500,
      height: 300,
      colour: 'rgb',
      compression,
      mpp: 0.467,
      description: 'a|b = 1',
    });
    const path = join(folder, 'a.tif');
    writeFileSync(path, bytes);
    const output = execFileSync('openslide-show-properties', [path], { encoding: 'utf8' });
    const value = (key: string): string | undefined =>
      new RegExp(`^${key.replaceAll(/[[\].]/g, '\\$&')}: '(.*)'$`, 'm').exec(output)?.[1];
    expect(value('openslide.level-count')).toBe('4');
    expect(value('openslide.level[1].width')).toBe('250');
    expect(value('tiff.ResolutionUnit')).toBe('centimeter');
    expect(10000 / Number(value('tiff.XResolution'))).toBeCloseTo(0.467, 5);
    expect(value('tiff.ImageDescription')).toBe('a|b = 1');
  });
});

describe('compression in parallel', () => {
  const size = { width: 640, height: 400, colour: 'grey', reduce: 'average' } as const;

  it('writes tiles in order, whichever is compressed first', async () => {
    let calls = 0;
    const deflate = async (bytes: Uint8Array): Promise<Uint8Array> => {
      const compressed = deflateSync(bytes);
      // Every third tile is ready long before its neighbours.
      if (calls++ % 3 !== 0) await new Promise((resolve) => setTimeout(resolve, 3));
      return compressed;
    };
    const inOrder = await write({
      ...size,
      compression: { kind: 'deflate', deflate: (bytes) => Promise.resolve(deflateSync(bytes)) },
    });
    expect(await write({ ...size, compression: { kind: 'deflate', deflate } })).toEqual(inOrder);
  });

  it('fails when a tile cannot be compressed', async () => {
    const deflate = (): Promise<Uint8Array> => Promise.reject(new Error('no memory'));
    await expect(write({ ...size, compression: { kind: 'deflate', deflate } })).rejects.toThrow('no memory');
  });
});
