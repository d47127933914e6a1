import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { initialiseNodeBackend } from '../backend.node.ts';
import { exportModel } from './export-model.ts';
import { dualNetwork } from './test-networks.ts';
import { manifestFields, randomInputs, randomWeights } from './testing.ts';

beforeAll(() => initialiseNodeBackend('wasm'));

it.each(['wasm', 'cpu'])(
  'an exported model runs in a script that uses only TF.js, on %s',
  async (backend) => {
    const inputs = randomInputs(1, 48, 64);
    const { files } = await exportModel({
      fields: manifestFields({ slicePx: 48, contextPx: 64, classes: 4 }),
      network: dualNetwork,
      variables: await randomWeights(dualNetwork, inputs),
      golden: {
        slice: Uint8Array.from(await inputs.slice.data()),
        context: Uint8Array.from(await inputs.context!.data()),
        sliceInContext: { x: 0.2, y: 0.5, size: 0.4 },
      },
    });
    const folder = await mkdtemp(path.join(os.tmpdir(), 'dualscope-graph-'));
    try {
      for (const [name, data] of files) await writeFile(path.join(folder, name), data);
      const script = path.resolve(import.meta.dirname, '../../../scripts/check-graph-model.mjs');
      const { stdout } = await promisify(execFile)(process.execPath, [script, folder, backend]);
      const report = JSON.parse(stdout.slice(stdout.indexOf('{"backend"'))) as Record<string, unknown>;
      expect(report).toMatchObject({
        backend,
        outputs: [
          { name: 'logits', shape: [1, 48, 48, 4], dtype: 'float32' },
          { name: 'packed', shape: [1, 48, 48], dtype: 'int32' },
        ],
      });
      expect(report.agreement).toBeGreaterThan(0.999);
      expect(report.splitDifference).toBeLessThan(1e-5);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
