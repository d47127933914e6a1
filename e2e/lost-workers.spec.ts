/** Workers of the engine that crash or hang in the middle of a run, and a decoder that never answers. */
import type { Page } from '@playwright/test';
import { withPreferences } from './fixtures/preferences.ts';
import { expect, test } from '@playwright/test';
import { quickLimits } from './fixtures/quick-clock.ts';
import { serveTinyModels } from './fixtures/tiny-model.ts';
import type { WorkerName } from './fixtures/worker-faults.ts';
import { finishedSlices, runWholeSlide } from './fixtures/workbench.ts';

// Default preferences: results are saved.
test.use({ storageState: withPreferences({ askMisfit: false }) });
test.describe.configure({ mode: 'serial' });
test.beforeEach(({ page }) => serveTinyModels(page));

const crash = "setTimeout(() => { throw new Error('injected'); });";
const hang = 'for (;;);';

/** Runs `fault` in the first segmentation worker, when it reports a slice. */
const atSlice = (slice: number, fault: string): string => `
  let slices = 0;
  const post = globalThis.postMessage;
  globalThis.postMessage = (message, ...rest) => {
    post.call(globalThis, message, ...rest);
    const kind = message.kind === 'progress' ? message.value.kind : '';
    if (workerNumber === 1 && (kind === 'slice' || kind === 'progress') && ++slices === ${slice}) { ${fault} }
  };`;

/** Runs `fault` in the first storage worker, when it writes for the sixth time. */
const atWrite = (fault: string): string => `
  let writes = 0;
  const write = FileSystemSyncAccessHandle.prototype.write;
  FileSystemSyncAccessHandle.prototype.write = function (...args) {
    if (workerNumber === 1 && ++writes === 6) { ${fault} }
    return write.apply(this, args);
  };`;

const nothingSaved = `
  StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('no files here', 'SecurityError'));
  IDBFactory.prototype.open = () => { throw new DOMException('no database here', 'SecurityError'); };`;

/** @param watch who watches over what hangs: there, limits pass faster. */
async function open(
  page: Page,
  faults: Partial<Record<WorkerName, string>>,
  watch: 'page' | WorkerName = 'page',
): Promise<void> {
  if (Object.keys(faults).length > 0) await quickLimits(page, 15, watch, faults);
  await page.goto('/?slide=slides/CMU-1-Small-Region.svs&model=tiny&backend=wasm');
  await expect(page.getByTestId('backend')).toBeVisible();
}

async function maps(page: Page): Promise<Map<string, string>> {
  const slices = await finishedSlices(page);
  return new Map(
    slices.map(({ rect, classes }) => [`${rect.x},${rect.y}`, Buffer.from(classes).toString('latin1')]),
  );
}

/** Whether the message can be read whole. */
function isWhole(page: Page): Promise<boolean> {
  return page
    .getByTestId('notice')
    .locator('.notice-text')
    .evaluate((text) => {
      const { top, right, bottom } = text.getBoundingClientRect();
      const isCut = text.scrollWidth > text.clientWidth + 1 || text.scrollHeight > text.clientHeight + 1;
      return !isCut && top >= 0 && right <= innerWidth && bottom <= innerHeight;
    });
}

/** Slices that the last run took from storage. */
async function reused(page: Page): Promise<number> {
  await page.getByRole('button', { name: 'Dismiss' }).click();
  const text = (await page.getByTestId('status-text').textContent()) ?? '';
  return Number(/([\d,]+) reused/.exec(text)?.[1] ?? 0);
}

let undisturbed: Map<string, string>;

test('undisturbed, for comparison', async ({ page }) => {
  await open(page, {});
  await runWholeSlide(page);
  undisturbed = await maps(page);
  expect(undisturbed.size).toBeGreaterThan(10);
});

for (const [what, fault, says] of [
  ['crashes', crash, 'injected'],
  ['hangs', hang, 'no answer for 90 seconds'],
] as const) {
  test(`a segmentation worker that ${what}: the run goes on in another`, async ({ page }) => {
    await open(page, { segment: atSlice(6, fault) });
    await runWholeSlide(page);
    await expect(page.getByTestId('notice')).toContainText(says);
    await expect(page.getByTestId('notice')).toContainText('It goes on with the saved slices.');
    expect(await isWhole(page)).toBe(true);
    expect(await maps(page)).toEqual(undisturbed);
    expect(await reused(page)).toBeGreaterThan(1);
    await expect(page.getByTestId('backend')).toHaveAttribute('data-backend', 'wasm');
  });

  test(`a storage worker that ${what}: the run goes on, and everything is saved`, async ({ page }) => {
    await open(page, { storage: atWrite(fault) }, 'segment');
    await runWholeSlide(page);
    await expect(page.getByTestId('notice')).toContainText(says.replace('90', '60'));
    await expect(page.getByTestId('notice')).toContainText(
      'It was started again, and nothing saved is lost.',
    );
    expect(await maps(page)).toEqual(undisturbed);
    await page.getByRole('button', { name: 'Dismiss' }).click();
    await runWholeSlide(page);
    await expect(page.getByTestId('status-text')).toContainText(`${undisturbed.size} reused`);
  });
}

test('a run that ends with its worker is resumed by one key, and what was finished stays', async ({
  page,
}) => {
  // The second worker does not get further than the first.
  const script = atSlice(4, crash).replace('workerNumber === 1', 'workerNumber < 3');
  await open(page, { segment: script, storage: nothingSaved });
  await runWholeSlide(page);
  const notice = page.getByTestId('notice');
  await expect(notice).toContainText('Finished slices stay.');
  await expect(notice.getByRole('button', { name: 'Resume segmentation' })).toBeVisible();
  const before = await maps(page);
  expect(before.size).toBeLessThan(undisturbed.size);
  await page.getByTestId('view-A').click();
  await page.keyboard.press(' ');
  await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/);
  expect(await maps(page)).toEqual(undisturbed);
});

test('a decoder of the browser that never answers: the run ends, and says why', async ({ page }) => {
  // One tile of the middle, however often it is asked for: by the search for tissue, and by the run.
  const script = `
    let decoded = 0;
    let endless = null;
    const decode = globalThis.createImageBitmap;
    globalThis.createImageBitmap = (source, ...rest) => {
      if (++decoded === 60) endless = source.size;
      return source.size === endless ? new Promise(() => undefined) : decode(source, ...rest);
    };`;
  await open(page, { reader: script }, 'reader');
  await runWholeSlide(page);
  await expect(page.getByTestId('notice')).toContainText('decoder gave no answer for 60 seconds');
  // Every slice whose context has the tile is unreadable; the run ends all the same.
  const shown = await maps(page);
  expect(shown.size).toBeLessThan(undisturbed.size);
});
