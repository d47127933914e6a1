/** One stain as a view, and how much of it there is: on the real H&E slide, walked through in one page. */
import AxeBuilder from '@axe-core/playwright';
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { openBySlideAddress } from './fixtures/workbench.ts';

/** Draws a rectangle around the middle of the view by keyboard, which selects it. */
async function drawRectangle(page: Page): Promise<void> {
  await page.keyboard.press('Alt+B');
  for (const key of ['ArrowLeft', ' ', 'ArrowRight', 'ArrowRight', 'ArrowDown', 'ArrowDown', ' ']) {
    await page.keyboard.press(key);
  }
}

test('stains: a view of one, thresholds, scores, a table, and all of it after reloading', async ({
  page,
}) => {
  await openBySlideAddress(page, 'slides/CMU-1-Small-Region.svs');
  const section = page.getByTestId('stain-section');
  await section.getByTestId('stain-choice').selectOption('he');
  await section.getByTestId('stain-view').selectOption('Hematoxylin');
  await expect(page.getByTestId('stain-label-A')).toHaveText('Hematoxylin only');
  await section.getByTestId('stain-measured').selectOption('Hematoxylin');
  await section.getByRole('button', { name: 'Measure whole slide' }).click();
  const score = section.getByTestId('stain-score-slide');
  await expect(score).toContainText(/\d+\.\d %.*\d+.*1$/);
  const before = await score.innerText();
  await section.getByLabel('Weak from optical density').fill('0.1');
  await expect(score).not.toHaveText(before);
  await section.getByLabel('Strong from optical density').fill('0.2');
  await expect(section.getByRole('alert')).toBeVisible();
  await section.getByLabel('Strong from optical density').blur();
  await expect(section.getByRole('alert')).toBeHidden();
  const [file] = await Promise.all([page.waitForEvent('download'), section.getByTestId('stain-csv').click()]);
  const text = await readFile(await file.path(), 'utf8');
  expect(text).toContain('CMU-1-Small-Region.svs,Whole slide,Hematoxylin');
  expect(text).toContain('Research use only');
  const { violations } = await new AxeBuilder({ page })
    .include('[data-testid="stain-section"]')
    .setLegacyMode()
    .analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
  // Estimated, and from two annotations: the same one twice can't be told apart.
  await section.getByTestId('stain-choice').selectOption('estimated');
  await expect(section.getByTestId('stain-view')).toBeVisible();
  await section.getByTestId('stain-choice').selectOption('areas');
  await expect(section.getByTestId('take-stain-1')).toBeDisabled();
  await drawRectangle(page);
  await section.getByTestId('take-stain-1').click();
  await expect(section.getByTestId('take-stain-1')).toHaveText('Retake stain 1');
  await section.getByTestId('take-stain-2').click();
  await expect(section.getByRole('status')).toContainText('differ by 0.0°');
  await section.getByTestId('stain-choice').selectOption('he');
  await section.getByRole('button', { name: 'Measure selected annotation' }).click();
  await expect(section.getByTestId('stain-score-annotation')).toContainText('%');
  await page.reload();
  await expect(section.getByTestId('stain-choice')).toHaveValue('he');
  await expect(section.getByLabel('Weak from optical density')).toHaveValue('0.1');
});
