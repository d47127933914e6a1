import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { memoryByteSource } from './byte-source.ts';
import { iccSummary, matrixProfileShift } from './icc.ts';
import { embeddedProfile, jpegWithProfile, pngWithProfile } from './icc-files.ts';
import { completeJpeg } from './jpeg.ts';
import { nodePlatform } from './node-platform.node.ts';
import { openSlide } from './open-slide.ts';

/** A square of one colour. */
const square = sharp({
  create: { width: 16, height: 16, channels: 3, background: { r: 200, g: 60, b: 90 } },
});

/** libvips' own Display P3 profile. */
async function displayP3(): Promise<Uint8Array> {
  const png = await square.clone().withIccProfile('p3').png().toBuffer();
  return new Uint8Array((await sharp(png).metadata()).icc!);
}

/** The colour to which libvips and Little CMS convert a file in sRGB. */
async function inSrgb(file: Uint8Array): Promise<number[]> {
  const { data } = await sharp(file).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  return [...data.subarray(0, 3)];
}

describe('ICC profiles', () => {
  test('the summary distinguishes sRGB from other profiles', async () => {
    const profile = await displayP3();
    const summary = iccSummary(profile);
    expect(summary).toMatchObject({ size: profile.length, srgb: false });
    expect(summary.description).toMatch(/p3/i);
    const srgb = await square.clone().withIccProfile('srgb').png().toBuffer();
    expect(iccSummary(new Uint8Array((await sharp(srgb).metadata()).icc!)).srgb).toBe(true);
    expect(iccSummary(new Uint8Array(10)).description).toBe('unreadable profile');
    expect(iccSummary(profile.slice(0, 140)).srgb).toBe(false);
  });

  test('a profile is judged by its effect, not by its name', async () => {
    const png = await square.clone().withIccProfile('srgb').png().toBuffer();
    const profile = new Uint8Array((await sharp(png).metadata()).icc!);
    const swapped = profile.slice();
    const tags = Buffer.from(swapped.buffer);
    const [red, blue] = ['rXYZ', 'bXYZ'].map((name) => tags.indexOf(name, 132, 'latin1'));
    tags.write('bXYZ', red!, 'latin1');
    tags.write('rXYZ', blue!, 'latin1');
    const summary = iccSummary(swapped);
    expect(summary.description).toBe(iccSummary(profile).description);
    expect(summary.srgb).toBe(false);
    // Pure red becomes pure blue.
    expect(matrixProfileShift(swapped)).toBeCloseTo(255, 0);
    expect(matrixProfileShift(profile)).toBeLessThan(1);
    for (let length = 0; length < profile.length; length += 7) {
      expect(() => iccSummary(profile.slice(0, length))).not.toThrow();
    }
  });

  test('a profile in a JPEG or PNG converts colours as Little CMS does', async () => {
    const profile = await displayP3();
    const raw = await square.clone().ensureAlpha().raw().toBuffer();
    const image = { width: 16, height: 16, data: new Uint8ClampedArray(raw) };
    const jpeg = completeJpeg(
      new Uint8Array(await square.clone().jpeg({ quality: 100 }).toBuffer()),
      null,
      'ycbcr',
    );
    const png = pngWithProfile(image, profile);
    // P3 200, 60, 90 is about 217, 48, 88 in sRGB: redder than the same numbers in sRGB.
    for (const colour of [await inSrgb(png), await inSrgb(jpegWithProfile(jpeg, profile))]) {
      expect(colour[0]).toBeGreaterThan(210);
      expect(colour[1]).toBeLessThan(56);
    }
    expect(new Uint8Array((await sharp(png).metadata()).icc!)).toEqual(profile);
    expect(new Uint8Array((await sharp(jpegWithProfile(jpeg, profile)).metadata()).icc!)).toEqual(profile);
  });

  test.each(['png', 'jpeg', 'webp'] as const)(
    'a %s image reports its profile and returns its pixels as stored',
    async (type) => {
      const profile = await displayP3();
      const raw = await square.clone().ensureAlpha().raw().toBuffer();
      const image = { width: 16, height: 16, data: new Uint8ClampedArray(raw) };
      const png = pngWithProfile(image, profile);
      const quality = type === 'png' ? {} : { quality: 100 };
      const file = sharp(png, { ignoreIcc: true }).keepIccProfile().toFormat(type, quality);
      const bytes = new Uint8Array(await file.toBuffer());
      const platform = nodePlatform();
      const slide = await openSlide([memoryByteSource(bytes, `square.${type}`)], platform);
      expect(slide.metadata.icc).toMatchObject({ srgb: false, size: profile.length });
      expect(await slide.iccProfile()).toEqual(profile);
      const tile = await slide.tile(0, 0, 0);
      const [red = 0, green = 0] = tile.kind === 'pixels' ? tile.image.data : [];
      expect(Math.abs(red - 200) + Math.abs(green - 60)).toBeLessThan(6);
    },
  );

  test('a damaged profile of an image is ignored', () => {
    const jpeg = new Uint8Array([0xff, 0xd8, 0xff, 0xe2, 0, 3]);
    expect(embeddedProfile(jpeg, 'image/jpeg')).toBeNull();
    for (const type of ['image/png', 'image/webp', 'image/jpeg'] as const) {
      expect(embeddedProfile(new Uint8Array(40).fill(255), type)).toBeNull();
    }
  });

  test('a profile longer than one segment is split', async () => {
    const long = new Uint8Array(150_000).fill(7);
    const jpeg = new Uint8Array(await square.clone().jpeg().toBuffer());
    const embedded = jpegWithProfile(jpeg, long);
    expect(embedded.length).toBe(jpeg.length + long.length + 3 * 18);
  });
});
