/** What can't be opened is said so, and the page goes on working. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { dropFile, openBySlideAddress, openFile } from './fixtures/workbench.ts';

const slide = resolve(import.meta.dirname, '../public/slides/CMU-1-Small-Region.svs');
const faults = `http://localhost:${process.env.DUALSCOPE_E2E_FAULT_PORT}`;

/** A message that names the file, and after it a slide that opens all the same. */
async function expectRefusal(page: Page, file: string, problem: RegExp): Promise<void> {
  const notice = page.getByTestId('notice');
  await expect(notice).toContainText(file);
  await expect(notice).toContainText(problem);
  await openFile(page, slide);
  await expect(page.getByTestId('slide-name')).toHaveText('CMU-1-Small-Region.svs');
}

test('a text file named .svs', async ({ page }, info) => {
  const path = info.outputPath('letter.svs');
  writeFileSync(path, 'Dear colleague,\nthis is not a slide.\n');
  await page.goto('/?slide=none');
  await openFile(page, path);
  await expectRefusal(page, 'letter.svs', /not a|no slide|format/i);
});

test('a truncated TIFF', async ({ page }, info) => {
  const path = info.outputPath('cut.svs');
  const bytes = readFileSync(slide);
  writeFileSync(path, bytes.subarray(0, Math.floor(bytes.length / 3)));
  await page.goto('/?slide=none');
  await openFile(page, path);
  await expectRefusal(page, 'cut.svs', /truncated|incomplete|ends|past the end|cut/i);
});

test('an empty file', async ({ page }, info) => {
  const path = info.outputPath('empty.tif');
  writeFileSync(path, '');
  await page.goto('/?slide=none');
  await openFile(page, path);
  await expectRefusal(page, 'empty.tif', /empty|not a|no slide|format/i);
});

test('a JSON file of another kind', async ({ page }, info) => {
  const path = info.outputPath('settings.json');
  writeFileSync(path, '{"theme": "dark"}');
  await openBySlideAddress(page, 'slides/CMU-1-Small-Region.svs');
  await openFile(page, path);
  await expectRefusal(page, 'settings.json', /Not a session, GeoJSON or slide\./);
});

test('a session whose slide has no valid address', async ({ page }) => {
  const session = {
    format: 'dualscope-session',
    version: 1,
    slide: { fingerprint: 'of another slide', name: 'far.svs', url: 'http://[', mpp: null },
    panes: [],
  };
  await openBySlideAddress(page, 'slides/CMU-1-Small-Region.svs');
  await dropFile(page, 'far.dualscope.json', JSON.stringify(session));
  const notice = page.getByTestId('notice');
  await expect(notice).toContainText('far.dualscope.json');
  await expect(notice).toContainText(
    'does not say where its slide is: the address in it is not a valid URL.',
  );
  // The way on: the slide's own file.
  await expect(
    page.getByTestId('session-dialog').getByRole('button', { name: 'Choose slide…' }),
  ).toBeVisible();
});

test('an address that leads nowhere', async ({ page }) => {
  await page.goto('/?slide=slides/nowhere.svs');
  await expectRefusal(page, 'nowhere.svs', /404|does not exist/i);
});

test('an address on another server that leads nowhere', async ({ page }) => {
  await page.goto(`/?slide=${faults}/missing/gone.svs`);
  await expectRefusal(page, 'gone.svs', /404|does not exist/i);
});

test('a server without range support', async ({ page }) => {
  await page.goto(`/?slide=${faults}/no-range/slides/CMU-1-Small-Region.svs`);
  await expectRefusal(page, 'CMU-1-Small-Region.svs', /range/i);
});

test('a server whose copy is truncated', async ({ page }) => {
  await page.goto(`/?slide=${faults}/truncated/slides/CMU-1-Small-Region.svs`);
  await expectRefusal(page, 'CMU-1-Small-Region.svs', /truncated|incomplete|ends|past the end|cut/i);
});

test('a server that was not allowed at start', async ({ page }) => {
  await page.goto('/?slide=http://127.0.0.1:9/elsewhere.svs');
  await expectRefusal(page, 'elsewhere.svs', /can ?not be reached|does not allow/i);
});

test('a good slide on another server that was allowed at start', async ({ page }) => {
  await openBySlideAddress(page, `${faults}/good/slides/CMU-1-Small-Region.svs`);
  await expect(page.getByTestId('notice')).toHaveCount(0);
});
