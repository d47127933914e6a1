import sharp from 'sharp';
import { expect, test } from 'vitest';
import { memoryByteSource } from './byte-source.ts';
import { nodePlatform } from './node-platform.node.ts';
import { openSlide } from './open-slide.ts';
import { uprightFile } from './exif.ts';
import { readRegion } from './region.ts';

const [width, height] = [24, 16];
/** Every pixel has a colour of its own. */
const pixels = Buffer.from(
  Array.from({ length: width * height }, (_, i) => [
    (i % width) * 10,
    Math.floor(i / width) * 15,
    128,
  ]).flat(),
);

const photo = (type: 'jpeg' | 'png' | 'webp', orientation: number): Promise<Buffer> => {
  const image = sharp(pixels, { raw: { width, height, channels: 3 } }).withMetadata({ orientation });
  if (type === 'jpeg') return image.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer();
  return (type === 'png' ? image.png() : image.webp({ lossless: true })).toBuffer();
};

test.for(
  (['jpeg', 'png', 'webp'] as const).flatMap((type) =>
    [1, 2, 3, 4, 5, 6, 7, 8].map((orientation) => [type, orientation] as const),
  ),
)('a %s of orientation %i is shown as libvips turns it', async ([type, orientation]) => {
  const file = await photo(type, orientation);
  const { data, info } = await sharp(file).rotate().raw().toBuffer({ resolveWithObject: true });
  const slide = await openSlide([memoryByteSource(new Uint8Array(file), `photo.${type}`)], nodePlatform());
  expect(slide.metadata).toMatchObject({ width: info.width, height: info.height });
  const rect = { x: 0, y: 0, width: info.width, height: info.height };
  const { decoder } = nodePlatform();
  const image = await readRegion(slide, rect, info.width, info.height, { decoder });
  slide.close();
  let largest = 0;
  for (let i = 0; i < info.width * info.height; i++) {
    for (let c = 0; c < 3; c++) {
      largest = Math.max(largest, Math.abs(image.data[i * 4 + c]! - data[i * info.channels + c]!));
    }
  }
  expect(largest).toBeLessThanOrEqual(2);
});

test('the decoder gets a file without the mark, so that it does not turn it too', async () => {
  for (const type of ['jpeg', 'png', 'webp'] as const) {
    const file = new Uint8Array(await photo(type, 6));
    const { bytes, orientation } = uprightFile(file, `image/${type}`);
    expect(orientation).toBe(6);
    expect((await sharp(bytes).metadata()).orientation ?? 1).toBe(1);
    expect(uprightFile(bytes, `image/${type}`).orientation).toBe(1);
  }
});
