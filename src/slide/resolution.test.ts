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

/** The resolution of a TIFF by its tags: a rational per axis, and the code of the unit. */
async function mppOfTags(perUnit: number, unit: number, description = ''): Promise<unknown> {
  const rational = [5, [Math.round(perUnit * 10_000), 10_000]] as const;
  let entries = tiledEntries(32, 32, tiles);
  if (description !== '') entries = changed(entries, 270, [2, new TextEncoder().encode(`${description}\0`)]);
  entries = changed(changed(changed(entries, 282, rational), 283, rational), 296, [3, [unit]]);
  const slide = await openSlide([memoryByteSource(buildTiff(tiles, entries).bytes, 'a.tif')], nodePlatform());
  slide.close();
  return slide.metadata.mpp;
}

it.each([
  ['300 dpi', 300, 2],
  ['600 dpi', 600, 2],
  ['1200 dpi', 1200, 2],
  ['4800 dpi', 4800, 2],
  ['720 dpi', 720, 2],
  ['300 dpi in cm', 118.1102, 3],
  ['600 dpi in cm', 236.2205, 3],
  ['no unit', 40_000, 1],
])('%s is a print resolution, or none', async (_name, perUnit, unit) => {
  expect(await mppOfTags(perUnit, unit)).toBeNull();
});

it.each([
  [40_000, 3, 0.25],
  [20_000, 3, 0.5],
  [101_600, 2, 0.25],
  [1000, 3, 10],
  [25_400, 2, 1],
])('%d per unit %d is a microscope', async (perUnit, unit, mpp) => {
  expect(await mppOfTags(perUnit, unit)).toMatchObject({ x: mpp, y: mpp });
});

it.each([
  ['micron', 4, 0.25],
  ['\\u00B5m', 2, 0.5],
  ['um', 4, 0.25],
  ['mm', 4000, 0.25],
  ['inch', 101_600, 0.25],
])('ImageJ counts pixels per %s', async (unit, perUnit, mpp) => {
  const found = await mppOfTags(perUnit, 1, `ImageJ=1.53t\nunit=${unit}\n`);
  expect(found).toMatchObject({ x: mpp, source: 'ImageJ unit' });
});

it('decimal commas are read; without MPP, Aperio has resolution tags', async () => {
  expect(await mppOf('Aperio Image Library v1|AppMag = 20|MPP = 0,500000')).toMatchObject({ x: 0.5 });
  expect(await mppOf('Aperio Image Library v1|AppMag = 5|MPP = 2,017')).toMatchObject({ x: 2.017 });
  expect(await mppOf('mpp = 0,25')).toMatchObject({ x: 0.25 });
  expect(await mppOfTags(40_000, 3, 'Aperio Image Library v1|AppMag = 40')).toMatchObject({ x: 0.25 });
});

it.each(['&#181;m', '&#xB5;m', '\u03bcm', 'micrometer', '\ufffdm'])('OME’s unit %s is µm', async (unit) => {
  expect(await mppOf(ome('0.5', unit))).toMatchObject({ x: 0.5, y: 0.5 });
});

it.each([
  ['0.000001', 'ft', 0.3048],
  ['0.000001', 'yd', 0.9144],
  ['0.0000000005', 'mi', 0.804672],
] as const)('%s %s of OME are µm', async (size, unit, mpp) => {
  const found = (await mppOf(
    ome(size, unit).replace('Y="0.5"', `Y="${size}"`).replace('"µm"', `"${unit}"`),
  )) as {
    readonly x: number;
  };
  expect(found.x).toBeCloseTo(mpp, 6);
});

it('other length units of OME, in either form', async () => {
  const both = (size: string, unit: string): string =>
    ome(size, unit).replace(
      /PhysicalSizeY="0.5" PhysicalSizeYUnit="µm"/,
      `PhysicalSizeY="${size}" PhysicalSizeYUnit="${unit}"`,
    );
  expect(await mppOf(both('2500', '\u212b'))).toMatchObject({ x: 0.25 });
  expect(await mppOf(both('2500', '\u00c5'))).toMatchObject({ x: 0.25 });
  expect(await mppOf(both('250000', 'pm'))).toMatchObject({ x: 0.25 });
  expect(await mppOf(both('1', 'pixel'))).toBeNull();
});

it('the root of OME-XML may have a prefix, and comments around it', async () => {
  const plain = ome('0.5');
  const prefixed = plain
    .replace('<OME xmlns=', '<o:OME xmlns:o=')
    .replace('</OME>', '</o:OME>')
    .replaceAll(/<(\/?)(Image|Pixels)/g, '<$1o:$2');
  expect(await mppOf(prefixed)).toMatchObject({ x: 0.5 });
  expect(await mppOf(`${plain}\n<!-- end -->\n`)).toMatchObject({ x: 0.5 });
  expect(await mppOf(plain.replace('?>', '?><!-- Warning: OME -->'))).toMatchObject({ x: 0.5 });
});

it.each([
  ['width', ome('0.25').replace(/ PhysicalSizeY="[^"]*"/, ''), 0.25],
  ['height', ome('0.25').replace(/ PhysicalSizeX="[^"]*"/, ''), 0.5],
  ['width', 'mpp-x = 0.25', 0.25],
])('only the %s of a pixel makes it square, and that is said', async (side, description, mpp) => {
  const text = [2, new TextEncoder().encode(`${description}\0`)] as const;
  const file = buildTiff(tiles, changed(tiledEntries(32, 32, tiles), 270, text)).bytes;
  const slide = await openSlide([memoryByteSource(file, 'a.tif')], nodePlatform());
  slide.close();
  expect(slide.metadata.mpp).toMatchObject({ x: mpp, y: mpp });
  expect(slide.metadata.notes).toEqual([expect.stringContaining(`only the ${side} of a pixel`)]);
});
