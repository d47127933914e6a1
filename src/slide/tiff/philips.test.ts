import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { memoryByteSource } from '../byte-source.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { tag } from './tags.ts';
import { TiffFile } from './tiff-file.ts';

const golden = new Uint8Array(readFileSync(join(import.meta.dirname, '../golden/makers/philips.tiff')));

/** The golden with another value of a tag in one of its directories. */
async function patched(directory: number, number: number, change: (value: number) => number) {
  const bytes = golden.slice();
  const file = await TiffFile.open(memoryByteSource(bytes, 'philips.tiff'));
  const { offset } = file.directories[directory]!;
  const view = new DataView(bytes.buffer);
  const count = view.getUint16(offset, true);
  for (let entry = offset + 2; entry < offset + 2 + 12 * count; entry += 12) {
    if (view.getUint16(entry, true) !== number) continue;
    // Short or long, in little-endian order: the lower bytes are the same.
    view.setUint16(entry + 8, change(view.getUint16(entry + 8, true)), true);
    return memoryByteSource(bytes, 'philips.tiff');
  }
  throw new Error(`There is no tag ${number}.`);
}

test('a level that does not fit the shape of the slide is left out, and the slide says so', async () => {
  const whole = await openSlide([memoryByteSource(golden, 'philips.tiff')], nodePlatform());
  expect(whole.metadata.notes ?? []).toEqual([]);
  const slide = await openSlide([await patched(1, tag.imageLength, (value) => value * 3)], nodePlatform());
  expect(slide.metadata.levels.map(({ downsample }) => downsample)).toEqual(
    whole.metadata.levels.map(({ downsample }) => downsample).filter((_, i) => i !== 1),
  );
  expect(slide.metadata.notes).toEqual(['One of its levels does not fit the slide’s shape and is not used.']);
  whole.close();
  slide.close();
});
