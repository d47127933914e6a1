/** DICOM files that are written come back as they were, on the slide that they name. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { paintedAreas, type AnnotatedSlide } from '../annotation/annotation-file.ts';
import { decimalString } from '../annotation/dicom-encoding.ts';
import { isDicomSlide } from '../annotation/dicom-modules.ts';
import { rasterise } from '../annotation/rasterise.ts';
import { readAnnotationFile } from '../annotation/read-annotation-file.ts';
import { writeDicomAnn } from '../annotation/write-dicom-ann.ts';
import { memoryByteSource } from '../slide/byte-source.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { openSlide } from '../slide/open-slide.ts';
import { canHaveSegmentation, MapDicomSeg } from './map-dicom-seg.ts';

const date = new Date('2026-01-02T03:04:05Z');
const classes = [
  { name: 'normal', colour: '#ffffff', background: true },
  { name: 'Tumör', colour: '#ff0000', background: false },
  { name: 'in situ', colour: '#00ff00', background: false },
];

async function dicomSlide(): Promise<AnnotatedSlide> {
  const bytes = await readFile(join(import.meta.dirname, '../annotation/golden/wsi.dcm'));
  const slide = await openSlide([memoryByteSource(bytes, 'wsi.dcm')], nodePlatform());
  slide.close();
  return slide.metadata;
}

/** Files for a look with other readers (scripts/golden/check_dicom_export.py). */
async function kept(file: Blob, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const folder = process.env.DUALSCOPE_KEEP_DICOM;
  if (folder !== undefined) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  return bytes;
}

test('a class map as a segmentation', async () => {
  const slide = await dicomSlide();
  expect(canHaveSegmentation(slide)).toBe(true);
  // Neither axis is a whole multiple of the slide's, as with maps of a network; the file is too long to be read at once.
  const [width, height] = [2001, 1501];
  const map = Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return x > 1800 && y > 1400
      ? 255
      : (x - 300) ** 2 + (y - 300) ** 2 < 62_500
        ? 1
        : x > 100 && y > 50
          ? 2
          : 0;
  });
  const options = {
    ...{ slide, width, height, classes, date },
    ...{ scaleX: 96 / width, scaleY: 64 / height },
    description: 'Research use only',
    algorithm: { name: 'nano' },
  };
  const seg = new MapDicomSeg(options);
  for (let top = 0; top < height; top += seg.stripRows) {
    seg.push(map.subarray(top * width, (top + seg.stripRows) * width));
  }
  const file = seg.finish();
  if (file === null) throw new Error('no file');
  const bytes = await kept(file, 'seg.dcm');
  const read = await readAnnotationFile(bytes, 'seg.dcm', slide);
  expect(read).toMatchObject({ format: 'dicom-seg', doubts: [], notes: [], refused: [] });
  const labels = classes.map(({ name }) => name);
  const areas = paintedAreas(read.regions, (label) => labels.indexOf(label));
  const back = rasterise(areas, { x: 0, y: 0, width: 96, height: 64 }, width, height);
  // Not toEqual, which would print millions of values.
  expect(back.filter((value, i) => value !== (map[i] === 255 ? 0 : map[i])).length).toBe(0);
  expect(new MapDicomSeg(options).finish()).toBeNull();
});

test('annotations as bulk annotations', async () => {
  const slide = await dicomSlide();
  const outer = Float64Array.of(1.25, 2, 90.125, 3, 40, 60.5);
  const hole = Float64Array.of(30, 10, 40, 10, 35, 20);
  const regions = [
    { label: 'Tumör', outer, holes: [hole] },
    { label: 'Stroma', outer: hole, holes: [] },
    { label: 'Tumör', outer: hole, holes: [] },
  ];
  const { file, filledHoles } = writeDicomAnn(regions, slide, { date });
  expect(filledHoles).toBe(1);
  const read = await readAnnotationFile(await kept(file, 'ann.dcm'), 'ann.dcm', slide);
  expect(read).toMatchObject({ format: 'dicom-ann', doubts: [], notes: [], refused: [] });
  expect(read.regions.map((region) => [region.label, [...region.outer]])).toEqual([
    ['Tumör', [...outer]],
    ['Tumör', [...hole]],
    ['Stroma', [...hole]],
  ]);
});

test('slides of other formats have neither', () => {
  const properties = { SeriesInstanceUID: '1.2', StudyInstanceUID: '1.3' };
  expect(isDicomSlide({ properties })).toBe(false);
  expect(canHaveSegmentation({ properties, mpp: { x: 1, y: 1, source: '' } })).toBe(false);
});

test.for([1 / 3, -1 / 3, 1e-7 / 3, 123456.789012345, 0, 20.000000000001])(
  '%d as a decimal string',
  (value) => {
    const text = decimalString(value);
    expect(text.length).toBeLessThanOrEqual(16);
    expect(Math.abs(Number(text) - value)).toBeLessThanOrEqual(Math.abs(value) * 1e-9);
  },
);
