import { expect, it } from 'vitest';
import { contextOptions, contextRefusal, passById, passId, withoutContextPass } from './context-pass.ts';

const model = (id: string, context: object | null, contextDropout?: object, classes = 4) => ({
  id,
  manifest: {
    classes: Array.from({ length: classes }, () => ({})),
    context,
    ...(contextDropout && { contextDropout }),
  },
});
const trained = model('dual', {}, { share: 0.2 });
const untrained = model('old', {});
const single = model('single', null);

it('has one second pass per model, with a name of its own', () => {
  const pass = withoutContextPass(trained);
  expect(withoutContextPass(trained)).toBe(pass);
  expect(pass).toMatchObject({ id: 'dual', withoutContext: true });
  expect(passId(pass)).not.toBe(passId(trained));
  expect(passById([single, trained], passId(pass))).toBe(pass);
  expect(passById([single, trained], 'dual')).toBe(trained);
  expect(passById([single], passId(pass))).toBeNull();
});

it('says why a model has no second pass', () => {
  expect(contextRefusal(trained)).toBeNull();
  expect(contextRefusal(untrained)).toMatch(/not trained/);
  expect(contextRefusal(single)).toMatch(/no context/);
  expect(contextRefusal(model('many', {}, {}, 16))).toMatch(/classes/);
});

it('offers a layer per model that has one, and the reason for the shown model that has none', () => {
  const offered = (shown: string | null) =>
    contextOptions([trained, untrained, single], shown, ({ id }) => id).map(({ layer, disabled }) => [
      layer.id,
      disabled,
    ]);
  expect(offered(null)).toEqual([['dual', false]]);
  expect(offered('dual')).toEqual([['dual', false]]);
  expect(offered('old')).toEqual([
    ['dual', false],
    ['old', true],
  ]);
});
