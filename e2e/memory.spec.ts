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

test('slides that were opened and closed leave no nodes and no listeners behind', async ({ page }) => {
  test.setTimeout(400_000);
  await serveTinyModels(page);
  await page.goto('/?slide=none&model=tiny-wide');
  await expect(page.getByTestId('backend')).toBeVisible();
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.enable');
  const counts: { nodes: number; listeners: number }[] = [];
  const slides = page.getByTestId('demo-slides').first().getByRole('button');
  for (let opened = 0; opened < 20; opened++) {
    // Every other time in two panes, with annotations and a run.
    await slides.nth(opened % (await slides.count())).click();
    await page.waitForFunction(() => window.dualscope?.transform() != null);
    if (opened % 2 === 1) {
      await page.keyboard.press('Alt+2');
      await expect(page.getByTestId('pane-B')).toBeVisible();
      await page.keyboard.press('5');
      await page.keyboard.press('s');
      await page.keyboard.press('Alt+1');
    }
    await page.keyboard.press('Control+k');
    await page.keyboard.type('Close slide');
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('start-page')).toBeVisible();
    // Animations and requests end.
    await page.waitForTimeout(300);
    for (let times = 0; times < 3; times++) await session.send('HeapProfiler.collectGarbage');
    const { nodes, jsEventListeners } = await session.send('Memory.getDOMCounters');
    counts.push({ nodes, listeners: jsEventListeners });
  }
  const most = (part: 'nodes' | 'listeners', from: number, to: number): number =>
    Math.max(...counts.slice(from, to).map((each) => each[part]));
  // A leak of one node per slide would make ten.
  expect(most('nodes', 10, 20) - most('nodes', 2, 10), JSON.stringify(counts)).toBeLessThan(8);
  expect(most('listeners', 10, 20) - most('listeners', 2, 10), JSON.stringify(counts)).toBeLessThan(8);
});
