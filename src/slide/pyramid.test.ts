import { describe, expect, test } from 'vitest';
import { levelScale, pyramidOf, slideLevels, type LevelCandidate } from './pyramid.ts';

const image = (
  width: number,
  height: number,
  spacing: number | null = null,
  tile = 64,
  tiled = true,
): LevelCandidate => ({
  width,
  height,
  tileWidth: tile,
  tileHeight: tile,
  tiled,
  spacing: spacing === null ? null : { x: spacing, y: spacing },
});

describe('the scale of a level', () => {
  test('by the size of its pixels, where its own size is padded', () => {
    // A 300 × 220 slide in tiles of 128: 150 × 110 and 75 × 55 are padded to 256 × 128 and 128 × 128.
    const base = image(384, 256, 0.25, 128);
    expect(levelScale(base, image(256, 128, 0.5, 128))).toEqual({ width: 192, height: 128, downsample: 2 });
    expect(levelScale(base, image(128, 128, 1, 128))).toEqual({ width: 96, height: 64, downsample: 4 });
  });

  test('by its size, where both agree but for rounding', () => {
    const base = image(46_000, 32_914, 0.499);
    expect(levelScale(base, image(11_500, 8_228, 1.996))).toMatchObject({ width: 11_500, height: 8_228 });
    expect(levelScale(base, image(2_875, 2_057))!.downsample).toBeCloseTo(16, 2);
  });

  test('by its size, where every level claims the same pixels, or absurd ones', () => {
    const base = image(300, 220, 0.25);
    for (const spacing of [0.25, 7, 0.1]) {
      expect(levelScale(base, image(150, 110, spacing))).toMatchObject({ width: 150, downsample: 2 });
    }
  });

  test('as a power of two, where only padding to whole tiles explains the size', () => {
    expect(levelScale(image(1000, 700), image(512, 384))).toEqual({ width: 500, height: 350, downsample: 2 });
    expect(levelScale(image(1000, 700), image(500, 384))).toBeNull();
    // In strips there is nothing to pad to.
    expect(levelScale(image(1000, 700), image(512, 384, null, 64, false))).toBeNull();
    // A single tile tells nothing: it may be a square thumbnail.
    expect(levelScale(image(1000, 700), image(64, 64))).toBeNull();
  });

  test('none for an image of another shape, or as large', () => {
    const base = image(300, 220);
    for (const [width, height] of [
      [70, 70],
      [90, 180],
      [300, 220],
      [301, 110],
    ] as const) {
      expect(levelScale(base, image(width, height))).toBeNull();
    }
  });
});

test('a pyramid takes one image of each size; the others keep their order', () => {
  const base = image(300, 220);
  const [half, twin, label, quarter] = [image(150, 110), image(150, 110), image(160, 90), image(75, 55)];
  const { levels, others } = pyramidOf(base, [label, quarter, half, twin]);
  expect(levels.map((level) => level.image)).toEqual([base, half, quarter]);
  expect(levels.map(({ image: one }) => one)).toContain(half);
  expect(others).toEqual([label, twin]);
});

test('levels have the downsample that is given, else the mean ratio of their sides', () => {
  const grid = { tileWidth: 64, tileHeight: 64 };
  const levels = slideLevels([
    { width: 385, height: 256, ...grid },
    { width: 193, height: 128, downsample: 2, ...grid },
    { width: 100, height: 64, ...grid },
  ]);
  expect(levels.map(({ downsample }) => downsample)).toEqual([1, 2, (3.85 + 4) / 2]);
});
