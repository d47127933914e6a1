import { expect, it } from 'vitest';
import { outcomeSchema } from './outcome.ts';
import { planSchema } from './request.ts';
import { testFigures, testPlan } from './testing.ts';

it.each(['../x', 'a/b', '..', '.hidden', '', 'a b', 'a\\b', 'a\u0000', '/etc'])(
  'refuses a plan with the id %j',
  (id) => {
    const slides = [{ ...testPlan.slides[0]!, id }];
    expect(planSchema.safeParse({ ...testPlan, slides }).success).toBe(false);
  },
);

it.each(['javascript:alert(1)', 'data:text/html,x', 'file:///etc/passwd', 'x'])(
  'refuses a plan with the address %j',
  (url) => {
    expect(planSchema.safeParse({ ...testPlan, app: url }).success).toBe(false);
    expect(planSchema.safeParse({ ...testPlan, slidesUrl: url }).success).toBe(false);
  },
);

it('reads plans of earlier versions, with shorter ids and without remarks', () => {
  const { remarks: _remarks, ...earlier } = testPlan;
  const slides = [{ ...testPlan.slides[0]!, id: 'CMU-1-8b4e7035' }];
  expect(planSchema.parse({ ...earlier, slides }).remarks).toEqual([]);
});

it.each(['../../other.png', '/etc/passwd', 'maps/../../x', '..\\x'])(
  'refuses an outcome that links to %j',
  (file) => {
    const outcome = { key: 'k', status: 'done', error: null, figures: testFigures };
    expect(outcomeSchema.safeParse(outcome).success).toBe(true);
    const files = { ...outcome, figures: { ...testFigures, files: [file] } };
    expect(outcomeSchema.safeParse(files).success).toBe(false);
    const thumbnail = {
      ...outcome,
      figures: { ...testFigures, thumbnail: { ...testFigures.thumbnail, file } },
    };
    expect(outcomeSchema.safeParse(thumbnail).success).toBe(false);
  },
);
