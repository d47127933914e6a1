import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { nodePlatform } from './node-platform.node.ts';
import { readRegion } from './region.ts';
import { SlideError, type Level0Rect, type RgbaImage, type Slide, type TilePayload } from './slide.ts';
import { largestDifference } from './testing/images.ts';
import { syntheticSlide } from './testing/synthetic-slide.ts';
import { overviewSize, viewLevels } from './view-levels.ts';
import { ViewPyramid } from './view-pyramid.ts';

const { decoder } = nodePlatform();

/** Waves, a gradient, and a border one pixel wide that no sampling would keep. */
const colour = (x: number, y: number): [number, number, number] => [
  120 + 80 * Math.sin(x / 37) * Math.cos(y / 23),
  (x * 255) / 6000,
  y % 64 === 0 ? 0 : 200,
];

/** A slide of one level that needs an overview. Its tiles do not fill its last column and row. */
const single = (tileSize = 64): ReturnType<typeof syntheticSlide> =>
  syntheticSlide({ width: 2060, height: 1130, tileSize, colour });

/** A slide is too large for its tests: every tile count that matters is reached with small tiles. */
const tiles = (slide: Slide): number => {
  const { width, height, tileWidth, tileHeight } = slide.metadata.levels[0]!;
  return Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight);
};

/** Builds until `count` tiles were asked for. @returns the error that ended it */
async function buildUntil(
  slide: Slide & { readonly asked: readonly string[] },
  options: { readonly count: number; readonly view?: Level0Rect },
): Promise<{ readonly pyramid: ViewPyramid; readonly error: unknown }> {
  const controller = new AbortController();
  const watched: Slide = {
    ...slide,
    tile: (...call) => {
      if (slide.asked.length >= options.count) controller.abort();
      return slide.tile(...call);
    },
  };
  const pyramid = new ViewPyramid(watched, { decoder, remote: false });
  pyramid.setView(options.view ?? null);
  const error: unknown = await pyramid
    .build(() => undefined, controller.signal)
    .then(
      () => null,
      (reason: unknown) => reason,
    );
  return { pyramid, error };
}

const imageOf = (payload: TilePayload | null): RgbaImage => {
  if (payload?.kind !== 'pixels') throw new Error('No pixels.');
  return payload.image;
};

/** The area means of a made tile, from level 0 alone. */
async function golden(
  slide: Slide,
  pyramid: ViewPyramid,
  index: number,
  column: number,
  row: number,
): Promise<RgbaImage> {
  const level = pyramid.levels[index]!;
  const left = column * level.tileWidth;
  const top = row * level.tileHeight;
  const width = Math.min(level.tileWidth, Math.floor(slide.metadata.width / level.factor) - left);
  const height = Math.min(level.tileHeight, Math.floor(slide.metadata.height / level.factor) - top);
  const { factor } = level;
  const rect = { x: left * factor, y: top * factor, width: width * factor, height: height * factor };
  return readRegion(slide, rect, width, height, { decoder, level: 0 });
}

/** The part of a tile that lies wholly on the slide. */
function part(image: RgbaImage, width: number, height: number): RgbaImage {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    data.set(image.data.subarray(y * image.width * 4, (y * image.width + width) * 4), y * width * 4);
  }
  return { width, height, data };
}

describe('levels for viewing', () => {
  const level = (
    width: number,
    height: number,
    downsample: number,
    tile = 256,
  ): Parameters<typeof viewLevels>[0][number] => ({
    width,
    height,
    downsample,
    tileWidth: tile,
    tileHeight: tile,
  });

  it('are those of the file where these suffice', () => {
    const levels = [level(40_000, 30_000, 1), level(10_000, 7500, 4), level(2500, 1875, 16)];
    expect(viewLevels(levels).map(({ kind, from }) => [kind, from])).toEqual([
      ['file', 0],
      ['file', 1],
      ['file', 2],
    ]);
    expect(overviewSize(levels)).toBeNull();
  });

  it('halve from a single large level down to one tile or two', () => {
    const made = viewLevels([level(256_000, 256_000, 1)]);
    expect(made.map(({ kind, factor }) => `${kind} ${factor}`)).toEqual([
      'file 1',
      ...[2, 4, 8, 16, 32].map((factor) => `joined ${factor}`),
      ...[64, 128, 256, 512].map((factor) => `overview ${factor}`),
    ]);
    expect(made.at(-1)).toMatchObject({ width: 500, height: 500, downsample: 512 });
    expect(overviewSize([level(256_000, 256_000, 1)])).toMatchObject({ factor: 64, width: 4000 });
  });

  it('fill a wide gap between two levels of the file', () => {
    const made = viewLevels([level(64_000, 64_000, 1), level(1000, 1000, 64)]);
    expect(made.map(({ kind, from, factor }) => `${kind} ${from} ${factor}`)).toEqual([
      'file 0 1',
      ...[2, 4, 8, 16, 32].map((factor) => `joined 0 ${factor}`),
      'file 1 1',
    ]);
  });

  it('strictly coarsen, with whole tiles of the file in each joined tile where sides allow', () => {
    for (const [width, tile] of [
      [100_000, 240],
      [99_999, 1000],
      [200_000, 512],
      [70_000, 2048],
      [60_001, 333],
    ] as const) {
      const made = viewLevels([level(width, width, 1, tile)]);
      for (const [i, one] of made.entries()) {
        if (i > 0) expect(one.downsample).toBeGreaterThan(made[i - 1]!.downsample);
        expect(Number.isInteger(one.tileWidth)).toBe(true);
        expect(one.tileWidth).toBeLessThanOrEqual(Math.max(1024, tile));
        if (one.kind === 'joined' && one.tileWidth !== 256)
          expect((one.tileWidth * one.factor) % tile).toBe(0);
      }
      const last = made.at(-1)!;
      expect(last.width).toBeLessThanOrEqual(512);
    }
  });
});

