import { describe, expect, test } from 'vitest';
import { memoryByteSource } from '../byte-source.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { readRegion } from '../region.ts';
import type { Slide } from '../slide.ts';
import { pixel } from '../testing/images.ts';

const platform = nodePlatform();
/** Side of a frame in pixels. */
const side = 8;

/** One element of a data set in explicit VR, little-endian (PS3.5, section 7.1). */
function element(tag: number, vr: string, value: Buffer): Buffer {
  const padded = value.length % 2 === 0 ? value : Buffer.concat([value, Buffer.of(vr === 'UI' ? 0 : 0x20)]);
  const head = Buffer.alloc(['OB', 'OW', 'SQ'].includes(vr) ? 12 : 8);
  head.writeUInt16LE(tag >>> 16, 0);
  head.writeUInt16LE(tag & 0xffff, 2);
  head.write(vr, 4, 'latin1');
  if (head.length === 12) head.writeUInt32LE(padded.length, 8);
  else head.writeUInt16LE(padded.length, 6);
  return Buffer.concat([head, padded]);
}

const text = (tag: number, vr: string, value: string): Buffer =>
  element(tag, vr, Buffer.from(value, 'latin1'));

function number(tag: number, vr: 'US' | 'UL' | 'SL', value: number): Buffer {
  const bytes = Buffer.alloc(vr === 'US' ? 2 : 4);
  if (vr === 'US') bytes.writeUInt16LE(value);
  else bytes.writeInt32LE(value);
  return element(tag, vr, bytes);
}

function sequence(tag: number, items: readonly Buffer[]): Buffer {
  const parts = items.map((item) => {
    const head = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
    head.writeUInt32LE(item.length, 4);
    return Buffer.concat([head, item]);
  });
  return element(tag, 'SQ', Buffer.concat(parts));
}

interface Frame {
  readonly column: number;
  readonly row: number;
  readonly colour: readonly [number, number, number];
}

/** An uncompressed level of `width` by `height` pixels with the given frames, in this order. */
function sparseLevel(width: number, height: number, spacingMm: number, frames: readonly Frame[]): Uint8Array {
  const pixels = frames.flatMap(({ colour }) => Array.from({ length: side * side }, () => colour).flat());
  const body = [
    text(0x00020010, 'UI', '1.2.840.10008.1.2.1'),
    text(0x00080008, 'CS', 'ORIGINAL\\PRIMARY\\VOLUME\\NONE'),
    text(0x00080016, 'UI', '1.2.840.10008.5.1.4.1.1.77.1.6'),
    text(0x0020000e, 'UI', '1.2.3'),
    text(0x00209311, 'CS', 'TILED_SPARSE'),
    number(0x00280002, 'US', 3),
    text(0x00280004, 'CS', 'RGB'),
    number(0x00280006, 'US', 0),
    text(0x00280008, 'IS', String(frames.length)),
    number(0x00280010, 'US', side),
    number(0x00280011, 'US', side),
    number(0x00280100, 'US', 8),
    number(0x00480006, 'UL', width),
    number(0x00480007, 'UL', height),
    sequence(0x52009229, [sequence(0x00289110, [text(0x00280030, 'DS', `${spacingMm}\\${spacingMm}`)])]),
    sequence(
      0x52009230,
      frames.map(({ column, row }) =>
        sequence(0x0048021a, [
          Buffer.concat([
            // Counted from 1, in pixels of the whole image.
            number(0x0048021e, 'SL', column * side + 1),
            number(0x0048021f, 'SL', row * side + 1),
          ]),
        ]),
      ),
    ),
    element(0x7fe00010, 'OW', Buffer.from(pixels)),
  ];
  return new Uint8Array(Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), ...body]));
}

const red = [200, 10, 20] as const;
const green = [10, 180, 30] as const;
const blue = [5, 15, 220] as const;

describe('sparse tiling', () => {
  const full = sparseLevel(20, 16, 0.00025, [
    { column: 2, row: 1, colour: blue },
    { column: 0, row: 0, colour: red },
    { column: 1, row: 1, colour: green },
  ]);
  const reduced = sparseLevel(10, 8, 0.0005, [{ column: 0, row: 0, colour: red }]);
  const open = (): Promise<Slide> =>
    openSlide([memoryByteSource(reduced, 'b.dcm'), memoryByteSource(full, 'a.dcm')], platform);

  test('places frames by their position, not their order; missing tiles are background', async () => {
    const slide = await open();
    expect(slide.metadata).toMatchObject({
      format: 'dicom-wsi',
      compression: 'uncompressed',
      width: 20,
      height: 16,
      mpp: { x: 0.25, y: 0.25 },
      levels: [
        { width: 20, height: 16, downsample: 1 },
        { width: 10, height: 8, downsample: 2 },
      ],
    });
    const rect = { x: 0, y: 0, width: 20, height: 16 };
    const image = await readRegion(slide, rect, 20, 16, { decoder: platform.decoder });
    const colour = (x: number, y: number): number[] => pixel(image, x, y).slice(0, 3);
    expect(colour(7, 7)).toEqual(red);
    expect(colour(8, 8)).toEqual(green);
    expect(colour(16, 8)).toEqual(blue);
    expect(colour(19, 15)).toEqual(blue);
    for (const [x, y] of [
      [8, 0],
      [16, 7],
      [0, 8],
    ] as const) {
      expect(colour(x, y)).toEqual([255, 255, 255]);
    }
    expect((await slide.tile(0, 1, 0)).kind).toBe('missing');
    expect((await slide.tile(1, 1, 0)).kind).toBe('missing');
  });
});
