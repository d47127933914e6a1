/** OME-Zarr as zarr-python and ome-zarr-py write it; planes as zarr-python reads them (scripts/golden/zarr_images.py). */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync, unzipSync, zlibSync } from 'fflate';
import { afterAll, describe, expect, test } from 'vitest';
import { registry } from 'zarrita';
import { crc32c } from '../../base/crc32.ts';
import { memoryByteSource } from '../byte-source.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlideUrl } from '../open-slide-url.ts';
import { openSlide } from '../open-slide.ts';
import { pathByteSources } from '../path-byte-source.node.ts';
import { readRegion } from '../region.ts';
import { slideFiles } from '../slide-files.node.ts';
import type { RgbaImage, Slide } from '../slide.ts';
import { pixel } from '../testing/images.ts';
import { limitCodecs } from './chunk-codecs.ts';

const platform = nodePlatform();
const { decoder } = platform;
const work = mkdtempSync(join(tmpdir(), 'dualscope-zarr-'));
afterAll(() => rmSync(work, { recursive: true }));

type Files = Record<string, Uint8Array<ArrayBuffer>>;

const filesOf = (name: string): Files =>
  unzipSync(new Uint8Array(readFileSync(join(import.meta.dirname, `../golden/zarr/${name}.zip`))));
const isGolden = (path: string): boolean => path.startsWith('golden/');

/** Files as the page has them. */
const open = (files: Files, root = 'image.zarr'): Promise<Slide> =>
  openSlide(
    Object.entries(files)
      .filter(([path]) => !isGolden(path))
      .map(([path, bytes]) => memoryByteSource(bytes, path.split('/').at(-1)!, `${root}/${path}`)),
    platform,
  );

const wholeLevel = (slide: Slide, level: number): Promise<RgbaImage> => {
  const { width, height, levels } = slide.metadata;
  const rect = { x: 0, y: 0, width, height };
  return readRegion(slide, rect, levels[level]!.width, levels[level]!.height, { decoder, level });
};

/** A plane's values by zarr-python. */
async function golden(
  files: Files,
  level: number,
  channel: number,
): Promise<(x: number, y: number) => number> {
  const image = await decoder.decode(files[`golden/${level}-${channel}.png`]!, 'image/png');
  return (x, y) => pixel(image, x, y)[0]! * 256 + pixel(image, x, y)[1]!;
}

async function expectRgb(slide: Slide, files: Files): Promise<void> {
  for (const [level, { width, height }] of slide.metadata.levels.entries()) {
    const image = await wholeLevel(slide, level);
    for (let channel = 0; channel < 3; channel++) {
      const value = await golden(files, level, channel);
      for (let y = 0; y < height; y += 3) {
        for (let x = 0; x < width; x += 3) expect(pixel(image, x, y)[channel]).toBe(value(x, y));
      }
    }
  }
}

describe('colours of three channels of 8 bits', () => {
  test.each([
    ['rgb-ome-zarr-py', '0.4', 'Blosc (lz4)', 0.25, 2],
    ['interleaved', '0.5', 'uncompressed', 0.5, 2],
  ] as const)('%s', async (name, version, compression, mpp, levels) => {
    const files = filesOf(name);
    const slide = await open(files);
    expect(slide.metadata).toMatchObject({ name: 'image.zarr', format: 'ome-zarr', compression });
    expect(slide.metadata.mpp).toEqual({ x: mpp, y: mpp, source: 'OME-Zarr scale' });
    expect(slide.metadata.properties['OME-Zarr version']).toBe(version);
    expect(slide.metadata.levels).toHaveLength(levels);
    expect(slide.metadata.notes).toBeUndefined();
    await expectRgb(slide, files);
    slide.close();
  });
});

