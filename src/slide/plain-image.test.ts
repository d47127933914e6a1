import sharp from 'sharp';
import { expect, test } from 'vitest';
import { memoryByteSource } from './byte-source.ts';
import { nodePlatform } from './node-platform.node.ts';
import { openSlide } from './open-slide.ts';
import { SlideError, type SlidePlatform } from './slide.ts';
import { ViewPyramid } from './view-pyramid.ts';

const [width, height] = [6000, 4400];
/** The right half is dark; turned by EXIF, so that the lower half is. */
const picture = sharp({ create: { width, height, channels: 3, background: { r: 240, g: 230, b: 240 } } })
  .composite([
    {
      input: { create: { width: width / 2, height, channels: 3, background: { r: 120, g: 40, b: 90 } } },
      left: width / 2,
      top: 0,
    },
  ])
  .withMetadata({ orientation: 6 })
  .jpeg()
  .toBuffer();

/** Counts decoded images by how much they are reduced. */
function counting(): { platform: SlidePlatform; shrinks: number[] } {
  const platform = nodePlatform();
  const shrinks: number[] = [];
  return {
    shrinks,
    platform: {
      ...platform,
      decoder: {
        decode: (bytes, type, signal, shrink) => {
          shrinks.push(shrink ?? 1);
          return platform.decoder.decode(bytes, type, signal, shrink);
        },
      },
    },
  };
}

test('a large JPEG is shown reduced before it is decoded, and decoded once', async () => {
  const { platform, shrinks } = counting();
  const slide = await openSlide([memoryByteSource(new Uint8Array(await picture), 'photo.jpg')], platform);
  expect(slide.metadata).toMatchObject({ width: height, height: width });
  expect(shrinks).toEqual([8]);
  const pyramid = new ViewPyramid(slide, { decoder: platform.decoder, remote: false });
  const controller = new AbortController();
  // Nothing but the reduced picture.
  const stopped = pyramid.build(() => controller.abort(), controller.signal);
  await expect(stopped).rejects.toThrow(/abort/i);
  const coarse = pyramid.levels.length - 1;
  const level = pyramid.levels[coarse]!;
  const first = await pyramid.tile(coarse, 0, 0, 'exact');
  const last = await pyramid.tile(coarse, 0, Math.ceil(level.height / level.tileHeight) - 1, 'exact');
  expect(first?.kind === 'pixels' && first.image.data[0]).toBeGreaterThan(220);
  expect(last?.kind === 'pixels' && last.image.data.at(-4)).toBeLessThan(140);
  const tiles = await Promise.all([slide.tile(0, 0, 0), slide.tile(0, 0, 11)]);
  expect(shrinks).toEqual([8, 1]);
  expect(tiles.map((tile) => tile.kind === 'pixels' && tile.image.data[0]! > 200)).toEqual([true, false]);
  slide.close();
});

test('one that is cut is refused at once', async () => {
  const bytes = new Uint8Array(await picture);
  const cut = bytes.slice(0, bytes.length >> 1);
  const opening = openSlide([memoryByteSource(cut, 'photo.jpg')], nodePlatform());
  await expect(opening).rejects.toThrow(SlideError);
  await expect(opening).rejects.toMatchObject({ code: 'corrupt' });
});
