import { expect, it } from 'vitest';
import type { PredictionKind } from '../../export/read-prediction.ts';
import type { PredictionOrigin } from '../../export/prediction-origin.ts';
import type { MapClient } from '../../worker/map-client.ts';
import { sortResults } from './result-files.ts';

const origin = (slide: string): PredictionOrigin => ({
  version: 1,
  model: { id: 'nano', title: 'Nano' },
  slide: { name: slide, fingerprint: slide, width: 10, height: 10 },
  scale: { x: 1, y: 1 },
  classes: [{ name: 'a', colour: '#000000', background: false }],
  mark: null,
});

/** Recognises files by their names, as the worker does by their content. */
const maps = {
  inspectPrediction: async (_file: Blob, name: string) => {
    const kind: PredictionKind | null = name.endsWith('.classes.tif')
      ? 'classes'
      : name.endsWith('.confidence.tif')
        ? 'confidence'
        : name.endsWith('.geojson')
          ? 'polygons'
          : null;
    return kind === null ? null : { kind, origin: origin(name.split('.')[0] ?? '') };
  },
} as unknown as MapClient;

const file = (path: string, head = 'II*\0'): { file: File; path: string } => ({
  path,
  file: new File([head], path.split('/').at(-1) ?? path),
});
const geoJson = '{"type":"FeatureCollection","dualscope":{';

it('takes results out of a cohort with all that belongs to it', async () => {
  const chosen = [
    file('c/plan.json', '{}'),
    file('c/cohort.csv', 'a'),
    file('c/gallery/index.html', '<'),
    file('c/slides/one/one.nano.classes.tif'),
    file('c/slides/one/one.nano.confidence.tif'),
    file('c/slides/one/one.nano.geojson', geoJson),
    file('c/slides/one/one.nano.preview.png', 'P'),
    file('c/slides/two/two.nano.classes.tif'),
    file('other/slide.tif'),
  ];
  const { results, others } = await sortResults(chosen, maps);
  expect(results.map(({ path, confidence }) => [path, confidence?.name])).toEqual([
    ['c/slides/one/one.nano.classes.tif', 'one.nano.confidence.tif'],
    ['c/slides/two/two.nano.classes.tif', undefined],
  ]);
  expect(others.map(({ path }) => path)).toEqual(['other/slide.tif']);
});

it('leaves other files as they are', async () => {
  const chosen = [
    file('slide.tif'),
    file('regions.geojson', '{"type":"FeatureCollection","features":['),
    file('a.svs'),
  ];
  const { results, others } = await sortResults(chosen, maps);
  expect(results).toEqual([]);
  expect(others).toBe(chosen);
});

it('takes polygons where there is no map, and what lies beside a result', async () => {
  const chosen = [file('one.nano.geojson', geoJson), file('one.nano.areas.csv', 'a'), file('one.svs')];
  const { results, others } = await sortResults(chosen, maps);
  expect(results.map(({ kind }) => kind)).toEqual(['polygons']);
  expect(others.map(({ path }) => path)).toEqual(['one.svs']);
});
