/** Files that speak of another slide say so, with names and numbers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { AnnotatedSlide } from './annotation-file.ts';
import { readAnnotationFile } from './read-annotation-file.ts';
import { readAnnotations } from './read-annotations.ts';
import { reductionOf } from './slide-match.ts';

const slide: AnnotatedSlide = {
  name: 'other.svs',
  format: 'aperio-svs',
  width: 96,
  height: 64,
  mpp: { x: 0.5, y: 0.5, source: 'test' },
  properties: {},
};
const offset = { XOffsetFromSlideCentre: '12538720', YOffsetFromSlideCentre: '-96063' };

async function read(file: string, on: Partial<AnnotatedSlide>): ReturnType<typeof readAnnotationFile> {
  const bytes = new Uint8Array(readFileSync(join(import.meta.dirname, 'golden', file)));
  return readAnnotationFile(bytes, file, { ...slide, ...on });
}

test.for<[file: string, on: Partial<AnnotatedSlide>, doubts: readonly string[]]>([
  [
    'qupath.geojson.gz',
    { width: 40, height: 30 },
    [
      '2 of 4 regions lie wholly outside of other.svs (40 × 30 pixels); the regions reach from 0, 3 to 90, 60.',
    ],
  ],
  ['case.ndpi.ndpa', { properties: offset }, ['It names the image case.ndpi, not other.svs.']],
  [
    'case.ndpi.ndpa',
    { name: 'CASE.ndpi', properties: { ...offset, XOffsetFromSlideCentre: '12500000' } },
    [
      '3 of 3 regions lie wholly or mostly outside of CASE.ndpi (96 × 64 pixels); the regions reach from 83, 5 to 160, 57.',
    ],
  ],
  [
    'darwin-1.json',
    { height: 65 },
    [
      'It names the image case.svs, not other.svs.',
      'It describes an image of 96 × 64 pixels, but other.svs has 96 × 65.',
    ],
  ],
  [
    'seg-binary.dcm',
    { properties: { SeriesInstanceUID: '1.2.3' } },
    ['It was made on the DICOM series 1.2.826.0.1.3680043.8.498.1.101; other.svs is the series 1.2.3.'],
  ],
  [
    'ann-2d.dcm',
    { properties: { SOPInstanceUID: '1.2.3', SeriesInstanceUID: '1.2.826.0.1.3680043.8.498.1.101' } },
    [
      'It was made on the DICOM instance 1.2.826.0.1.3680043.8.498.1.1; the full resolution of other.svs is 1.2.3.',
    ],
  ],
])('%s', async ([file, on, doubts]) => {
  expect((await read(file, on)).doubts).toEqual(doubts);
});

test.for<[file: string, on: Partial<AnnotatedSlide>, problem: RegExp]>([
  ['case.ndpi.ndpa', {}, /centre of the glass, and other\.svs does not say where that is/],
  ['case.ndpi.ndpa', { properties: offset, mpp: null }, /lacks its place and pixel size/],
  [
    'grey_mask.png',
    { width: 100 },
    /96 × 64 pixels, which is no whole-number fraction of other\.svs with 100 × 64/,
  ],
  ['coco.json', {}, /describes 2 images \(other\/CASE\.png, elsewhere\.png\), and none is called other\.svs/],
  [
    'seg-binary.dcm',
    { width: 100, mpp: null },
    /no whole multiple, and the pixel size of one of them is not known/,
  ],
  ['ann-3d.dcm', {}, /other\.svs does not say where on the glass it lies/],
  ['wsi.dcm', {}, /neither a segmentation nor bulk annotations/],
])('%s is refused', async ([file, on, problem]) => {
  await expect(read(file, on)).rejects.toThrow(problem);
});

test('a DICOM segmentation on a slide of another format says that the series cannot be told', async () => {
  const { notes, doubts } = await read('seg-half.dcm', {});
  expect(doubts).toEqual([]);
  expect(notes).toEqual([
    'It was made on the DICOM series 1.2.826.0.1.3680043.8.498.1.101; other.svs does not say whether it is that one.',
  ]);
});

test('of another resolution', () => {
  const xml = (mpp: number): string =>
    `<Annotations MicronsPerPixel="${mpp}"><Annotation><Regions><Region><Vertices><Vertex X="1" Y="2"/><Vertex X="9" Y="2"/><Vertex X="9" Y="9"/></Vertices></Region></Regions></Annotation></Annotations>`;
  expect(readAnnotations(xml(0.25), 'a.xml', slide).doubts).toEqual([
    'It was made at 0.25 µm per pixel, but other.svs has 0.5 µm per pixel.',
  ]);
  expect(readAnnotations(xml(0.499), 'a.xml', slide).doubts).toEqual([]);
});

test.for<[width: number, height: number, factor: number | null]>([
  [96, 64, 1],
  [48, 32, 2],
  [32, 21, 3],
  [32, 22, 3],
  [14, 10, 7],
  [13, 9, 7],
  [48, 64, null],
  [192, 128, null],
  [97, 64, null],
])('%i × %i of 96 × 64', ([width, height, factor]) => {
  expect(reductionOf(width, height, slide)).toBe(factor);
});
