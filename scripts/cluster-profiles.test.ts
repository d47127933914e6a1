/** What the profiles' scripts submit to a cluster, and how they read its answers. Stand-ins replace the cluster's commands. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const profiles = resolve(import.meta.dirname, '..', 'workflow', 'profiles');
const folder = mkdtempSync(join(tmpdir(), 'dualscope-profiles-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'job.sh'), 'true\n');

/** Runs a profile's script with stand-ins for the cluster's commands: name and shell code. */
function ask(
  script: string,
  words: readonly string[],
  commands: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
): { readonly said: string; readonly status: number | null; readonly complaint: string } {
  const bin = join(folder, 'bin');
  rmSync(bin, { recursive: true, force: true });
  mkdirSync(bin);
  for (const [name, text] of Object.entries(commands)) {
    writeFileSync(join(bin, name), `#!/bin/bash\n${text}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  const { stdout, stderr, status } = spawnSync('bash', [join(profiles, script), ...words], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, ...env, PATH: `${bin}${delimiter}${process.env.PATH ?? ''}` },
  });
  return { said: stdout.trim(), status, complaint: stderr };
}

const job = ['2', '1500', '90', '1', 'segment', 'id=a-1', 'job.sh'];

// Clusters run Linux; the scripts need bash.
describe.skipIf(process.platform === 'win32')('Slurm', () => {
  const status = (scontrol: string, sacct = 'exit 1'): string =>
    ask('slurm/status.sh', ['7'], { scontrol, sacct }).said;

  it('requests what the rule needs and returns the job’s number', () => {
    const { said } = ask('slurm/submit.sh', job, { sbatch: 'printf "%s\\n" "$@" > words; echo "7;cluster"' });
    expect(said).toBe('7');
    const words = spawnSync('cat', [join(folder, 'words')], { encoding: 'utf8' })
      .stdout.trim()
      .split('\n');
    expect(words).toEqual(
      expect.arrayContaining([
        '--cpus-per-task=2',
        '--mem=1500M',
        '--time=90',
        '--gpus=1',
        '--job-name=dualscope.segment.a-1',
      ]),
    );
    expect(words.at(-1)).toBe('job.sh');
  });

  it('requests no graphics card if none is needed', () => {
    const without = job.map((word, i) => (i === 3 ? '0' : word));
    ask('slurm/submit.sh', without, { sbatch: 'printf "%s\\n" "$@" > words; echo 7' });
    expect(spawnSync('cat', [join(folder, 'words')], { encoding: 'utf8' }).stdout).not.toContain('gpu');
  });

  it('distinguishes running, done and failed', () => {
    for (const [state, word] of [
      ['PENDING', 'running'],
      ['RUNNING', 'running'],
      ['COMPLETED', 'success'],
      ['CANCELLED', 'failed'],
      ['TIMEOUT', 'failed'],
      ['OUT_OF_MEMORY', 'failed'],
      ['NODE_FAIL', 'failed'],
    ]) {
      expect(status(`echo "JobId=7 JobName=x JobState=${state} Reason=None"`)).toBe(word);
    }
  });

  it('asks the accounting about jobs that the controller has forgotten', () => {
    const forgotten = 'echo "slurm_load_jobs error: Invalid job id specified" >&2; exit 1';
    expect(status(forgotten, 'echo COMPLETED')).toBe('success');
    expect(status(forgotten, 'echo "CANCELLED by 0"')).toBe('failed');
    expect(status(forgotten)).toBe('failed');
  });

  it('does not give up a job while the controller is unavailable', () => {
    expect(status('echo "slurm_load_jobs error: Unable to contact slurm controller" >&2; exit 1')).toBe(
      'running',
    );
  });
});

describe.skipIf(process.platform === 'win32')('Kubernetes', () => {
  const env = { DUALSCOPE_IMAGE: 'registry.example.org/dualscope:1', DUALSCOPE_CLAIM: 'slides' };
  const status = (kubectl: string): string => ask('kubernetes/status.sh', ['j'], { kubectl }).said;

  it('creates a Job with the image, the volume and what the rule needs', () => {
    const kubectl = 'cat > manifest.json; printf "%s\\n" "$1" >&2; echo -n dualscope-segment-x1';
    const { said } = ask('kubernetes/submit.sh', job, { kubectl }, env);
    expect(said).toBe('dualscope-segment-x1');
    const text = spawnSync('cat', [join(folder, 'manifest.json')], { encoding: 'utf8' }).stdout;
    expect(JSON.parse(text)).toMatchObject({
      apiVersion: 'batch/v1',
      kind: 'Job',
      spec: {
        backoffLimit: 0,
        activeDeadlineSeconds: 5400,
        template: {
          spec: {
            restartPolicy: 'Never',
            containers: [
              {
                image: env.DUALSCOPE_IMAGE,
                resources: {
                  requests: { cpu: '2', memory: '1500M' },
                  limits: { memory: '1500M', 'nvidia.com/gpu': '1' },
                },
                volumeMounts: [{ name: 'work', mountPath: '/work' }],
              },
            ],
            volumes: [{ name: 'work', persistentVolumeClaim: { claimName: 'slides' } }],
          },
        },
      },
    });
  });

  it('reports what is missing, and submits nothing', () => {
    const none = { DUALSCOPE_IMAGE: '', DUALSCOPE_CLAIM: '' };
    const { status: code, complaint } = ask('kubernetes/submit.sh', job, { kubectl: 'exit 1' }, none);
    expect(code).not.toBe(0);
    expect(complaint).toContain('Set DUALSCOPE_IMAGE');
  });

  it('distinguishes running, done and failed', () => {
    expect(status('true')).toBe('running');
    expect(status('echo -n "SuccessCriteriaMet Complete "')).toBe('success');
    expect(status('echo -n "FailureTarget Failed "')).toBe('failed');
    expect(status(`echo 'Error from server (NotFound): jobs.batch "j" not found' >&2; exit 1`)).toBe(
      'failed',
    );
    expect(status('echo "Unable to connect to the server" >&2; exit 1')).toBe('running');
  });
});
