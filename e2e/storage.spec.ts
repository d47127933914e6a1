/** Storage failures in a real browser: the page reports them, and no computed slice is lost. */
import type { Page } from '@playwright/test';
import { withPreferences } from './fixtures/preferences.ts';
import { expect, test } from '@playwright/test';
import { serveTinyModels } from './fixtures/tiny-model.ts';
import { injectIntoWorkers } from './fixtures/worker-faults.ts';
import { finishedSlices, runWholeSlide } from './fixtures/workbench.ts';

// Default preferences: overlap, background skipped, results saved.
test.use({ storageState: withPreferences({ askMisfit: false }) });

test.beforeEach(({ page }) => serveTinyModels(page));

const noFiles = `
  StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('no files here', 'SecurityError'));
`;
const noDatabase = `
  IDBFactory.prototype.open = () => { throw new DOMException('no database here', 'SecurityError'); };
`;
/** Runs `fault` at every write of slices after the first 5. */
const atWrite = (fault: string): string => `
  let writes = 0;
  const write = FileSystemSyncAccessHandle.prototype.write;
  FileSystemSyncAccessHandle.prototype.write = function (bytes, options) {
    if ((options?.at ?? 0) > 0 && ++writes > 5) { ${fault} }
    return write.call(this, bytes, options);
  };
`;

async function openSlide(page: Page): Promise<void> {
  await page.goto('/?slide=slides/CMU-1-Small-Region.svs&model=tiny');
  await expect(page.getByTestId('backend')).toBeVisible();
}

/** Number of slices reused by the last run, from the status bar. */
async function restored(page: Page): Promise<number> {
  const text = (await page.getByTestId('status-text').textContent()) ?? '';
  return Number(/([\d,]+) reused/.exec(text)?.[1] ?? 0);
}

test('without private files, results are kept in the database', async ({ page }) => {
  await injectIntoWorkers(page, { storage: noFiles });
  await openSlide(page);
  const slices = await runWholeSlide(page);
  expect(slices).toBeGreaterThan(10);
  await expect(page.getByTestId('storage-use')).toContainText('saved in this browser');
  await page.reload();
  await expect(async () => expect((await finishedSlices(page)).length).toBe(slices)).toPass();
  await runWholeSlide(page);
  await expect.poll(() => restored(page)).toBe(slices);
  // Nothing is in the private file system.
  const folder = await page.evaluate(async () => {
    const names: string[] = [];
    for await (const name of (await navigator.storage.getDirectory()).keys()) names.push(name);
    return names;
  });
  expect(folder).not.toContain('dualscope-results');
  const dialog = page.getByTestId('delete-results-dialog');
  await page.getByTestId('command-segment.delete-stored').click();
  await expect(dialog).toContainText(
    /Delete 1 saved run of 1 slide \([\d.]+ [kM]B\)\? This cannot be undone/,
  );
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await expect(page.getByTestId('storage-use')).toBeVisible();
  await page.getByTestId('command-segment.delete-stored').click();
  await dialog.getByRole('button', { name: /^Delete/ }).click();
  await expect(page.getByTestId('storage-use')).toHaveCount(0);
});

test('a private window that saves nothing: the page reports it, and segments', async ({ page }) => {
  await injectIntoWorkers(page, { storage: noFiles + noDatabase });
  await openSlide(page);
  await expect(page.getByTestId('notice')).toContainText('does not allow saving results');
  await expect(page.getByTestId('notice')).toContainText('Results are lost when the page is closed');
  await page.getByRole('button', { name: 'Dismiss' }).click();
  expect(await runWholeSlide(page)).toBeGreaterThan(10);
  // Reported once, not for every run.
  await expect(page.getByTestId('notice')).toHaveCount(0);
});

for (const [what, fault, says] of [
  ['a full disk', "throw new DOMException('no room', 'QuotaExceededError');", 'storage is full'],
  [
    'a store that is cleared',
    // What clearing the data of the site does to an open file.
    "throw new DOMException('gone', 'InvalidStateError');",
    'no longer accessible',
  ],
] as const) {
  test(`${what} during a run is reported; the run ends, and slices saved before are restored`, async ({
    page,
  }) => {
    await injectIntoWorkers(page, { storage: atWrite(fault) });
    await openSlide(page);
    const slices = await runWholeSlide(page);
    await expect(page.getByTestId('notice')).toContainText(says);
    await expect(page.getByTestId('notice')).toContainText('when the page is closed');
    expect(slices).toBeGreaterThan(10);
    const shown = await finishedSlices(page);
    await page.reload();
    // The first slices were saved and are restored; another run computes the rest.
    await expect(async () => expect((await finishedSlices(page)).length).toBeGreaterThan(0)).toPass();
    await expect(page.getByTestId('backend')).toBeVisible();
    await page
      .getByRole('button', { name: 'Dismiss' })
      .click({ timeout: 2000 })
      .catch(() => undefined);
    expect(await runWholeSlide(page)).toBe(slices);
    const again = await finishedSlices(page);
    const byPlace = (list: typeof again): Map<string, string> =>
      new Map(
        list.map(({ rect, classes }) => [`${rect.x},${rect.y}`, Buffer.from(classes).toString('latin1')]),
      );
    expect(byPlace(again)).toEqual(byPlace(shown));
  });
}
