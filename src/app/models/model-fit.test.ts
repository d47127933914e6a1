import { expect, it } from 'vitest';
import type { ModelManifest } from '../../runtime/manifest.ts';
import { fitFindings, fitNotes, fitRefusal, fitWarnings, inputMpp } from './model-fit.ts';

const model = {
  description: 'Distinguishes classes.',
  intendedUse: 'Tests.',
  slice: { fieldUm: 467, sizePx: 128 },
  specimen: { organ: 'colon', stain: 'H&E' },
  provenance: { synthetic: false, data: 'slides' },
} as unknown as ModelManifest;
const synthetic = {
  ...model,
  specimen: { organ: 'none', stain: 'synthetic, like H&E' },
  provenance: { ...model.provenance, synthetic: true },
};
const { specimen: _none, ...silent } = model;
const unknown = { organ: null, stain: null };
const slide = {
  mpp: { x: 0.5, y: 0.5, source: 'tiff' },
  width: 8000,
  height: 8000,
  properties: {},
  darkBackground: null,
  specimen: unknown,
} as const;

it('does not warn without a known reason', () => {
  expect(inputMpp(model)).toBeCloseTo(3.648, 3);
  expect(fitWarnings(model, slide)).toEqual([]);
  expect(fitWarnings(model, { ...slide, mpp: null })).toEqual([]);
  const phantom = { ...slide, properties: { ImageDescription: 'Dualscope phantom|Seed = 1' } };
  expect(fitWarnings(synthetic, phantom)).toEqual([]);
  // Synonyms.
  const bowel = { organ: 'Large intestine', stain: 'hematoxylin stain, water soluble eosin stain' };
  expect(fitWarnings(model, { ...slide, specimen: bowel })).toEqual([]);
  // A card without organ and stain cannot be compared.
  expect(fitWarnings(silent, { ...slide, specimen: { organ: 'breast', stain: 'PAS' } })).toEqual([]);
});

it.each([
  ['coarser', model, { ...slide, mpp: { x: 8, y: 8, source: 'user' } as const }, /Slide 8 µm.*3.65.*too coarse/],
  ['small', model, { ...slide, width: 200 }, /100 µm wide or high.*467/],
  ['of another stain', model, { ...slide, specimen: { ...unknown, stain: 'IHC, Ki-67' } }, /^Immuno.* H&E only/],
  ['of another organ', model, { ...slide, specimen: { ...unknown, organ: 'BREAST' } }, /^Breast slide; .*colon only/],
  ['a phantom', model, { ...slide, specimen: { ...unknown, organ: 'none' } }, /^Synthetic slide; .*colon only/],
  ['real', synthetic, slide, /synthetic slides only/],
] as const)('warns of a slide that is %s', (what, manifest, other, sentence) => {
  const warnings = fitWarnings(manifest, other);
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(sentence);
  // All but a small slide ask before they run.
  const [finding] = fitFindings(manifest, other);
  expect(finding?.asks).toBe(what !== 'small');
  expect(finding?.label.length).toBeLessThan(40);
});

it('refuses fluorescence unless the card asks for it', () => {
  const stained = { organ: 'colon', stain: 'fluorescence' };
  expect(fitRefusal(model, stained)).toBe('Fluorescence slide; model trained on H&E only.');
  expect(fitRefusal({ specimen: undefined }, stained)).toMatch(/states no stain/);
  expect(fitRefusal({ specimen: { organ: 'colon', stain: 'DAPI' } }, stained)).toBeNull();
  expect(fitRefusal(model, { stain: 'PAS' })).toBeNull();
  expect(fitRefusal(model, unknown)).toBeNull();
  // Said once.
  expect(fitWarnings(model, { ...slide, specimen: stained })).toEqual([]);
});

it('lists what slide and card specify', () => {
  expect(fitNotes(model, slide)).toEqual([
    'Resolution: slide 0.5, model 3.65 µm/px',
    'Organ: slide not specified, model colon',
    'Stain: slide not specified, model H&E',
  ]);
  expect(fitNotes(silent, { ...slide, specimen: { organ: null, stain: 'PAS' } }).slice(1)).toEqual([
    'Organ: not specified',
    'Stain: slide PAS, model not specified',
  ]);
});

it('warns of a dark background unless somebody says what it is, or the model is for it', () => {
  const dark = { ...slide, darkBackground: true };
  const warning = /^Dark background, as in fluorescence; model trained on .* only\.$/;
  expect(fitWarnings(model, dark)).toEqual([expect.stringMatching(warning)]);
  expect(fitWarnings(silent, dark)).toEqual([
    'Dark background, as in fluorescence; the model card states no stain.',
  ]);
  expect(fitRefusal(model, dark.specimen)).toBeNull();
  expect(fitWarnings(model, { ...dark, specimen: { organ: null, stain: 'H&E' } })).toEqual([]);
  expect(fitWarnings(model, { ...slide, darkBackground: false })).toEqual([]);
  const fluorescent = { ...model, specimen: { organ: 'colon', stain: 'DAPI' } };
  expect(fitWarnings(fluorescent, dark)).toEqual([]);
});
