/** A folder of slides as a project: segment all, go through them, table, CSV; and all of it after a restart. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import AxeBuilder from '@axe-core/playwright';
import { withPreferences } from './fixtures/preferences.ts';
import { partOfDemo, putFolder } from './fixtures/slide-folder.ts';

// As a first-time user has it: results are kept.
test.use({ storageState: withPreferences({ askMisfit: false, quality: 'fast' }) });

test('a folder is segmented slide by slide, gone through, and taken out as a table; a restart loses nothing', async ({
  page,
}, info) => {
  const places = [
    ['case 10.tif', 2000, 2000],
    ['case 2.tif', 4500, 3000],
    ['more/case 3.tif', 3000, 4800],
  ] as const;
  const files = await Promise.all(
    places.map(async ([path, x, y]) => ({ path, bytes: await partOfDemo(x, y) })),
  );
  const broken = { path: 'case 4.tif', bytes: Buffer.from('II*\0 is all that is left') };
  await page.goto('/?slide=none&model=nano-single');
  await putFolder(page, 'Slides', [...files, broken]);
  await page.getByRole('button', { name: 'Open folder…' }).first().click();

  const list = page.getByTestId('project-list');
  const row = (name: string) => list.getByRole('button', { name: new RegExp(`^${name}`) });
  await expect(list.getByRole('button')).toHaveText([/^case 2/, /^case 4/, /^case 10/, /^case 3/]);
  await expect(page.getByTestId('slide-name')).toHaveText('case 2.tif');
  await expect(row('case 2').locator('img')).toBeVisible();
  // It says what it is before anything is done with it.
  await expect(row('case 4')).toHaveAttribute('data-state', 'failed');

  await page.getByRole('button', { name: 'Segment all', exact: true }).click();
  // Meanwhile the reader looks at another slide.
  await page.keyboard.press('End');
  await row('case 10').click();
  await expect(page.getByTestId('slide-name')).toHaveText('case 10.tif');
  await expect(page.getByTestId('project-counts')).toHaveText('4 slides · 3 segmented · 1 failed', {
    timeout: 90_000,
  });
  await expect(row('case 3')).toContainText(/Segmented · [\d.]+ mm² · conf\. \d+ %/);
  // Results of slides that were never shown are there when they are.
  await page.keyboard.press('PageDown');
  await expect(page.getByTestId('slide-name')).toHaveText('case 3.tif');
  await expect.poll(() => page.evaluate(() => window.dualscope?.slices().length ?? 0)).toBeGreaterThan(0);
  await page.keyboard.press('q');
  await expect(row('case 3')).toHaveAttribute('data-state', 'reviewed');
  await page.getByLabel('Notes').fill('Deeper levels, "ink" at 3 o’clock');
  await page.getByLabel('Case').fill('26/1234');

  await row('case 3').press('Shift+L');
  const table = page.getByTestId('results-table');
  await expect(table.getByRole('row')).toHaveCount(5);
  const axe = await new AxeBuilder({ page }).include('dialog').include('.project').analyze();
  expect(axe.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([]);
  await table.getByRole('button', { name: 'Tissue' }).click();
  await table.getByRole('button', { name: 'Tissue' }).click();
  const areas = await table.locator('tbody tr td:nth-child(4)').allTextContents();
  const figures = areas.filter((text) => text !== '').map(Number);
  expect(figures).toEqual([...figures].sort((one, other) => other - one));
  expect(areas.at(-1)).toBe('');
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save CSV' }).click();
  const path = info.outputPath('results.csv');
  await (await downloading).saveAs(path);
  const csv = readFileSync(path, 'utf8').trim().split('\r\n');
  expect(csv).toHaveLength(5);
  expect(csv.find((line) => line.startsWith('case 3.tif'))).toMatch(
    /more\/case 3\.tif,[0-9a-f]{64},26\/1234,reviewed,yes,.*nano-single.*"Deeper levels, ""ink"" at 3 o’clock",Research use only/,
  );

  // The file was moved and renamed meanwhile: it is found by its content.
  const [first, ...others] = files;
  await putFolder(page, 'Slides', [{ path: 'old/renamed.tif', bytes: first!.bytes }, ...others]);
  await page.goto('/');
  await expect(page.getByTestId('project-counts')).toHaveText(/^4 slides · \d segmented · 1 reviewed/);
  await expect(row('renamed')).toContainText('Segmented');
  await expect(row('case 3')).toHaveAttribute('data-state', 'reviewed');
  await expect(row('case 4')).toContainText('Not in the folder');
  await row('case 3').click();
  await expect(page.getByLabel('Notes')).toHaveValue('Deeper levels, "ink" at 3 o’clock');
});
