/** Runs the workflow with its local profile twice, from slides to the table. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
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

interface Ended {
  readonly status: number | null;
  readonly said: string;
}

/** Runs the workflow with a profile, in a folder. */
function snakemakeWith(
  profile: string,
  cwd: string,
  options: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Ended {
  const { command, words, env } = snakemake!;
  const { status, stdout, stderr } = spawnSync(
    command,
    [
      ...words,
      ...['--snakefile', join(root, 'workflow', 'Snakefile')],
      ...['--profile', join(root, 'workflow', 'profiles', profile), ...options],
    ],
    // With CI, Snakemake asks for a cluster job's state every second instead of every ten.
    { cwd, encoding: 'utf8', env: { ...process.env, CI: 'true', ...env, ...more } },
  );
  return { status, said: stdout + stderr };
}

/** Runs the workflow as `docs/cohorts.md` describes. */
function run(...config: readonly string[]): Ended {
  const all = [`slides=${join(folder, 'slides')}`, 'model=nano-single', `out=${out}`, ...config];
  return snakemakeWith('local', folder, ['--cores', '2', '--config', ...all]);
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
    expect(Number(table().get('a.tif')!.segmented_tissue_mm2)).toBeGreaterThan(0.1);
    expect(table().get('c.svs')).toMatchObject({ status: 'failed', segmented_tissue_mm2: '' });
    expect(table().get('c.svs')!.error).toMatch(/not a slide/);
    const gallery = readFileSync(join(out, 'gallery', 'index.html'), 'utf8');
    expect(gallery).toContain('a.tif');
    expect(gallery).toContain('not a slide');
    const before = { a: work('a.tif'), b: work('b.tif') };

    // One slide is repaired, one is replaced, one is unchanged.
    rmSync(broken);
    for (const ending of ['.tif', '-mask.tif', '.xml', '.json']) rmSync(join(folder, 'slides', `b${ending}`));
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

/**
 * Everything that a shell would act on, in one name, and a dash that programs would take for an option's. Snakemake takes
 * braces for wildcards, so `out` has none.
 */
const hostile = `-rf o;touch HACKED #$(touch HACKED)\`touch HACKED\` "d" 'q' \\ $HOME & | > HACKED * é切\nnext`;

describe.skipIf(snakemake === null)(
  'configured values with everything that a shell acts on',
  { timeout: 600_000 },
  () => {
    const place = join(folder, 'hostile');
    const slides = join(place, `slides ${hostile}`);
    const model = join(place, `model ${hostile}`);
    const config = {
      slides: [slides],
      model,
      out: hostile,
      title: `${hostile} {braces} <b>`,
      app: 'https://example.org/$(touch%20HACKED)?a=`touch HACKED`',
      slides_url: "https://example.org/';touch HACKED;'",
    };
    const row = (): string | undefined => {
      const records: unknown = parse(readFileSync(join(place, hostile, 'cohort.csv'), 'utf8'), {
        columns: true,
      });
      return (records as Record<string, string>[])[0]?.status;
    };

    beforeAll(async () => {
      mkdirSync(slides, { recursive: true });
      cpSync(join(root, 'models', 'nano-single'), model, { recursive: true });
      const size = { widthMm: 0.4, heightMm: 0.4, mpp: 2, maskMpp: 8, quality: 85, format: 'tif' } as const;
      await writePhantom({ directory: slides, name: 's $(touch HACKED)', seed: 5, ...size });
      writeFileSync(join(place, 'cohort.yaml'), JSON.stringify(config));
    });

    const hacked = (): string[] =>
      readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((name) => /(^|\/)HACKED$/.test(name));

    it('run as they are on this machine', () => {
      const { status, said } = snakemakeWith('local', place, ['--cores', '1', '--configfile', 'cohort.yaml']);
      expect(status, said).toBe(0);
      expect(row()).toBe('done');
      expect(hacked()).toEqual([]);
    });

    // Snakemake quotes for cluster jobs itself; stand-ins replace the cluster's commands and run the job at once.
    it.each([
      [
        'slurm',
        { sbatch: 'bash "${@: -1}" > job.log 2>&1; echo $? > job.status; echo 7' },
        { scontrol: '[[ $(cat job.status) == 0 ]] && echo JobState=COMPLETED || echo JobState=FAILED' },
      ],
      [
        'kubernetes',
        {
          kubectl:
            'if [[ $1 == get ]]; then [[ $(cat job.status) == 0 ]] && echo Complete || echo Failed; exit; fi; node -e "$RUN_JOB"; echo -n job',
        },
        {},
      ],
    ] as const)('run as they are on a cluster: %s', (profile, submit, status) => {
      const bin = join(place, `bin-${profile}`);
      mkdirSync(bin);
      for (const [name, text] of Object.entries({ ...submit, ...status })) {
        writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`, { mode: 0o755 });
      }
      rmSync(join(place, hostile, 'slides'), { recursive: true, force: true });
      rmSync(join(place, hostile, 'cohort.csv'), { force: true });
      const settings = [
        '--config',
        ...Object.entries(config).flatMap(([key, value]) =>
          typeof value === 'string' ? [`${key}=${value}`] : [],
        ),
      ];
      // A list can't be given on the command line, so the slides are named as the folder alone.
      const options = ['--latency-wait', '2', ...settings, `slides=${slides}`];
      const more = {
        PATH: `${bin}${delimiter}${process.env.PATH ?? ''}`,
        DUALSCOPE_IMAGE: 'image',
        DUALSCOPE_CLAIM: 'claim',
        RUN_JOB:
          "const{command:[c,...w],workingDir:cwd}=JSON.parse(require('fs').readFileSync(0,'utf8')).spec.template.spec.containers[0];const r=require('child_process').spawnSync(c,w,{cwd});require('fs').writeFileSync('job.status',String(r.status));require('fs').writeFileSync('job.log',r.stderr)",
      };
      const ended = snakemakeWith(profile, place, options, more);
      const log = existsSync(join(place, 'job.log')) ? readFileSync(join(place, 'job.log'), 'utf8') : '';
      expect(ended.status, ended.said + log).toBe(0);
      expect(row()).toBe('done');
      expect(hacked()).toEqual([]);
    });

    it('say what braces mean', () => {
      const { status, said } = snakemakeWith('local', place, [
        ...['--cores', '1', '-n', '--configfile', 'cohort.yaml', '--config', 'out=a{b}'],
      ]);
      expect(status).not.toBe(0);
      expect(said).toContain('Choose a folder without braces.');
    });
  },
);

it('quotes every field of a shell command in the workflow', () => {
  const text = readFileSync(join(root, 'workflow', 'Snakefile'), 'utf8');
  const commands = [...text.matchAll(/^ {4}shell:\n((?: {8}.*\n)+)/gm)].map(([, lines]) =>
    [...(lines ?? '').matchAll(/"(.*)"/g)].map(([, part]) => part).join(''),
  );
  expect(commands).toHaveLength(3);
  for (const command of commands) {
    const fields = [...command.matchAll(/\{([^}]*)\}/g)].map(([, field]) => field ?? '');
    expect(fields.length).toBeGreaterThan(3);
    for (const field of fields) expect(field).toMatch(/:q$|^threads$/);
    if (process.platform === 'win32') continue;
    // As Snakemake does it, each value in the quotes of Python's shlex.
    const line = command
      .replace(/ 2?> /g, ' ')
      .replace(/\{[^}]*\}/g, (field) => (field === '{threads}' ? '1' : shlexQuote(hostile)));
    const { stdout } = spawnSync('bash', ['-c', `f() { printf '%s\\0' "$@"; }; f ${line}`], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(stdout.split('\0').filter((word) => word.includes('touch'))).toEqual(
      expect.arrayContaining([hostile]),
    );
    expect(readdirSync(folder)).not.toContain('HACKED');
  }
});

const shlexQuote = (text: string): string => `'${text.replaceAll("'", `'"'"'`)}'`;
