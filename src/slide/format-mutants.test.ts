/**
 * Mutants of the formats and codecs that are not in mutants.test.ts, by their structure and by their bytes: 1,000 of each with
 * `DUALSCOPE_MUTANTS=20000 npx vitest run mutants`, a few in CI. MRXS, VMS and OME-Zarr have theirs beside their readers.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { test } from 'vitest';
import { expectSound, mutantCount, mutatedBytes } from '../base/testing/mutants.ts';
import { memoryByteSource } from './byte-source.ts';
import type { ByteSource } from './slide.ts';
import {
  byteMutants,
  isSlideError,
  tiffMutants,
  viewMutant,
  type SlideMutants,
} from './testing/slide-mutants.node.ts';
import { cziFields, mutatedFields, mutatedXml } from './testing/structure-mutants.ts';

const read = (path: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(readFileSync(join(import.meta.dirname, 'golden', path)));

/** Each target gets this share of all, and 20 mutants in CI. */
const share = 0.05;
const usual = 400;

interface Target extends SlideMutants {
  /** The files of the slide; by default the mutant alone. */
  readonly sources?: (mutant: Uint8Array) => ByteSource[];
}

/** tifffile writes structure and XML at the start. */
const makers = [
  'makers/leica-areas.scn',
  'makers/ventana.bif',
  'makers/philips.tiff',
  'trestle/overlaps.tif',
];
const qptiff = read('qptiff/fluorescence.qptiff');

const brightfield = read('czi/brightfield.czi');
const fluorescence = read('czi/fluorescence.czi');
const cziText = Buffer.from(fluorescence).toString('latin1');
const cziXml = cziText.slice(cziText.indexOf('<?xml'), cziText.indexOf('</ImageDocument>') + 16);

/** The file with another description, in the place of its own and no longer. */
function describedCzi(xml: string): Uint8Array {
  const copy = Uint8Array.from(fluorescence);
  const at = cziText.indexOf('<?xml');
  copy.fill(32, at, at + cziXml.length);
  copy.set(new TextEncoder().encode(xml).subarray(0, cziXml.length), at);
  return copy;
}

/** Olympus: tags of one file, structure of the other. */
const vsi = read('vsi/brightfield.vsi');
const ets = read('vsi/_brightfield_/stack10001/frame_t.ets');
const channelVsi = read('vsi/fluorescence.vsi');
const channelEts = read('vsi/_fluorescence_/stack10001/frame_t.ets');
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

const tile = await sharp({ create: { width: 64, height: 64, channels: 3, background: 'purple' } })
  .jpeg()
  .toBuffer();
const zoomify =
  '<IMAGE_PROPERTIES WIDTH="150" HEIGHT="90" NUMTILES="9" NUMIMAGES="1" VERSION="1.8" TILESIZE="64" />';
const deepZoom =
  '<?xml version="1.0"?><Image xmlns="http://schemas.microsoft.com/deepzoom/2008" Format="jpeg" Overlap="1" TileSize="64"><Size Width="150" Height="90"/></Image>';
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
/** Tiles of all levels, some of them missing. */
const zoomifyTiles = ['0-0-0', '1-0-0', '1-1-0', '2-0-0', '2-1-0', '2-2-0', '2-0-1', '2-1-1'];
const deepZoomTiles = ['8/0_0', '8/1_0', '8/2_0', '8/0_1', '8/1_1', '7/0_0', '7/1_0', '6/0_0'];
const zoomifySources = (description: Uint8Array, pixels: Uint8Array): ByteSource[] => [
  memoryByteSource(description, 'ImageProperties.xml', 'mutant/ImageProperties.xml'),
  ...zoomifyTiles.map((name) => memoryByteSource(pixels, `${name}.jpg`, `mutant/TileGroup0/${name}.jpg`)),
];
const deepZoomSources = (description: Uint8Array, pixels: Uint8Array): ByteSource[] => [
  memoryByteSource(description, 'mutant.dzi'),
  ...deepZoomTiles.map((name) =>
    memoryByteSource(pixels, `${name.slice(2)}.jpeg`, `mutant_files/${name}.jpeg`),
  ),
];

