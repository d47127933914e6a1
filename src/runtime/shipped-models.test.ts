import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { initialiseNodeBackend } from './backend.node.ts';
import { classAgreement } from './class-agreement.ts';
import { checkGolden, segmentGolden } from './golden-check.ts';
import { fromFolder } from './load-model.node.ts';
import { loadModel } from './load-model.ts';
import { readManifest, type ReadFile } from './model-files.ts';
import type { SliceMaps } from './segmenter.ts';

const folder = path.resolve(import.meta.dirname, '../../models');
const ids = existsSync(folder)
  ? readdirSync(folder).filter((id) => existsSync(path.join(folder, id, 'manifest.json')))
  : [];

/** Larger models take the cpu backend (0.8 GFLOP/s) too long for a test. */
const maxMacs = 1e9;

async function golden(id: string, backend: 'cpu' | 'wasm', readFile: ReadFile): Promise<SliceMaps> {
  await initialiseNodeBackend(backend);
  const segmenter = await loadModel(id, readFile);
  const { manifest } = segmenter;
  const result = await segmentGolden(segmenter, {
    slice: await readFile(manifest.golden.slice),
    context: manifest.golden.context === null ? null : await readFile(manifest.golden.context),
    sliceInContext: manifest.golden.sliceInContext ?? null,
  });
  segmenter.dispose();
  return result;
}

describe.skipIf(ids.length === 0)('the shipped models', () => {
  it.each(ids)('%s passes its golden check', async (id) => {
    await initialiseNodeBackend('wasm');
    const readFile = fromFolder(path.join(folder, id));
    const segmenter = await loadModel(id, readFile);
    expect(await checkGolden(segmenter, readFile)).toMatchObject({ passed: true });
    segmenter.dispose();
  });

  it.each(ids)('%s gives the same classes on cpu and wasm (99.9 % of pixels)', async (id) => {
    const readFile = fromFolder(path.join(folder, id));
    if ((await readManifest(id, readFile)).macs > maxMacs) return;
    const { share } = classAgreement(
      [await golden(id, 'cpu', readFile)],
      [await golden(id, 'wasm', readFile)],
    );
    expect(share).toBeGreaterThanOrEqual(0.999);
  });

  it.each(ids)('%s was measured in half precision: at most 0.5 %% of pixels change class', async (id) => {
    const { storageAgreement } = await readManifest(id, fromFolder(path.join(folder, id)));
    expect(storageAgreement?.slices).toBeGreaterThanOrEqual(16);
    expect(storageAgreement?.share).toBeGreaterThanOrEqual(0.995);
  });

  it.each(ids.filter((id) => id.startsWith('nano-')))('%s has weights under 1 MB', async (id) => {
    const files = readdirSync(path.join(folder, id)).filter((name) => name.startsWith('weights-'));
    const bytes = files.reduce((sum, name) => sum + statSync(path.join(folder, id, name)).size, 0);
    expect(bytes).toBeLessThan(1e6);
    expect((await readManifest(id, fromFolder(path.join(folder, id)))).graph.weightsBytes).toBe(bytes);
  });
});
