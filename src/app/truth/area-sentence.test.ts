import { expect, it } from 'vitest';
import { areaSentence } from './area-sentence.ts';

it('says what shares refer to', () => {
  expect(areaSentence({ segmentedMm2: 0.41, tissueMm2: 0.57 }, 'in this area')).toBe(
    '% of the segmented tissue: 0.41 mm² of 0.57 mm² in this area. Background does not count.',
  );
  expect(areaSentence({ segmentedMm2: 1.6, tissueMm2: null }, 'in this area')).toBe(
    '% of the segmented 1.6 mm². Tissue unknown, so background counts.',
  );
  expect(areaSentence({ segmentedMm2: null, tissueMm2: null }, 'in this area')).toBeNull();
});
