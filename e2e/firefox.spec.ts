/**
 * The way from a slide to its classes in Firefox: tiles, inference on WebAssembly, the overlay, the page's security
 * policy. Skips without a Firefox; see `fixtures/firefox.ts` for how to give one. Alone:
 *
 *   DUALSCOPE_FIREFOX=/usr/bin/firefox npx playwright test --project=firefox
 */
import { expect, test } from '@playwright/test';
import { findFirefox, howToGiveFirefox } from './fixtures/firefox.ts';
import { finishedSlices, openBySlideAddress, settledPixels } from './fixtures/workbench.ts';
import type { Pixels } from './fixtures/workbench.ts';

/** Share of the pixels that differ by more than what an encoder may round. */
function shareChanged(before: Pixels, after: Pixels): number {
  expect([after.width, after.height]).toEqual([before.width, before.height]);
  let changed = 0;
  for (let at = 0; at < before.data.length; at += 3) {
    const by = [0, 1, 2].map((channel) => Math.abs(before.data[at + channel]! - after.data[at + channel]!));
    if (Math.max(...by) > 8) changed += 1;
  }
  return changed / (before.data.length / 3);
}

/** Share of the pixels that have a colour, as stained tissue has and the surround has not. */
function shareColoured({ data }: Pixels): number {
  let coloured = 0;
  for (let at = 0; at < data.length; at += 3) {
    const rgb = [data[at]!, data[at + 1]!, data[at + 2]!];
    if (Math.max(...rgb) - Math.min(...rgb) > 15) coloured += 1;
  }
  return coloured / (data.length / 3);
}

/** Skips, and says why where it is read: the list reporter prints no reasons. */
function skip(reason: string): void {
  console.log(`Firefox is not tested. ${reason}`);
  test.skip(true, reason);
}

test('Firefox opens the demo slide, segments it on WebAssembly and draws the classes', async ({
  playwright,
}) => {
  test.setTimeout(240_000);
  const launchOptions = findFirefox();
  if (launchOptions === null) return skip(howToGiveFirefox);
  const browser = await playwright.firefox.launch(launchOptions);
  const context = await browser.newContext().catch(async (error: unknown) => {
    const version = browser.version();
    await browser.close();
    // Playwright drives Mozilla's builds by WebDriver BiDi, whose commands come version by version.
    if (!(error instanceof Error && error.message.includes('unknown command'))) throw error;
    return version;
  });
  if (typeof context === 'string') {
    return skip(`Version ${context} lacks commands that this Playwright sends. ${howToGiveFirefox}`);
  }
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    if (/Content.Security.Policy|violates the following directive/i.test(message.text()))
      complaints.push(message.text());
  });

  await openBySlideAddress(page, 'slides/CMU-1-Small-Region.svs', '&model=nano-single&backend=wasm');
  await expect(page.getByTestId('backend')).toHaveAttribute('data-backend', 'wasm', { timeout: 60_000 });
  const tissue = await settledPixels(page);
  expect(shareColoured(tissue)).toBeGreaterThan(0.1);

  await page.getByTestId('command-segment.visible').click();
  await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 150_000 });
  const slices = await finishedSlices(page);
  expect(slices.length).toBeGreaterThan(0);
  expect(new Set(slices.flatMap(({ classes }) => [...classes])).size).toBeGreaterThan(1);
  expect(shareChanged(tissue, await settledPixels(page))).toBeGreaterThan(0.05);
  expect(complaints).toEqual([]);
  await browser.close();
});
