/** Runs the workflow with its local profile twice, from slides to the table. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePhantom } from '../src/phantom/write-phantom.node.ts';
import { findSnakemake, whatToInstall } from './snakemake.mjs';

const root = resolve(import.meta.dirname, '..');
const snakemake = findSnakemake();
if (snakemake === null) process.stdout.write(`Skipping the workflow's test. ${whatToInstall}\n`);

const folder = mkdtempSync(join(tmpdir(), 'dualscope-workflow-'));
const out = join(folder, 'cohort');
const broken = join(folder, 'slides', 'c.svs');
afterAll(() => rmSync(folder, { recursive: true }));

async function phantom(name: string, seed: number): Promise<void> {
  const directory = join(folder, 'slides');
  await writePhantom({
    directory,
    name,
    seed,
    widthMm: 0.6,
    heightMm: 0.6,
    mpp: 2,
    maskMpp: 8,
    quality: 85,
    format: 'tif',
  });
}

/** Runs the workflow as `docs/cohorts.md` describes. */
function run(...config: readonly string[]): { readonly status: number | null; readonly said: string } {
  const { command, words, env } = snakemake!;
  const all = [`slides=${join(folder, 'slides')}`, 'model=nano-single', `out=${out}`, ...config];
  const { status, stdout, stderr } = spawnSync(
    command,
    [
      ...words,
      ...['--snakefile', join(root, 'workflow', 'Snakefile')],
      ...['--profile', join(root, 'workflow', 'profiles', 'local'), '--cores', '2', '--config', ...all],
    ],
    { cwd: folder, encoding: 'utf8', env: { ...process.env, ...env } },
  );
  return { status, said: stdout + stderr };
}

function table(): Map<string, Record<string, string>> {
  const records: unknown = parse(readFileSync(join(out, 'cohort.csv'), 'utf8'), { columns: true });
  return new Map((records as Record<string, string>[]).map((row) => [row.slide ?? '', row]));
}

/** When a slide's map was written, in ms, and when its last job started according to its log. */
function work(slide: string): { readonly written: number; readonly startedAt: string } {
  const id = table().get(slide)?.id ?? '';
  const maps = join(out, 'slides', id, 'maps', `${slide.replace('.tif', '')}.nano-single.classes.tif`);
  const log = readFileSync(join(out, 'logs', `${id}.log`), 'utf8');
  return {
    written: existsSync(maps) ? statSync(maps).mtimeMs : 0,
    startedAt: /^(\S+) Started on /.exec(log)?.[1] ?? '',
  };
}

describe.skipIf(snakemake === null)('the workflow', { timeout: 600_000 }, () => {
  beforeAll(async () => {
    mkdirSync(join(folder, 'slides'));
    await phantom('a', 1);
    await phantom('b', 2);
    writeFileSync(broken, 'no slide');
  });

  it('reports failed and finished slides, and repeats only what has changed', async () => {
    const first = run();
    expect(first.status, first.said).toBe(1);
    expect(first.said).toContain('3 slides: 2 done, 1 failed');
    expect(table().get('a.tif')).toMatchObject({ status: 'done', model: 'nano-single', error: '' });
    expect(Number(table().get('a.tif')!.segmented_mm2)).toBeGreaterThan(0.1);
    expect(table().get('c.svs')).toMatchObject({ status: 'failed', segmented_mm2: '' });
    expect(table().get('c.svs')!.error).toMatch(/not a slide/);
    const gallery = readFileSync(join(out, 'gallery', 'index.html'), 'utf8');
    expect(gallery).toContain('a.tif');
    expect(gallery).toContain('not a slide');
    const before = { a: work('a.tif'), b: work('b.tif') };

    // One slide is repaired, one is replaced, one is unchanged.
    rmSync(broken);
    for (const ending of ['.tif', '.json']) rmSync(join(folder, 'slides', `b${ending}`));
    await phantom('b', 3);
    await phantom('c', 4);
    const second = run();
    expect(second.status, second.said).toBe(0);
    expect(second.said).toContain('3 slides: 3 done.');
    expect(work('a.tif')).toEqual(before.a);
    expect(work('b.tif').startedAt > before.b.startedAt).toBe(true);
    expect(work('b.tif').written).toBeGreaterThan(before.b.written);
    expect(before.a.startedAt).not.toBe('');
  });

  it('reports what is wrong with a configuration', () => {
    expect(run('qualty=fast').said).toMatch(/qualty/);
  });
});
