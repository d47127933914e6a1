import { expect, it } from 'vitest';
import { areaSentence } from './area-sentence.ts';
import type { Figures } from './figures-session.ts';

const classes = (shareOfTissue: number | null): Figures['classes'] => [
  { name: 'a', background: false, pixels: 9, mm2: 1.2, shareOfSegmented: 0.7, shareOfTissue },
];

it('says where a share of the tissue comes from that is more than all of it', () => {
  const areas = { segmentedMm2: 1.6, tissueMm2: 0.57 };
  expect(areaSentence({ ...areas, classes: classes(0.9) }, 'on the slide')).toBe(
    '1.6 mm² segmented, 0.57 mm² tissue on the slide.',
  );
  expect(areaSentence({ ...areas, classes: classes(2.06) }, 'in this area')).toMatch(
    /tissue in this area\. Over 100 %: the model finds this class outside the tissue, too\.$/,
  );
  expect(areaSentence({ ...areas, tissueMm2: null, classes: classes(null) }, '')).toBe('1.6 mm² segmented.');
  expect(areaSentence({ ...areas, segmentedMm2: null, classes: classes(null) }, '')).toBeNull();
});
