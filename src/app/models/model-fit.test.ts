import { expect, it } from 'vitest';
import type { ModelManifest } from '../../runtime/manifest.ts';
import { fitWarnings, inputMpp } from './model-fit.ts';

const model = {
  description: 'Tells classes apart.',
  intendedUse: 'Tests.',
  slice: { fieldUm: 467, sizePx: 128 },
  provenance: { synthetic: false, data: 'H&E slides' },
} as unknown as ModelManifest;
const synthetic = { ...model, provenance: { ...model.provenance, synthetic: true } };
const slide = {
  mpp: { x: 0.5, y: 0.5, source: 'tiff' },
  width: 8000,
  height: 8000,
  properties: {},
} as const;

it('finds nothing where nothing is known to speak against it', () => {
  expect(inputMpp(model)).toBeCloseTo(3.648, 3);
  expect(fitWarnings(model, slide)).toEqual([]);
  expect(fitWarnings(model, { ...slide, mpp: null })).toEqual([]);
  const phantom = { ...slide, properties: { ImageDescription: 'Dualscope phantom|Seed = 1' } };
  expect(fitWarnings(synthetic, phantom)).toEqual([]);
});

it.each([
  ['coarser', model, { ...slide, mpp: { x: 8, y: 8, source: 'user' } as const }, /3.65 µm per pixel.*only 8/],
  ['small', model, { ...slide, width: 200 }, /100 µm wide or high.*467/],
  ['fluorescent', model, { ...slide, properties: { Channels: 'DAPI, FITC' } }, /fluorescence/],
  ['real', synthetic, slide, /synthetic slides only/],
] as const)('warns of a slide that is %s', (_what, manifest, other, sentence) => {
  const warnings = fitWarnings(manifest, other);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(sentence);
});
