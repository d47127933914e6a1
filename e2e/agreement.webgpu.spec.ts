/** The same place and model on WebGPU (software adapter) and on wasm: the same class map, for every small model. */
import { expect, test } from '@playwright/test';
import { modelIds } from './fixtures/phantom.ts';
import { injectIntoWorkers } from './fixtures/worker-faults.ts';
import { finishedSlices, settle } from './fixtures/workbench.ts';

/** Tells how many bytes every read-back of a graphics device is. */
const tellReads = `
  const map = GPUBuffer.prototype.mapAsync;
  GPUBuffer.prototype.mapAsync = function (...args) {
    console.debug('read back', this.size);
    return map.apply(this, args);
  };
`;

// The software adapter makes 0.4 GFLOP/s: a compact network would take minutes.
for (const model of modelIds().filter((id) => id.startsWith('nano-'))) {
  test(`${model}: WebGPU and wasm agree on at least 99.9 % of pixels`, async ({ page }) => {
    test.setTimeout(300_000);
    const reads: number[] = [];
    page.on('console', (message) => {
      const [, bytes] = /^read back (\d+)$/.exec(message.text()) ?? [];
      if (bytes !== undefined) reads.push(Number(bytes));
    });
    await injectIntoWorkers(page, { segment: tellReads });
    const classMaps: Map<string, Uint8Array>[] = [];
    for (const backend of ['wasm', 'webgpu']) {
      // A few slices where glands of three classes meet.
      await page.goto(`/?slide=slides/phantom-1.tif&at=7370,2350,1.4&model=${model}&backend=${backend}`);
      await expect(page.getByTestId('backend')).toHaveAttribute('data-backend', backend);
      await settle(page);
      await page.keyboard.press('s');
      await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 200_000 });
      const slices = await finishedSlices(page);
      classMaps.push(new Map(slices.map(({ rect, classes }) => [`${rect.x},${rect.y}`, classes])));
    }

    const [onWasm, onWebgpu] = classMaps;
    let pixels = 0;
    let equal = 0;
    const values = new Set<number>();
    for (const [place, classes] of onWasm!) {
      const other = onWebgpu!.get(place);
      expect(other?.length).toBe(classes.length);
      for (let at = 0; at < classes.length; at += 1) {
        pixels += 1;
        if (classes[at] === other![at]) equal += 1;
        values.add(classes[at]!);
      }
    }
    console.log(`${equal} of ${pixels} pixels agree (${((100 * equal) / pixels).toFixed(3)} %)`);
    expect(onWebgpu!.size).toBe(onWasm!.size);
    expect(equal / pixels).toBeGreaterThanOrEqual(0.999);
    // Class and confidence, a byte each, of a slice and of batches of slices; nothing else waits for the device.
    const bytes = 2 * onWebgpu!.values().next().value!.length;
    expect(Math.min(...reads)).toBe(bytes);
    expect(reads.filter((read) => read % bytes !== 0)).toEqual([]);
    // A map of one class would agree with anything that is broken in the same way.
    expect(values.size).toBeGreaterThan(1);
  });
}
