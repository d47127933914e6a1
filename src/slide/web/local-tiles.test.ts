/** Deep Zoom and Zoomify in folders and on servers, as libvips writes them. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memoryByteSource } from '../byte-source.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlideUrl } from '../open-slide-url.ts';
import { openSlide } from '../open-slide.ts';
import { pathByteSources } from '../path-byte-source.node.ts';
import { readRegion } from '../region.ts';
import { slideFiles } from '../slide-files.node.ts';
import type { ByteSource, RgbaImage, Slide } from '../slide.ts';
import { psnr } from '../testing/images.ts';
import { deepZoom } from './deep-zoom.ts';
import { tileServerSlide } from './tile-server.ts';

const platform = nodePlatform();
const { decoder } = platform;
const work = mkdtempSync(join(tmpdir(), 'dualscope-tiles-'));
afterAll(() => rmSync(work, { recursive: true }));

/** Odd sides, which halve to fractions. */
const [width, height] = [311, 227];
let picture: RgbaImage;

beforeAll(async () => {
  const raw = new Uint8Array(width * height * 3).map((_, i) => {
    const [x, y] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    return i % 3 === 0 ? (x * 255) / width : i % 3 === 1 ? (y * 255) / height : (x ^ y) & 32 ? 200 : 90;
  });
  const image = sharp(raw, { raw: { width, height, channels: 3 } });
  await image.clone().png().toFile(join(work, 'picture.png'));
  picture = await decoder.decode(new Uint8Array(readFileSync(join(work, 'picture.png'))), 'image/png');
  const tiles = image.clone().jpeg({ quality: 95, chromaSubsampling: '4:4:4' });
  await tiles.clone().tile({ size: 64, layout: 'zoomify' }).toFile(join(work, 'zoom'));
  await tiles.clone().tile({ size: 64, overlap: 2, layout: 'dz' }).toFile(join(work, 'deep.dz'));
  await tiles
    .clone()
    .tile({ size: 64, overlap: 2, layout: 'dz', depth: 'onetile' })
    .toFile(join(work, 'shallow.dz'));
  mkdirSync(join(work, 'empty'));
  const description = readFileSync(join(work, 'zoom/ImageProperties.xml'));
  writeFileSync(join(work, 'empty/ImageProperties.xml'), description);
});

async function expectPicture(slide: Slide, format: string, levels: number): Promise<void> {
  expect(slide.metadata).toMatchObject({ format, width, height, mpp: null });
  expect(slide.metadata.levels).toHaveLength(levels);
  const rect = { x: 0, y: 0, width, height };
  expect(psnr(await readRegion(slide, rect, width, height, { decoder, level: 0 }), picture)).toBeGreaterThan(
    38,
  );
  // Tiles of every level lie where they belong.
  for (const [level, { width: w, height: h }] of slide.metadata.levels.entries()) {
    if (w < 32) continue;
    const small = await decoder.decode(
      new Uint8Array(await sharp(join(work, 'picture.png')).resize(w, h, { fit: 'fill' }).png().toBuffer()),
      'image/png',
    );
    expect(psnr(await readRegion(slide, rect, w, h, { decoder, level }), small)).toBeGreaterThan(20);
  }
  slide.close();
}

/** The files of a folder as the page has them. */
const chosen = (folder: string, at: string): ByteSource[] =>
  readdirSync(join(work, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${at}/${entry.name}`;
    return entry.isDirectory()
      ? chosen(join(folder, entry.name), path)
      : [memoryByteSource(new Uint8Array(readFileSync(join(work, folder, entry.name))), entry.name, path)];
  });

const opened = async (path: string): Promise<Slide> =>
  openSlide(await pathByteSources(await slideFiles(join(work, path))), platform);

test('levels that begin at one tile are not taken for others of their numbers', async () => {
  const asked: string[] = [];
  // Of full size is level 7, which would have 79 pixels if level 0 had one.
  const http = (url: string): Promise<Response> => {
    asked.push(url);
    const level = Number(/_files\/(\d+)\//.exec(url)?.[1]);
    return Promise.resolve(new Response(null, { status: level <= 7 ? 200 : 404 }));
  };
  const text = '<Image TileSize="254" Overlap="0" Format="jpg"><Size Width="20000" Height="20000"/></Image>';
  const described = deepZoom(text, 'http://localhost/a.dzi', 'a')!;
  const slide = await tileServerSlide(described, http as typeof fetch, platform);
  await slide.tile(0, 70, 70).catch(() => undefined);
  expect(asked.at(-1)).toBe('http://localhost/a_files/7/70_70.jpg');
  expect(slide.metadata.levels).toHaveLength(8);
});

describe('local folders', () => {
  test.each([
    ['zoom', 'zoomify', 4],
    ['zoom/ImageProperties.xml', 'zoomify', 4],
    ['deep.dzi', 'deep-zoom', 3],
    ['shallow.dzi', 'deep-zoom', 3],
  ] as const)('%s by its path', async (path, format, levels) => {
    expect(await slideFiles(join(work, path))).toHaveLength(1);
    await expectPicture(await opened(path), format, levels);
  });

  test('files that the page was given', async () => {
    await expectPicture(await openSlide(chosen('zoom', 'zoom'), platform), 'zoomify', 4);
    const dzi = memoryByteSource(
      new Uint8Array(readFileSync(join(work, 'deep.dzi'))),
      'deep.dzi',
      'a/deep.dzi',
    );
    const files = [dzi, ...chosen('deep_files', 'a/deep_files')];
    await expectPicture(await openSlide(files, platform), 'deep-zoom', 3);
  });

  test('a description without tiles, or of something else', async () => {
    await expect(opened('empty')).rejects.toMatchObject({ code: 'not-found' });
    const other = memoryByteSource(
      new TextEncoder().encode('<a/>'),
      'ImageProperties.xml',
      'b/ImageProperties.xml',
    );
    await expect(openSlide([other], platform)).rejects.toMatchObject({ code: 'not-a-slide' });
  });

  test('names in a description lead nowhere else', async () => {
    const [source] = await pathByteSources([join(work, 'deep.dzi')]);
    expect(await source!.beside!('deep_files/0/0_0.jpeg')).not.toBeNull();
    const text = readFileSync(join(work, 'deep.dzi'), 'utf8').replace('Format="jpeg"', 'Format="../../x"');
    const evil = memoryByteSource(new TextEncoder().encode(text), 'evil.dzi');
    await expect(openSlide([evil], platform)).rejects.toMatchObject({ code: 'not-a-slide' });
    await source!.close();
  });
});

test('Zoomify on a server: tiles are asked for where they are, with the query of the address', async () => {
  const asked: string[] = [];
  const http: typeof fetch = (input) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    asked.push(url.href);
    try {
      return Promise.resolve(new Response(readFileSync(join(work, url.pathname))));
    } catch {
      return Promise.resolve(new Response('none', { status: 404 }));
    }
  };
  const url = 'https://a.example/zoom/ImageProperties.xml?key=1';
  const slide = await openSlideUrl(url, platform, { fetch: http, retries: 0 });
  expect(slide.metadata.name).toBe('zoom');
  await expectPicture(slide, 'zoomify', 4);
  expect(asked.every((one) => one.startsWith('https://a.example/zoom/') && one.endsWith('?key=1'))).toBe(
    true,
  );
});
