/** WebGPU through ONNX Runtime, on the software driver that Chromium brings along. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fromFile } from 'geotiff';
import { expect, it } from 'vitest';
import { swiftShaderEnvironment } from '../runtime/native/swiftshader-testing.node.ts';
import { smallRegion } from './segment-testing.ts';
import type { SegmentResult } from './segment-result.ts';

const environment = swiftShaderEnvironment('WebGPU through ONNX Runtime');

it.skipIf(environment === null)(
  'segments with WebGPU as on the processor',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'dualscope-webgpu-'));
    try {
      const segment = async (backend: string): Promise<SegmentResult> => {
        const words = ['--roi', '900,900,900,100', '--quality', 'fast', '--glass', 'include', '--json'];
        const child = spawn(
          process.execPath,
          [
            join(import.meta.dirname, '../../bin/dualscope.mjs'),
            ...['segment', smallRegion, '--model', 'nano-attention', '--out', join(folder, backend)],
            ...['--backend', backend, ...words],
          ],
          { stdio: ['ignore', 'pipe', 'inherit'], env: environment ?? {} },
        );
        const ended = once(child, 'exit');
        const output = await text(child.stdout);
        expect((await ended)[0]).toBe(0);
        return JSON.parse(output) as SegmentResult;
      };
      const [webgpu, cpu, auto] = await Promise.all([segment('webgpu'), segment('cpu'), segment('auto')]);
      expect(webgpu).toMatchObject({ backend: 'webgpu', slices: 4, broken: 0 });
      // A software adapter is never chosen.
      expect(auto.backend).toBe('cpu');
      const [a, b] = await Promise.all([webgpu, cpu].map(classesOf));
      let equal = 0;
      a?.forEach((value, pixel) => (equal += value === b?.[pixel] ? 1 : 0));
      expect(a?.length).toBe(b?.length);
      expect(equal / (a?.length ?? NaN)).toBeGreaterThanOrEqual(0.999);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  600_000,
);

async function classesOf({ files }: SegmentResult): Promise<Uint8Array> {
  const file = files.find((name) => name.endsWith('.classes.tif'));
  if (file === undefined) throw new Error('There is no class map.');
  const image = await (await fromFile(file)).getImage(0);
  return (await image.readRasters({ interleave: true })) as unknown as Uint8Array;
}
