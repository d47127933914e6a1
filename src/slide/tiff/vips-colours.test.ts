import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { memoryByteSource } from '../byte-source.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';

const variants = join(import.meta.dirname, '../golden/variants');

test.each([
  ['jpeg2000-wrong-levels.tif', 1, true],
  ['jpeg2000-33004.tif', 1, false],
  ['aperio-jpeg2000-33003.svs', null, false],
])('%s', async (name, levels, isWrong) => {
  const bytes = new Uint8Array(readFileSync(join(variants, name)));
  const slide = await openSlide([memoryByteSource(bytes, name)], nodePlatform());
  if (levels !== null) expect(slide.metadata.levels).toHaveLength(levels);
  expect((slide.metadata.notes ?? []).join().includes('wrong colours')).toBe(isWrong);
  slide.close();
});
