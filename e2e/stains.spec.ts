/** One stain as a view, and how much of it there is: on the real H&E slide, walked through in one page. */
import AxeBuilder from '@axe-core/playwright';
import { readFile } from 'node:fs/promises';
import { expect, test } from '@playwright/test';
import { openBySlideAddress } from './fixtures/workbench.ts';

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
  const shots = process.env.DUALSCOPE_SHOTS;
  if (shots !== undefined) {
    await section.scrollIntoViewIfNeeded();
    for (const [width, height] of [
      [1280, 800],
      [1920, 1080],
    ] as const) {
      await page.setViewportSize({ width, height });
      for (const colorScheme of ['dark', 'light'] as const) {
        await page.emulateMedia({ colorScheme });
        await page.getByTestId('stain-scores').scrollIntoViewIfNeeded();
        await page.waitForTimeout(600);
        await page.screenshot({ path: `${shots}/${width}-${colorScheme}.png` });
      }
    }
  }
  await page.reload();
  await expect(section.getByTestId('stain-choice')).toHaveValue('he');
  await expect(section.getByLabel('Weak from optical density')).toHaveValue('0.1');
});