/** Transfer syntaxes and layouts of DICOM. The file's head is as long as its pixels: both are hit. */
const syntaxes = [
  'jpegls',
  'jpegls-near',
  'jpegls-grey16',
  'htj2k',
  'htj2k-lossy',
  'jpeg2000-grey16',
  'jpeg-lossless',
  'jpeg-lossless-grey16',
  'rle',
  'rle-grey16',
  'deflated',
  'rgb16',
  'grey12-window',
  'paths-full',
  'paths-sparse',
];

const targets: Target[] = [
  ...makers.flatMap((path) => [
    tiffMutants(`${path}, structure`, read(path)),
    byteMutants(`${path}, bytes`, read(path), 0, 6000),
  ]),
  tiffMutants('QPTIFF, structure', qptiff),
  byteMutants('QPTIFF, bytes', qptiff),
  {
    name: 'CZI, structure',
    make: (random) => mutatedFields(brightfield, cziFields(brightfield), random),
  },
  {
    name: 'CZI of channels, structure',
    make: (random) => mutatedFields(fluorescence, cziFields(fluorescence), random),
  },
  { name: 'CZI, XML', make: (random) => describedCzi(mutatedXml(cziXml, random)) },
  ...['zstd0', 'jpeg', 'jpeg-xr', 'lzw'].map((coding) =>
    byteMutants(`CZI in ${coding}, bytes`, read(`czi/bgr24-${coding}.czi`)),
  ),
  byteMutants('CZI in JPEG XR of 16 bits, bytes', read('czi/bgr48-jpeg-xr.czi')),
  {
    name: 'VSI, bytes',
    make: (random) => mutatedBytes(channelVsi, random, { from: 8, span: 1400 }),
    sources: (mutant) => olympus(mutant, channelEts),
  },
  {
    name: 'ETS, structure',
    make: (random) => mutatedFields(ets, etsFields(ets), random),
    sources: (mutant) => olympus(vsi, mutant),
  },
  {
    name: 'ETS of channels, structure',
    make: (random) => mutatedFields(channelEts, etsFields(channelEts), random),
    sources: (mutant) => olympus(channelVsi, mutant),
  },
  ...syntaxes.map((name) => byteMutants(`DICOM ${name}, bytes`, read(`dicom/${name}.dcm`))),
  {
    name: 'Zoomify, description',
    make: (random) => text(mutatedXml(zoomify, random)),
    sources: (mutant) => zoomifySources(mutant, tile),
  },
  {
    name: 'Zoomify, tiles',
    make: (random) => mutatedBytes(tile, random),
    sources: (mutant) => zoomifySources(text(zoomify), mutant),
  },
  {
    name: 'Deep Zoom, description',
    make: (random) => text(mutatedXml(deepZoom, random)),
    sources: (mutant) => deepZoomSources(mutant, tile),
  },
];

const sourcesOf = ({ sources }: Target, mutant: Uint8Array): ByteSource[] =>
  sources?.(mutant) ?? [memoryByteSource(mutant, 'mutant.svs')];

test('what is mutated opens', async () => {
  for (const path of makers) await viewMutant([memoryByteSource(read(path), path)]);
  for (const name of syntaxes) await viewMutant([memoryByteSource(read(`dicom/${name}.dcm`), name)]);
  for (const bytes of [qptiff, brightfield, fluorescence]) await viewMutant([memoryByteSource(bytes, 'x')]);
  await viewMutant(olympus(vsi, ets));
  await viewMutant(olympus(channelVsi, channelEts));
  await viewMutant(zoomifySources(text(zoomify), tile));
  await viewMutant(deepZoomSources(text(deepZoom), tile));
});

test.each(targets.map((target, i) => ({ ...target, target, seed: 1900 + i })))(
  '$name',
  async ({ name, seed, make, target }) => {
    const counts = await expectSound({
      seed,
      count: mutantCount(share, usual),
      make,
      read: (mutant) => viewMutant(sourcesOf(target, mutant)),
      isTyped: isSlideError,
      describe: (mutant) => Buffer.from(mutant.subarray(0, 4000)).toString('base64'),
    });
    console.info(`${name}: ${JSON.stringify(counts)}`);
  },
  900_000,
);
