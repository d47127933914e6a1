/** The jobs of a slide, without the workflow around them. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SlideFigures } from '../../cohort/outcome.ts';
import { settingsSchema, type CohortSettings } from '../../cohort/settings.ts';
import { writePhantom } from '../../phantom/write-phantom.node.ts';
import { planCohort } from './plan.ts';
import { mergeOfCohort, readOutcome, segmentOfCohort, shardOfCohort } from './segment-slide.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualscope-job-'));
const slides = join(folder, 'slides');
afterAll(() => rmSync(folder, { recursive: true }));

beforeAll(async () => {
  mkdirSync(slides);
  const size = { widthMm: 1, heightMm: 0.8, mpp: 2, maskMpp: 8 };
  await writePhantom({ directory: slides, name: 'a', seed: 1, ...size, quality: 85, format: 'tif' });
});

async function planned(
  out: string,
  change: Partial<CohortSettings> = {},
): Promise<{ job: Job; said: string[] }> {
  const settings = settingsSchema.parse({ slides, model: 'nano-single', out, glass: 'include', ...change });
  const plan = await planCohort(settings);
  const said: string[] = [];
  return { job: { out, id: plan.slides[0]!.id, say: (line) => said.push(line) }, said };
}

/** Figures of the slide by one job. */
let asOne: SlideFigures | null = null;

type Job = Parameters<typeof segmentOfCohort>[0];

it('segments once, finds it done the next time, and begins anew when settings change', async () => {
  const out = join(folder, 'once');
  const { job, said } = await planned(out);
  const outcome = await segmentOfCohort(job);
  asOne = outcome.figures;
  expect(outcome).toMatchObject({ status: 'done', error: null, figures: { broken: 0, mppGiven: false } });
  expect(said.join('\n')).toMatch(
    /dualscope segment .*a\.tif --model .*nano-single --out .* --resume --json/,
  );
  const map = join(
    out,
    'slides',
    job.id,
    outcome.figures!.files.find((file) => file.endsWith('.classes.tif'))!,
  );
  const { ino, mtimeMs } = statSync(map);
  expect((await segmentOfCohort(job)).figures).toEqual(outcome.figures);
  expect(said.at(-1)).toMatch(/, 0 of them computed now/);
  expect(statSync(map)).toMatchObject({ ino, mtimeMs });

  const other = await planned(out, { quality: 'fast' });
  await segmentOfCohort(other.job);
  expect(other.said[0]).toMatch(/beginning anew/);
  expect(statSync(map).ino === ino && statSync(map).mtimeMs === mtimeMs).toBe(false);
});

it('gives the figures of one job when it is divided among several, and leaves no shards', async () => {
  const out = join(folder, 'several');
  const { job } = await planned(out, { shards: { above_slices: 1, jobs: 2 } });
  await shardOfCohort(job, { index: 1, of: 2 });
  await expect(mergeOfCohort(job)).rejects.toThrow(/shard/);
  expect((await readOutcome(out, job.id))?.status).toBe('failed');
  await shardOfCohort(job, { index: 2, of: 2 });
  const merged = await mergeOfCohort(job);
  const { seconds: _first, ...expected } = asOne!;
  const { seconds: _second, ...figures } = merged.figures!;
  expect(figures).toEqual(expected);
  expect(readdirSync(join(out, 'slides', job.id, 'maps')).join(' ')).not.toContain('shard');
});

it('writes down why a slide has failed, in a line', async () => {
  const out = join(folder, 'failed');
  const { job } = await planned(out, { slides: join(slides, 'a.json') });
  await expect(segmentOfCohort(job)).rejects.toThrow(/a\.json: This is not a slide/);
  const outcome = await readOutcome(out, job.id);
  expect(outcome).toMatchObject({ status: 'failed', figures: null });
  expect(outcome!.error).toMatch(/^This is not a slide[^\n]*$/);
  expect(existsSync(join(out, 'slides', job.id, 'lock'))).toBe(false);
  expect(readFileSync(join(out, 'slides', job.id, 'key'), 'utf8')).toBe(outcome!.key);
});
