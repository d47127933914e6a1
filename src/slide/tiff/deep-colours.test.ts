/** Colours of 16 bits against tifffile (scripts/golden/deep_colours.py). */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { memoryByteSource } from '../byte-source.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { readRegion } from '../region.ts';
import { largestDifference } from '../testing/images.ts';
import { buildTiff, changed, tiledEntries } from '../testing/tiff-builder.ts';
import { upperBytes } from './samples.ts';

const folder = join(import.meta.dirname, '../golden/deep');
const files = readdirSync(folder).filter((name) => name.endsWith('.tif'));
const platform = nodePlatform();
const { decoder } = platform;
const read = (name: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(join(folder, name)));

describe('16-bit RGB', () => {
  test('there are goldens', () => expect(files).toHaveLength(5));

  test.each(files)('%s is shown by its upper 8 bits, and says so', async (file) => {
    const expected = await decoder.decode(read(file.replace('.tif', '.png')), 'image/png');
    const slide = await openSlide([memoryByteSource(read(file), file)], platform);
    const { width, height, notes, levels } = slide.metadata;
    expect(levels).toHaveLength(file.includes('levels') ? 2 : 1);
    expect(notes).toContain('Its colours have 16 bits; the upper 8 are shown.');
    const actual = await readRegion(slide, { x: 0, y: 0, width, height }, width, height, { decoder });
    slide.close();
    expect(largestDifference(actual, expected)).toBe(0);
  });

  test('differences wrap around, and each row begins anew', () => {
    // 0xfff0 + 0x0020 = 0x0010; the second row's first value is its own.
    const bytes = Uint8Array.of(0xff, 0xf0, 0x00, 0x20, 0x12, 0x34, 0x01, 0x00);
    expect([...upperBytes(bytes, false, 2, 1)]).toEqual([0xff, 0x00, 0x12, 0x13]);
    expect([...upperBytes(bytes, true, 2, 0)]).toEqual([0xf0, 0x20, 0x34, 0x00]);
  });
});

test.each([
  ['floating point', [[339, [3, 3, 3]]], /16 bits per channel \(floating point\)/],
  ['bits that differ', [[258, [16, 8, 16]]], /8 bits per channel; only|16 bits per channel; only/],
  ['JPEG', [[259, [7]]], /read with 8 bits only/],
] as const)('16 bits in %s are refused', async (_, changes, problem) => {
  const tile = new Uint8Array(16 * 16 * 6);
  let entries = changed(tiledEntries(16, 16, [tile]), 258, [3, [16, 16, 16]]);
  for (const [number, values] of changes) entries = changed(entries, number, [3, values]);
  const { bytes } = buildTiff([tile], entries);
  await expect(openSlide([memoryByteSource(bytes, 'deep.tif')], platform)).rejects.toThrow(problem);
});
