/**
 * A graphics device that fails in the middle of a run, on WebGPU with Chromium's software adapter: the run goes
 * on, says so, and every slice is to the pixel what an undisturbed run gives.
 */
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { phantomSlide } from './fixtures/phantom.ts';
import { serveTinyModels } from './fixtures/tiny-model.ts';
import { injectIntoWorkers } from './fixtures/worker-faults.ts';
import { finishedSlices, openFile, runWholeSlide } from './fixtures/workbench.ts';

const model = 'tiny';

type Maps = Map<string, string>;

/** Segments the slide on `backend`; the class map of each slice as text, by place. */
async function segmented(page: Page, path: string, backend: string): Promise<Maps> {
  await page.goto(`/?slide=none&model=${model}&backend=${backend}`);
  await openFile(page, path);
  await expect(page.getByTestId('backend')).toHaveAttribute('data-backend', backend);
  await runWholeSlide(page);
  const slices = await finishedSlices(page);
  return new Map(
    slices.map(({ rect, classes }) => [`${rect.x},${rect.y}`, Buffer.from(classes).toString('latin1')]),
  );
}

/** What the log says of recoveries, latest first. */
async function recoveries(page: Page): Promise<string[]> {
  await page.getByTestId('command-interface.log').click();
  return page.getByText('no finished slice is lost').allTextContents();
}

/**
 * Watches what the page does with WebGPU: `devices` requested so far, `device` the present one, `reads` read-backs
 * begun on it. `onRead(device, devices, reads)` and the other hooks are for the faults below.
 */
const watchDevices = `
  const hooks = { onRead: () => {}, mayStart: () => true };
  let devices = 0;
  let reads = 0;
  let device = null;
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...args) {
    if (!hooks.mayStart(devices + 1)) throw new Error('injected: no device any more');
    device = await request.apply(this, args);
    devices += 1;
    reads = 0;
    return device;
  };
  const map = GPUBuffer.prototype.mapAsync;
  GPUBuffer.prototype.mapAsync = function (...args) {
    const answer = map.apply(this, args);
    hooks.onRead(device, devices, ++reads);
    return answer;
  };
`;

/** Memory is short as Chromium says it: the buffer is void, and the error scope tells of it later. */
const outOfMemory = `
  let short = false;
  const create = GPUDevice.prototype.createBuffer;
  GPUDevice.prototype.createBuffer = function (descriptor) {
    if (devices !== 1 || reads < 2 || short) return create.call(this, descriptor);
    short = true;
    return create.call(this, { ...descriptor, mappedAtCreation: false, usage: 0 });
  };
  const pop = GPUDevice.prototype.popErrorScope;
  GPUDevice.prototype.popErrorScope = async function () {
    const error = await pop.call(this);
    return error !== null && short && devices === 1 ? new GPUOutOfMemoryError('injected') : error;
  };
`;

/** A shader that the driver refuses. */
const brokenShaders = (when: string): string => `
  const compile = GPUDevice.prototype.createShaderModule;
  let modules = 0;
  GPUDevice.prototype.createShaderModule = function (descriptor) {
    const broken = (${when})(devices, ++modules);
    return compile.call(this, broken ? { ...descriptor, code: 'not a shader' } : descriptor);
  };
`;

test.describe.configure({ mode: 'serial' });

test.beforeEach(({ page }) => serveTinyModels(page));

let path = '';
let undisturbed: Maps;
let onWasm: Maps;

test('undisturbed, for comparison', async ({ page }) => {
  path = (await phantomSlide(90_002, 2.4, 0.9)).slidePath;
  undisturbed = await segmented(page, path, 'webgpu');
  onWasm = await segmented(page, path, 'wasm');
  expect(undisturbed.size).toBe(12);
  // A map of one class would agree with anything that is broken in the same way.
  expect(new Set([...undisturbed.values()].join('')).size).toBeGreaterThan(1);
});

