import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { memoryByteSource } from '../byte-source.ts';
import { dicomInstance } from '../dicom/instance.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlideUrl } from '../open-slide-url.ts';
import { openSlide } from '../open-slide.ts';
import { readRegion } from '../region.ts';
import type { Slide } from '../slide.ts';
import { pixel } from '../testing/images.ts';
import { firstPart } from './dicomweb.ts';

const platform = nodePlatform();
const { decoder } = platform;
const slideWidth = 300;
const slideHeight = 200;

/** Red encodes x, green encodes y. */
const picture = new Uint8Array(slideWidth * slideHeight * 3).map((_, i) => {
  const at = Math.floor(i / 3);
  return i % 3 === 0 ? Math.floor((at % slideWidth) / 2) : i % 3 === 1 ? Math.floor(at / slideWidth) : 50;
});

const raw = { raw: { width: slideWidth, height: slideHeight, channels: 3 as const } };

/** A scaled PNG of a part of the picture. */
const part = (
  left: number,
  top: number,
  width: number,
  height: number,
  toWidth: number,
  toHeight: number,
): Promise<Uint8Array<ArrayBuffer>> =>
  sharp(picture, raw)
    .extract({ left, top, width, height })
    .resize(toWidth, toHeight, { fit: 'fill', kernel: 'nearest' })
    .png()
    .toBuffer()
    .then((buffer) => new Uint8Array(buffer));

/** A server as a `fetch`: answers by path and records the requests. */
function server(
  answer: (path: string) => Promise<Response | undefined> | Response | undefined,
): typeof fetch & { asked: string[] } {
  const asked: string[] = [];
  const http = async (input: RequestInfo | URL): Promise<Response> => {
    const url = input instanceof Request ? input.url : String(input);
    asked.push(url);
    return (await answer(new URL(url).pathname)) ?? new Response('none', { status: 404 });
  };
  return Object.assign(http, { asked });
}

const whole = (text: string, type: string): Response =>
  new Response(text, { headers: { 'Content-Type': type } });
const ranged = (text: string): Response =>
  new Response(text, {
    status: 206,
    headers: { 'Content-Range': `bytes 0-${text.length - 1}/${text.length}` },
  });

const colour = async (slide: Slide, x: number, y: number): Promise<number[]> =>
  pixel(await readRegion(slide, { x, y, width: 1, height: 1 }, 1, 1, { decoder }), 0, 0);

