/** What every format guarantees: one test suite over a file of each. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { nodePlatform } from './node-platform.node.ts';
import { unzipSync } from 'fflate';
import { memoryByteSource } from './byte-source.ts';
import { openSlide } from './open-slide.ts';
import { pathByteSources } from './path-byte-source.node.ts';
import { readRegion } from './region.ts';
import { slideFiles } from './slide-files.node.ts';
import type { Slide } from './slide.ts';

const platform = nodePlatform();
const root = join(import.meta.dirname, '../..');
const variants = 'src/slide/golden/variants';

const slides: [name: string, format: string, ...paths: string[]][] = [
  ['Aperio JPEG', 'aperio-svs', 'public/slides/CMU-1-Small-Region.svs'],
  ['Aperio JPEG 2000 with an empty tile', 'aperio-svs', `${variants}/aperio-jpeg2000-33003.svs`],
  ['TIFF, JPEG YCbCr', 'tiff', `${variants}/jpeg-ycbcr.tif`],
  ['BigTIFF, SubIFDs, LZW', 'tiff', `${variants}/bigtiff-subifd-lzw.tif`],
  ['TIFF in strips', 'tiff', `${variants}/strips-lzw.tif`],
  ['DICOM, one file', 'dicom-wsi', 'src/slide/golden/dicom/jpeg.dcm'],
  ['DICOM, JPEG-LS', 'dicom-wsi', 'src/slide/golden/dicom/jpegls.dcm'],
  ['DICOM, optical paths', 'dicom-wsi', 'src/slide/golden/dicom/paths-sparse.dcm'],
  ['DICOM, a set', 'dicom-wsi', '../shared/data/slides/dicom-cmu1'],
  ['NDPI', 'hamamatsu-ndpi', '../shared/data/slides/ndpi/test3-dapi.ndpi'],
  ['OME-TIFF', 'ome-tiff', '../shared/data/slides/ome/qupath-cells.ome.tif'],
  ['Leica SCN of two areas', 'leica-scn', 'src/slide/golden/makers/leica-areas.scn'],
  ['Ventana BIF', 'ventana-bif', 'src/slide/golden/makers/ventana.bif'],
  ['Philips TIFF', 'philips-tiff', 'src/slide/golden/makers/philips.tiff'],
  ['Trestle, overlapping tiles', 'trestle', 'src/slide/golden/trestle/overlaps.tif'],
  ['Zeiss CZI, colours', 'zeiss-czi', 'src/slide/golden/czi/brightfield.czi'],
  ['Zeiss CZI, channels', 'zeiss-czi', 'src/slide/golden/czi/fluorescence.czi'],
  ['Olympus VSI, colours', 'olympus-vsi', 'src/slide/golden/vsi/brightfield.vsi'],
  ['Olympus VSI, channels', 'olympus-vsi', 'src/slide/golden/vsi/fluorescence.vsi'],
  ['QPTIFF', 'akoya-qptiff', '../shared/data/cases/05-channels-dropped-silently/three_channels.qptiff'],
  [
    'DICOM frames off the grid',
    'dicom-wsi',
    '../shared/data/cases/08-dicom-sparse-positions/frames_off_the_grid.dcm',
  ],
  ['MRXS, images side by side', 'mrxs', 'src/slide/golden/mrxs/plain.mrxs'],
  ['MRXS, overlapping photos', 'mrxs', 'src/slide/golden/mrxs/cameras.mrxs'],
  ['VMS, four pieces', 'hamamatsu-vms', 'src/slide/golden/vms/pieces/pieces.vms'],
  ['MRXS, channels', 'mrxs', 'src/slide/golden/mrxs/stains.mrxs'],
  ['NDPIS, three channels', 'hamamatsu-ndpis', 'src/slide/golden/ndpis/cells.ndpis'],
  ['OME-Zarr', 'ome-zarr', 'src/slide/golden/zarr/fluorescence.zip'],
  ['OME-Zarr in shards', 'ome-zarr', 'src/slide/golden/zarr/sharded.zip'],
  ['PNG', 'png', 'src/slide/golden/cmu1-label.png'],
];

async function open(path: string): Promise<Slide> {
  if (path.endsWith('.zip')) {
    // A folder of many files.
    const files = Object.entries(unzipSync(new Uint8Array(readFileSync(join(root, path)))));
    const sources = files.map(([name, bytes]) =>
      memoryByteSource(bytes, name.split('/').at(-1) ?? name, `image.zarr/${name}`),
    );
    return openSlide(sources, platform);
  }
  return openSlide(await pathByteSources(await slideFiles(join(root, path))), platform);
}

describe.each(slides)('%s', (_name, format, path) => {
  const here = existsSync(join(root, path));

  test.skipIf(!here)(
    'consistent metadata (some files are development data outside the repository)',
    async () => {
      const slide = await open(path);
      const { metadata } = slide;
      const [base] = metadata.levels;
      expect(metadata.format).toBe(format);
      expect(base).toMatchObject({ width: metadata.width, height: metadata.height, downsample: 1 });
      for (const [i, level] of metadata.levels.entries()) {
        expect(Math.min(level.width, level.height, level.tileWidth, level.tileHeight)).toBeGreaterThan(0);
        if (i > 0) expect(level.downsample).toBeGreaterThan(metadata.levels[i - 1]!.downsample);
      }
      if (metadata.mpp !== null) expect(Math.min(metadata.mpp.x, metadata.mpp.y)).toBeGreaterThan(0);
      expect(metadata.fingerprint).toMatch(/^[0-9a-f]{64}$/);
      expect(structuredClone(metadata)).toEqual(metadata);
      const again = await open(path);
      expect(again.metadata).toEqual(metadata);
      again.close();
      slide.close();
    },
  );

  test.skipIf(!here)('tiles exist where the levels say, and nowhere else', async () => {
    const slide = await open(path);
    for (const [index, level] of slide.metadata.levels.entries()) {
      const columns = Math.ceil(level.width / level.tileWidth);
      const rows = Math.ceil(level.height / level.tileHeight);
      for (const [column, row] of [
        [0, 0],
        [columns - 1, rows - 1],
      ] as const) {
        const payload = await slide.tile(index, column, row);
        if (payload.kind === 'missing') continue;
        const image =
          payload.kind === 'pixels'
            ? payload.image
            : await platform.decoder.decode(payload.bytes, payload.type);
        expect(image.data).toHaveLength(image.width * image.height * 4);
        expect(image.width).toBeGreaterThanOrEqual(
          Math.min(level.tileWidth, level.width - column * level.tileWidth),
        );
        expect(image.height).toBeGreaterThanOrEqual(
          Math.min(level.tileHeight, level.height - row * level.tileHeight),
        );
      }
      await expect(slide.tile(index, columns, 0)).rejects.toThrow(RangeError);
      await expect(slide.tile(index, 0, rows)).rejects.toThrow(RangeError);
      await expect(slide.tile(index, -1, 0)).rejects.toThrow(RangeError);
    }
    await expect(slide.tile(slide.metadata.levels.length, 0, 0)).rejects.toThrow(RangeError);
    slide.close();
  });

  test.skipIf(!here)('associated images have the size they claim; others do not exist', async () => {
    const slide = await open(path);
    for (const { name, width, height } of slide.metadata.associated) {
      const payload = await slide.associatedImage(name);
      const image =
        payload.kind === 'encoded'
          ? await platform.decoder.decode(payload.bytes, payload.type)
          : payload.kind === 'pixels'
            ? payload.image
            : null;
      expect(image).toMatchObject({ width, height });
    }
    await expect(slide.associatedImage('no such image')).rejects.toThrow(RangeError);
    slide.close();
  });

  test.skipIf(!here)('reading stops when aborted, and works again afterwards', async () => {
    const slide = await open(path);
    const { width, height } = slide.metadata;
    const rect = { x: 0, y: 0, width, height };
    const options = { decoder: platform.decoder };
    await expect(
      readRegion(slide, rect, 8, 8, { ...options, signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({ name: 'AbortError' });
    const controller = new AbortController();
    const stopped = readRegion(slide, rect, 8, 8, { ...options, signal: controller.signal }).then(
      () => 'done',
      () => 'stopped',
    );
    controller.abort();
    expect(await stopped).toBe('stopped');
    expect((await readRegion(slide, rect, 8, 8, options)).data).toHaveLength(256);
    slide.close();
  });
});