describe('channels', () => {
  test('in their colours and windows; those that are off are not shown, a missing chunk is its fill value', async () => {
    const files = filesOf('fluorescence');
    const slide = await open(files);
    const { metadata } = slide;
    expect(metadata.compression).toBe('gzip');
    expect(metadata.mpp?.x).toBeCloseTo(0.325, 9);
    expect(metadata.levels.map(({ downsample }) => Math.round(downsample * 10) / 10)).toEqual([1, 2]);
    expect(metadata.properties.Channels).toBe('DAPI, FITC, Cy3, Cy5, Cy7');
    expect(metadata.notes).toEqual([
      '4 of its 5 channels are shown unless others are chosen.',
      'Focal plane 1 of 2 is shown.',
    ]);
    expect(metadata.channels?.map(({ on }) => on)).toEqual([true, false, true, true, true]);
    for (const level of [0, 1]) {
      const image = await wholeLevel(slide, level);
      const [dapi, cy3, cy5, cy7] = await Promise.all([0, 2, 3, 4].map((c) => golden(files, level, c)));
      const share = (value: number): number => Math.min(1, Math.max(0, (value - 500) / 39_500));
      for (let y = 0; y < image.height; y += 5) {
        for (let x = 0; x < image.width; x += 5) {
          const [blue, red, white, pink] = [dapi!, cy3!, cy5!, cy7!].map((value) => share(value(x, y)));
          // Each sum is rounded once for each channel.
          const expected = [red! + white! + pink!, white!, blue! + white! + pink!].map((s) =>
            Math.min(255, s * 255),
          );
          for (const [c, value] of expected.entries())
            expect(Math.abs(pixel(image, x, y)[c]! - value)).toBeLessThan(2.1);
        }
      }
    }
    slide.close();
  });

  test('shards of chunks, one shard missing', async () => {
    const files = filesOf('sharded');
    const slide = await open(files);
    expect(slide.metadata.compression).toBe('Zstandard');
    expect(slide.metadata.properties.Shards).toBe('1 × 32 × 32');
    expect(slide.metadata.levels[0]).toMatchObject({ tileWidth: 16, tileHeight: 16 });
    const [first, second] = await Promise.all([golden(files, 0, 0), golden(files, 0, 1)]);
    // Default colours: blue and green. They grow with the values.
    const image = await wholeLevel(slide, 0);
    const at = [
      [2, 2],
      [30, 25],
      [20, 40],
      [50, 20],
      [58, 42],
    ] as const;
    const byBlue = at
      .toSorted((a, b) => first(a[0], a[1]) - first(b[0], b[1]))
      .map(([x, y]) => pixel(image, x, y)[2]!);
    expect(byBlue).toEqual(byBlue.toSorted((a, b) => a - b));
    expect(second(58, 42)).toBe(5);
    const dark = pixel(image, 58, 42);
    // Green is the second channel, which is darkest there; the first has (70, 110, 255).
    expect(Math.abs(dark[1]! - (110 / 255) * dark[2]!)).toBeLessThan(1.5);
    slide.close();
  });

  test('one grey channel, big-endian and in Fortran order', async () => {
    const files = filesOf('big-endian');
    const slide = await open(files);
    const image = await wholeLevel(slide, 0);
    const value = await golden(files, 0, 0);
    const values = Array.from({ length: 40 }, (_, i) => [i + 3, (i * 7) % 43] as const);
    const byValue = values.toSorted((a, b) => value(...a) - value(...b)).map(([x, y]) => pixel(image, x, y));
    expect(byValue.every(([red, green, blue]) => red === green && red === blue)).toBe(true);
    expect(byValue.map(([red]) => red)).toEqual(byValue.map(([red]) => red).toSorted((a, b) => a! - b!));
    slide.close();
  });

  test('images of bioformats2raw: the first, masks and others are said', async () => {
    const slide = await open(filesOf('bioformats2raw'));
    expect(slide.metadata.compression).toBe('Blosc (zstd)');
    expect(slide.metadata.notes).toEqual([
      'The first of 2 images is shown; the others are in the folders 1 and on.',
      'It has label images (masks), which are not shown: nuclei, cells.',
    ]);
    slide.close();
  });
});

