/** Trust and loss: a model asks before it runs on other tissue, nothing of value goes by one click, tools are modes, errors are seen. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { finishedSlices, openBySlideAddress, settle } from './fixtures/workbench.ts';

const skin = 'slides/CMU-1-Small-Region.svs';
const phantom = 'slides/phantom-1.tif';

/** As the page is without a preference of the tests: it asks. */
const asking = {
  storageState: {
    cookies: [],
    origins: [],
  },
};

/** Presses at one place of the view, moves to another and releases; places are shares of the view. */
async function drag(
  page: Page,
  from: readonly [number, number],
  to: readonly [number, number],
): Promise<void> {
  const box = (await page.getByTestId('view-A').boundingBox())!;
  const at = ([x, y]: readonly [number, number]): [number, number] => [
    box.x + x * box.width,
    box.y + y * box.height,
  ];
  await page.mouse.move(...at(from));
  await page.mouse.down();
  await page.mouse.move(...at([(from[0] + to[0]) / 2, to[1]]), { steps: 3 });
  await page.mouse.move(...at(to), { steps: 3 });
  await page.mouse.up();
}

test.describe('on other tissue', () => {
  test.use(asking);

  test('a model asks before colours appear; used anyway, pane, figures and files say so', async ({
    page,
  }) => {
    await openBySlideAddress(page, skin, '&model=colon-gland');
    await expect(page.getByTestId('backend')).toBeVisible();
    const chip = page.getByTestId('pane-title-A').getByTestId('unlike-training');
    const notice = page.getByTestId('notice');
    // A few slices are enough.
    await page.keyboard.press('5');
    await settle(page);
    // The file states no organ, but its tissue is measured before the first slice.
    await page.keyboard.press('s');
    await expect(notice).toContainText(
      /Nothing was segmented\. This tissue does not look like .* was trained on/,
      {
        timeout: 60_000,
      },
    );
    await expect(chip).toContainText('Unlike training data');
    expect(await finishedSlices(page)).toHaveLength(0);
    // What is stated is known at once.
    await page.getByTestId('slide-organ').selectOption('skin');
    await expect(chip).toContainText('Skin, not colon');
    await expect(page.getByTestId('command-segment.visible')).not.toHaveClass(/primary/);
    await page.getByTestId('command-segment.visible').click();
    await expect(notice).toContainText('Nothing was segmented. Skin slide; model trained on colon only.');

    // One deliberate click, and what was asked for runs.
    await notice.getByRole('button', { name: 'Use anyway' }).click();
    await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 100_000 });
    expect((await finishedSlices(page)).length).toBeGreaterThan(0);
    await expect(chip).toHaveAttribute('data-tip', /Skin slide; model trained on colon only/);
    await expect(page.getByTestId('figures-fit')).toContainText('do not trust these figures');
    const figures = page.getByTestId('area-table');
    await expect(figures).toBeVisible();

    // One percentage per class: legend, measurements and file agree, and add up to 100.
    const download = page.waitForEvent('download');
    await page.getByTestId('command-export.figures-csv').click();
    const lines = readFileSync(await (await download).path(), 'utf8')
      .trim()
      .split('\r\n');
    expect(lines[0]).toBe('class,background,pixels,area_mm2,percent_of_segmented_tissue,warning');
    expect(lines[1]).toContain('not trained on such slides');
    const shares = lines.slice(1).map((line) => Number(line.split(',')[4]));
    expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 2);
    const shown = async (of: string): Promise<string[]> =>
      (await page.getByTestId(of).locator('li .share, td:nth-child(3)').allInnerTexts()).map((text) =>
        text.trim(),
      );
    await expect(async () => {
      const inLegend = await shown('legend');
      expect(inLegend).toEqual(await shown('area-table'));
      expect(inLegend.map((text) => Math.round(parseFloat(text)))).toEqual(shares.map(Math.round));
    }).toPass();
  });
});

