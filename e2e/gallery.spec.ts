/** The gallery of a cohort as a file on disk, without any server. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import sharp from 'sharp';
import { cohortRows } from '../src/cohort/cohort-row.ts';
import { galleryPages } from '../src/cohort/gallery/gallery.ts';
import { testFigures, testOutcomes, testPlan } from '../src/cohort/testing.ts';

test('a gallery opens from disk, shows its pictures, finds and orders slides', async ({ page }) => {
  const folder = await mkdtemp(join(tmpdir(), 'dualscope-gallery-'));
  const other = {
    ...testFigures,
    areas: testFigures.areas.map((area) => ({ ...area, percentOfTissue: 40 })),
    confidence: { mean: 0.99, tenth: 0.2, median: 0.4, belowHalf: 0.7 },
  };
  const outcomes = {
    ...testOutcomes,
    'c-1': { key: 'kc', status: 'done' as const, error: null, figures: other },
  };
  const rows = cohortRows(testPlan, (id) => outcomes[id as keyof typeof outcomes] ?? null);
  await mkdir(join(folder, 'gallery'));
  for (const [name, html] of await galleryPages(testPlan, rows))
    await writeFile(join(folder, 'gallery', name), html);
  for (const { id } of testPlan.slides) {
    await mkdir(join(folder, 'slides', id), { recursive: true });
    const red = sharp({ create: { width: 64, height: 48, channels: 3, background: '#c03070' } });
    await red.webp().toFile(join(folder, 'slides', id, 'thumbnail.webp'));
  }
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  await page.goto(pathToFileURL(join(folder, 'gallery', 'index.html')).href);

  const names = page.locator('#slides h3:visible');
  await expect(names).toHaveText(['<c>".svs', 'b.svs']);
  await expect(page.getByText('No "such" file, <b>sorry</b>')).toBeVisible();
  const widths = await page
    .locator('#slides img')
    .evaluateAll((all) => (all as HTMLImageElement[]).map((img) => img.naturalWidth));
  expect(widths).toEqual([64, 64]);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    expect((await new AxeBuilder({ page }).analyze()).violations).toEqual([]);
  }

  await page.getByLabel('Order').selectOption('least confident');
  await expect(names).toHaveText(['b.svs', '<c>".svs']);
  await page.getByLabel('Order').selectOption('most in situ');
  await expect(names).toHaveText(['<c>".svs', 'b.svs']);
  await page.getByLabel('Find').fill('B.s');
  await expect(names).toHaveText(['b.svs']);
  await expect(page.getByText('2 of 3 shown')).toBeVisible();
  await page.getByLabel('Find').fill('');
  await page.getByText('Not done 1').click();
  await expect(names).toHaveCount(0);
  await expect(page.locator('#open h3')).toHaveText(['a b.svs']);
  expect(complaints).toEqual([]);
  await rm(folder, { recursive: true });
});
