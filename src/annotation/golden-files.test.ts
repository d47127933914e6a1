/** Files of every format against pictures that scripts/golden/annotation_goldens.py made without this project's readers. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { memoryByteSource } from '../slide/byte-source.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { openSlide } from '../slide/open-slide.ts';
import { paintedAreas, type AnnotatedSlide } from './annotation-file.ts';
import { rasterise } from './rasterise.ts';
import { readAnnotationFile } from './read-annotation-file.ts';

interface Golden {
  readonly file: string;
  /** Or the file that is the slide. */
  readonly slide: AnnotatedSlide | string;
  readonly labels: readonly string[];
  /** Whether every pixel must agree; curves are polygons here, and single precision rounds. */
  readonly exact: boolean;
  /** Class values of the slide's pixels and how many have it, by turns, row by row. */
  readonly picture: readonly number[];
  readonly leftOut?: number;
  readonly notes?: number;
}

const folder = join(import.meta.dirname, 'golden');
const bytesOf = (file: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(join(folder, file)));
const goldens = JSON.parse(readFileSync(join(folder, 'goldens.json'), 'utf8')) as Golden[];

async function slideOf({ slide }: Golden): Promise<AnnotatedSlide> {
  if (typeof slide !== 'string') return slide;
  const opened = await openSlide([memoryByteSource(bytesOf(slide), slide)], nodePlatform());
  opened.close();
  return opened.metadata;
}

test.for(goldens)('$file', async (golden) => {
  const { file, labels, exact, picture, leftOut = 0, notes = 0 } = golden;
  const slide = await slideOf(golden);
  const read = await readAnnotationFile(bytesOf(file), file, slide);
  expect(read).toMatchObject({ leftOut, refused: [], doubts: [], offSlide: 0 });
  expect(read.notes).toHaveLength(notes + (file.startsWith('qupath') ? 2 : 0));
  expect(new Set(read.regions.map(({ label }) => label))).toEqual(new Set(labels));
  const areas = paintedAreas(read.regions, (label) => labels.indexOf(label) + 1);
  const painted = rasterise(areas, { x: 0, y: 0, width: 96, height: 64 }, 96, 64);
  const expected = new Uint8Array(96 * 64);
  let at = 0;
  for (let i = 0; i < picture.length; i += 2) {
    expected.fill(picture[i] ?? 0, at, (at += picture[i + 1] ?? 0));
  }
  expect(at).toBe(expected.length);
  const wrong = painted.filter((value, i) => value !== expected[i]).length;
  expect(wrong).toBeLessThanOrEqual(exact ? 0 : 6);
});

const ndpi = join(import.meta.dirname, '../../../shared/data/slides/ndpi/test3-dapi.ndpi');

test('an NDPI gives its place on the glass as OpenSlide 4 does', async (context) => {
  if (!existsSync(ndpi)) context.skip(`${ndpi} is missing: development data`);
  const slide = await openSlide([memoryByteSource(readFileSync(ndpi), 'test3-dapi.ndpi')], nodePlatform());
  slide.close();
  expect(slide.metadata.properties).toMatchObject({
    XOffsetFromSlideCentre: '12538720',
    YOffsetFromSlideCentre: '-96063',
  });
  expect(slide.metadata.mpp?.x).toBeCloseTo(0.2281750559028887, 6);
});
