/** What DICOM allows and few writers use: a reader that passes over it shows a wrong picture, or none. */
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { memoryByteSource } from '../byte-source.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { readRegion } from '../region.ts';
import type { SlideMetadata } from '../slide.ts';
import {
  buildDicom,
  encapsulated,
  withElement,
  wsiElements,
  type BuiltElement,
} from '../testing/dicom-builder.ts';
import { pixel } from '../testing/images.ts';

const platform = nodePlatform();
const jpegBaseline = '1.2.840.10008.1.2.4.50';

/** The colours in the middle of the tiles of the first row, and the metadata. */
async function shown(
  elements: readonly BuiltElement[],
  syntax?: string,
): Promise<{ readonly metadata: SlideMetadata; readonly tiles: number[][] }> {
  const slide = await openSlide([memoryByteSource(buildDicom(elements, syntax), 'a.dcm')], platform);
  try {
    const { width, height } = slide.metadata;
    const region = await readRegion(slide, { x: 0, y: 0, width, height }, width, height, platform);
    const tiles: number[][] = [];
    for (let x = 8; x < width; x += 16) tiles.push(pixel(region, x, 8).slice(0, 3));
    return { metadata: slide.metadata, tiles };
  } finally {
    slide.close();
  }
}

async function greyJpeg(value: number): Promise<Uint8Array> {
  const create = {
    width: 16,
    height: 16,
    channels: 3,
    background: { r: value, g: value, b: value },
  } as const;
  const jpeg = await sharp({ create }).toColourspace('b-w').jpeg({ quality: 100 }).toBuffer();
  return jpeg.length % 2 === 0 ? jpeg : Uint8Array.of(...jpeg, 0);
}

/** Two grey frames of JPEG. */
async function greyElements(photometric: string, values: readonly number[]): Promise<BuiltElement[]> {
  const frames = await Promise.all(values.map(greyJpeg));
  let elements = wsiElements(2, 1);
  elements = withElement(elements, 0x28, 2, { value: [1] });
  elements = withElement(elements, 0x28, 4, { value: photometric });
  return withElement(elements, 0x7fe0, 0x10, encapsulated([], frames));
}

describe('pixels', () => {
  test.each([
    ['MONOCHROME2', 55, 200],
    ['MONOCHROME1', 200, 55],
  ])('%s in JPEG', async (photometric, first, second) => {
    const { tiles } = await shown(await greyElements(photometric, [55, 200]), jpegBaseline);
    expect(tiles).toEqual([
      [first, first, first],
      [second, second, second],
    ]);
  });

  test('a palette of 8-bit values in entries of 16 bits', async () => {
    let elements = withElement(wsiElements(1, 1), 0x28, 2, { value: [1] });
    elements = withElement(elements, 0x28, 4, { value: 'PALETTE COLOR' });
    elements = withElement(elements, 0x7fe0, 0x10, { value: new Uint8Array(256).fill(1) });
    for (const channel of [1, 2, 3]) {
      elements = withElement(elements, 0x28, 0x1100 + channel, { vr: 'US', value: [2, 0, 16] });
      const table = Uint8Array.of(0, 0, 50 * channel, 0);
      elements = withElement(elements, 0x28, 0x1200 + channel, { vr: 'OW', value: table });
    }
    elements.sort((a, b) => a.group - b.group || a.element - b.element);
    expect((await shown(elements)).tiles).toEqual([[50, 100, 150]]);
  });
});

describe('tables of frames', () => {
  test('an Extended Offset Table, of a representation of 64 bits', async () => {
    const frames = await Promise.all([55, 200].map(greyJpeg));
    const numbers = (values: readonly number[]): Uint8Array =>
      new Uint8Array(BigUint64Array.from(values.map(BigInt)).buffer);
    // The second frame is stored first: only the table tells.
    let elements = await greyElements('MONOCHROME2', [200, 55]);
    const offsets = [8 + frames[1]!.length, 0];
    elements = elements.toSpliced(
      -1,
      0,
      { group: 0x7fe0, element: 1, vr: 'OV', value: numbers(offsets) },
      { group: 0x7fe0, element: 2, vr: 'OV', value: numbers(frames.map(({ length }) => length)) },
    );
    expect((await shown(elements, jpegBaseline)).tiles).toEqual([
      [55, 55, 55],
      [200, 200, 200],
    ]);
  });

  test('frames at one place are focal planes, which is said', async () => {
    const place = (value: number): BuiltElement[] => [
      {
        group: 0x48,
        element: 0x21a,
        vr: 'SQ',
        value: [
          [
            { group: 0x48, element: 0x21e, vr: 'SL', value: [value] },
            { group: 0x48, element: 0x21f, vr: 'SL', value: [1] },
          ],
        ],
      },
    ];
    const sparse = (places: readonly number[]): BuiltElement[] =>
      withElement(withElement(wsiElements(2, 1), 0x20, 0x9311, { value: 'TILED_SPARSE' }), 0x5200, 0x9230, {
        vr: 'SQ',
        value: places.map(place),
      });
    expect((await shown(sparse([1, 17]))).metadata.notes).toBeUndefined();
    const { metadata, tiles } = await shown(sparse([17, 17]));
    expect(metadata.notes).toEqual([expect.stringContaining('focal planes')]);
    expect(tiles[1]).toEqual([20, 20, 20]);
  });
});
