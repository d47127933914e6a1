/** The class map of the page is bounded: what is not looked at is put aside, and comes back as it was. */
import { expect, test } from '@playwright/test';
import { serveTinyModels } from './fixtures/tiny-model.ts';
import { openBySlideAddress } from './fixtures/workbench.ts';

test('with little memory, finished slices are put aside and read back to the pixel', async ({ page }) => {
  await serveTinyModels(page);
  const run = async (
    limit: number,
  ): Promise<{ held: number; slices: number; classes: number; text: string }> => {
    await openBySlideAddress(page, 'slides/phantom-1.tif', '&model=tiny-wide');
    await expect(page.getByTestId('backend')).toBeVisible();
    // What is on screen stays in memory, so little of the slide is on screen.
    await page.keyboard.press('5');
    await page.waitForTimeout(900);
    await page.getByRole('button', { name: 'Whole slide', exact: true }).click();
    await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 100_000 });
    const bytes = (): Promise<number> => page.evaluate(() => window.dualscope!.heldBytes());
    // What was on screen is put aside a little later.
    await expect.poll(bytes, { timeout: 30_000 }).toBeLessThan(limit);
    const held = await bytes();
    return page.evaluate(async (size) => {
      const slices = await window.dualscope!.wholeSlices();
      const all = slices
        .map(({ rect, classes }) => `${rect.x},${rect.y}:${classes.join('')}`)
        .sort()
        .join();
      const values = new Set(slices.flatMap(({ classes }) => [...new Set(classes)]));
      return { held: size, slices: slices.length, classes: values.size, text: all };
    }, held);
  };
  const plenty = await run(Infinity);
  expect(plenty.slices).toBeGreaterThan(200);
  expect(plenty.classes).toBeGreaterThan(1);
  // Of what the browser says the machine has, the page takes a thirty-second part: 256 KiB here.
  await page.addInitScript(() => {
    Object.defineProperty(navigator, 'deviceMemory', { get: () => 8 / 1024 });
  });
  const little = await run(300 * 1024);
  expect(plenty.held).toBeGreaterThan(4 * little.held);
  expect(little.slices).toBe(plenty.slices);
  expect(little.text === plenty.text).toBe(true);
});
