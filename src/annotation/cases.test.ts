/** Annotation files of programs that users have reported, from the shared data next to the checkout. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { labelCounts } from './annotation-file.ts';
import { readAnnotations } from './read-annotations.ts';
import { countOffSlide } from './slide-match.ts';

const folder = join(import.meta.dirname, '../../../shared/data/cases');
const json = '14-geojson-refused-whole';

test.for<[file: string, labels: Record<string, number>, leftOut: number]>([
  [`${json}/classification_is_a_string.geojson`, { Tumor: 1, Stroma: 1 }, 0],
  [`${json}/classification_is_json_in_a_string.geojson`, { Tumor: 1 }, 0],
  [`${json}/name_is_a_number.geojson`, { Tumor: 2 }, 0],
  [`${json}/nan_measurement.geojson`, { Tumor: 1 }, 0],
  [`${json}/empty_polygon_among_good.geojson`, { Tumor: 1 }, 1],
  [`${json}/list_of_collections.geojson`, { Tumor: 2 }, 0],
  ['15-halo-annotations/halo.annotations', { Tumor: 2 }, 0],
])('%s', ([file, labels, leftOut], context) => {
  if (!existsSync(folder)) context.skip(`${folder} is missing: development data`);
  const read = readAnnotations(readFileSync(join(folder, file), 'utf8'), file);
  expect(Object.fromEntries(labelCounts(read.regions))).toEqual(labels);
  expect(read).toMatchObject({ leftOut, refused: [] });
});

test('annotations of another slide are counted', (context) => {
  if (!existsSync(folder)) context.skip(`${folder} is missing: development data`);
  const file = join(folder, '16-annotations-of-another-slide/elsewhere.geojson');
  const { regions } = readAnnotations(readFileSync(file, 'utf8'), file);
  expect(countOffSlide(regions, { width: 300, height: 220 })).toBe(regions.length);
  expect(countOffSlide(regions, { width: 60_000, height: 60_000 })).toBe(0);
});
