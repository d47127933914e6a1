import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { memoryByteSource } from '../byte-source.ts';
import { nodePlatform } from '../node-platform.node.ts';
import { openSlide } from '../open-slide.ts';
import { readRegion } from '../region.ts';
import type { Slide } from '../slide.ts';
import { pixel } from '../testing/images.ts';

const platform = nodePlatform();
const side = 32;

interface Plane {
  readonly bits: 8 | 16;
  readonly compression: 1 | 8;
  readonly predictor: 1 | 2;
  readonly value: (x: number, y: number) => number;
}

/** A big- or little-endian TIFF of one tile of 32 × 32 per directory; the first has the OME-XML. */
function omeTiff(planes: readonly Plane[], xml: string, littleEndian = true): Uint8Array {
  const parts: Buffer[] = [];
  let length = 8;
  const put = (bytes: Buffer): number => {
    parts.push(bytes);
    length += bytes.length;
    return length - bytes.length;
  };
  const u16 = (value: number): Buffer => {
    const bytes = Buffer.alloc(2);
    if (littleEndian) bytes.writeUInt16LE(value);
    else bytes.writeUInt16BE(value);
    return bytes;
  };
  const u32 = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    if (littleEndian) bytes.writeUInt32LE(value);
    else bytes.writeUInt32BE(value);
    return bytes;
  };
  const text = Buffer.from(`${xml}\0`);
  const description = put(text);
  const places = planes.map(({ bits, compression, predictor, value }) => {
    const values: Buffer[] = [];
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        const plain = value(x, y) - (predictor === 2 && x > 0 ? value(x - 1, y) : 0);
        values.push(bits === 8 ? Buffer.of(plain & 255) : u16(plain & 65_535));
      }
    }
    const raw = Buffer.concat(values);
    const tile = compression === 8 ? deflateSync(raw) : raw;
    return { offset: put(tile), length: tile.length };
  });
  const first = length;
  for (const [i, { bits, compression, predictor }] of planes.entries()) {
    const entries: [tag: number, type: 2 | 3 | 4, count: number, value: number][] = [
      [256, 4, 1, side],
      [257, 4, 1, side],
      [258, 3, 1, bits],
      [259, 3, 1, compression],
      [262, 3, 1, 1],
      ...(i === 0 ? [[270, 2, text.length, description] as [number, 2, number, number]] : []),
      [277, 3, 1, 1],
      [317, 3, 1, predictor],
      [322, 4, 1, side],
      [323, 4, 1, side],
      [324, 4, 1, places[i]!.offset],
      [325, 4, 1, places[i]!.length],
    ];
    const bytes = 2 + entries.length * 12 + 4;
    put(
      Buffer.concat([
        u16(entries.length),
        ...entries.flatMap(([tag, type, count, value]) => [
          u16(tag),
          u16(type),
          u32(count),
          type === 3 ? Buffer.concat([u16(value), Buffer.alloc(2)]) : u32(value),
        ]),
        u32(i === planes.length - 1 ? 0 : length + bytes),
      ]),
    );
  }
  const head = Buffer.concat([Buffer.from(littleEndian ? 'II' : 'MM'), u16(42), u32(first)]);
  return new Uint8Array(Buffer.concat([head, ...parts]));
}

const xmlOf = (channels: string, count: number, more = ''): string =>
  `<?xml version="1.0"?><OME><Image ID="Image:0"><Pixels DimensionOrder="XYZCT" SizeX="32" SizeY="32" SizeC="${count}" SizeZ="1" SizeT="1" PhysicalSizeX="0.325" PhysicalSizeY="0.325" ${more}>${channels}<TiffData/></Pixels></Image></OME>`;

const open = (bytes: Uint8Array): Promise<Slide> =>
  openSlide([memoryByteSource(bytes, 'cells.ome.tif')], platform);

async function colours(slide: Slide): Promise<(x: number, y: number) => number[]> {
  const rect = { x: 0, y: 0, width: side, height: side };
  const image = await readRegion(slide, rect, side, side, { decoder: platform.decoder });
  return (x, y) => pixel(image, x, y).slice(0, 3);
}

