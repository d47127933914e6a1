/**
 * Mutants of slides: each opens or is refused with a SlideError that names the file and a remedy. 2,000 in CI,
 * `DUALSCOPE_MUTANTS=20000 npx vitest run mutants` before a release. Annotations: src/annotation/mutants.test.ts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { expectSound, mutantCount, mutatedBytes, pick, type Random } from '../base/testing/mutants.ts';
import { memoryByteSource } from './byte-source.ts';
import { jpegFrame } from './jpeg.ts';
import { nodePlatform } from './node-platform.node.ts';
import { openSlide } from './open-slide.ts';
import { readRegion } from './region.ts';
import { SlideError, type ByteSource, type SlidePlatform } from './slide.ts';
import {
  buildDicom,
  encapsulated,
  withElement,
  wsiElements,
  type BuiltElement,
} from './testing/dicom-builder.ts';
import { buildNdpi } from './testing/ndpi-builder.node.ts';
import {
  cziFields,
  mutatedElements,
  mutatedFields,
  mutatedXml,
  tiffFields,
} from './testing/structure-mutants.ts';
import { buildTiff, changed, tiledEntries } from './testing/tiff-builder.ts';
import { TileCache } from './tile-cache.ts';

const platform = nodePlatform();
const variants = join(import.meta.dirname, 'golden/variants');
const read = (path: string): Uint8Array => new Uint8Array(readFileSync(join(variants, path)));

/** Native decoders are not under test here and would take most of the time: every JPEG decodes to a grey tile. */
const quick: SlidePlatform = {
  jpeg2000: platform.jpeg2000,
  samples: platform.samples,
  decoder: {
    decode: (bytes) =>
      jpegFrame(bytes) === null
        ? Promise.reject(new Error('damaged'))
        : Promise.resolve({ width: 32, height: 32, data: new Uint8ClampedArray(32 * 32 * 4) }),
  },
};

const isTyped = (error: unknown): boolean =>
  error instanceof SlideError &&
  /^(?:mutant\.(?:svs|vsi)|frame_t\.ets)$/.test(error.file) &&
  error.problem !== '' &&
  error.remedy !== '';

/** Opens a slide and uses it as a viewer does first. What opens must be consistent. */
async function view(
  bytes: Uint8Array,
  on: SlidePlatform = quick,
  sources = [memoryByteSource(bytes, 'mutant.svs')],
): Promise<void> {
  const slide = await openSlide(sources, on);
  const { width, height, levels, mpp, associated } = slide.metadata;
  for (const level of levels) {
    const sides = [level.width, level.height, level.tileWidth, level.tileHeight];
    expect(sides.every((side) => Number.isInteger(side) && side > 0)).toBe(true);
    expect(level.downsample >= 1).toBe(true);
  }
  expect(mpp === null || (mpp.x > 0 && mpp.y > 0)).toBe(true);
  structuredClone(slide.metadata);
  const size = Math.min(64, width, height);
  const rect = { x: 0, y: 0, width: Math.min(width, 256), height: Math.min(height, 256) };
  for (const { name } of associated) {
    await slide.associatedImage(name).catch((error: unknown) => {
      if (!isTyped(error)) throw error;
    });
  }
  await readRegion(slide, rect, size, size, { decoder: on.decoder, cache: new TileCache(1e6) });
  slide.close();
}

interface Target {
  readonly name: string;
  readonly share: number;
  readonly make: (random: Random) => Uint8Array;
  readonly on?: SlidePlatform;
  /** The files of the mutant, where it is one of several. */
  readonly sources?: (mutant: Uint8Array) => ByteSource[];
}

const fieldsOf = (name: string, share: number, bytes: Uint8Array): Target => {
  const fields = tiffFields(bytes);
  expect(fields.length).toBeGreaterThan(40);
  return { name, share, make: (random) => mutatedFields(bytes, fields, random) };
};

const bytesOf = (path: string): Target => {
  const bytes = read(path);
  // libvips writes the structure at the end of a TIFF, tifffile structure and XML at the start, where DICOM files have it too.
  const isAtStart = /\.dcm$|makers|trestle/.test(path);
  const span = Math.min(/makers|trestle/.test(path) ? 6000 : 1500, bytes.length);
  const from = isAtStart ? 0 : bytes.length - span;
  return {
    name: `bytes of ${path}`,
    share: 0.04,
    make: (random) => mutatedBytes(bytes, random, { from, span }),
  };
};

