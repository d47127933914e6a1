/** Images and colour profiles that claim more than they are: refused by their headers, before anything is decoded. */
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { memoryByteSource } from './byte-source.ts';
import { checkDecodable, encodedSize, imageType } from './encoded-image.ts';
import { checkEncodedTile, checkJpegStream } from './encoded-tile.ts';
import { embeddedProfile, pngWithProfile } from './icc-files.ts';
import { maxJpegScans, maxProfileBytes } from './limits.ts';
import { nodePlatform } from './node-platform.node.ts';
import { openSlide } from './open-slide.ts';
import type { EncodedImageType, SlideError } from './slide.ts';
import { costOf } from './testing/cost.ts';
import { buildTiff, changed, tiledEntries } from './testing/tiff-builder.ts';

const platform = nodePlatform();
const mib = 1024 * 1024;

const noise = Uint8Array.from({ length: 64 * 48 * 3 }, (_, i) => (i * 31 + (i >> 4) * 7) & 255);
const picture = sharp(noise, { raw: { width: 64, height: 48, channels: 3 } });
const files: Record<string, [EncodedImageType, Uint8Array<ArrayBuffer>]> = {
  jpeg: ['image/jpeg', new Uint8Array(await picture.clone().jpeg().toBuffer())],
  progressive: ['image/jpeg', new Uint8Array(await picture.clone().jpeg({ progressive: true }).toBuffer())],
  png: ['image/png', new Uint8Array(await picture.clone().png().toBuffer())],
  webp: ['image/webp', new Uint8Array(await picture.clone().webp().toBuffer())],
  'lossless webp': ['image/webp', new Uint8Array(await picture.clone().webp({ lossless: true }).toBuffer())],
  'extended webp': [
    'image/webp',
    new Uint8Array(await picture.clone().withIccProfile('p3').webp().toBuffer()),
  ],
};

/** The same file with another size in its header. */
function claiming(name: string, width: number, height: number): Uint8Array<ArrayBuffer> {
  const bytes = files[name]![1].slice();
  const view = new DataView(bytes.buffer);
  if (name === 'png') {
    view.setUint32(16, width);
    view.setUint32(20, height);
  } else if (name === 'webp') {
    view.setUint16(26, width & 0x3fff, true);
    view.setUint16(28, height & 0x3fff, true);
  } else if (name === 'lossless webp') {
    view.setUint32(21, ((width - 1) | ((height - 1) << 14)) >>> 0, true);
  } else if (name === 'extended webp') {
    bytes.set([width - 1, (width - 1) >> 8, (width - 1) >> 16, height - 1, (height - 1) >> 8], 24);
  } else {
    let at = 2;
    while (bytes[at + 1]! < 0xc0 || bytes[at + 1]! > 0xc2) at += 2 + view.getUint16(at + 2);
    view.setUint16(at + 5, height);
    view.setUint16(at + 7, width);
  }
  return bytes;
}

describe.each(Object.entries(files))('%s', (name, [type, bytes]) => {
  test('the header gives type and size', () => {
    expect(imageType(bytes)).toBe(type);
    expect(encodedSize(bytes, type)).toEqual({ width: 64, height: 48 });
    expect(encodedSize(claiming(name, 5000, 6000), type)).toEqual({ width: 5000, height: 6000 });
    expect(encodedSize(bytes.subarray(0, 20), type)).toBeNull();
    expect(() => checkDecodable(bytes, type)).not.toThrow();
  });

  test('a plain image that claims too many pixels is refused without decoding', async () => {
    // As large as each format can claim.
    const side = type === 'image/webp' ? 16_383 : type === 'image/jpeg' ? 65_535 : 2 ** 31 - 1;
    const bomb = claiming(name, side, side);
    const cost = await costOf(async () => {
      const error = (await openSlide([memoryByteSource(bomb, `bomb.${name}`)], platform).catch(
        (reason: unknown) => reason,
      )) as SlideError;
      expect(error).toMatchObject({ name: 'SlideError', code: 'unsupported', file: `bomb.${name}` });
      expect(error.remedy).toContain('pyramidal TIFF');
    });
    expect(cost.bytes).toBeLessThan(100 * mib);
    await expect(platform.decoder.decode(bomb, type)).rejects.toThrow('too large');
  });
});

test('a JPEG tile of another size than its place is broken, not stretched or cut', async () => {
  const jpeg = (width: number, height: number): Uint8Array => claiming('jpeg', width, height);
  const slide = async (tile: Uint8Array, width = 64, height = 48): Promise<unknown> => {
    let entries = tiledEntries(width, height, [tile], 7);
    entries = changed(entries, 322, [4, [64]]);
    entries = changed(entries, 323, [4, [48]]);
    const one = await openSlide([memoryByteSource(buildTiff([tile], entries).bytes, 'one.tif')], platform);
    return one.tile(0, 0, 0).then(
      ({ kind }) => kind,
      (error: unknown) => (error as SlideError).code,
    );
  };
  expect(await slide(jpeg(64, 48))).toBe('encoded');
  expect(await slide(jpeg(60, 40), 60, 40)).toBe('encoded');
  expect(await slide(jpeg(32, 48))).toBe('broken-tile');
  expect(await slide(jpeg(128, 48))).toBe('broken-tile');
  expect(await slide(jpeg(65_535, 65_535))).toBe('broken-tile');
});

