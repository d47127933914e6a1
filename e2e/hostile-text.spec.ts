/** Names, titles and cards that hold markup, scripts and codes are shown as text, wherever the app shows them. */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { hostileStrings } from '../src/base/hostile-strings.ts';
import { openBySlideAddress } from './fixtures/workbench.ts';

const models = resolve(import.meta.dirname, '../models');
const slide = resolve(import.meta.dirname, '../public/slides/phantom-1.tif');

/** All but the long ones, which only make the page large. */
const text = Object.values(hostileStrings)
  .filter((each) => each !== '' && each.length < 1000)
  .join(' | ');

/** For titles and classes, which are short. */
const short = [
  'script element',
  'event handler',
  'formula',
  'prototype',
  'reversed direction',
  'escape sequences',
]
  .map((what) => hostileStrings[what] ?? '')
  .join(' ')
  .slice(0, 190);

test('a hostile model, slide and annotation file run nothing and load nothing', async ({ page }, info) => {
  const problems: string[] = [];
  page.on('dialog', (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('request', (request) => {
    if (request.url().includes('evil.example')) problems.push(request.url());
  });
  const checkPage = async (): Promise<void> => {
    const found = await page.evaluate(() => ({
      hacked: 'hacked' in window,
      scripts: [...document.querySelectorAll('script')].filter((each) => each.src === '').length,
      handlers: [...document.querySelectorAll('*')].filter((each) =>
        [...each.attributes].some(({ name }) => name.startsWith('on')),
      ).length,
      addresses: [...document.querySelectorAll('[href], [src]')]
        .map((each) => each.getAttribute('href') ?? each.getAttribute('src') ?? '')
        .filter((address) => /^\s*(javascript|data:text)/i.test(address)).length,
    }));
    expect(found).toEqual({ hacked: false, scripts: 0, handlers: 0, addresses: 0 });
  };

  const folder = join(info.outputDir, 'hostile');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(info.outputDir, { recursive: true });
  cpSync(join(models, 'nano-single'), folder, { recursive: true });
  const file = join(folder, 'manifest.json');
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown> & {
    classes: { name: string }[];
    provenance: Record<string, unknown>;
    specimen: Record<string, unknown>;
    metrics: Record<string, unknown>;
  };
  Object.assign(manifest, { title: short, description: text, intendedUse: text, encoder: short });
  manifest.classes.forEach((each, i) => (each.name = `${i} ${short}`));
  Object.assign(manifest.provenance, { data: short, dataLicence: short, licence: short, split: short });
  manifest.specimen.organ = hostileStrings['script element'];
  manifest.metrics.data = short;
  writeFileSync(file, JSON.stringify(manifest));

  await openBySlideAddress(page, 'slides/phantom-1.tif');
  await expect(page.getByTestId('backend')).toBeVisible();

  // A slide whose name holds everything that a name can.
  const name = `${text.replace(/[/\0]/g, '')}.tif`;
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Open slide…' }).first().click();
  await (await chooser).setFiles({ name, mimeType: 'image/tiff', buffer: readFileSync(slide) });
  await expect(page.getByTestId('slide-name')).toContainText('<script>window.hacked = 1');
  await checkPage();

  await page.getByTestId('command-panel.models').click();
  await page.getByTestId('command-model.open').click();
  await page.getByTestId('own-model-folder').setInputFiles(folder);
  await expect(page.getByTestId('own-model-dialog')).toHaveCount(0, { timeout: 60_000 });
  // Title and card, as text.
  const item = page.getByTestId('model-own-nano-single');
  await expect(item).toContainText('<script>window.hacked = 1</script>');
  await expect(page.getByTestId('model-facts')).toContainText('"><img src=x onerror=window.hacked=1>');
  await expect(page.getByTestId('model-facts')).toContainText("=cmd|' /C calc'!A0");
  await checkPage();

  await page.keyboard.press('s');
  await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 100_000 });
  await checkPage();
  // The report shows classes, title and slide.
  await page.keyboard.press('Control+p');
  await expect(page.getByRole('dialog')).toContainText('<script>window.hacked = 1</script>');
  await checkPage();
  expect(problems).toEqual([]);
});