describe('view pyramid', () => {
  it('makes every pixel of a coarse view the mean of the slide, at whole and broken tile sizes', async () => {
    for (const tileSize of [64, 40, 33]) {
      const slide = single(tileSize);
      expect(tiles(slide)).toBeGreaterThan(512);
      const pyramid = new ViewPyramid(slide, { decoder, remote: false });
      await pyramid.build(() => undefined);
      for (const [index, level] of pyramid.levels.entries()) {
        if (level.kind === 'file') continue;
        const columns = Math.ceil(level.width / level.tileWidth);
        const rows = Math.ceil(level.height / level.tileHeight);
        for (let i = 0; i < columns * rows; i++) {
          const [column, row] = [i % columns, Math.floor(i / columns)];
          const expected = await golden(slide, pyramid, index, column, row);
          const made = imageOf(await pyramid.tile(index, column, row, 'exact'));
          expect(
            largestDifference(part(made, expected.width, expected.height), expected),
          ).toBeLessThanOrEqual(2);
        }
      }
    }
  });

  it('makes the same of JPEG tiles that are decoded at reduced size', async () => {
    const side = 64;
    const jpeg = async (column: number, row: number): Promise<Uint8Array<ArrayBuffer>> => {
      const data = Buffer.alloc(side * side * 3);
      for (let i = 0; i < side * side; i++) {
        data.set(
          [
            150 + 60 * Math.sin((column * side + (i % side)) / 40),
            90 + 50 * Math.cos((row * side + Math.floor(i / side)) / 30),
            170,
          ],
          i * 3,
        );
      }
      const raw = { raw: { width: side, height: side, channels: 3 as const } };
      return new Uint8Array(
        await sharp(data, raw).jpeg({ quality: 95, chromaSubsampling: '4:2:0' }).toBuffer(),
      );
    };
    const cache = new Map<string, Uint8Array<ArrayBuffer>>();
    for (let row = 0; row < 17; row++)
      for (let column = 0; column < 32; column++) cache.set(`${column}/${row}`, await jpeg(column, row));
    const slide = syntheticSlide({
      width: 32 * side,
      height: 17 * side,
      tileSize: side,
      colour: () => [0, 0, 0],
      tile: (_level, column, row) => ({
        kind: 'encoded',
        type: 'image/jpeg',
        bytes: cache.get(`${column}/${row}`)!,
      }),
    });
    const pyramid = new ViewPyramid(slide, { decoder, remote: false });
    await pyramid.build(() => undefined);
    for (const index of [1, 2, 3]) {
      const level = pyramid.levels[index];
      if (level === undefined) continue;
      const expected = await golden(slide, pyramid, index, 0, 0);
      const made = imageOf(await pyramid.tile(index, 0, 0, 'exact'));
      expect(largestDifference(part(made, expected.width, expected.height), expected)).toBeLessThanOrEqual(6);
    }
  });

  it('shows a first picture from few tiles, and never takes what is unknown for glass', async () => {
    const slide = single();
    const untouched = new ViewPyramid(slide, { decoder, remote: false });
    const last = untouched.levels.length - 1;
    const before = imageOf(await untouched.tile(last, 0, 0, 'exact'));
    expect([...before.data.subarray(0, 4)]).toEqual([222, 222, 222, 255]);
    const { pyramid } = await buildUntil(slide, { count: 200 });
    const picture = imageOf(await pyramid.tile(last, 0, 0, 'exact'));
    const expected = await golden(slide, pyramid, last, 0, 0);
    // A tile away at most, on a gradient that takes 32 tiles from 0 to 88.
    const at = (image: RgbaImage, x: number, y: number): number => image.data[(y * image.width + x) * 4 + 1]!;
    for (let y = 4; y < expected.height; y += 16) {
      for (let x = 4; x < expected.width; x += 16) {
        expect(Math.abs(at(picture, x, y) - at(expected, x, y))).toBeLessThanOrEqual(8);
      }
    }
  });

  it('shows something of every part of a slide of a million tiles once 64 are read', async () => {
    const slide = syntheticSlide({
      width: 16_000,
      height: 16_000,
      tileSize: 16,
      colour: () => [180, 90, 150],
    });
    expect(tiles(slide)).toBe(1_000_000);
    const { pyramid } = await buildUntil(slide, { count: 64 });
    const last = pyramid.levels.length - 1;
    const { data } = imageOf(await pyramid.tile(last, 0, 0, 'exact'));
    const greens = Array.from({ length: data.length / 4 }, (_, i) => data[i * 4 + 1]);
    // Tiles that were asked for when the reading ended are missing.
    expect(greens.filter((green) => green === 90).length / greens.length).toBeGreaterThan(0.9);
  });

  it('shows strips where they are, each with what it has from border to border', async () => {
    const slide = syntheticSlide({
      ...{ width: 512, height: 2048, tileSize: 512, tileHeight: 4 },
      colour: (x) => (x < 256 ? [120, 40, 90] : [240, 230, 240]),
    });
    const { pyramid } = await buildUntil(slide, { count: 16 });
    const last = pyramid.levels.length - 1;
    const { width, height } = pyramid.levels[last]!;
    const image = imageOf(await pyramid.tile(last, 0, 0, 'exact'));
    const red = (across: number, down: number): number =>
      image.data[(Math.floor(down * (height - 1)) * image.width + Math.floor(across * (width - 1))) * 4]!;
    for (const down of [0, 0.3, 0.5]) expect([red(0.2, down), red(0.8, down)]).toEqual([120, 240]);
  });

  it('goes on after an abort, and reads every tile of the slide once', async () => {
    const slide = single();
    const { pyramid, error } = await buildUntil(slide, { count: 300 });
    expect(error).toMatchObject({ name: 'AbortError' });
    let last = { done: 0, total: 0 };
    await pyramid.build((progress) => (last = progress));
    expect(last).toMatchObject({ done: tiles(slide), total: tiles(slide) });
    // Reads that were under way at the abort come again.
    expect(slide.asked.length).toBeLessThanOrEqual(tiles(slide) + 4);
    expect(new Set(slide.asked).size).toBe(tiles(slide));
  });

  it('reads first what is on the screen', async () => {
    const slide = single();
    await buildUntil(slide, { count: 40, view: { x: 640, y: 320, width: 320, height: 256 } });
    const wanted = new Set<string>();
    for (let row = 5; row < 9; row++)
      for (let column = 10; column < 15; column++) wanted.add(`0/${column}/${row}`);
    expect(new Set(slide.asked.slice(0, 20))).toEqual(wanted);
  });

  it('shows broken tiles in grey, counts them, and stops when the slide as a whole fails', async () => {
    const broken = syntheticSlide({
      ...{ width: 2048, height: 1280, tileSize: 64, colour: () => [10, 20, 30] as const },
      tile: (_level, column, row) => {
        if (column === 3 && row === 5)
          throw new SlideError('broken-tile', 'a.tif', 'Damaged.', 'Copy it again.');
        return column === 4 && row === 5 ? { kind: 'missing' } : undefined;
      },
    });
    const pyramid = new ViewPyramid(broken, { decoder, remote: false });
    let last: unknown;
    await pyramid.build((progress) => (last = progress));
    expect(last).toMatchObject({ broken: 1, problem: { code: 'broken-tile' } });
    const joined = imageOf(await pyramid.tile(1, 0, 0, 'exact'));
    const { factor } = pyramid.levels[1]!;
    const at = (x: number, y: number): number[] => {
      const from = (Math.floor(y / factor) * joined.width + Math.floor(x / factor)) * 4;
      return [...joined.data.subarray(from, from + 3)];
    };
    expect(at(3 * 64 + 32, 5 * 64 + 32)).toEqual([154, 154, 154]);
    expect(at(4 * 64 + 32, 5 * 64 + 32)).toEqual([255, 255, 255]);
    expect(at(5 * 64 + 32, 5 * 64 + 32)).toEqual([10, 20, 30]);

    const gone = syntheticSlide({
      ...{ width: 2048, height: 1280, tileSize: 64, colour: () => [10, 20, 30] as const },
      tile: () => {
        throw new SlideError('not-found', 'a.tif', 'It is gone.', 'Open it again.');
      },
    });
    await expect(
      new ViewPyramid(gone, { decoder, remote: false }).build(() => undefined),
    ).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('reads few tiles of a slide on a server', async () => {
    const slide = syntheticSlide({ width: 3200, height: 3200, tileSize: 32, colour });
    const pyramid = new ViewPyramid(slide, { decoder, remote: true });
    let last = { done: 0, total: 0 };
    await pyramid.build((progress) => (last = progress));
    expect(tiles(slide)).toBe(10_000);
    expect(last).toMatchObject({ done: 4096, total: 4096 });
    expect(slide.asked.length).toBeLessThanOrEqual(4100);
  });

  it('fills a gap between two levels of a file at once from the coarser, then exactly', async () => {
    const slide = syntheticSlide({
      width: 4096,
      height: 2048,
      tileSize: 128,
      reduced: [{ width: 256, height: 128 }],
      colour: (x, y, level) => (level === 0 ? [(x >> 4) & 255, (y >> 4) & 255, 50] : [x & 255, y & 255, 50]),
    });
    const pyramid = new ViewPyramid(slide, { decoder, remote: false });
    expect(pyramid.levels.map(({ kind, factor }) => `${kind} ${factor}`)).toEqual([
      'file 1',
      'joined 2',
      'joined 4',
      'joined 8',
      'file 1',
    ]);
    const coarse = imageOf(await pyramid.tile(2, 0, 0, 'now'));
    expect(slide.asked.every((asked) => asked.startsWith('1/'))).toBe(true);
    const exact = imageOf(await pyramid.tile(2, 0, 0, 'exact'));
    expect(largestDifference(coarse, exact)).toBeLessThanOrEqual(2);
  });
});

describe('a thumbnail', () => {
  const disc = (x: number, y: number): [number, number, number] =>
    (x - 900) ** 2 + (y - 500) ** 2 < 350 ** 2 ? [180, 90, 150] : [242, 240, 243];

  /** @param drawn of the thumbnail, in pixels of the slide. */
  const withThumbnail = (
    drawn: (x: number, y: number) => [number, number, number],
    width = 206,
  ): Slide & { readonly asked: string[] } => {
    const slide = syntheticSlide({ width: 2060, height: 1130, tileSize: 32, colour: disc });
    const height = 113;
    const data = new Uint8ClampedArray(width * height * 4);
    for (let i = 0; i < width * height; i++) {
      data.set([...drawn(((i % width) * 2060) / width, Math.floor(i / width) * 10), 255], i * 4);
    }
    return {
      ...slide,
      metadata: { ...slide.metadata, associated: [{ name: 'thumbnail', width, height }] },
      associatedImage: () => Promise.resolve({ kind: 'pixels', image: { width, height, data } }),
    };
  };

  /** The picture after the first tiles, at places between them. */
  async function early(
    slide: Slide & { readonly asked: string[] },
  ): Promise<(x: number, y: number) => number> {
    const { pyramid } = await buildUntil(slide, { count: 210 });
    const index = pyramid.levels.findIndex(({ kind }) => kind === 'overview');
    const { factor } = pyramid.levels[index]!;
    const image = imageOf(await pyramid.tile(index, 0, 0, 'exact'));
    return (x, y) => image.data[(Math.floor(y / factor) * image.width + Math.floor(x / factor)) * 4 + 1]!;
  }

  it('of the slide is shown between the first tiles; of another slide or shape it is not', async () => {
    // Faint lines on glass, which only the thumbnail has, show whether it was used.
    const lined = (x: number, y: number): [number, number, number] =>
      disc(x, y)[1] === 240 && x % 100 < 15 ? [242, 255, 243] : disc(x, y);
    const right = await early(withThumbnail(lined));
    const other = await early(
      withThumbnail((x, y) => (lined(x, y)[1] === 255 ? lined(x, y) : disc(x + 700, y + 400))),
    );
    const shape = await early(withThumbnail(lined, 150));
    const used = (at: (x: number, y: number) => number): boolean =>
      Array.from({ length: 500 }, (_, x) => at(x, 101)).some((green) => green === 255);
    expect([used(right), used(other), used(shape)]).toEqual([true, false, false]);
  });
});
