/** A small cohort for tests. */
import type { SlideFigures, SlideOutcome } from './outcome.ts';
import type { CohortPlan } from './request.ts';

export const testPlan: CohortPlan = {
  title: 'Trial <A>',
  version: '1.2.3',
  app: 'http://localhost:4173/',
  slidesUrl: null,
  model: {
    id: 'colon',
    title: 'Colon',
    hash: 'ab'.repeat(32),
    intendedUse: 'For research.',
    sliceFieldUm: 500,
    umPerPx: 1,
    classes: [
      { name: 'normal', colour: '#999999', background: true },
      { name: 'in situ', colour: '#F0E442', background: false },
    ],
  },
  slides: [
    { id: 'b-1', source: '/data/b.svs', name: 'b.svs', place: 'b.svs', shards: 1, key: 'kb' },
    {
      id: 'a-1',
      source: 'https://example.org/x/a%20b.svs?v=1&w=2',
      name: 'a b.svs',
      place: null,
      shards: 1,
      key: 'ka',
    },
    { id: 'c-1', source: '/data/<c>".svs', name: '<c>".svs', place: '<c>".svs', shards: 1, key: 'kc' },
  ],
  remarks: [],
};

export const testFigures: SlideFigures = {
  backend: 'wasm',
  slices: 12,
  broken: 0,
  seconds: 83.456,
  fitDistance: 0.8,
  warning: null,
  segmentedMm2: 2,
  tissueMm2: 2,
  areas: [
    { class: 'normal', background: true, areaMm2: 1.5, percentOfTissue: 75 },
    { class: 'in situ', background: false, areaMm2: 0.5, percentOfTissue: 25 },
  ],
  confidence: { mean: 0.91234567, tenth: 0.6, median: 0.97, belowHalf: 0.02 },
  width: 4000,
  height: 3000,
  mpp: 0.5,
  mppGiven: false,
  files: ['maps/b.colon.preview.png', 'maps/b.colon.geojson'],
  thumbnail: { file: 'thumbnail.webp', width: 640, height: 480 },
};

/** b is done, a has failed, c has an outcome of older settings. */
export const testOutcomes: Readonly<Record<string, SlideOutcome>> = {
  'b-1': { key: 'kb', status: 'done', error: null, figures: testFigures },
  'a-1': { key: 'ka', status: 'failed', error: 'No "such" file, <b>sorry</b>', figures: null },
  'c-1': { key: 'old', status: 'done', error: null, figures: testFigures },
};
