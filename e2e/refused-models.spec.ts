/** A model that fails its check: refused with its reason, used only on purpose, and marked in all that it then gives. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page, TestInfo } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { finishedSlices, openBySlideAddress, runWholeSlide, settle } from './fixtures/workbench.ts';

const mark = 'model check overridden';
const shipped = resolve(import.meta.dirname, '../models/nano-single');

/** Serves nano-single with another model's golden classes: every pixel is of class 2. */
async function serveTampered(page: Page): Promise<void> {
  const size = readFileSync(`${shipped}/golden-classes.bin`).length;
  await page.route(/\/models\/nano-single\/golden-classes\.bin/, (route) =>
    route.fulfill({ body: Buffer.alloc(size, 2) }),
  );
}

/** The page in both themes, for a reader's eye. */
async function screenshots(page: Page, info: TestInfo, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate((theme) => (document.documentElement.dataset.theme = theme), colorScheme);
    await page.screenshot({ path: info.outputPath(`${name}-${colorScheme}.png`) });
  }
}

test('a model that fails its check is refused with the reason; used anyway, everything says so', async ({
  page,
}, info) => {
  await serveTampered(page);
  await openBySlideAddress(page, 'slides/phantom-1.tif', '&model=nano-single');
  await expect(page.getByTestId('backend')).toBeVisible();
  await page.getByTestId('command-panel.models').click();

  // Asked to segment, it computes nothing and says why.
  await page.getByRole('button', { name: 'Whole slide', exact: true }).click();
  const refusal = page.getByTestId('model-list').getByTestId('refusal-nano-single');
  await expect(page.getByTestId('notice')).toContainText('Nothing was segmented.');
  await expect(refusal).toContainText(/Refused\. The model fails its golden check: .*test pixels/);
  expect(await finishedSlices(page)).toHaveLength(0);
  await refusal.scrollIntoViewIfNeeded();
  await settle(page);
  await screenshots(page, info, 'refused');

  await refusal.getByTestId('override-nano-single').click();
  await expect(refusal).toContainText('Fails its check; used all the same.');
  // What is no longer true is no longer said.
  await expect(page.getByTestId('notice')).toHaveCount(0);
  expect(await finishedSlices(page)).toHaveLength(0);
  expect(await runWholeSlide(page, 100_000)).toBeGreaterThan(0);
  await expect(page.getByTestId('pane-title-A')).toContainText(mark);
  await expect(page.getByTestId('overridden-check')).toContainText('do not trust its results');
  await refusal.scrollIntoViewIfNeeded();
  await settle(page);
  await screenshots(page, info, 'overridden');

  await page.keyboard.press('Control+p');
  await expect(page.getByTestId('report-page')).toContainText(`(${mark})`);
  await expect(page.getByTestId('report-page')).toContainText('do not trust these results');
  await screenshots(page, info, 'report');

  // The decision is for this visit: the next one refuses again.
  await openBySlideAddress(page, 'slides/phantom-1.tif', '&model=nano-single');
  await expect(page.getByTestId('backend')).toBeVisible();
  await page.getByRole('button', { name: 'Whole slide', exact: true }).click();
  await expect(page.getByTestId('notice')).toContainText('The model fails its golden check');
  expect(await finishedSlices(page)).toHaveLength(0);
});
