/** The page stays smooth: the browser's long-task observer while a slide is segmented and panned. */
import { availableParallelism, loadavg } from 'node:os';
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { openBySlideAddress } from './fixtures/workbench.ts';

/** Longest that the page may be deaf, milliseconds: what the browser calls a long task. */
const limit = 50;
const attempts = 5;

interface LongTask {
  readonly startTime: number;
  readonly duration: number;
}

async function pan(page: Page, way: number): Promise<void> {
  const box = (await page.getByTestId('view-A').boundingBox())!;
  const x = box.x + box.width / 2;
  const y = box.y + box.height / 2;
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (let step = 1; step <= 20; step++) {
    await page.mouse.move(x + way * step * 8, y + way * step * 4);
    await page.waitForTimeout(30);
  }
  await page.mouse.up();
}

/**
 * The issue asks for no task above 50 ms, so a time is asserted here, and only here. What the observer tells is time on
 * the wall: where more programs want to run than there are processors, every task takes as many times longer, so the
 * limit grows with the load. And any task may be held up once by another program, but then it is another task each
 * time: of several stretches of segmenting and panning one must be without a long task, as a task that is long by its
 * own work would be in every one of them.
 */
test('no task of the page is long while it segments and is panned', async ({ page }) => {
  test.setTimeout(180_000);
  // Overlap, outlines and hatches, as a first-time user has them; nothing kept, so that every run computes.
  await page.addInitScript(() => {
    localStorage.setItem(
      'dualscope.preferences',
      JSON.stringify({ quality: 'standard', keepResults: false, askMisfit: false }),
    );
    const tasks: unknown[] = [];
    Object.assign(window, { longTasks: tasks });
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) tasks.push({ startTime, duration });
    }).observe({ type: 'longtask', buffered: true });
  });
  await openBySlideAddress(page, 'slides/phantom-1.tif', '&model=nano-attention');
  await expect(page.getByTestId('backend')).toBeVisible();
  const stretches: { longest: number; limit: number }[] = [];
  for (let attempt = 0; attempt < attempts; attempt++) {
    if ((await page.getByTestId('progress').count()) === 0) {
      await page.keyboard.press('Shift+S');
      await expect(page.getByTestId('progress-text')).toContainText('left', { timeout: 60_000 });
    }
    const from = await page.evaluate(() => performance.now());
    await pan(page, attempt % 2 === 0 ? 1 : -1);
    const tasks = await page.evaluate(() => (window as unknown as { longTasks: LongTask[] }).longTasks);
    const seen = tasks.filter(({ startTime }) => startTime >= from).map(({ duration }) => duration);
    const load = Math.max(1, loadavg()[0]! / availableParallelism());
    stretches.push({ longest: Math.max(0, ...seen), limit: limit * load });
    if (stretches.at(-1)!.longest <= stretches.at(-1)!.limit) break;
  }
  console.log(
    `longest task of each stretch: ${stretches
      .map((each) => `${each.longest.toFixed(0)} ms (limit ${each.limit.toFixed(0)})`)
      .join(', ')}`,
  );
  expect(stretches.some((each) => each.longest <= each.limit)).toBe(true);
});
