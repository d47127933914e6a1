/** What TIFF allows and some programs write: a reader that passes over it shows a wrong picture. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { memoryByteSource } from '../byte-source.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { readRegion } from '../region.ts';
import type { SlideMetadata } from '../slide.ts';
import { pixel } from '../testing/images.ts';
import { buildTiff, changed, tiledEntries, type BuiltEntry } from '../testing/tiff-builder.ts';

const platform = nodePlatform();
const colour = [200, 100, 50] as const;

interface Shown {
  readonly metadata: SlideMetadata;
  /** Of the pixel at 8, 8. */
  readonly rgb: readonly number[];
}

/** Opens a TIFF of one tile of 16 × 16 pixels. */
async function shown(tile: Uint8Array, changes: readonly BuiltEntry[], compression = 1): Promise<Shown> {
  let entries = tiledEntries(16, 16, [tile], compression);
  for (const [tag, type, values] of changes) entries = changed(entries, tag, [type, values]);
  const slide = await openSlide([memoryByteSource(buildTiff([tile], entries).bytes, 'a.tif')], platform);
  try {
    const region = await readRegion(slide, { x: 0, y: 0, width: 16, height: 16 }, 16, 16, platform);
    return { metadata: slide.metadata, rgb: pixel(region, 8, 8).slice(0, 3) };
  } finally {
    slide.close();
  }
}

const raw = (values: readonly number[]): Uint8Array => {
  const tile = new Uint8Array(256 * values.length);
  for (let i = 0; i < tile.length; i++) tile[i] = values[i % values.length]!;
  return tile;
};
const grey = (photometric: number): BuiltEntry[] => [
  [258, 3, [8]],
  [262, 3, [photometric]],
  [277, 3, [1]],
];
const text = (tag: number, value: string): BuiltEntry => [tag, 2, new TextEncoder().encode(`${value}\0`)];

describe('values of pixels', () => {
  test('FillOrder 2: the bits of each byte are in reverse order', async () => {
    // 200, 100 and 50 from their last bit to their first.
    expect((await shown(raw([0x13, 0x26, 0x4c]), [[266, 3, [2]]])).rgb).toEqual(colour);
    expect((await shown(raw(colour), [[266, 3, [1]]])).rgb).toEqual(colour);
  });

  test('0 is white in a JPEG, too', async () => {
    const input = { raw: { width: 16, height: 16, channels: 1 } } as const;
    const jpeg = await sharp(raw([55]), input)
      .toColourspace('b-w')
      .jpeg({ quality: 100 })
      .toBuffer();
    expect((await shown(jpeg, grey(0), 7)).rgb).toEqual([200, 200, 200]);
    expect((await shown(jpeg, grey(1), 7)).rgb).toEqual([55, 55, 55]);
  });

  test('a palette whose entries have 8 bits', async () => {
    const palette = new Array<number>(768).fill(0);
    for (const [channel, value] of colour.entries()) palette[channel * 256 + 7] = value;
    expect((await shown(raw([7]), [...grey(3), [320, 3, palette]])).rgb).toEqual(colour);
    const deep = palette.map((value) => value * 257);
    expect((await shown(raw([7]), [...grey(3), [320, 3, deep]])).rgb).toEqual(colour);
  });

  test.each([3, 5, 8, 9])('a JPEG of photometric code %d is refused', async (code) => {
    const jpeg = await sharp({ create: { width: 16, height: 16, channels: 3, background: 'red' } })
      .jpeg()
      .toBuffer();
    await expect(shown(jpeg, [[262, 3, [code]]], 7)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining(`photometric code ${code}`) as string,
    });
  });
});

test('JPEG 2000 of code 33004 is RGB where a program signs that says so, not where none does', async () => {
  // One colour, with the component transform: by OpenJPEG (imagecodecs).
  const base64 =
    '/0//UQAvAAAAAAAQAAAAEAAAAAAAAAAAAAAAEAAAABAAAAAAAAAAAAADBwEBBwEBBwEB/1IADAAAAAEBAAQEAAH/XAAEQED/' +
    'ZAAlAAFDcmVhdGVkIGJ5IE9wZW5KUEVHIHZlcnNpb24gMi41LjT/kAAKAAAAAABQAAH/k8PnDhFQVK/0yH/H1DARUFSv30gl' +
    '/0AAAAAAwkJftHgAAAGEhL/PtGgUAFyv30gl/0AAAAAAwkJftHgAAAGEhL//f//Z';
  const tile = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  expect((await shown(tile, [text(305, 'tifffile.py')], 33004)).rgb).toEqual(colour);
  // libvips, which does not sign, puts YCbCr through the transform.
  const [red, green] = (await shown(tile, [], 33004)).rgb;
  expect(green).toBeGreaterThan(red!);
});

