import { parse } from 'csv-parse/sync';
import { expect, it } from 'vitest';
import { cohortRows } from './cohort-row.ts';
import { cohortCsv, cohortJson } from './cohort-table.ts';
import { testOutcomes, testPlan } from './testing.ts';

function read(csv: string): Record<string, string>[] {
  const records: unknown = parse(csv, { columns: true });
  return records as Record<string, string>[];
}

const rows = cohortRows(testPlan, (id) => testOutcomes[id] ?? null);

it('has a row for every slide, whatever its status, in plan order', () => {
  const table = read(cohortCsv(testPlan, rows));
  expect(table.map(({ slide, status }) => [slide, status])).toEqual([
    ['b.svs', 'done'],
    ['a b.svs', 'failed'],
    ['<c>".svs', 'unfinished'],
  ]);
  expect(table[1]!.error).toBe('No "such" file, <b>sorry</b>');
  expect(table[1]!.tissue_mm2).toBe('');
});

it('lists areas, shares of tissue, confidence, and the settings used', () => {
  const [done] = read(cohortCsv(testPlan, rows));
  expect(done).toMatchObject({
    area_mm2_normal: '3.5',
    area_mm2_in_situ: '0.5',
    percent_of_tissue_in_situ: '25',
    tissue_mm2: '2',
    confidence_mean: '0.9123',
    seconds: '83.46',
    model_sha256: 'ab'.repeat(32),
    version: '1.2.3',
  });
  expect(done).not.toHaveProperty('percent_of_tissue_normal');
});

it('has the same content as JSON, with null for unknown values', () => {
  const { slides, model } = JSON.parse(cohortJson(testPlan, rows)) as {
    slides: Record<string, unknown>[];
    model: { sha256: string };
  };
  expect(slides[0]).toMatchObject({ slide: 'b.svs', area_mm2_in_situ: 0.5, slices: 12, flags: '' });
  expect(slides[2]).toMatchObject({ status: 'unfinished', tissue_mm2: null });
  expect(model.sha256).toBe('ab'.repeat(32));
});