for (const [fault, script, says] of [
  [
    'a lost device',
    'hooks.onRead = (device, devices, reads) => { if (devices === 1 && reads === 3) device.destroy(); };',
    /was lost/,
  ],
  ['too little memory', outOfMemory, /is out of memory/],
  [
    'a shader that fails once',
    brokenShaders('(devices, modules) => devices === 1 && modules === 10'),
    /rejected a computation/,
  ],
] as const) {
  test(`${fault}: the same class map from a new device`, async ({ page }) => {
    await injectIntoWorkers(page, { segment: watchDevices + script });
    expect(await segmented(page, path, 'webgpu')).toEqual(undisturbed);
    await expect(page.getByTestId('notice')).toContainText(says);
    await expect(page.getByTestId('notice')).toContainText('restarted');
    await expect(page.getByTestId('backend')).toHaveAttribute('data-backend', 'webgpu');
    expect((await recoveries(page)).length).toBeGreaterThanOrEqual(1);
  });
}

for (const [fault, script] of [
  [
    'a device that can not be had again',
    'hooks.mayStart = (device) => device === 1; hooks.onRead = (device, devices, reads) => { if (reads === 4) device.destroy(); };',
  ],
  ['a shader that always fails', brokenShaders('(devices, modules) => modules > 9')],
] as const) {
  test(`${fault}: the next backend finishes the run, and the page says so`, async ({ page }) => {
    await injectIntoWorkers(page, { segment: watchDevices + script });
    await page.goto(`/?slide=none&model=${model}&backend=webgpu`);
    await openFile(page, path);
    await expect(page.getByTestId('backend')).toHaveAttribute('data-backend', 'webgpu');
    await runWholeSlide(page);
    await expect(page.getByTestId('notice')).toContainText('continued on wasm');
    await expect(page.getByTestId('backend')).toHaveAttribute('data-backend', 'wasm');
    await expect(page.getByTestId('backend')).toContainText('webgpu failed in this run');
    const slices = await finishedSlices(page);
    expect(slices.length).toBe(undisturbed.size);
    for (const { rect, classes } of slices) {
      const map = Buffer.from(classes).toString('latin1');
      const place = `${rect.x},${rect.y}`;
      expect([undisturbed.get(place) === map, onWasm.get(place) === map]).toContain(true);
    }
  });
}

test('a lost device while promises of the worker are rejected unheard: the run goes on', async ({ page }) => {
  const script = `hooks.onRead = (device, devices, reads) => {
    if (devices !== 1 || reads !== 3) return;
    for (let i = 0; i < 20; i++) void Promise.reject(new Error('injected'));
    device.destroy();
  };`;
  await injectIntoWorkers(page, { segment: watchDevices + script });
  expect(await segmented(page, path, 'webgpu')).toEqual(undisturbed);
  await expect(page.getByTestId('notice')).toContainText('restarted');
});

test('a lost device and an exception that nobody catches: the run ends with a sentence, work is kept', async ({
  page,
}) => {
  const script = `hooks.onRead = (device, devices, reads) => {
    if (devices !== 1 || reads !== 3) return;
    setTimeout(() => { throw new Error('injected'); });
    device.destroy();
  };`;
  await injectIntoWorkers(page, { segment: watchDevices + script });
  await page.goto(`/?slide=none&model=${model}&backend=webgpu`);
  await openFile(page, path);
  await expect(page.getByTestId('backend')).toHaveAttribute('data-backend', 'webgpu');
  await runWholeSlide(page);
  await expect(page.getByTestId('notice')).toContainText('The segmentation worker stopped');
  // It happens in every worker at the same place.
  await expect(page.getByTestId('notice')).toContainText('Finished slices stay.');
  await expect(page.getByRole('button', { name: 'Resume segmentation' })).toBeVisible();
  for (const { rect, classes } of await finishedSlices(page)) {
    const map = Buffer.from(classes).toString('latin1');
    expect(undisturbed.get(`${rect.x},${rect.y}`)).toBe(map);
  }
  // Annotations do not need that worker.
  await page.getByTestId('command-panel.annotations').click();
  await page.keyboard.press('Alt+B');
  for (const key of ['ArrowRight', ' ', 'ArrowRight', 'ArrowDown', ' ']) await page.keyboard.press(key);
  await page.goto(`/?slide=none&model=${model}&backend=wasm`);
  await openFile(page, path);
  await expect(page.getByTestId('annotation-list').getByRole('button')).toHaveCount(1);
});