test('channels have the colours of ImageJ’s lookup tables', async () => {
  const table = (red: number, green: number, blue: number): number[] =>
    [red, green, blue].flatMap((most) => Array.from({ length: 256 }, (_, i) => Math.round((i * most) / 255)));
  const luts = [0x6c, 0x75, 0x74, 0x73];
  const info = [0x69, 0x6e, 0x66, 0x6f];
  // A text of four bytes before the tables, big-endian and little-endian.
  for (const [signature, count, kinds] of [
    ['IJIJ', [0, 0, 0, 1], [info, luts]],
    ['JIJI', [1, 0, 0, 0], [info.toReversed(), luts.toReversed()]],
  ] as const) {
    const head = [...new TextEncoder().encode(signature), ...kinds[0], ...count, ...kinds[1], ...count];
    const parts = Uint8Array.from([...head, 0, 65, 0, 66, ...table(255, 128, 0)]);
    const { metadata } = await shown(raw([7]), [
      ...grey(1),
      text(270, 'ImageJ=1.53t\nimages=2\nchannels=2\nhyperstack=true\n'),
      [50838, 4, [head.length, 4, 768]],
      [50839, 1, parts],
    ]);
    expect(metadata.channels?.[0]?.colour).toEqual([255, 128, 0]);
  }
});

test('inks are refused: browsers and Node convert them in different ways', async () => {
  const jpeg = await sharp({ create: { width: 16, height: 16, channels: 3, background: 'red' } })
    .toColourspace('cmyk')
    .jpeg()
    .toBuffer();
  await expect(openSlide([memoryByteSource(new Uint8Array(jpeg), 'a.jpg')], platform)).rejects.toMatchObject({
    code: 'unsupported',
    problem: expect.stringContaining('CMYK') as string,
  });
  await expect(shown(jpeg, [], 7)).rejects.toMatchObject({ code: 'broken-tile' });
});

describe('what is said', () => {
  test('values that are no colours are counted', async () => {
    const { metadata, rgb } = await shown(raw([10, 20, 30]), [[262, 3, [1]]]);
    expect(rgb).toEqual([10, 10, 10]);
    expect(metadata.notes).toEqual([expect.stringContaining('Each pixel has 3 values')]);
    expect((await shown(raw(colour), [])).metadata.notes).toBeUndefined();
    // The second is transparency.
    const alpha = [...grey(1), [258, 3, [8, 8]], [277, 3, [2]], [338, 3, [2]]] as const;
    expect((await shown(raw([10, 255]), alpha)).metadata.notes).toBeUndefined();
  });

  test('an orientation is not followed', async () => {
    expect((await shown(raw(colour), [[274, 3, [6]]])).metadata.notes).toEqual([
      expect.stringContaining('TIFF Orientation'),
    ]);
    expect((await shown(raw(colour), [[274, 3, [1]]])).metadata.notes).toBeUndefined();
  });

  test('a page that is called label is none of the slide', async () => {
    await expect(shown(raw(colour), [text(285, 'Label')])).rejects.toThrow('only a label');
    expect((await shown(raw(colour), [text(285, 'Slide')])).rgb).toEqual(colour);
  });
});

describe('pixel size', () => {
  /** By pixels per cm. */
  const perCm = async (value: number): Promise<unknown> =>
    (
      await shown(raw(colour), [
        [282, 5, [value, 1]],
        [283, 5, [value, 1]],
        [296, 3, [3]],
      ])
    ).metadata.mpp;

  test.each([236, 237, 472, 945, 3780])('%d pixels per cm are 600 to 9,600 dpi', async (value) => {
    const [x, unit] = value === 3780 ? [9600, 2] : [value, 3];
    const { metadata } = await shown(raw(colour), [
      [282, 5, [x, 1]],
      [283, 5, [x, 1]],
      [296, 3, [unit]],
    ]);
    expect(metadata.mpp).toBeNull();
  });

  test.each([
    [1000, 10],
    [20_000, 0.5],
    [43_860, 0.2279982],
  ])('%d pixels per cm are a microscope', async (value, mpp) => {
    expect(await perCm(value)).toMatchObject({ x: mpp });
  });

  test('Philips writes decimal commas where its computer does', async () => {
    const bytes = new Uint8Array(readFileSync(join(import.meta.dirname, '../golden/makers/philips.tiff')));
    const size = async (): Promise<unknown> => {
      const slide = await openSlide([memoryByteSource(bytes.slice(), 'a.tiff')], platform);
      slide.close();
      return [slide.metadata.mpp, slide.metadata.levels.map(({ width }) => width)];
    };
    const byPoint = await size();
    expect(byPoint).not.toContain(null);
    let commas = 0;
    for (let i = 0; i + 7 < bytes.length; i++) {
      if (String.fromCharCode(...bytes.subarray(i, i + 8)) !== '&quot;0.') continue;
      bytes[i + 7] = 0x2c;
      commas++;
    }
    expect(commas).toBeGreaterThan(1);
    expect(await size()).toEqual(byPoint);
  });

  test('Aperio’s key in any case', async () => {
    const { metadata } = await shown(raw(colour), [text(270, 'Aperio Image Library v1\r\nx|mpp = 0,25')]);
    expect(metadata.mpp).toMatchObject({ x: 0.25 });
  });
});