describe('Deep Zoom', () => {
  const dzi = `<?xml version="1.0"?><Image xmlns="http://schemas.microsoft.com/deepzoom/2008" TileSize="64" Overlap="2" Format="png"><Size Width="${slideWidth}" Height="${slideHeight}"/></Image>`;
  test('a description on a server without ranges is read, whatever its type', async () => {
    const plain = server((path) => {
      if (path === '/a/slide.dzi') return whole(dzi, 'application/octet-stream');
      return path.endsWith('.png') ? new Response('a tile') : undefined;
    });
    const slide = await openSlideUrl('http://h/a/slide.dzi', platform, { fetch: plain, retries: 0 });
    expect(slide.metadata).toMatchObject({ format: 'deep-zoom', width: slideWidth });
  });

  test('a description without a single tile is refused', async () => {
    const empty = server((path) => (path === '/a/slide.dzi' ? ranged(dzi) : undefined));
    await expect(
      openSlideUrl('http://h/a/slide.dzi', platform, { fetch: empty, retries: 0 }),
    ).rejects.toMatchObject({
      code: 'not-found',
      problem: expect.stringContaining('none of its tiles') as string,
    });
  });

  test('one tile of any level is enough; others are missing', async () => {
    const sparse = server((path) => {
      if (path === '/a/slide.dzi') return ranged(dzi);
      return path === '/a/slide_files/9/2_1.png' ? new Response('a tile') : undefined;
    });
    const slide = await openSlideUrl('http://h/a/slide.dzi', platform, { fetch: sparse, retries: 0 });
    expect((await slide.tile(0, 0, 0)).kind).toBe('missing');
    await expect(slide.tile(0, 9, 0)).rejects.toThrow(RangeError);
  });

  const http = server(async (path) => {
    if (path === '/a/slide.dzi') return ranged(dzi);
    const [, level, column, row] =
      /^\/a\/slide_files\/(\d+)\/(\d+)_(\d+)\.png$/.exec(path)?.map(Number) ?? [];
    if (level === undefined || column === undefined || row === undefined) return undefined;
    const scale = 2 ** (9 - level);
    const [w, h] = [Math.ceil(slideWidth / scale), Math.ceil(slideHeight / scale)];
    if (scale !== 1) return new Response(await part(0, 0, slideWidth, slideHeight, w, h));
    const left = Math.max(0, column * 64 - 2);
    const top = Math.max(0, row * 64 - 2);
    const width = Math.min(w, (column + 1) * 64 + 2) - left;
    const height = Math.min(h, (row + 1) * 64 + 2) - top;
    return new Response(await part(left, top, width, height, width, height));
  });

  test('levels, tiles without their overlap, pixels in place', async () => {
    const slide = await openSlideUrl('https://a.example/a/slide.dzi', platform, { fetch: http });
    expect(slide.metadata).toMatchObject({
      format: 'deep-zoom',
      width: slideWidth,
      height: slideHeight,
      mpp: null,
    });
    expect(slide.metadata.levels.map((level) => level.width)).toEqual([300, 150, 75]);
    for (const [x, y] of [
      [0, 0],
      [63, 63],
      [64, 64],
      [130, 199],
      [299, 150],
    ] as const) {
      expect(await colour(slide, x, y)).toEqual([Math.floor(x / 2), y, 50, 255]);
    }
  });
});

describe.each([
  [2, 'http://iiif.io/api/image/2/context.json'],
  [3, 'http://iiif.io/api/image/3/context.json'],
])('IIIF Image API %i', (version, context) => {
  const info = JSON.stringify({
    '@context': context,
    id: 'https://elsewhere.example/x',
    width: slideWidth,
    height: slideHeight,
    tiles: [{ width: 128, scaleFactors: [1, 2] }],
  });
  const http = server(async (path) => {
    // A server that generates info.json does not support ranges.
    if (path === '/iiif/slide/info.json') return whole(info, 'application/ld+json');
    const match = /^\/iiif\/slide\/(full|\d+,\d+,\d+,\d+)\/(\d+),(\d*)\/0\/default\.jpg$/.exec(path);
    if (match === null || (version === 3) !== (match[3] !== '')) return undefined;
    const [x = 0, y = 0, w = slideWidth, h = slideHeight] =
      match[1] === 'full' ? [] : match[1]!.split(',').map(Number);
    const toWidth = Number(match[2]);
    return new Response(
      await part(x, y, w, h, toWidth, match[3] === '' ? Math.ceil((h * toWidth) / w) : Number(match[3])),
    );
  });

  test('requests only its tiles and puts pixels in place', async () => {
    const slide = await openSlideUrl('https://a.example/iiif/slide/info.json', platform, { fetch: http });
    expect(slide.metadata).toMatchObject({
      format: `iiif-${version}`,
      width: slideWidth,
      height: slideHeight,
    });
    expect(slide.metadata.levels.map((level) => level.downsample)).toEqual([1, 2]);
    for (const [x, y] of [
      [0, 0],
      [127, 127],
      [128, 128],
      [299, 199],
    ] as const) {
      expect(await colour(slide, x, y)).toEqual([Math.floor(x / 2), y, 50, 255]);
    }
    expect((await slide.tile(1, 1, 0)).kind).toBe('encoded');
    expect(http.asked.every((url) => url.startsWith('https://a.example/iiif/slide/'))).toBe(true);
  });
});