describe('where it lies', () => {
  const files = filesOf('sharded');
  const write = (name: string): string => {
    const folder = join(work, name);
    for (const [path, bytes] of Object.entries(files)) {
      if (isGolden(path)) continue;
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
    return folder;
  };

  test('a folder on disk is not listed: chunks are found by name', async () => {
    const folder = write('disk.zarr');
    const listed = await slideFiles(folder);
    expect(listed.map(({ place }) => place)).toEqual(['disk.zarr/zarr.json']);
    const slide = await openSlide(await pathByteSources(listed), platform);
    const page = await open(files, 'disk.zarr');
    expect((await wholeLevel(slide, 0)).data).toEqual((await wholeLevel(page, 0)).data);
    expect(slide.metadata.fingerprint).toBe(page.metadata.fingerprint);
    expect(slide.metadata.revision).toBe(page.metadata.revision);
    slide.close();
    page.close();
  });

  /** A server with the files under /a/image.zarr; `parts` for one that sends parts of files. */
  function server(parts: boolean, among: Files = files): typeof fetch & { asked: string[] } {
    const asked: string[] = [];
    const http: typeof fetch = (input, init) => {
      const url = new URL(input instanceof Request ? input.url : String(input));
      asked.push(url.href);
      const bytes = among[decodeURIComponent(url.pathname).replace('/a/image.zarr/', '')];
      if (bytes === undefined) return Promise.resolve(new Response('none', { status: 404 }));
      const range = new Headers(init?.headers).get('range');
      if (range === null || !parts) return Promise.resolve(new Response(bytes));
      const [, from = '', to = ''] = /bytes=(\d*)-(\d*)/.exec(range) ?? [];
      const part = from === '' ? bytes.slice(-Number(to)) : bytes.slice(Number(from), Number(to) + 1);
      return Promise.resolve(new Response(part, { status: 206 }));
    };
    return Object.assign(http, { asked });
  }
  const url = 'https://a.example/a/image.zarr/?token=1';

  test('a server: requests stay below the address, and carry its query', async () => {
    const http = server(true);
    const slide = await openSlideUrl(url, platform, { fetch: http, retries: 0 });
    const page = await open(files);
    expect((await wholeLevel(slide, 1)).data).toEqual((await wholeLevel(page, 1)).data);
    expect(
      http.asked.every((one) => /^https:\/\/a\.example\/a\/image\.zarr\/[^?]+\?token=1$/.test(one)),
    ).toBe(true);
    slide.close();
    page.close();
  });

  test('servers without parts of files, and without the image, are named', async () => {
    const whole = openSlideUrl(url, platform, { fetch: server(false), retries: 0 });
    await expect(whole).rejects.toMatchObject({ code: 'no-range', file: 'image.zarr' });
    const none = openSlideUrl('https://a.example/b.zarr', platform, { fetch: server(true), retries: 0 });
    await expect(none).rejects.toMatchObject({ code: 'not-found', file: 'b.zarr' });
    const described = Object.fromEntries(Object.entries(files).filter(([path]) => path.endsWith('.json')));
    const empty = openSlideUrl(url, platform, { fetch: server(true, described), retries: 0 });
    await expect(empty).rejects.toMatchObject({ code: 'not-found', file: 'image.zarr' });
  });
});

test('a chunk of a coarse level that is written again changes the revision, whichever it is', async () => {
  const files = filesOf('rgb-ome-zarr-py');
  const revisionOf = async (among: Files): Promise<string> => {
    const slide = await open(among);
    slide.close();
    return slide.metadata.revision;
  };
  const whole = await revisionOf(files);
  expect(await revisionOf({ ...files })).toBe(whole);
  const coarse = Object.keys(files).filter((path) => /^s[01]\/\d/.test(path));
  expect(coarse).toHaveLength(15);
  for (const key of coarse) {
    const { [key]: gone, ...others } = files;
    expect(gone).toBeDefined();
    expect([key, await revisionOf(others)]).not.toEqual([key, whole]);
  }
});

describe('what is refused or damaged', () => {
  test('a bit that changed in a chunk with a checksum', () => {
    const registered = registry as unknown as Map<string, () => Codec | Promise<Codec>>;
    interface Codec {
      fromConfig(configuration: unknown, metadata: unknown): { decode(bytes: Uint8Array): Uint8Array };
    }
    limitCodecs();
    const values = Uint8Array.from({ length: 999 }, (_, i) => (i * 7) % 251);
    const summed = new Uint8Array([...values, 0, 0, 0, 0]);
    new DataView(summed.buffer).setUint32(999, crc32c(values), true);
    // RFC 3720, appendix B.4: 32 bytes of zeros.
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    const written = { gzip: gzipSync(values), zlib: zlibSync(values), crc32c: summed };
    for (const [name, bytes] of Object.entries(written)) {
      const codec = (registered.get(name)!() as Codec).fromConfig({}, { shape: [999], dataType: 'uint8' });
      expect(codec.decode(bytes)).toEqual(values);
      for (const at of [bytes.length - 1, bytes.length - 8, Math.floor(bytes.length / 2)]) {
        const damaged = bytes.slice();
        damaged[at]! ^= 4;
        expect(() => codec.decode(damaged), `${name} ${at}`).toThrow();
      }
      expect(() => codec.decode(bytes.slice(0, 3))).toThrow();
    }
  });

  const json = (value: unknown): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(value));
  const files = filesOf('sharded');
  const parsed = (path: string): Record<string, unknown> =>
    JSON.parse(new TextDecoder().decode(files[path])) as Record<string, unknown>;
  const withArray = (change: Record<string, unknown>): Files => ({
    ...files,
    '0/zarr.json': json({ ...parsed('0/zarr.json'), ...change }),
  });

  test.each<[string, Files, RegExp]>([
    ['a plate', { '.zattrs': json({ plate: { wells: [] } }) }, /plate with many wells/],
    ['a well', { 'zarr.json': json({ attributes: { ome: { well: {} } } }) }, /well of a plate/],
    ['masks', { '.zattrs': json({ labels: ['a'] }) }, /label images/],
    ['an array alone', { 'zarr.json': json(parsed('0/zarr.json')) }, /no description of an image/],
    ['decimals', withArray({ data_type: 'float32' }), /type float32/],
    ['another codec', withArray({ codecs: [{ name: 'bytes' }, { name: 'zfp' }] }), /codec zfp/],
    [
      'huge chunks',
      withArray({
        codecs: [],
        chunk_grid: { name: 'regular', configuration: { chunk_shape: [1, 65536, 65536] } },
      }),
      /too large/,
    ],
    [
      'an array that is missing',
      Object.fromEntries(Object.entries(files).filter(([path]) => path !== '1/zarr.json')),
      /1\/zarr.json is missing/,
    ],
    [
      'paths that lead elsewhere',
      {
        'zarr.json': json({
          attributes: { ome: { multiscales: [{ axes: ['y', 'x'], datasets: [{ path: '../x' }] }] } },
        }),
      },
      /no description/,
    ],
  ])('%s', async (_name, made, message) => {
    await expect(open(made)).rejects.toMatchObject({
      name: 'SlideError',
      message: expect.stringMatching(message) as string,
    });
  });

  test('a chunk that unpacks to more than its shape, or is cut, is a broken tile', async () => {
    const blosc = filesOf('rgb-ome-zarr-py');
    const key = Object.keys(blosc).find((path) => /0[/.]0[/.]0$/.test(path) && !isGolden(path))!;
    const bomb = blosc[key]!.slice();
    new DataView(bomb.buffer).setUint32(4, 2 ** 31, true);
    for (const bytes of [bomb, blosc[key]!.slice(0, 100)]) {
      const slide = await open({ ...blosc, [key]: bytes });
      await expect(slide.tile(0, 0, 0)).rejects.toMatchObject({ code: 'broken-tile' });
      expect((await slide.tile(0, 1, 1)).kind).toBe('pixels');
      slide.close();
    }
  });
});
