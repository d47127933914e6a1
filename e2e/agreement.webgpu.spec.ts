/** The same place and model on WebGPU (software adapter) and on wasm: the same class map, for every small model. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import type { ModelManifest } from '../src/runtime/manifest.ts';
import { modelIds } from './fixtures/phantom.ts';
import { injectIntoWorkers } from './fixtures/worker-faults.ts';
import { layerSlices, settle } from './fixtures/workbench.ts';

/** Tells how many bytes every read-back of a graphics device is. */
const tellReads = `
  const map = GPUBuffer.prototype.mapAsync;
  GPUBuffer.prototype.mapAsync = function (...args) {
    console.debug('read back', this.size);
    return map.apply(this, args);
  };
`;

// The software adapter makes 0.4 GFLOP/s: a compact network would take minutes.
const models = modelIds().filter((id) => id.startsWith('nano-'));

type Maps = Map<string, Uint8Array>;

/** Class maps of all models on one backend, by model and place. One visit: shaders that models share compile once. */
async function classMapsOn(
  page: Page,
  backend: string,
  onModel: (model: string) => void,
): Promise<Map<string, Maps>> {
  // A few slices where glands of three classes meet.
  await page.goto(`/?slide=slides/phantom-1.tif&at=7370,2350,1.4&model=${models[0]!}&backend=${backend}`);
  await expect(page.getByTestId('backend')).toHaveAttribute('data-backend', backend);
  await settle(page);
  const all = new Map<string, Maps>();
  for (const model of models) {
    onModel(model);
    await page.getByTestId('layer-select').selectOption(`model:${model}`);
    const ended = await page.evaluate(() => window.dualscope!.endedRuns());
    await page.getByTestId('view-A').focus();
    await page.keyboard.press('s');
    await page.waitForFunction((before) => window.dualscope!.endedRuns() > before, ended, {
      timeout: 400_000,
    });
    await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/);
    const slices = await layerSlices(page, `model:${model}`);
    all.set(model, new Map(slices.map(({ rect, classes }) => [`${rect.x},${rect.y}`, classes])));
  }
  await expect(page.getByTestId('backend')).toHaveAttribute('data-backend', backend);
  return all;
}

/** Bytes of the means of each measured stage of a model's encoder. */
function meansBytes(model: string): number[] {
  const file = join(import.meta.dirname, '../models', model, 'manifest.json');
  const { domain } = JSON.parse(readFileSync(file, 'utf8')) as ModelManifest;
  return (domain?.stages ?? []).map(({ channels }) => 4 * channels);
}

test('WebGPU and wasm agree on at least 99.9 % of pixels, for every small model', async ({ page }) => {
  test.setTimeout(900_000);
  expect(models.length).toBeGreaterThanOrEqual(4);
  const reads = new Map(models.map((model) => [model, [] as number[]]));
  let running = models[0]!;
  page.on('console', (message) => {
    const [, bytes] = /^read back (\d+)$/.exec(message.text()) ?? [];
    if (bytes !== undefined) reads.get(running)!.push(Number(bytes));
  });
  const onWasm = await classMapsOn(page, 'wasm', () => undefined);
  expect([...reads.values()].flat()).toEqual([]);
  await injectIntoWorkers(page, { segment: tellReads });
  const onWebgpu = await classMapsOn(page, 'webgpu', (model) => (running = model));

  for (const model of models) {
    let pixels = 0;
    let equal = 0;
    const values = new Set<number>();
    for (const [place, classes] of onWasm.get(model)!) {
      const other = onWebgpu.get(model)!.get(place);
      expect(other?.length, model).toBe(classes.length);
      for (let at = 0; at < classes.length; at += 1) {
        pixels += 1;
        if (classes[at] === other![at]) equal += 1;
        values.add(classes[at]!);
      }
    }
    console.log(`${model}: ${equal} of ${pixels} pixels agree (${((100 * equal) / pixels).toFixed(3)} %)`);
    expect(onWebgpu.get(model)!.size, model).toBe(onWasm.get(model)!.size);
    expect(equal / pixels, model).toBeGreaterThanOrEqual(0.999);
    // Before the first slice, the encoder's means of up to 16 slices, to see whether the model knows such tissue. Then class
    // and confidence, a byte each, of a slice and of batches of slices; nothing else waits for the device.
    const bytes = 2 * onWebgpu.get(model)!.values().next().value!.length;
    const means = meansBytes(model);
    const ofSlices = reads.get(model)!.filter((read) => !means.includes(read));
    const others = reads.get(model)!.length - ofSlices.length;
    expect(others, model).toBeGreaterThan(0);
    expect(others, model).toBeLessThanOrEqual(16 * means.length);
    expect(Math.min(...ofSlices), model).toBe(bytes);
    expect(
      ofSlices.filter((read) => read % bytes !== 0),
      model,
    ).toEqual([]);
    // A map of one class would agree with anything that is broken in the same way.
    expect(values.size, model).toBeGreaterThan(1);
  }
});
