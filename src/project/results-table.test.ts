import { expect, it } from 'vitest';
import { readCsv } from '../base/read-csv.ts';
import { initialSettings } from './project.ts';
import { modelsWithResults, resultsCsv, resultTable, sortRows } from './results-table.ts';
import { countStates, listSlides, slideBeside, stateOf } from './slide-list.ts';
import { resultOf, slideAt } from './testing/slides.ts';

const slides = [
  slideAt('1.svs', { results: { alpha: resultOf({ confidence: 0.9, segmentedMm2: 4 }) }, disagreement: 0.1 }),
  slideAt('10.svs', { reviewed: true, results: { alpha: resultOf({ confidence: 0.6, segmentedMm2: 9 }) } }),
  slideAt('2.svs', { caseNumber: '26/77' }),
  slideAt('3.svs', { queued: true }),
  slideAt('4.svs', { failure: { problem: 'No resolution.', remedy: '' } }),
];
const running = slides[2]!.id;
const paths = (list: readonly { readonly path: string }[]): string[] => list.map(({ path }) => path);
const all = { slides, running, filter: 'all', order: 'folder', search: '' } as const;

it('says the state of every slide, and counts them', () => {
  expect(slides.map((slide) => stateOf(slide, running))).toEqual([
    'segmented',
    'reviewed',
    'running',
    'queued',
    'failed',
  ]);
  expect(countStates(slides, null)).toEqual({
    new: 1,
    queued: 1,
    running: 0,
    failed: 1,
    segmented: 1,
    reviewed: 1,
  });
});

it('filters, searches and sorts, slides without a figure last', () => {
  expect(paths(listSlides({ ...all, filter: 'reviewed' }))).toEqual(['10.svs']);
  expect(paths(listSlides({ ...all, search: '26/7' }))).toEqual(['2.svs']);
  expect(paths(listSlides({ ...all, order: 'name' }))).toEqual([
    '1.svs',
    '2.svs',
    '3.svs',
    '4.svs',
    '10.svs',
  ]);
  expect(paths(listSlides({ ...all, order: 'area' })).slice(0, 3)).toEqual(['10.svs', '1.svs', '2.svs']);
  expect(paths(listSlides({ ...all, order: 'confidence' })).slice(0, 2)).toEqual(['10.svs', '1.svs']);
  expect(paths(listSlides({ ...all, order: 'disagreement' }))[0]).toBe('1.svs');
});

it('goes to the next and the previous slide of the list, and to an end of it from elsewhere', () => {
  expect(slideBeside(slides, slides[0]!.id, 1)).toBe(slides[1]);
  expect(slideBeside(slides, slides[0]!.id, -1)).toBeNull();
  expect(slideBeside(slides, null, 1)).toBe(slides[0]);
  expect(slideBeside(slides, 'elsewhere', -1)).toBe(slides.at(-1));
  expect(slideBeside([], null, 1)).toBeNull();
});

it('lists one row per slide and model, and sorts by figures in both directions with empty cells last', () => {
  const more = slides.map((slide, i) =>
    i === 0 ? { ...slide, results: { ...slide.results, beta: resultOf({ title: 'Beta' }) } } : slide,
  );
  const { rows, classes, hasDisagreement } = resultTable(more, null, null);
  expect([rows.length, classes, hasDisagreement]).toEqual([6, ['gland'], true]);
  expect([...modelsWithResults(more)]).toEqual([
    ['alpha', 'Alpha'],
    ['beta', 'Beta'],
  ]);
  const one = resultTable(more, null, 'alpha').rows;
  const sorted = (descending: boolean): string[] =>
    sortRows(one, 'tissue', descending).map(({ slide }) => slide.path);
  expect(sorted(false)).toEqual(['1.svs', '10.svs', '2.svs', '3.svs', '4.svs']);
  expect(sorted(true)).toEqual(['10.svs', '1.svs', '2.svs', '3.svs', '4.svs']);
});

it('writes all of it as CSV, also for slides without results', () => {
  const text = resultsCsv({ id: 'p', title: 'P', settings: initialSettings, slides });
  const [first, ...rest] = readCsv(text);
  const cell = (name: string): string | undefined => first?.[name];
  expect(rest).toHaveLength(4);
  expect(['slide', 'model', 'segmented_tissue_mm2', 'gland_mm2', 'gland_share_of_tissue'].map(cell)).toEqual([
    '1.svs',
    'Alpha',
    '4.0000',
    '1.0000',
    '0.2500',
  ]);
  expect(['mean_confidence', 'disagreement', 'notice'].map(cell)).toEqual([
    '0.9000',
    '0.1000',
    'Research use only',
  ]);
});