const jpegTile = new Uint8Array(
  await sharp(new Uint8Array(768).fill(77), { raw: { width: 16, height: 16, channels: 3 } })
    .jpeg()
    .toBuffer(),
);
const native = wsiElements(2, 2);
const positions: BuiltElement = {
  group: 0x5200,
  element: 0x9230,
  vr: 'SQ',
  value: [
    [1, 1],
    [17, 1],
    [1, 17],
    [17, 17],
  ].map(([x, y]) => [
    {
      group: 0x48,
      element: 0x21a,
      vr: 'SQ',
      value: [
        [
          { group: 0x48, element: 0x21e, vr: 'SL', value: [x!] },
          { group: 0x48, element: 0x21f, vr: 'SL', value: [y!] },
        ],
      ],
    },
  ]),
};
const offsets = [0, 1, 2, 3].map((i) => i * (jpegTile.length + 8));
const frames = encapsulated(offsets, [jpegTile, jpegTile, jpegTile, jpegTile]);
const dataSets: readonly [readonly BuiltElement[], string][] = [
  [native, '1.2.840.10008.1.2.1'],
  [[...native.slice(0, -1), frames], '1.2.840.10008.1.2.4.50'],
  [withElement(withElement(native, 0x20, 0x9311, null), 0x5200, 0x9230, positions), '1.2.840.10008.1.2.1'],
];
const syntaxes = [
  '1.2.840.10008.1.2',
  '1.2.840.10008.1.2.2',
  '1.2.840.10008.1.2.1.99',
  '1.2.840.10008.1.2.4.70',
  '1.2.840.10008.1.2.4.80',
  '1.2.840.10008.1.2.4.91',
  '1.2.840.10008.1.2.4.201',
  '1.2.840.10008.1.2.5',
  '',
];

const omeXml =
  '<?xml version="1.0"?><OME><Instrument ID="I"><Microscope Manufacturer="M" Model="N"/><Objective ID="O" NominalMagnification="20"/></Instrument><Image ID="Image:0" Name="a"><ObjectiveSettings ID="O"/><Pixels DimensionOrder="XYCZT" SizeC="1" SizeT="1" SizeX="32" SizeY="32" SizeZ="1" Type="uint8" PhysicalSizeX="0.5" PhysicalSizeXUnit="µm" PhysicalSizeY="0.5"><Channel ID="C" Name="d" Color="255" SamplesPerPixel="1"/><TiffData IFD="0" FirstC="0" PlaneCount="1"/></Pixels></Image><Image Name="label"><Pixels SizeC="1"/></Image></OME>';
const greyTiles = [60, 120, 180, 240].map((value) => new Uint8Array(256).fill(value));
const grey = changed(changed(changed(tiledEntries(32, 32, greyTiles), 277, [3, [1]]), 258, [3, [8]]), 262, [
  3,
  [1],
]);
const described = (xml: string): Uint8Array =>
  buildTiff(greyTiles, changed(grey, 270, [2, new TextEncoder().encode(`${xml}\0`)])).bytes;

const jp2k = read('aperio-jpeg2000-33005.svs');
/** Main headers of the codestreams: numbers of SIZ, COD and QCD. */
const codestreamFields = [...jp2k.keys()]
  .filter((i) => jp2k[i] === 0xff && jp2k[i + 1] === 0x4f && jp2k[i + 2] === 0xff && jp2k[i + 3] === 0x51)
  .flatMap((start) => [
    ...Array.from({ length: 8 }, (_, i) => ({ at: start + 8 + i * 4, size: 4 as const })),
    ...Array.from({ length: 45 }, (_, i) => ({ at: start + 40 + i * 2, size: 2 as const })),
  ]);

const czi = read('../czi/brightfield.czi');
const channels = read('../czi/fluorescence.czi');
const cziText = Buffer.from(channels).toString('latin1');
const cziXml = cziText.slice(cziText.indexOf('<?xml'), cziText.indexOf('</ImageDocument>') + 16);

/** The file with another description, in the place of its own and no longer. */
function describedCzi(xml: string): Uint8Array {
  const copy = Uint8Array.from(channels);
  const at = cziText.indexOf('<?xml');
  copy.fill(32, at, at + cziXml.length);
  copy.set(new TextEncoder().encode(xml).subarray(0, cziXml.length), at);
  return copy;
}

