/** What makes a slide due again. */
import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { settingsSchema, type CohortSettings } from '../../cohort/settings.ts';
import { planCohort } from './plan.ts';
import { cohortPlaces } from './places.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualscope-plan-'));
afterAll(() => rmSync(folder, { recursive: true }));
const slide = join(folder, 'a.svs');
writeFileSync(slide, 'one');
writeFileSync(join(folder, 'b.svs'), 'other');

const settings = (change: Partial<CohortSettings> = {}): CohortSettings =>
  settingsSchema.parse({ slides: folder, model: 'nano-single', out: join(folder, 'out'), ...change });

/** Names of the slides whose requests this plan has written. */
async function due(change: Partial<CohortSettings> = {}): Promise<string[]> {
  const { request } = cohortPlaces(join(folder, 'out'));
  const old = new Date('2020-01-01');
  const first = await planCohort(settings());
  for (const { id } of first.slides) utimesSync(request(id), old, old);
  const { slides } = await planCohort(settings(change));
  return slides.filter(({ id }) => statSync(request(id)).mtime > old).map(({ name }) => name);
}

it('leaves requests as they are while nothing changes, and when only the gallery does', async () => {
  expect(await due()).toEqual([]);
  expect(await due({ title: 'Another', app: 'https://example.org/' })).toEqual([]);
});

it('writes them anew when settings or model change', async () => {
  expect(await due({ quality: 'best' })).toEqual(['a.svs', 'b.svs']);
  expect(await due({ model: 'nano-add' })).toEqual(['a.svs', 'b.svs']);
});

it('writes that of a slide whose size or date has changed', async () => {
  await planCohort(settings());
  const { request } = cohortPlaces(join(folder, 'out'));
  const [a] = (await planCohort(settings())).slides;
  const written = statSync(request(a!.id)).mtimeMs;
  const key = a!.key;
  writeFileSync(slide, 'two!');
  const again = await planCohort(settings());
  expect(again.slides[0]!.key).not.toBe(key);
  expect(statSync(request(a!.id)).mtimeMs).toBeGreaterThan(written);
});

it('keeps a finished slide of a server that does not answer', async () => {
  // Port 9 of this machine: nobody listens.
  const url = 'http://127.0.0.1:9/x.svs';
  const remote = settings({ slides: url, out: join(folder, 'remote') });
  const first = await planCohort(remote);
  expect(first.slides[0]).toMatchObject({ name: 'x.svs', place: null });
  expect((await planCohort(remote)).slides[0]!.key).toBe(first.slides[0]!.key);
});

it('says what is wrong with a model', async () => {
  await expect(planCohort(settings({ model: 'nothing' }))).rejects.toThrow(/nothing: There is no such model/);
});
