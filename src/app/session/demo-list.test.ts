/** The list of demo slides that ships. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { demosSchema } from './demo-slides.ts';

const folder = join(import.meta.dirname, '../../../public/slides');

it('begins with real tissue, and every slide has a small picture', () => {
  const demos = demosSchema.parse(JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')));
  expect(demos[0]?.synthetic).toBe(false);
  expect(demos.some(({ synthetic }) => synthetic)).toBe(true);
  for (const { file, thumbnail = '' } of demos) {
    expect(existsSync(join(folder, file))).toBe(true);
    expect(readFileSync(join(folder, thumbnail)).length).toBeLessThan(40_000);
  }
});
