import { expect, it } from 'vitest';
import { isBelievableMpp } from '../base/resolution.ts';
import { memoryByteSource } from './byte-source.ts';
import { nodePlatform } from './node-platform.node.ts';
import { openSlide } from './open-slide.ts';
import { buildTiff, changed, tiledEntries } from './testing/tiff-builder.ts';

const tiles = [60, 120, 180, 240].map((value) => new Uint8Array(768).fill(value));

/** The resolution of a TIFF with this description. */
async function mppOf(description: string): Promise<unknown> {
  const entries = changed(tiledEntries(32, 32, tiles), 270, [
    2,
    new TextEncoder().encode(`${description}\0`),
  ]);
  const slide = await openSlide([memoryByteSource(buildTiff(tiles, entries).bytes, 'a.tif')], nodePlatform());
  slide.close();
  return slide.metadata.mpp;
}

const ome = (size: string, unit = 'µm'): string =>
  '<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0">' +
  `<Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="32" SizeY="32" SizeC="3" SizeZ="1" SizeT="1" ` +
  `PhysicalSizeX="${size}" PhysicalSizeXUnit="${unit}" PhysicalSizeY="0.5" PhysicalSizeYUnit="µm">` +
  '<Channel ID="Channel:0:0" SamplesPerPixel="3"/><TiffData IFD="0"/></Pixels></Image></OME>';

it.each(['1e300', '1e-9', '0.009', '101', '5e-324'])('%s µm per pixel are unknown', async (value) => {
  expect(await mppOf(ome(value))).toBeNull();
  expect(await mppOf(`Aperio Image Library v1|AppMag = 20|MPP = ${value}`)).toBeNull();
  expect(await mppOf(`mpp = ${value}`)).toBeNull();
});

it('a unit that makes a size absurd makes it unknown', async () => {
  expect(await mppOf(ome('0.5', 'm'))).toBeNull();
  expect(await mppOf(ome('500', 'nm'))).toMatchObject({ x: 0.5, y: 0.5 });
});

it('0.01 to 100 µm per pixel are believed, no number is not', () => {
  expect([0.01, 0.25, 100].map(isBelievableMpp)).toEqual([true, true, true]);
  expect([NaN, -1, 0, Infinity].map(isBelievableMpp)).toEqual([false, false, false, false]);
});
