import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyConfig as config, writeStripes } from './train-testing.ts';

const program = resolve(import.meta.dirname, '../../bin/dualscope.mjs');
/** Threads that wait for each other are slow where other programs run. */
const options = ['--threads', '1', '--json'];
let folder: string;

function dualscope(words: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [program, ...words], { encoding: 'utf8', timeout: 200_000 });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'train-'));
  await writeStripes(join(folder, 'data'));
  await writeFile(join(folder, 'config.json'), JSON.stringify(config));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('dualscope train', { timeout: 240_000 }, () => {
  it('trains, stops, resumes, keeps the best weights on validation, exports and reports', async () => {
    const call = ['train', '--config', join(folder, 'config.json'), '--data', join(folder, 'data')];
    const run = ['--run', join(folder, 'run'), '--out', join(folder, 'models'), ...options];
    const stopped = dualscope([...call, ...run, '--stop-after', '2']);
    expect(stopped.stderr).toContain('reading');
    expect(JSON.parse(stopped.stdout)).toMatchObject({ id: 'tiny', steps: 2, folder: null });
    const whole = JSON.parse(dualscope([...call, ...run]).stdout) as { steps: number; keptStep: number };
    expect(whole.steps).toBe(4);
    expect([2, 4]).toContain(whole.keptStep);

    const manifest = JSON.parse(
      await readFile(join(folder, 'models', 'tiny', 'manifest.json'), 'utf8'),
    ) as Record<string, unknown>;
    expect(manifest).toMatchObject({
      dataset: { mpp: 1, heldOutPatients: ['C'] },
      provenance: { steps: whole.keptStep },
      slice: { fieldUm: 32, sizePx: 32 },
    });
    const report = await readFile(join(folder, 'run', 'report.html'), 'utf8');
    expect(report).toContain('Research use only. Tests.');
    expect(report).toContain('data:image/png;base64,');
    expect(report).toContain('Confusion matrix on validation data');
  });

  it('fine-tunes a model for other classes', async () => {
    const own = {
      ...config,
      validation: undefined,
      id: 'two-classes',
      steps: 1,
      startModel: 'nano-attention',
      batchNorm: 'frozen',
      sampling: [1, 1],
      classes: config.classes.slice(0, 2),
      data: { ...config.data, classOfValue: [0, 0, 1, 1] },
    };
    await writeFile(join(folder, 'own.json'), JSON.stringify(own));
    const trained = dualscope([
      ...['train', '--config', join(folder, 'own.json'), '--data', join(folder, 'data')],
      ...['--run', join(folder, 'own-run'), '--out', join(folder, 'models'), ...options],
    ]);
    expect(JSON.parse(trained.stdout)).toMatchObject({ id: 'two-classes', steps: 1 });
    expect(trained.stderr).toContain('2 kernels start at random (nano-attention has other classes)');
    expect(trained.stderr).toContain('nano-attention may have been trained on patients that are measured on');
    const file = join(folder, 'models', 'two-classes', 'manifest.json');
    const manifest = JSON.parse(await readFile(file, 'utf8')) as {
      classes: unknown[];
      provenance: { data: string };
    };
    expect(manifest.classes).toHaveLength(2);
    expect(manifest.provenance.data).toMatch(
      /^stripes; fine-tuned from nano-attention, which was trained on /,
    );
  });

  it('reports errors in one line', async () => {
    await writeFile(
      join(folder, 'imagenet.json'),
      JSON.stringify({ ...config, encoderWeights: 'resnet18-imagenet' }),
    );
    const weights = dualscope(['train', '--config', join(folder, 'imagenet.json'), '--data', folder]);
    expect(weights.status).toBe(2);
    expect(weights.stderr).toMatch(/Set --weights to the folder that contains them/);
    const wrong = async (change: object): Promise<string> => {
      await writeFile(join(folder, 'wrong.json'), JSON.stringify({ ...config, ...change }));
      return dualscope(['train', '--config', join(folder, 'wrong.json'), '--data', folder]).stderr;
    };
    expect(await wrong({ sampling: [1, 1, 1] })).toMatch(/"sampling" is not valid: 3 values for 4 classes/);
    const start = { startModel: 'nano-attention' };
    expect(await wrong(start)).toMatch(/With "startModel", set "batchNorm": "frozen"/);
    expect(await wrong({ ...start, encoderWeights: 'resnet18-imagenet' })).toMatch(
      /"startModel" and "encoderWeights" are mutually exclusive/,
    );
    expect(await wrong({ startModel: 'nowhere', batchNorm: 'frozen' })).toMatch(/nowhere.manifest\.json/);
  });

  it('refuses to keep the features of encoders that train', async () => {
    const file = join(folder, 'features.json');
    await writeFile(file, JSON.stringify({ ...config, featureCache: { crops: 8 } }));
    const { status, stderr } = dualscope(['train', '--config', file, '--data', folder]);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /dualscope: The features of encoders that train change at every step\. .* set "freezeEncoders" to true/,
    );
  });
});