test('tools are one at a time, draw by press and drag, and leave by Esc; keys work after a list; removals come back', async ({
  page,
}) => {
  await openBySlideAddress(page, phantom, '&model=nano-single');
  await expect(page.getByTestId('backend')).toBeVisible();
  await settle(page);
  const bars = page.locator('.sketch-bar');
  const place = (): string => new URL(page.url()).searchParams.get('at') ?? '';
  const before = place();

  // Annotating, then measuring: one bar, and only the measure takes the drag.
  await page.keyboard.press('Alt+b');
  await expect(page.getByTestId('annotate-tool')).toBeVisible();
  await page.keyboard.press('m');
  await expect(bars).toHaveCount(1);
  await drag(page, [0.4, 0.4], [0.6, 0.4]);
  await expect(page.getByTestId('measured')).toContainText(/^Length [\d.]+ mm/);
  await page.keyboard.press('Escape');
  await expect(bars).toHaveCount(0);
  // The slide has the keys again.
  await expect(page.getByRole('application', { name: 'Slide in pane A' })).toBeFocused();

  await page.getByTestId('command-panel.annotations').click();
  const list = page.getByTestId('annotation-list').getByRole('listitem');
  await page.keyboard.press('Alt+b');
  await drag(page, [0.3, 0.3], [0.5, 0.5]);
  await expect(list).toHaveCount(1);
  await page.keyboard.press('Alt+g');
  await drag(page, [0.55, 0.6], [0.7, 0.8]);
  await expect(list).toHaveCount(2);
  // Clicks still place corners.
  const box = (await page.getByTestId('view-A').boundingBox())!;
  await page.keyboard.press('Alt+b');
  await page.mouse.click(box.x + 100, box.y + 100);
  await page.mouse.click(box.x + 160, box.y + 150);
  await expect(list).toHaveCount(3);
  await page.keyboard.press('Escape');
  await expect(bars).toHaveCount(0);
  // Nothing of this has moved the slide.
  expect(place()).toBe(before);

  // A removal says what is gone; Ctrl+Z has it back.
  const toast = page.getByTestId('undo-toast');
  await page.keyboard.press('Control+k');
  await page.getByTestId('palette').getByRole('combobox').fill('Delete all annotations');
  await page.keyboard.press('Enter');
  await expect(toast).toContainText('3 annotations deleted.');
  await expect(list).toHaveCount(0);
  await page.keyboard.press('Control+z');
  await expect(list).toHaveCount(3);
  await expect(toast).toHaveCount(0);
  await page.keyboard.press('b');
  await page.getByTestId('bookmark-note-1').fill('Large mass');
  await page.getByRole('button', { name: 'Delete bookmark 1' }).click();
  await toast.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByTestId('bookmark-note-1')).toHaveValue('Large mass');

  // A list keeps its value when a single key follows, a checkbox its Space.
  const layers = page.getByTestId('layer-select');
  await layers.selectOption('model:nano-single');
  await layers.focus();
  await page.keyboard.press('c');
  await page.keyboard.press('n');
  await expect(layers).toHaveValue('model:nano-single');
  await expect(page.getByTestId('command-overlay.visible').first()).toHaveAttribute('aria-pressed', 'false');
  const skip = page.getByRole('checkbox', { name: 'Skip background' });
  const wasSkipped = await skip.isChecked();
  await skip.focus();
  await page.keyboard.press(' ');
  expect(await skip.isChecked()).toBe(!wasSkipped);
});

test('a rejected slide says so over the slide that stays; a dropped model folder opens as a model', async ({
  page,
}) => {
  await openBySlideAddress(page, phantom, '&model=nano-single');
  await expect(page.getByTestId('backend')).toBeVisible();
  const files = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Open slide…' }).first().click();
  await (await files).setFiles({ name: 'letter.svs', mimeType: '', buffer: Buffer.from('Dear Sir') });
  const callout = page.getByTestId('stage').getByTestId('notice');
  await expect(callout).toContainText('letter.svs');
  await expect(callout.getByRole('button', { name: 'Open slide…' })).toBeVisible();
  await expect(page.getByTestId('slide-name')).toHaveText('phantom-1.tif');
  await callout.getByRole('button', { name: 'Dismiss' }).click();
  await expect(callout).toHaveCount(0);

  // As a folder that was picked: drops go the same way from here.
  const folder = resolve(import.meta.dirname, '../models/nano-single');
  expect(readdirSync(folder)).toContain('manifest.json');
  const chooser = page.waitForEvent('filechooser');
  await page.keyboard.press('Control+k');
  await page.getByTestId('palette').getByRole('combobox').fill('Open folder');
  await page.keyboard.press('Enter');
  await (await chooser).setFiles(folder);
  await expect(page.getByTestId('model-own-nano-single')).toHaveAttribute('aria-current', 'true', {
    timeout: 60_000,
  });
  await expect(page.getByTestId('slide-name')).toHaveText('phantom-1.tif');
});
