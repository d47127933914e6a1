/** A worker that hangs in a file is ended and started again; other slides go on. */
import { copyFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { quickLimits } from './fixtures/quick-clock.ts';
import { openBySlideAddress, openFile } from './fixtures/workbench.ts';

const slide = resolve(import.meta.dirname, '../public/slides/CMU-1-Small-Region.svs');

/** Reading a file of this name never ends. The loop rests between its rounds: other tests need the processor. */
const hangInFile = `
  const slice = Blob.prototype.slice;
  const cell = new Int32Array(new SharedArrayBuffer(4));
  Blob.prototype.slice = function (...range) {
    if (this.name === 'endless.svs') for (;;) Atomics.wait(cell, 0, 0, 50);
    return slice.apply(this, range);
  };`;

test('a file that the slide worker hangs in', async ({ page }, info) => {
  const endless = info.outputPath('endless.svs');
  const other = info.outputPath('other.svs');
  copyFileSync(slide, endless);
  copyFileSync(slide, other);
  await quickLimits(page, 4, 'page', { slide: hangInFile });
  await openBySlideAddress(page, 'slides/CMU-1-Small-Region.svs');
  await openFile(page, endless);
  const notice = page.getByTestId('notice');
  await expect(notice).toContainText('endless.svs', { timeout: 60_000 });
  await expect(notice).toContainText('no answer for 20 seconds');
  await expect(page.getByTestId('slide-name')).toHaveText('CMU-1-Small-Region.svs');
  // The open slide goes on: its tiles come from a worker that has opened it again.
  const view = (await page.getByTestId('view-A').boundingBox())!;
  await page.mouse.move(view.x + view.width / 2, view.y + view.height / 2);
  for (let i = 0; i < 8; i++) await page.mouse.wheel(0, -200);
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await page.waitForTimeout(1000);
  await expect(notice).toHaveCount(0);
  await openFile(page, other);
  await expect(page.getByTestId('slide-name')).toHaveText('other.svs');
});

test('a slide that is opened while the worker hangs in another', async ({ page }, info) => {
  const endless = info.outputPath('endless.svs');
  const other = info.outputPath('other.svs');
  copyFileSync(slide, endless);
  copyFileSync(slide, other);
  await quickLimits(page, 4, 'page', { slide: hangInFile });
  await page.goto('/?slide=none');
  await openFile(page, endless);
  await openFile(page, other);
  await expect(page.getByTestId('slide-name')).toHaveText('other.svs', { timeout: 60_000 });
});
