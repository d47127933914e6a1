/** Slides of one level with very many tiles: shown at once, coarse at first and said so, exact where one looks. */
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import sharp from 'sharp';
import { writeLargeDicom, writeLargeTiff } from '../src/slide/testing/large-slides.node.ts';
import { openFile } from './fixtures/workbench.ts';

/** Counts how long the page's own thread is blocked. */
async function watchBlocks(page: Page): Promise<() => Promise<number>> {
  await page.addInitScript(() => {
    const watched = window as unknown as { longest: number };
    watched.longest = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) watched.longest = Math.max(watched.longest, entry.duration);
    }).observe({ type: 'longtask', buffered: true });
  });
  return () =>
    page.evaluate(() => {
      const watched = window as unknown as { longest: number };
      const { longest } = watched;
      watched.longest = 0;
      return longest;
    });
}

/** The colours of places near the edges of the view and in the middle of the tissue. */
async function lattice(page: Page): Promise<number[][]> {
  const box = await page.getByTestId('view-A').boundingBox();
  const side = Math.min(box!.width, box!.height);
  const clip = {
    x: box!.x + (box!.width - side) / 2,
    y: box!.y + (box!.height - side) / 2,
    width: side,
    height: side,
  };
  const { data, info } = await sharp(await page.screenshot({ clip }))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return [0.08, 0.42, 0.92].flatMap((down) =>
    [0.03, 0.35].map((across) => {
      const at =
        (Math.round(down * info.height) * info.width + Math.round(across * info.width)) * info.channels;
      return [...data.subarray(at, at + 3)];
    }),
  );
}

/** The palest tissue differs by 18; glass and what is not read yet by at most 2. */
const isPink = ([red = 0, green = 0]: number[]): boolean => red - green > 10;

for (const kind of ['tiff', 'sparse DICOM', 'full DICOM'] as const) {
  test(`a ${kind} of one level with very many tiles`, async ({ page }, info) => {
    const name = kind === 'tiff' ? 'million.tif' : 'level-0.dcm';
    const path = info.outputPath(name);
    if (kind === 'tiff') await writeLargeTiff(path, 1000, 1000);
    else await writeLargeDicom(path, 400, 305, kind === 'sparse DICOM' ? 'TILED_SPARSE' : 'TILED_FULL');
    const longest = await watchBlocks(page);
    await page.goto('/?slide=none');
    await expect(page.getByTestId('backend')).toBeVisible();
    await longest();
    const start = performance.now();
    await openFile(page, path);
    await expect(page.getByTestId('slide-name')).toHaveText(name);
    const opened = performance.now() - start;
    // The middle of the tissue is pink, everything near the edges is not.
    await expect
      .poll(async () => (await lattice(page)).map(isPink), { intervals: [50] })
      .toEqual([false, false, false, true, false, false]);
    const shown = performance.now() - start;
    await expect(page.getByTestId('overview-status')).toHaveText(/^Building overview: [\d.]+ %$/);
    await page.waitForTimeout(3000);
    const blocked = await longest();
    for (const theme of ['dark', 'light'] as const) {
      await page.evaluate((name) => (document.documentElement.dataset.theme = name), theme);
      await page.screenshot({ path: info.outputPath(`overview-${theme}.png`) });
    }
    // Zoomed in to full detail, past levels that are joined from tiles.
    const place = await page.getByTestId('view-A').boundingBox();
    await page.mouse.move(place!.x + place!.width * 0.45, place!.y + place!.height * 0.45);
    for (let i = 0; i < 12; i++) await page.mouse.wheel(0, -240);
    await page.waitForTimeout(2500);
    await page.screenshot({ path: info.outputPath('joined.png') });
    for (let i = 0; i < 30; i++) await page.mouse.wheel(0, -240);
    await page.waitForTimeout(2500);
    await page.screenshot({ path: info.outputPath('detail.png') });
    const blockedInUse = await longest();
    process.stdout.write(
      `${kind}: opened ${Math.round(opened)} ms, shown ${Math.round(shown)} ms, longest block ${Math.round(blocked)} ms, in use ${Math.round(blockedInUse)} ms\n`,
    );
    // Promises for a machine that has nothing else to do; tests share theirs.
    expect(shown).toBeLessThan(30_000);
    expect(Math.max(blocked, blockedInUse)).toBeLessThan(1000);
  });
}
