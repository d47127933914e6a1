/** A local slide that changes or vanishes while it is segmented: the page says so, keeps what it has, and goes on. */
import { copyFileSync, mkdirSync, rmSync, truncateSync, utimesSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { serveTinyModels } from './fixtures/tiny-model.ts';
import { finishedSlices, openBySlideAddress, openFile, runWholeSlide } from './fixtures/workbench.ts';

/** Bytes: more than are read as a whole when a slide is opened. What follows the TIFF does not matter. */
const LONG = 100_000_000;
const demo = resolve(import.meta.dirname, '../public/slides/phantom-1.tif');

/** Of the demo slide, by place: what an undisturbed run gives. */
let undisturbed: Map<string, Uint8Array>;

test.describe.configure({ mode: 'serial' });

test.beforeEach(({ page }) => serveTinyModels(page));

test('undisturbed, for comparison', async ({ page }) => {
  await openBySlideAddress(page, 'slides/phantom-1.tif', '&model=tiny-wide');
  await expect(page.getByTestId('backend')).toBeVisible();
  await runWholeSlide(page);
  undisturbed = new Map(
    (await finishedSlices(page)).map(({ rect, classes }) => [`${rect.x},${rect.y}`, classes]),
  );
  expect(undisturbed.size).toBeGreaterThan(100);
});

for (const [fault, change] of [
  ['vanishes', (path: string) => rmSync(path)],
  ['is cut off', (path: string) => truncateSync(path, 1000)],
  ['is written again', (path: string) => utimesSync(path, new Date(), new Date(2030, 1))],
] as const) {
  test(`a slide that ${fault} in mid-run`, async ({ page }, info) => {
    test.setTimeout(300_000);
    const folder = info.outputPath('slides');
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'mine.tif');
    copyFileSync(demo, path);
    truncateSync(path, LONG);
    await page.goto('/?slide=none&model=tiny-wide');
    await expect(page.getByTestId('backend')).toBeVisible();
    await openFile(page, path);
    await expect(page.getByTestId('slide-name')).toHaveText('mine.tif');
    const ended = await page.evaluate(() => window.dualscope!.endedRuns());
    await page.getByRole('button', { name: 'Whole slide', exact: true }).click();
    await page.waitForFunction(() => (window.dualscope?.slices().length ?? 0) > 3);
    change(path);
    await page.waitForFunction((count) => window.dualscope!.endedRuns() > count, ended, { timeout: 100_000 });
    await expect(page.getByTestId('notice')).toContainText('mine.tif');
    await expect(page.getByTestId('notice')).toContainText(/changed|read/);
    // No slice has pixels of anything but the slide.
    const expectUndisturbed = async (): Promise<void> => {
      for (const { rect, classes } of await finishedSlices(page)) {
        expect(Buffer.compare(classes, undisturbed.get(`${rect.x},${rect.y}`)!)).toBe(0);
      }
    };
    await expectUndisturbed();
    expect((await finishedSlices(page)).length).toBeLessThan(undisturbed.size);
    // The same page goes on with another slide.
    await openFile(page, demo);
    await expect(page.getByTestId('slide-name')).toHaveText('phantom-1.tif');
    await runWholeSlide(page);
    await expect.poll(async () => (await finishedSlices(page)).length).toBe(undisturbed.size);
    await expectUndisturbed();
  });
}
