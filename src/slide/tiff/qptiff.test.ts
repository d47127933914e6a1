/** A QPTIFF of tifffile: every channel at both sizes, with a thumbnail between them (scripts/golden/qptiff.py). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseChannelView } from '../channels/channel-view-text.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { pathByteSource } from '../path-byte-source.node.ts';
import { readRegion } from '../region.ts';
import { pixel } from '../testing/images.ts';

const folder = join(import.meta.dirname, '../golden/qptiff');
/** By level, then by channel: x, y, value. */
const golden = JSON.parse(readFileSync(join(folder, 'qptiff.json'), 'utf8')) as Record<
  string,
  [x: number, y: number, value: number][][]
>;

test('channels have their names, colours and values at every level', async () => {
  const { decoder, ...rest } = nodePlatform();
  const path = await pathByteSource(join(folder, 'fluorescence.qptiff'));
  const slide = await openSlide([path], { decoder, ...rest });
  const { metadata } = slide;
  expect(metadata).toMatchObject({
    format: 'akoya-qptiff',
    mpp: { x: 0.5, y: 0.5 },
    magnification: 20,
    scanner: 'PhenoImager',
    levels: [
      { width: 80, height: 56, downsample: 1 },
      { width: 40, height: 28, downsample: 2 },
    ],
    associated: [{ name: 'thumbnail' }, { name: 'label' }],
    channels: [
      { name: 'DAPI', colour: [0, 0, 255] },
      { name: 'Opal 520', colour: [0, 255, 0] },
      { name: 'Opal 690', colour: [255, 0, 0] },
    ],
  });
  for (const [level, { width, height }] of metadata.levels.entries()) {
    for (const [channel, places] of golden[String(level)]!.entries()) {
      const view = parseChannelView(`${channel + 1}:ffffff:0-65535`, metadata.channels!);
      if (view.kind === 'wrong') throw new Error(view.problem);
      const whole = { x: 0, y: 0, width: 80, height: 56 };
      const options = { decoder, level };
      const image = await readRegion(slide.channels!.shownAs(view.view), whole, width, height, options);
      for (const [x, y, value] of places) {
        expect(pixel(image, x, y)[0], `level ${level}, channel ${channel}, ${x}, ${y}`).toBe(
          Math.round((value / 65535) * 255),
        );
      }
    }
  }
  slide.close();
});
