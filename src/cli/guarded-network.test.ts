/** Commands recover from device errors: a lost or failed computation never becomes part of a result. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { RunningBackend } from '../runtime/backend-initialise.ts';
import { ModelError } from '../runtime/manifest.ts';
import type { NodeBackendName } from '../runtime/native/node-backends.ts';
import type * as backendModule from '../runtime/native/start-backend.node.ts';
import { addSegmentCommand } from './segment.ts';
import { differingFiles, printedBy, smallRegion, writeSmallModel } from './segment-testing.ts';
import type { SegmentResult } from './segment-result.ts';

/** Faults of the next backends to start, in order; later backends work. */
const faults: Partial<Pick<RunningBackend, 'lost' | 'watch'>>[] = [];
const started: (readonly [NodeBackendName | null, readonly NodeBackendName[]])[] = [];

vi.mock('../runtime/native/start-backend.node.ts', async (original) => {
  const real = await original<typeof backendModule>();
  return {
    ...real,
    startNodeBackend: async (
      wanted: NodeBackendName | null = null,
      failed: readonly NodeBackendName[] = [],
    ): Promise<backendModule.NodeBackend> => {
      started.push([wanted, failed]);
      // Named webgpu, so that the fallback after a failure is the one of a graphics card.
      const name = failed.includes('webgpu') ? 'cpu' : 'webgpu';
      return { ...(await real.startNodeBackend('cpu')), name, ...faults.shift() };
    },
  };
});

let folder: string;
let whole: SegmentResult;

const segment = async (out: string, ...words: string[]): Promise<SegmentResult> =>
  JSON.parse(
    await printedBy(addSegmentCommand, [
      ...['segment', smallRegion, '--model', join(folder, 'model'), '--out', join(folder, out)],
      ...['--quality', 'fast', '--glass', 'include', '--json', ...words],
    ]),
  ) as SegmentResult;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dualscope-guarded-'));
  await writeSmallModel(join(folder, 'model'));
  whole = await segment('whole');
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(() => {
  started.length = 0;
});

const refusal = new ModelError('backend', 'webgpu', 'The device refused a computation.', 'Use wasm.');

/** Fails the computations for which `when` holds, counted from 1. */
function failing(when: (call: number) => boolean): RunningBackend['watch'] {
  let calls = 0;
  return (work) => ({
    result: work(),
    sound: when(++calls) ? Promise.reject(refusal) : Promise.resolve(),
  });
}

it('repeats failed computations on the same backend after a restart', async () => {
  faults.push({ watch: failing((call) => call === 5) });
  const result = await segment('refused');
  expect(started).toEqual([
    [null, []],
    ['webgpu', []],
  ]);
  expect(result).toMatchObject({ slices: 12, computed: 12, broken: 0 });
  expect(await differingFiles(result, whole)).toEqual([]);
});

it('falls back to another backend when every computation fails, and reports it', async () => {
  faults.push({ watch: failing(() => true) }, { watch: failing(() => true) });
  const stderr = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const result = await segment('all-refused');
  const printed = stderr.mock.calls.map(([text]) => String(text)).join('');
  stderr.mockRestore();
  expect(started.at(-1)).toEqual([null, ['webgpu']]);
  expect(result).toMatchObject({ backend: 'cpu', slices: 12, broken: 0 });
  expect(printed).toContain('continued on cpu');
  expect(await differingFiles(result, whole)).toEqual([]);
});

it('continues when the device is lost during the run', async () => {
  let calls = 0;
  let lose: (reason: string) => void = () => undefined;
  faults.push({
    lost: new Promise((resolve) => (lose = resolve)),
    watch: (work) => {
      if (++calls === 4) lose('driver reset');
      return { result: work(), sound: Promise.resolve() };
    },
  });
  const result = await segment('lost');
  expect(started.length).toBe(2);
  expect(result).toMatchObject({ slices: 12, broken: 0 });
  expect(await differingFiles(result, whole)).toEqual([]);
});