/** Dark, with a bright left (or upper) half. */
const left = (x: number): number => (x < 16 ? 3000 : 200);
const upper = (_x: number, y: number): number => (y < 16 ? 40_000 : 1000);
const red = '<Channel Name="CD3" Color="-16776961"/>';
const green = '<Channel Name="DAPI" Color="16711935"/>';

describe('fluorescence', () => {
  test.each([
    ['little-endian, uncompressed', 1, 1, true],
    ['big-endian, uncompressed', 1, 1, false],
    ['Deflate with predictor', 8, 2, true],
    ['Deflate with predictor, big-endian', 8, 2, false],
  ] as const)('adds two 16-bit channels in their colours: %s', async (_name, compression, predictor, le) => {
    const plane = { bits: 16, compression, predictor } as const;
    const planes = [
      { ...plane, value: left },
      { ...plane, value: upper },
    ];
    const slide = await open(omeTiff(planes, xmlOf(red + green, 2), le));
    expect(slide.metadata).toMatchObject({
      format: 'ome-tiff',
      mpp: { x: 0.325, y: 0.325, source: 'OME PhysicalSize' },
      properties: { Channels: 'CD3, DAPI' },
    });
    const at = await colours(slide);
    expect(at(4, 4)).toEqual([255, 255, 0]);
    expect(at(4, 28)).toEqual([255, 0, 0]);
    expect(at(28, 4)).toEqual([0, 255, 0]);
    expect(at(28, 28)).toEqual([0, 0, 0]);
  });

  test('treats planar 8-bit red, green and blue as brightfield, without stretching', async () => {
    const planes = [180, 90, 120].map(
      (level) => ({ bits: 8, compression: 1, predictor: 1, value: () => level }) as const,
    );
    const blue = '<Channel Color="65535"/>';
    const slide = await open(omeTiff(planes, xmlOf(red + green + blue, 3)));
    expect((await colours(slide))(9, 9)).toEqual([180, 90, 120]);
  });

  test('does not show a fifth channel at first, and says so; gives white channels distinct colours', async () => {
    const planes = [0, 1, 2, 3, 4].map(
      (i) =>
        ({
          bits: 8,
          compression: 1,
          predictor: 1,
          value: (x: number) => (x < 16 && i === 1 ? 200 : 10),
        }) as const,
    );
    const slide = await open(omeTiff(planes, xmlOf('<Channel Color="-1"/>'.repeat(5), 5)));
    expect(slide.metadata.channels?.map(({ on }) => on)).toEqual([true, true, true, true, false]);
    expect(slide.metadata.notes).toEqual(['4 of its 5 channels are shown unless others are chosen.']);
    const at = await colours(slide);
    expect(at(4, 4)).toEqual([0, 255, 0]);
    expect(at(28, 4)).toEqual([0, 0, 0]);
  });

  test('leaves out a further channel of another kind, and says which', async () => {
    const plane = { bits: 8, compression: 1, predictor: 1, value: () => 9 } as const;
    const odd = omeTiff([plane, plane, plane, plane, plane, plane], xmlOf('', 6));
    // The predictor of the fifth channel is one that nobody knows.
    const view = new DataView(odd.buffer, odd.byteOffset, odd.byteLength);
    let directory = view.getUint32(4, true);
    for (let i = 0; i < 4; i++)
      directory = view.getUint32(directory + 2 + 12 * view.getUint16(directory, true), true);
    for (let e = directory + 2; e < directory + 2 + 12 * view.getUint16(directory, true); e += 12) {
      if (view.getUint16(e, true) === 317) view.setUint16(e + 8, 9, true);
    }
    const { channels, notes } = (await open(odd)).metadata;
    expect(channels?.map(({ name }) => name)).toEqual(['', '', '', '', 'Channel 6']);
    expect(notes).toEqual([
      '4 of its 5 channels are shown unless others are chosen.',
      'Of its 6 channels, 1 can’t be shown, because of another size or kind: Channel 5.',
    ]);
  });

  test('rejects a channel in another file, with a remedy', async () => {
    const plane = { bits: 16, compression: 1, predictor: 1, value: left } as const;
    await expect(open(omeTiff([plane], xmlOf(red + green, 2)))).rejects.toMatchObject({
      code: 'unsupported',
      file: 'cells.ome.tif',
      problem: 'Its channel 2 is in another file.',
    });
  });
});
