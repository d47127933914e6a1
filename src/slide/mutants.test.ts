/**
 * Mutants of slides: each opens or is refused with a SlideError that names the file and a remedy. 2,000 in CI,
 * `DUALSCOPE_MUTANTS=20000 npx vitest run mutants` before a release. Other formats: format-mutants.test.ts;
 * annotations: src/annotation/mutants.test.ts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { expectSound, mutantCount, pick, type Random } from '../base/testing/mutants.ts';
import { memoryByteSource } from './byte-source.ts';
import { nodePlatform } from './node-platform.node.ts';
import type { SlideError, SlidePlatform } from './slide.ts';
import {
  buildDicom,
  encapsulated,
  withElement,
  wsiElements,
  type BuiltElement,
} from './testing/dicom-builder.ts';
import { buildNdpi } from './testing/ndpi-builder.node.ts';
import { byteMutants, isSlideError, tiffMutants, viewMutant } from './testing/slide-mutants.node.ts';
import { mutatedElements, mutatedFields, mutatedXml } from './testing/structure-mutants.ts';
import { buildTiff, changed, tiledEntries } from './testing/tiff-builder.ts';

const variants = join(import.meta.dirname, 'golden/variants');
const read = (path: string): Uint8Array => new Uint8Array(readFileSync(join(variants, path)));

/** Opens a mutant and uses it. */
const view = (bytes: Uint8Array, on?: SlidePlatform): Promise<void> =>
  viewMutant([memoryByteSource(bytes, 'mutant.svs')], on);
const isTyped = (error: unknown): boolean =>
  isSlideError(error) && (error as SlideError).file === 'mutant.svs';

interface Target {
  readonly name: string;
  readonly share: number;
  readonly make: (random: Random) => Uint8Array;
}

const fieldsOf = (name: string, share: number, bytes: Uint8Array): Target => ({
  ...tiffMutants(name, bytes),
  share,
});

const bytesOf = (path: string): Target => {
  const bytes = read(path);
  // libvips writes the structure at the end of a TIFF, DICOM files have it at the start.
  const span = Math.min(1500, bytes.length);
  const from = path.endsWith('.dcm') ? 0 : bytes.length - span;
  return { ...byteMutants(`bytes of ${path}`, bytes, from, span), share: 0.04 };
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

const targets: Target[] = [
  ...[
    'jpeg-ycbcr.tif',
    'bigtiff-subifd-lzw.tif',
    'deflate-predictor.tif',
    'zstd.tif',
    'aperio-jpeg2000-33005.svs',
    '../dicom/jpeg.dcm',
  ].map(bytesOf),
  fieldsOf('TIFF', 0.08, read('jpeg-ycbcr.tif')),
  fieldsOf('TIFF, SubIFDs', 0.08, read('subifd-deflate.tif')),
  fieldsOf('BigTIFF', 0.1, read('bigtiff-subifd-lzw.tif')),
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
  {
    name: 'JPEG 2000',
    share: 0.05,
    make: (random) => mutatedFields(jp2k, codestreamFields, random),
  },
];

test('what is mutated opens', async () => {
  for (const [elements, syntax] of dataSets) await view(buildDicom(elements, syntax));
  await view(described(omeXml));
  await view(await buildNdpi(64, 8), nodePlatform());
  expect(codestreamFields.length).toBeGreaterThan(50);
});

test.each(targets.map((target, i) => ({ ...target, seed: 1800 + i })))(
  '$name',
  async ({ name, seed, share, make }) => {
    const counts = await expectSound({
      seed,
      count: mutantCount(share),
      make,
      read: (mutant) => view(mutant),
      isTyped,
      describe: (mutant) => Buffer.from(mutant.subarray(0, 4000)).toString('base64'),
    });
    console.info(`${name}: ${JSON.stringify(counts)}`);
    expect(counts.refused).toBeGreaterThan(0);
  },
  900_000,
);
