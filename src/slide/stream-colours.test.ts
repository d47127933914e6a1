import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { completeJpeg, jpegFrame, join } from './jpeg.ts';
import { jpeg2000Header } from './jpeg2000/codec.ts';
import { nodePlatform } from './node-platform.node.ts';
import { jpeg2000Colours, jpegColours, type Colours, type JpegMarks } from './stream-colours.ts';
import { pixel } from './testing/images.ts';

const unmarked: JpegMarks = { adobeTransform: null, jfif: false, subsampled: false, ids: [1, 2, 3] };
const letters = [0x52, 0x47, 0x42];

describe('JPEG: the stream first, the container last', () => {
  // ITU-T T.872 (Adobe's transform: 0 none, 1 YCbCr), JFIF 1.02 (YCbCr only), libjpeg's jdapimin.c.
  test.each<[string, Partial<JpegMarks>, Colours | 'container']>([
    ['no mark', {}, 'container'],
    ['Adobe, no transform', { adobeTransform: 0 }, 'rgb'],
    ['Adobe, YCbCr', { adobeTransform: 1 }, 'ycbcr'],
    ['Adobe, no transform, 4:2:0', { adobeTransform: 0, subsampled: true }, 'rgb'],
    ['Adobe, no transform, and JFIF', { adobeTransform: 0, jfif: true }, 'rgb'],
    ['JFIF', { jfif: true }, 'ycbcr'],
    ['JFIF, letters', { jfif: true, ids: letters }, 'ycbcr'],
    ['4:2:0', { subsampled: true }, 'ycbcr'],
    ['letters', { ids: letters }, 'rgb'],
  ])('%s', (_name, marks, expected) => {
    for (const container of ['rgb', 'ycbcr'] as const) {
      const right = expected === 'container' ? container : expected;
      expect(jpegColours({ ...unmarked, ...marks }, container)).toBe(right);
    }
  });
});

/** Adobe's segment with a transform. */
const adobe = (transform: number): number[] => [
  ...[0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0],
  transform,
];

const jfif = [0xff, 0xe0, 0, 16, 0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0];

describe('JPEG streams come out right from either container', () => {
  const colour = { r: 190, g: 60, b: 120 };
  const encode = async (chromaSubsampling: string): Promise<Uint8Array> =>
    new Uint8Array(
      await sharp({ create: { width: 32, height: 32, channels: 3, background: colour } })
        .jpeg({ quality: 100, chromaSubsampling })
        .toBuffer(),
    );
  /** sharp's stream, which has no marks, with some. */
  const remarked = (jpeg: Uint8Array, marks: readonly number[]): Uint8Array<ArrayBuffer> =>
    join([jpeg.subarray(0, 2), Uint8Array.from(marks), jpeg.subarray(2)]);

  test.for(['4:4:4', '4:2:0'])('YCbCr %s with JFIF or Adobe', async (sampling) => {
    const jpeg = await encode(sampling);
    for (const container of ['rgb', 'ycbcr'] as const) {
      for (const stream of [remarked(jpeg, jfif), remarked(jpeg, adobe(1))]) {
        expect(await decoded(completeJpeg(stream, null, container))).toEqual([190, 60, 120]);
      }
    }
    // Without a mark, subsampled chroma still tells.
    const bare = remarked(jpeg, []);
    const fromRgb = await decoded(completeJpeg(bare, null, 'rgb'));
    if (sampling === '4:2:0') expect(fromRgb).toEqual([190, 60, 120]);
    else expect(fromRgb).not.toEqual([190, 60, 120]);
    expect(await decoded(completeJpeg(bare, null, 'ycbcr'))).toEqual([190, 60, 120]);
  });

  test('RGB by Adobe or by letters', async () => {
    const ycc = await encode('4:4:4');
    const stored = await decoded(completeJpeg(remarked(ycc, []), null, 'rgb'));
    const byLetters = remarked(ycc, []);
    const { frameAt, scanAt } = jpegFrame(byLetters)!;
    for (const [i, letter] of letters.entries()) {
      byLetters[frameAt + 10 + 3 * i] = letter;
      byLetters[scanAt + 5 + 2 * i] = letter;
    }
    for (const container of ['rgb', 'ycbcr'] as const) {
      for (const stream of [remarked(ycc, adobe(0)), byLetters]) {
        expect(await decoded(completeJpeg(stream, null, container))).toEqual(stored);
      }
    }
  });

  test('marks may be in the tables', async () => {
    const jpeg = await encode('4:4:4');
    const tables = Uint8Array.of(0xff, 0xd8, ...adobe(1), 0xff, 0xd9);
    expect(await decoded(completeJpeg(remarked(jpeg, []), tables, 'rgb'))).toEqual([190, 60, 120]);
  });

  async function decoded(bytes: Uint8Array<ArrayBuffer>): Promise<number[]> {
    const image = await nodePlatform().decoder.decode(bytes, 'image/jpeg');
    return pixel(image, 8, 8)
      .slice(0, 3)
      .map((value, i) => (Math.abs(value - [190, 60, 120][i]!) <= 2 ? [190, 60, 120][i]! : value));
  }
});

describe('JPEG 2000: the codestream’s component transform, else the container', () => {
  /** SOC, SIZ of three components, COD with or without the transform, SOT. */
  const header = (transform: number, boxes: readonly number[] = []): Uint8Array => {
    const siz = new Uint8Array(49);
    siz.set([0xff, 0x51, 0, 47]);
    siz[9] = siz[13] = 16;
    siz[39] = 3;
    for (let c = 0; c < 3; c++) siz.set([7, 1, 1], 40 + 3 * c);
    const cod = [0xff, 0x52, 0, 12, 0, 0, 0, 1, transform, 5, 4, 4, 0, 1];
    return Uint8Array.of(...boxes, 0xff, 0x4f, ...siz, ...cod, 0xff, 0x90, ...new Uint8Array(60));
  };

  test('transform', () => {
    for (const container of ['rgb', 'ycbcr'] as const) {
      expect(jpeg2000Header(header(1))).toMatchObject({ width: 16, components: 3, transform: true });
      expect(jpeg2000Colours(jpeg2000Header(header(1))!, container)).toBe('rgb');
      expect(jpeg2000Colours(jpeg2000Header(header(0))!, container)).toBe(container);
    }
  });

  test('a JP2 file that names its colour space', () => {
    const colr = [0, 0, 0, 15, 0x63, 0x6f, 0x6c, 0x72, 1, 0, 0, 0, 0, 0, 18];
    expect(jpeg2000Header(header(0, colr))).toMatchObject({ named: true, transform: false });
    expect(jpeg2000Colours(jpeg2000Header(header(0, colr))!, 'ycbcr')).toBe('rgb');
  });
});