describe('DICOMweb', () => {
  const file = new Uint8Array(readFileSync(join(import.meta.dirname, '../golden/dicom/jpeg.dcm')));
  const series = '/dicomweb/studies/1.2/series/1.2.3';
  const metadata = [
    {
      '00080008': { vr: 'CS', Value: ['ORIGINAL', 'PRIMARY', 'VOLUME', 'NONE'] },
      '00080018': { vr: 'UI', Value: ['1.2.3.4'] },
      '0020000E': { vr: 'UI', Value: ['1.2.3'] },
      '00083002': { vr: 'UI', Value: ['1.2.840.10008.1.2.4.50'] },
      '00209311': { vr: 'CS', Value: ['TILED_FULL'] },
      '00280002': { vr: 'US', Value: [3] },
      '00280004': { vr: 'CS', Value: ['YBR_FULL_422'] },
      '00280008': { vr: 'IS', Value: [12] },
      '00280010': { vr: 'US', Value: [256] },
      '00280011': { vr: 'US', Value: [256] },
      '00480006': { vr: 'UL', Value: [957] },
      '00480007': { vr: 'UL', Value: [715] },
      '52009229': {
        vr: 'SQ',
        Value: [
          { '00289110': { vr: 'SQ', Value: [{ '00280030': { vr: 'DS', Value: [0.0005, 0.00025] } }] } },
        ],
      },
    },
  ];

  test('the same pixels as the file, frame by frame', async () => {
    const instance = await dicomInstance(memoryByteSource(file, 'jpeg.dcm'));
    const http = server(async (path) => {
      if (path === `${series}/metadata`) return whole(JSON.stringify(metadata), 'application/dicom+json');
      const frame = /\/instances\/1\.2\.3\.4\/frames\/(\d+)$/.exec(path)?.[1];
      if (frame === undefined) return undefined;
      const bytes = await instance.frame(Number(frame) - 1);
      const body = new Blob(['--xyz\r\nContent-Type: image/jpeg\r\n\r\n', bytes, '\r\n--xyz--']);
      return new Response(body, {
        headers: { 'Content-Type': 'multipart/related; type="image/jpeg"; boundary=xyz' },
      });
    });
    const remote = await openSlideUrl(`https://a.example${series}`, platform, { fetch: http });
    const local = await openSlide([memoryByteSource(file, 'jpeg.dcm')], platform);
    expect(remote.metadata).toMatchObject({ width: 957, height: 715, mpp: { x: 0.25, y: 0.5 } });
    const rect = { x: 200, y: 200, width: 200, height: 200 };
    const read = (slide: Slide) => readRegion(slide, rect, 50, 50, { decoder });
    expect((await read(remote)).data).toEqual((await read(local)).data);
  });

  test('the transfer syntax comes with the frames where the metadata lack it (as of Orthanc)', async () => {
    const ls = new Uint8Array(readFileSync(join(import.meta.dirname, '../golden/dicom/jpegls.dcm')));
    const instance = await dicomInstance(memoryByteSource(ls, 'jpegls.dcm'));
    const { '00083002': _given, ...rest } = metadata[0]!;
    const changed = {
      ...rest,
      '00280004': { vr: 'CS', Value: ['RGB'] },
      '00280008': { vr: 'IS', Value: [6] },
      '00280010': { vr: 'US', Value: [16] },
      '00280011': { vr: 'US', Value: [16] },
      '00480006': { vr: 'UL', Value: [40] },
      '00480007': { vr: 'UL', Value: [28] },
    };
    const serverOf = (type: string, partHeader: string): typeof fetch =>
      server(async (path) => {
        if (path === `${series}/metadata`) return whole(JSON.stringify([changed]), 'application/dicom+json');
        const frame = /\/frames\/(\d+)$/.exec(path)?.[1];
        if (frame === undefined) return undefined;
        const bytes = await instance.frame(Number(frame) - 1);
        const body = new Blob([`--x\r\n${partHeader}\r\n\r\n`, bytes, '\r\n--x--']);
        return new Response(body, { headers: { 'Content-Type': `multipart/related; ${type}boundary=x` } });
      });
    const local = await openSlide([memoryByteSource(ls, 'jpegls.dcm')], platform);
    const read = (slide: Slide) =>
      readRegion(slide, { x: 0, y: 0, width: 40, height: 28 }, 40, 28, { decoder });
    const syntax = 'image/jls; transfer-syntax=1.2.840.10008.1.2.4.80';
    for (const http of [serverOf(`type="${syntax}"; `, 'A: 1'), serverOf('', `Content-Type: ${syntax}`)]) {
      const remote = await openSlideUrl(`https://a.example${series}`, platform, { fetch: http });
      expect(remote.metadata.compression).toBe('JPEG-LS, lossless');
      expect((await read(remote)).data).toEqual((await read(local)).data);
    }
  });

  test('frames that the server cannot send as stored are decoded by it, and that is said', async () => {
    const { '00083002': _given, ...rest } = metadata[0]!;
    const png = await part(0, 0, 256, 200, 256, 256);
    const http = server((path) => {
      if (path === `${series}/metadata`) return whole(JSON.stringify([rest]), 'application/dicom+json');
      if (path.endsWith('/rendered')) return new Response(png, { headers: { 'Content-Type': 'image/png' } });
      return new Response('none', { status: 500 });
    });
    const slide = await openSlideUrl(`https://a.example${series}`, platform, { fetch: http, retries: 0 });
    expect(slide.metadata.compression).toBe('decoded by the server');
    expect(slide.metadata.notes?.join()).toMatch(/server decodes the frames/);
    const [red = 0, green = 0] = await colour(slide, 100, 100);
    expect(Math.abs(red - 50) + Math.abs(green - 78)).toBeLessThan(4);
  });

  test('a missing series', async () => {
    const none = server(() => undefined);
    await expect(openSlideUrl(`https://a.example${series}`, platform, { fetch: none })).rejects.toMatchObject(
      { code: 'not-found' },
    );
  });

  test('extracts the first part of a multipart answer, whatever its bytes', () => {
    const body = new TextEncoder().encode('--b\r\nA: 1\r\n\r\nin\r\n-\r\n--c\r\n--b--');
    expect(new TextDecoder().decode(firstPart(body, 'multipart/related; boundary="b"')!)).toBe(
      'in\r\n-\r\n--c',
    );
    expect(firstPart(body, 'multipart/related')).toBeNull();
  });
});

describe('plain images', () => {
  test.each(['png', 'jpeg', 'webp'] as const)('%s opens as a slide without a pixel size', async (type) => {
    const bytes = new Uint8Array(
      await sharp(picture, raw)
        .toFormat(type, type === 'png' ? {} : { quality: 95 })
        .toBuffer(),
    );
    const slide = await openSlide([memoryByteSource(bytes, 'image.svs')], platform);
    expect(slide.metadata).toMatchObject({ format: type, width: slideWidth, height: slideHeight, mpp: null });
    const [red = 0, green = 0] = await colour(slide, 200, 120);
    expect(Math.abs(red - 100) + Math.abs(green - 120)).toBeLessThan(8);
  });

  test('a damaged image is reported; an absurdly large one is not decoded', async () => {
    const png = new Uint8Array(await sharp(picture, raw).png().toBuffer());
    await expect(openSlide([memoryByteSource(png.slice(0, 200), 'cut.png')], platform)).rejects.toMatchObject(
      { code: 'corrupt', file: 'cut.png' },
    );
    new DataView(png.buffer).setUint32(16, 1e6);
    await expect(openSlide([memoryByteSource(png, 'wide.png')], platform)).rejects.toMatchObject({
      code: 'unsupported',
    });
  });
});
