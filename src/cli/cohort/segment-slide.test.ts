/** A slide's jobs, without the workflow. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { SlideFigures } from '../../cohort/outcome.ts';
import { settingsSchema, type CohortSettings } from '../../cohort/settings.ts';
import { writePhantom } from '../../phantom/write-phantom.node.ts';
import { planCohort } from './plan.ts';
import { readOutcome } from './cohort-folder.ts';
import { mergeCohortSlide, segmentCohortShard, segmentCohortSlide } from './segment-slide.ts';

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
): Promise<{ job: Job; lines: string[] }> {
  const settings = settingsSchema.parse({ slides, model: 'nano-single', out, glass: 'include', ...change });
  const plan = await planCohort(settings);
  const lines: string[] = [];
  return { job: { out, id: plan.slides[0]!.id, log: (line) => lines.push(line) }, lines };
}

/** The slide's figures from a single job. */
let unsharded: SlideFigures | null = null;

type Job = Parameters<typeof segmentCohortSlide>[0];

it('segments once, reuses the result, and starts over when settings change', async () => {
  const out = join(folder, 'once');
  const { job, lines } = await planned(out);
  const outcome = await segmentCohortSlide(job);
  unsharded = outcome.figures;
  expect(outcome).toMatchObject({ status: 'done', error: null, figures: { broken: 0, mppGiven: false } });
  expect(lines.join('\n')).toMatch(
    /dualscope segment .*a\.tif --model .*nano-single --out .* --resume --json/,
  );
  const map = join(
    out,
    'slides',
    job.id,
    outcome.figures!.files.find((file) => file.endsWith('.classes.tif'))!,
  );
  const { ino, mtimeMs } = statSync(map);
  expect((await segmentCohortSlide(job)).figures).toEqual(outcome.figures);
  expect(lines.at(-1)).toMatch(/, 0 computed by this job/);
  expect(statSync(map)).toMatchObject({ ino, mtimeMs });

  const other = await planned(out, { quality: 'fast' });
  await segmentCohortSlide(other.job);
  expect(other.lines[0]).toMatch(/starting over/);
  expect(statSync(map).ino === ino && statSync(map).mtimeMs === mtimeMs).toBe(false);
});

it('gives the same figures from several shards as from one job, and deletes the shards', async () => {
  const out = join(folder, 'several');
  const { job } = await planned(out, { shards: { above_slices: 1, jobs: 2 } });
  await segmentCohortShard(job, { index: 1, of: 2 });
  await expect(mergeCohortSlide(job)).rejects.toThrow(/shard/);
  expect((await readOutcome(out, job.id))?.status).toBe('failed');
  await segmentCohortShard(job, { index: 2, of: 2 });
  const merged = await mergeCohortSlide(job);
  const { seconds: _first, ...expected } = unsharded!;
  const { seconds: _second, ...figures } = merged.figures!;
  expect(figures).toEqual(expected);
  expect(readdirSync(join(out, 'slides', job.id, 'maps')).join(' ')).not.toContain('shard');
});

it('records why a slide failed in one line', async () => {
  const out = join(folder, 'failed');
  const { job } = await planned(out, { slides: join(slides, 'a.json') });
  await expect(segmentCohortSlide(job)).rejects.toThrow(/a\.json: This is not a slide/);
  const outcome = await readOutcome(out, job.id);
  expect(outcome).toMatchObject({ status: 'failed', figures: null });
  expect(outcome!.error).toMatch(/^This is not a slide[^\n]*$/);
  expect(existsSync(join(out, 'slides', job.id, 'job.lock'))).toBe(false);
  expect(readFileSync(join(out, 'slides', job.id, 'key'), 'utf8')).toBe(outcome!.key);
});
