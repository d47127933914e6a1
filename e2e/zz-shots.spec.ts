import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { dualscope, phantomSlide } from './fixtures/phantom.ts';
import { openFile } from './fixtures/workbench.ts';

test('shots', async ({ page }) => {
  const { slidePath, note } = await phantomSlide(77, 4, 3);
  const out = '/tmp/shots/review22b/out';
  dualscope('segment', slidePath, '--model', 'nano-single', '--out', out, '--quality', 'fast');
  const files = readdirSync(out)
    .filter((name) => name.endsWith('.tif'))
    .map((name) => join(out, name));
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.goto('/?slide=none');
  await openFile(page, slidePath);
  await expect(page.getByTestId('slide-name')).toHaveText(note.slide);
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Open slide…' }).first().click();
  await (await chooser).setFiles(files);
  await expect(page.getByTestId('pane-title-A')).toContainText('.classes.tif');
  await page.getByTestId('command-panel.objects').click();
  await expect(page.getByTestId('object-counts')).toBeVisible();
  for (const key of ['j', '3', 'x', 'a', 'a']) await page.keyboard.press(key);
  await page.waitForTimeout(1500);
  await page.screenshot({ path: '/tmp/shots/review22b/list-dark.png' });
  await page.getByTestId('object-gallery-button').click();
  await page.waitForTimeout(2500);
  await page.screenshot({ path: '/tmp/shots/review22b/gallery-dark.png' });
  await page.setViewportSize({ width: 1920, height: 1080 });
  await page.keyboard.press('Shift+T');
  await page.waitForTimeout(2000);
  await page.screenshot({ path: '/tmp/shots/review22b/gallery-light.png' });
  await page.keyboard.press('t');
  await page.waitForTimeout(800);
  await page.screenshot({ path: '/tmp/shots/review22b/split-light.png' });
});