/** Olympus: tags of one file, structure of the other. */
const vsi = read('../vsi/brightfield.vsi');
const ets = read('../vsi/_brightfield_/stack10001/frame_t.ets');
const channelEts = read('../vsi/_fluorescence_/stack10001/frame_t.ets');
const channelVsi = read('../vsi/fluorescence.vsi');
const olympus = (index: Uint8Array, pixels: Uint8Array): ByteSource[] => [
  memoryByteSource(index, 'mutant.vsi'),
  memoryByteSource(pixels, 'frame_t.ets', '_mutant_/stack10001/frame_t.ets'),
];
/** Every number of the headers and of the table of tiles, which is at the end. */
const etsFields = (bytes: Uint8Array): Parameters<typeof mutatedFields>[1] => {
  const table = new DataView(bytes.buffer).getUint32(32, true);
  return Array.from({ length: bytes.length >> 2 }, (_, i) => ({ at: i * 4, size: 4 as const })).filter(
    ({ at }) => at < 264 || at >= table,
  );
};

const targets: Target[] = [
  ...[
    'jpeg-ycbcr.tif',
    'bigtiff-subifd-lzw.tif',
    'deflate-predictor.tif',
    'zstd.tif',
    'aperio-jpeg2000-33005.svs',
    '../dicom/jpeg.dcm',
    '../makers/leica-areas.scn',
    '../makers/ventana.bif',
    '../makers/philips.tiff',
    '../trestle/overlaps.tif',
    '../czi/bgr24-zstd0.czi',
  ].map(bytesOf),
  fieldsOf('TIFF', 0.08, read('jpeg-ycbcr.tif')),
  fieldsOf('TIFF, SubIFDs', 0.08, read('subifd-deflate.tif')),
  fieldsOf('BigTIFF', 0.1, read('bigtiff-subifd-lzw.tif')),
  fieldsOf('Ventana BIF', 0.04, read('../makers/ventana.bif')),
  fieldsOf('Philips TIFF', 0.04, read('../makers/philips.tiff')),
  {
    name: 'Zeiss CZI',
    share: 0.02,
    make: (random) => mutatedFields(czi, cziFields(czi), random),
  },
  {
    name: 'Zeiss CZI, channels',
    share: 0.015,
    make: (random) => mutatedFields(channels, cziFields(channels), random),
  },
  { name: 'CZI-XML', share: 0.015, make: (random) => describedCzi(mutatedXml(cziXml, random)) },
  {
    name: 'Olympus VSI',
    share: 0.02,
    make: (random) => mutatedBytes(channelVsi, random, { from: 8, span: 1400 }),
    sources: (mutant) => olympus(mutant, channelEts),
  },
  {
    name: 'Olympus ETS',
    share: 0.03,
    make: (random) => mutatedFields(ets, etsFields(ets), random),
    sources: (mutant) => olympus(vsi, mutant),
  },
  {
    name: 'Olympus ETS, channels',
    share: 0.02,
    make: (random) => mutatedFields(channelEts, etsFields(channelEts), random),
    sources: (mutant) => olympus(channelVsi, mutant),
  },
  fieldsOf('NDPI', 0.1, await buildNdpi(64, 8)),
  {
    name: 'DICOM',
    share: 0.2,
    make: (random) => {
      const [elements, syntax] = pick(random, dataSets);
      return buildDicom(mutatedElements(elements, random), random() < 0.9 ? syntax : pick(random, syntaxes));
    },
  },
  { name: 'OME-XML', share: 0.1, make: (random) => described(mutatedXml(omeXml, random)) },
  ...['jpegls', 'htj2k', 'jpeg2000-grey16', 'jpeg-lossless-grey16', 'rle', 'deflated', 'paths-sparse'].map(
    (name): Target => {
      const bytes = read(`../dicom/${name}.dcm`);
      return {
        name: `DICOM, ${name}`,
        share: 0.03,
        make: (random) => mutatedBytes(bytes, random, { from: 0, span: bytes.length }),
      };
    },
  ),
  {
    name: 'JPEG 2000',
    share: 0.05,
    make: (random) => mutatedFields(jp2k, codestreamFields, random),
  },
];

test('what is mutated opens', async () => {
  for (const [elements, syntax] of dataSets) await view(buildDicom(elements, syntax));
  await view(described(omeXml));
  await view(await buildNdpi(64, 8), platform);
  expect(codestreamFields.length).toBeGreaterThan(50);
});

test.each(targets.map((target, i) => ({ ...target, seed: 1800 + i })))(
  '$name',
  async ({ name, seed, share, make, on, sources }) => {
    const counts = await expectSound({
      seed,
      count: mutantCount(share),
      make,
      read: (mutant) => view(mutant, on, sources?.(mutant)),
      isTyped,
      describe: (mutant) => Buffer.from(mutant.subarray(0, 4000)).toString('base64'),
    });
    console.info(`${name}: ${JSON.stringify(counts)}`);
    expect(counts.refused).toBeGreaterThan(0);
  },
  900_000,
);
