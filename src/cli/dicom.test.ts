import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { paintedAreas } from '../annotation/annotation-file.ts';
import { rasterise } from '../annotation/rasterise.ts';
import { readAnnotationFile } from '../annotation/read-annotation-file.ts';
import type { SlideMetadata } from '../slide/slide.ts';
import { openFromCommandLine } from './slide.ts';
import { writeDicom, type DicomCall } from './dicom-run.ts';

let folder: string;
let slide: SlideMetadata;
let annotations: string;

const ring = [
  [10, 5],
  [80, 5],
  [80, 50],
  [10, 50],
  [10, 5],
];
const hole = [
  [30, 20],
  [50, 20],
  [50, 30],
  [30, 30],
  [30, 20],
];
const feature = (name: string, ...coordinates: number[][][]) => ({
  type: 'Feature',
  geometry: { type: 'Polygon', coordinates },
  properties: { classification: { name } },
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dualscope-dicom-'));
  const opened = await openFromCommandLine([join(import.meta.dirname, '../annotation/golden/wsi.dcm')]);
  opened.close();
  slide = opened.metadata;
  annotations = join(folder, 'a.geojson');
  const features = [feature('Tumör', ring, hole), feature('Stroma', hole)];
  await writeFile(annotations, JSON.stringify({ type: 'FeatureCollection', features }));
});

afterAll(() => rm(folder, { recursive: true }));

const call = (format: DicomCall['format'], more: Partial<DicomCall> = {}): DicomCall => ({
  ...{ annotations, format, out: join(folder, `${format}.dcm`) },
  ...more,
});

test('a segmentation covers the pixels that the regions cover', async () => {
  const written = await writeDicom(slide, call('seg', { umPerPx: 0.25, algorithm: 'nano' }));
  // Level 0 has 0.5 µm per pixel: two pixels of the map to one of the slide.
  expect(written).toMatchObject({
    classes: ['Tumör', 'Stroma'],
    map: { width: 192, height: 128, umPerPx: 0.25 },
  });
  const bytes = new Uint8Array(await readFile(written.out));
  const read = await readAnnotationFile(bytes, 'seg.dcm', slide);
  expect(read).toMatchObject({ format: 'dicom-seg', doubts: [], notes: [], refused: [] });
  const areas = paintedAreas(read.regions, (label) => ['', 'Tumör', 'Stroma'].indexOf(label));
  const map = rasterise(areas, { x: 0, y: 0, width: 96, height: 64 }, 192, 128);
  const counts = [0, 1, 2].map((value) => map.filter((one) => one === value).length);
  // 70 × 45 and 20 × 10 pixels of level 0.
  expect(counts).toEqual([192 * 128 - 4 * 3150, 4 * (3150 - 200), 4 * 200]);
});

test('bulk annotations keep the outlines and say that a hole was filled', async () => {
  const written = await writeDicom(slide, call('ann', { algorithm: 'nano' }));
  expect(written).toMatchObject({ regions: 2, filledHoles: 1, map: null });
  const read = await readAnnotationFile(new Uint8Array(await readFile(written.out)), 'ann.dcm', slide);
  expect(read).toMatchObject({ format: 'dicom-ann', doubts: [], refused: [] });
  expect(read.regions.map(({ label, outer }) => [label, [...outer].slice(0, 4)])).toEqual([
    ['Tumör', [10, 5, 80, 5]],
    ['Stroma', [30, 20, 50, 20]],
  ]);
});

test.each<[string, () => Promise<unknown>, RegExp]>([
  [
    'a slide of another format',
    () => writeDicom({ ...slide, properties: {} }, call('ann', { overwrite: true })),
    /Is no DICOM slide/,
  ],
  [
    'a slide without a place on the glass',
    () => {
      const { StudyInstanceUID = '', SeriesInstanceUID = '', SOPInstanceUID = '' } = slide.properties;
      const properties = { StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID };
      return writeDicom({ ...slide, properties }, call('seg', { overwrite: true }));
    },
    /where it lies on the glass.*--format ann/,
  ],
  ['an output that exists', () => writeDicom(slide, call('ann', { out: annotations })), /Already exists/],
  [
    'a missing file',
    () => writeDicom(slide, call('ann', { annotations: 'none', overwrite: true })),
    /Can't be read/,
  ],
])('%s is refused', async (_what, run, message) => {
  await expect(run()).rejects.toThrow(message);
});
