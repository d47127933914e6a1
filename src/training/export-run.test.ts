import { expect, it } from 'vitest';
import { presetById } from '../model/presets.ts';
import { goldenPattern } from './export-run.ts';

it('the golden pattern is fixed per preset, and looks like stained tissue: light, pink and purple', () => {
  const preset = presetById('nano-attention');
  const { slice, context } = goldenPattern(preset);
  expect(goldenPattern(preset).slice).toEqual(slice);
  expect(slice).toHaveLength(128 * 128 * 3);
  expect(context).not.toEqual(slice);
  let [light, purple] = [0, 0];
  for (let i = 0; i < slice.length; i += 3) {
    const [r, g, b] = [slice[i]!, slice[i + 1]!, slice[i + 2]!];
    if (Math.min(r, g, b) > 230) light++;
    if (b > r && r > g) purple++;
  }
  expect(light).toBeGreaterThan(500);
  expect(purple).toBeGreaterThan(500);
  expect(goldenPattern(presetById('nano-single')).context).toBeNull();
});
