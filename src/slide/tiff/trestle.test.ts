import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { pathByteSource } from '../path-byte-source.node.ts';
import { readRegion } from '../region.ts';
import { psnr } from '../testing/images.ts';

const folder = join(import.meta.dirname, '../golden/trestle');
const platform = nodePlatform();
const { decoder } = platform;
const goldens = JSON.parse(readFileSync(join(folder, 'trestle.json'), 'utf8')) as {
  readonly png: string;
  readonly slide: string;
  readonly level: number;
}[];

test.each(goldens)('$png, as OpenSlide reads it', async ({ png, slide: file, level }) => {
  const expected = await decoder.decode(new Uint8Array(readFileSync(join(folder, png))), 'image/png');
  const slide = await openSlide([await pathByteSource(join(folder, file))], platform);
  const { width, height, levels } = slide.metadata;
  expect(levels[level]).toMatchObject({
    width: expected.width,
    height: expected.height,
    downsample: level + 1,
  });
  const rect = { x: 0, y: 0, width, height };
  const actual = await readRegion(slide, rect, expected.width, expected.height, { decoder, level });
  expect(psnr(actual, expected)).toBeGreaterThan(40);
  expect(slide.metadata).toMatchObject({ format: 'trestle', mpp: { x: 0.25, y: 0.25 }, magnification: 20 });
  expect(JSON.stringify(slide.metadata)).not.toContain('DOE');
  slide.close();
});
