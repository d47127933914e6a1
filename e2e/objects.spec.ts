/** Results of the command line come back as predictions; their objects are listed, reviewed, and stay so. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import { expect, test, type Page } from '@playwright/test';
import sharp from 'sharp';
import { inDefaultColours } from '../src/base/class-colours.ts';
import { classesOf, dualscope, phantomSlide } from './fixtures/phantom.ts';
import { finishedSlices, openFile } from './fixtures/workbench.ts';

const model = 'nano-single';

async function choose(page: Page, ...paths: string[]): Promise<void> {
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Open slide…' }).first().click();
  await (await chooser).setFiles(paths);
}

test('a class map of the command line is a prediction; its objects are reviewed by key, and stay reviewed', async ({
  page,
}) => {
  const { slidePath, note } = await phantomSlide(77, 2, 2);
  const out = mkdtempSync(join(tmpdir(), 'dualscope-objects-'));
  dualscope('segment', slidePath, '--model', model, '--out', out, '--quality', 'fast', '--glass', 'include');
  const stem = join(out, `${note.slide.replace(/\.[^.]+$/, '')}.${model}`);

  await page.goto('/?slide=slides/CMU-1-Small-Region.svs');
  await expect(page.getByTestId('slide-name')).toHaveText('CMU-1-Small-Region.svs');
  // The wrong slide is open.
  await choose(page, `${stem}.classes.tif`);
  await expect(page.getByTestId('status-bar')).toContainText(`It is a prediction on ${note.slide}`);
  await openFile(page, slidePath);
  await expect(page.getByTestId('slide-name')).toHaveText(note.slide);
  await choose(page, `${stem}.classes.tif`, `${stem}.confidence.tif`);
  await expect(page.getByTestId('pane-title-A')).toContainText('.classes.tif');

  const cells = await finishedSlices(page);
  const map = await sharp(`${stem}.classes.tif`).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height } = map.info;
  const colours = inDefaultColours(classesOf(model)).map(({ colour }) => parseInt(colour.slice(1), 16));
  let compared = 0;
  for (const { rect, size, classes } of cells) {
    const [left, top] = [Math.round(rect.x / (rect.width / size)), Math.round(rect.y / (rect.height / size))];
    for (let y = 0; y < size && top + y < height; y++) {
      for (let x = 0; x < size && left + x < width; x++) {
        const value = classes[y * size + x]!;
        const at = 3 * ((top + y) * width + left + x);
        if (map.data.readUIntBE(at, 3) !== (colours[value] ?? 0xffffff))
          throw new Error(`Pixel ${x}, ${y} differs.`);
        compared++;
      }
    }
  }
  expect(compared).toBe(width * height);

  await page.getByTestId('command-panel.objects').click();
  const counts = page.getByTestId('object-counts');
  await expect(counts).toHaveText(/^\d+ objects · \d+ left$/);
  const total = Number(/^\d+/.exec((await counts.textContent()) ?? '')?.[0]);
  expect(total).toBeGreaterThanOrEqual(3);
  const before = await page.evaluate(() => window.dualscope?.transform());
  await page.keyboard.press('j');
  await expect(page.getByTestId('object-outline-A')).toBeVisible();
  expect(await page.evaluate(() => window.dualscope?.transform())).not.toEqual(before);
  // Relabels the first as invasive or, if it is that, accepts it; rejects the second, accepts the third.
  await page.keyboard.press('3');
  await page.keyboard.press('x');
  await page.keyboard.press('a');
  await expect(counts).toHaveText(`${total} objects · ${total - 3} left`);
  const reviewed = await page.getByTestId('review-counts').textContent();
  expect(reviewed).toContain('1 rejected');
  await page.keyboard.press('Control+z');
  await expect(counts).toHaveText(`${total} objects · ${total - 2} left`);
  await page.keyboard.press('Control+y');
  await expect(page.getByTestId('review-counts')).toHaveText(reviewed!);
  await page.getByTestId('object-gallery-button').click();
  await expect(page.getByTestId('object-gallery').locator('canvas').first()).toBeVisible();

  const download = page.waitForEvent('download');
  await page.getByTestId('command-export.objects-csv').click();
  expect((await download).suggestedFilename()).toBe(
    `${note.slide.replace(/\.[^.]+$/, '')}.${model}.objects.csv`,
  );

  await page.getByTestId('object-majority').check();
  await expect(page.getByTestId('pane-title-A')).toContainText(', by object');
  await expect(page.getByTestId('figures-review')).toContainText('by object, after review');
  const { violations } = await new AxeBuilder({ page }).include('.objects-panel').setLegacyMode().analyze();
  expect(violations.map(({ id, nodes }) => `${id} at ${String(nodes[0]?.target)}`)).toEqual([]);

  await page.reload();
  await page.getByTestId('command-panel.slides').click();
  await openFile(page, slidePath);
  await expect(page.getByTestId('slide-name')).toHaveText(note.slide);
  await choose(page, `${stem}.classes.tif`, `${stem}.confidence.tif`);
  await expect(page.getByTestId('pane-title-A')).toContainText('.classes.tif');
  await page.getByTestId('command-panel.objects').click();
  await expect(page.getByTestId('review-counts')).toHaveText(reviewed!);
});
