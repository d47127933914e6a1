/** Files without DICOM's preamble or header, and images in several files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isDicomStart } from '../../base/dicom-start.ts';
import { memoryByteSource } from '../byte-source.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import type { Slide } from '../slide.ts';
import { buildDicom, withElement, wsiElements, type BuiltElement } from '../testing/dicom-builder.ts';

const platform = nodePlatform();
const whole = buildDicom(wsiElements(2, 2));

const open = (...files: Uint8Array[]): Promise<Slide> =>
  openSlide(
    files.map((bytes, i) => memoryByteSource(bytes, `${i}.dcm`)),
    platform,
  );

/** Red of a tile's first pixel; null for a missing tile. Frames of the builder are 20, 21, … */
async function red(slide: Slide, column: number, row: number): Promise<number | null> {
  const tile = await slide.tile(0, column, row);
  return tile.kind === 'pixels' ? tile.image.data[0]! : null;
}

async function expectFour(slide: Slide): Promise<void> {
  expect([
    await red(slide, 0, 0),
    await red(slide, 1, 0),
    await red(slide, 0, 1),
    await red(slide, 1, 1),
  ]).toEqual([20, 21, 22, 23]);
}

describe('files without a preamble', () => {
  test('that begin with the header', async () => {
    const header: BuiltElement[] = [
      { group: 2, element: 0, vr: 'UL', value: [0] },
      { group: 2, element: 1, vr: 'OB', value: Uint8Array.of(0, 1) },
      { group: 2, element: 2, vr: 'UI', value: '1.2.840.10008.5.1.4.1.1.77.1.6' },
      { group: 2, element: 0x10, vr: 'UI', value: '1.2.840.10008.1.2.1' },
    ];
    // The builder's own header, a transfer syntax, is cut off with the preamble.
    const own = 132 + 8 + 20;
    const bytes = buildDicom([...header, ...wsiElements(2, 2)]).slice(own);
    expect(isDicomStart(bytes)).toBe(true);
    await expectFour(await open(bytes));
  });

  test('that begin with the data set, in explicit representation', async () => {
    const modality = { group: 8, element: 0x60, vr: 'CS', value: 'SM' };
    const elements = withElement(wsiElements(2, 2), 8, 0x60, modality);
    const bytes = buildDicom(elements).slice(132 + 8 + 20);
    expect(isDicomStart(bytes)).toBe(true);
    await expectFour(await open(bytes));
  });

  test('other files are not taken for them', () => {
    const text = (value: string): Uint8Array => new TextEncoder().encode(value);
    expect(isDicomStart(text('\b\0\x05\0 some text that begins like a group'))).toBe(false);
    expect(isDicomStart(Uint8Array.of(2, 0, 0, 0, 0x55, 0x4c, 4, 0))).toBe(false);
    expect(isDicomStart(new Uint8Array(1024))).toBe(false);
    expect(isDicomStart(new Uint8Array(1024).fill(8))).toBe(false);
    const tiff = readFileSync(join(import.meta.dirname, '../golden/variants/jpeg-ycbcr.tif'));
    expect(isDicomStart(new Uint8Array(tiff).slice(0, 1024))).toBe(false);
  });

  test('compressed pixels need a header that says how', async () => {
    const jpeg = new Uint8Array(readFileSync(join(import.meta.dirname, '../golden/dicom/jpegls.dcm')));
    const view = new DataView(jpeg.buffer);
    // After group 2, whose length is its first element's value.
    const bare = jpeg.slice(132 + 12 + view.getUint32(132 + 8, true));
    expect(isDicomStart(bare)).toBe(true);
    await expect(open(bare)).rejects.toMatchObject({ code: 'unsupported', file: '0.dcm' });
  });

  test('a slide without its class opens; another image without one does not', async () => {
    const without = withElement(wsiElements(2, 2), 8, 0x16, null);
    await expectFour(await open(buildDicom(without)));
    const small = withElement(withElement(without, 0x48, 6, null), 0x48, 7, null);
    await expect(open(buildDicom(small))).rejects.toMatchObject({ code: 'unsupported' });
  });
});

describe('concatenations', () => {
  /** Frames `from` to `to` of the four, in a file of their own. */
  function part(from: number, to: number, number: number, offset: number | null, uid = '1.9'): Uint8Array {
    let elements = wsiElements(2, 2);
    const pixels = elements.find(({ group }) => group === 0x7fe0)!.value as Uint8Array;
    const change = (group: number, element: number, vr: string, value: BuiltElement['value']): void => {
      elements = withElement(elements, group, element, { vr, value });
    };
    change(0x7fe0, 0x10, 'OW', pixels.slice(from * 768, to * 768));
    change(0x28, 8, 'IS', String(to - from));
    change(0x20, 0x9161, 'UI', uid);
    change(0x20, 0x9162, 'US', [number]);
    change(0x20, 0x9163, 'US', [2]);
    if (offset !== null) change(0x20, 0x9228, 'UL', [offset]);
    return buildDicom(elements.toSorted((a, b) => a.group - b.group || a.element - b.element));
  }

  test('are put together, in whatever order their files come', async () => {
    await expectFour(await open(part(3, 4, 2, 3), part(0, 3, 1, 0)));
  });

  test('that say only their number', async () => {
    await expectFour(await open(part(1, 4, 2, null), part(0, 1, 1, null)));
  });

  test('a missing part is said, and its tiles are missing', async () => {
    const slide = await open(part(0, 2, 1, 0));
    expect([await red(slide, 1, 0), await red(slide, 0, 1)]).toEqual([21, null]);
    expect(slide.metadata.notes?.join()).toMatch(/1 file of the level of 32 by 32 pixels is missing/);
  });

  test('of two images of one size, the first is shown and the other said', async () => {
    const slide = await open(part(0, 4, 1, 0, '1.9'), whole);
    await expectFour(slide);
    expect(slide.metadata.notes?.join()).toMatch(/The first of 2 images of the same size is shown/);
  });
});
