/** Which changes make a slide's job run again. */
import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { settingsSchema, type CohortSettings } from '../../cohort/settings.ts';
import { planCohort } from './plan.ts';
import { cohortPaths } from './cohort-folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualscope-plan-'));
afterAll(() => rmSync(folder, { recursive: true }));
const slide = join(folder, 'a.svs');
writeFileSync(slide, 'one');
writeFileSync(join(folder, 'b.svs'), 'other');

const settings = (change: Partial<CohortSettings> = {}): CohortSettings =>
  settingsSchema.parse({ slides: folder, model: 'nano-single', out: join(folder, 'out'), ...change });

/** Names of the slides whose requests a second plan rewrites. */
async function rewritten(change: Partial<CohortSettings> = {}): Promise<string[]> {
  const { request } = cohortPaths(join(folder, 'out'));
  const old = new Date('2020-01-01');
  const first = await planCohort(settings());
  for (const { id } of first.slides) utimesSync(request(id), old, old);
  const { slides } = await planCohort(settings(change));
  return slides.filter(({ id }) => statSync(request(id)).mtime > old).map(({ name }) => name);
}

it('keeps requests when nothing or only the gallery changes', async () => {
  expect(await rewritten()).toEqual([]);
  expect(await rewritten({ title: 'Another', app: 'https://example.org/' })).toEqual([]);
});

it('rewrites all requests when settings or model change', async () => {
  expect(await rewritten({ quality: 'best' })).toEqual(['a.svs', 'b.svs']);
  expect(await rewritten({ model: 'nano-add' })).toEqual(['a.svs', 'b.svs']);
});

it('rewrites the request of a slide whose size or date has changed', async () => {
  await planCohort(settings());
  const { request } = cohortPaths(join(folder, 'out'));
  const [a] = (await planCohort(settings())).slides;
  const written = statSync(request(a!.id)).mtimeMs;
  const key = a!.key;
  writeFileSync(slide, 'two!');
  const again = await planCohort(settings());
  expect(again.slides[0]!.key).not.toBe(key);
  expect(statSync(request(a!.id)).mtimeMs).toBeGreaterThan(written);
});

it('keeps the key of a slide whose server does not answer', async () => {
  // Port 9 is closed.
  const url = 'http://127.0.0.1:9/x.svs';
  const remote = settings({ slides: url, out: join(folder, 'remote') });
  const first = await planCohort(remote);
  expect(first.slides[0]).toMatchObject({ name: 'x.svs', place: null });
  expect((await planCohort(remote)).slides[0]!.key).toBe(first.slides[0]!.key);
});

it('rejects an unknown model', async () => {
  await expect(planCohort(settings({ model: 'nothing' }))).rejects.toThrow(/nothing: Unknown model/);
});
