import { parse } from 'csv-parse/sync';
import { expect, it } from 'vitest';
import { cohortRows } from './cohort-row.ts';
import { cohortCsv, cohortJson, columnWord } from './cohort-table.ts';
import type { CohortPlan } from './request.ts';
import { testFigures, testOutcomes, testPlan } from './testing.ts';

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
    area_mm2_normal: '1.5',
    area_mm2_in_situ: '0.5',
    percent_of_segmented_tissue_normal: '75',
    percent_of_segmented_tissue_in_situ: '25',
    tissue_mm2: '2',
    fit_distance: '0.8',
    warning: '',
    confidence_mean: '0.9123',
    seconds: '83.46',
    model_sha256: 'ab'.repeat(32),
    version: '1.2.3',
  });
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

it('gives every class a column of its own', () => {
  expect(['in situ', 'Grade 3+4', 'Grade 3-4', '__proto__', 'größe', ''].map(columnWord)).toEqual([
    'in_situ',
    'Grade_3.2B.4',
    'Grade_3.2D.4',
    '.5F..5F.proto.5F..5F.',
    'größe',
    '',
  ]);
  const letters = [
    'a',
    'A',
    'é',
    'e\u0301',
    ' ',
    '_',
    '.',
    '+',
    '-',
    '2',
    'B',
    '5',
    'F',
    '\ud83d',
    '😀',
    '\n',
  ];
  let state = 11;
  const random = (below: number): number => (state = (state * 48271) % 2147483647) % below;
  const names = new Set(
    Array.from({ length: 20_000 }, () =>
      Array.from({ length: random(7) }, () => letters[random(letters.length)]).join(''),
    ),
  );
  expect(new Set([...names].map(columnWord)).size).toBe(names.size);
});

it('keeps the areas of classes with awkward names apart, as CSV and as JSON', () => {
  const names = ['Grade 3+4', 'Grade 3-4', '__proto__', 'constructor', '=1+1', 'a', 'A'];
  const plan: CohortPlan = {
    ...testPlan,
    model: {
      ...testPlan.model,
      classes: names.map((name) => ({ name, colour: '#999999', background: false })),
    },
  };
  const areas = names.map((name, i) => ({
    class: name,
    background: false,
    areaMm2: i + 1,
    percentOfTissue: i + 2,
  }));
  const [row] = cohortRows(plan, () => ({
    key: 'kb',
    status: 'done' as const,
    error: null,
    figures: { ...testFigures, areas },
  }));
  const [csv] = read(cohortCsv(plan, [row!]));
  const { slides } = JSON.parse(cohortJson(plan, [row!])) as { slides: Record<string, unknown>[] };
  names.forEach((name, i) => {
    expect(csv![`area_mm2_${columnWord(name)}`]).toBe(String(i + 1));
    expect(slides[0]![`percent_of_segmented_tissue_${columnWord(name)}`]).toBe(i + 2);
  });
});