describe('JPEG streams', () => {
  const jpeg = files.jpeg![1];

  test('without an end, with a foreign marker or a missing restart marker are damaged', async () => {
    expect(() => checkJpegStream(jpeg)).not.toThrow();
    expect(() => checkJpegStream(files.progressive![1])).not.toThrow();
    expect(() => checkJpegStream(jpeg.subarray(0, jpeg.length - 2))).toThrow('ends early');
    expect(() => checkJpegStream(jpeg.subarray(0, jpeg.length >> 1))).toThrow();
    const foreign = jpeg.slice();
    foreign.set([0xff, 0xc1], jpeg.length - 40);
    expect(() => checkJpegStream(foreign)).toThrow('damaged');
    const padded = new Uint8Array(jpeg.length + 3);
    padded.set(jpeg);
    expect(() => checkJpegStream(padded)).not.toThrow();
    const restarts = new Uint8Array(await picture.clone().jpeg({ chromaSubsampling: '4:4:4' }).toBuffer());
    // Announces a restart marker after every unit, of which the data has none.
    const announced = Uint8Array.of(
      ...restarts.subarray(0, 2),
      0xff,
      0xdd,
      0,
      4,
      0,
      1,
      ...restarts.subarray(2),
    );
    expect(() => checkJpegStream(announced)).toThrow('restart marker');
  });

  test('with thousands of scans are refused', async () => {
    const progressive = files.progressive![1];
    const scanAt = progressive.findIndex((byte, i) => byte === 0xff && progressive[i + 1] === 0xda);
    const scan = progressive.subarray(scanAt, scanAt + 20);
    const bomb = Uint8Array.of(
      ...progressive.subarray(0, scanAt),
      ...Array.from({ length: maxJpegScans + 1 }, () => [...scan]).flat(),
      0xff,
      0xd9,
    );
    expect(() => checkDecodable(bomb, 'image/jpeg')).toThrow('too many scans');
    await expect(platform.decoder.decode(bomb, 'image/jpeg')).rejects.toThrow('too many scans');
  });
});

test('a WebP tile that is cut short is damaged', () => {
  const [, webp] = files.webp!;
  const place = { width: 64, height: 48, visibleWidth: 64, visibleHeight: 48 };
  expect(() => checkEncodedTile(webp, 'image/webp', place)).not.toThrow();
  expect(() => checkEncodedTile(webp.subarray(0, webp.length - 8), 'image/webp', place)).toThrow(
    'ends early',
  );
});

describe('colour profiles', () => {
  test('a profile bomb in a PNG is not unpacked: the image opens without a profile', async () => {
    const image = { width: 8, height: 8, data: new Uint8ClampedArray(256).fill(200) };
    const png = pngWithProfile(image, new Uint8Array(64));
    const bomb = deflateSync(new Uint8Array(500 * mib));
    const at = png.findIndex((_, i) => String.fromCharCode(...png.subarray(i, i + 4)) === 'iCCP');
    const length = new DataView(png.buffer).getUint32(at - 4);
    const data = Uint8Array.of(...png.subarray(at, at + 11), ...bomb.subarray(0, 0));
    const chunk = new Uint8Array(8 + 7 + bomb.length + 4);
    new DataView(chunk.buffer).setUint32(0, 7 + bomb.length);
    chunk.set(data, 4);
    chunk.set(bomb, 15);
    const file = new Uint8Array(png.length - length - 12 + chunk.length);
    file.set(png.subarray(0, at - 4));
    file.set(chunk, at - 4);
    file.set(png.subarray(at + 4 + length + 4), at - 4 + chunk.length);
    const cost = await costOf(() => Promise.resolve(expect(embeddedProfile(file, 'image/png')).toBeNull()));
    expect(cost.bytes).toBeLessThan(100 * mib);
  });

  test('a huge profile of a TIFF is named and not read', async () => {
    const tiles = [new Uint8Array(768).fill(9)];
    const built = buildTiff(tiles, changed(tiledEntries(16, 16, tiles), 34675, [7, [1, 2, 3, 4, 5]]));
    const bytes = new Uint8Array(built.bytes.length + maxProfileBytes + 1);
    bytes.set(built.bytes);
    const view = new DataView(bytes.buffer);
    view.setUint32(built.entries.get(34675)! + 4, maxProfileBytes + 1, true);
    view.setUint32(built.entries.get(34675)! + 8, built.bytes.length, true);
    const slide = await openSlide([memoryByteSource(bytes, 'icc.tif')], platform);
    expect(slide.metadata.icc).toMatchObject({ srgb: false, description: 'profile too large to be applied' });
    expect(await slide.iccProfile()).toBeNull();
    expect((await slide.tile(0, 0, 0)).kind).toBe('pixels');
  });
});
