/** Every screen and dialog, looked through by axe: wholly in the dark theme, for colours in the light one. */
import { readFileSync } from 'node:fs';
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { dropFile, openBySlideAddress } from './fixtures/workbench.ts';

const demo = 'slides/CMU-1-Small-Region.svs';
const themes = ['dark', 'light'] as const;
// The themes differ in their colours alone.
const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** @param within a selector where the rest of the page has been looked through already. */
async function check(page: Page, screen: string, within?: string): Promise<void> {
  const theme = await page.locator('html').getAttribute('data-theme');
  // Of what passes, nothing is told; without frames of other origins no blank page is needed to put results together.
  const all = new AxeBuilder({ page }).options({ resultTypes: ['violations'] }).setLegacyMode();
  const builder =
    theme === 'light' ? all.withRules(['color-contrast', 'link-in-text-block']) : all.withTags(tags);
  const { violations } = await (within === undefined ? builder : builder.include(within)).analyze();
  expect
    .soft(
      violations.map(
        ({ id, impact, nodes }) => `${screen}: ${id} (${impact}) at ${String(nodes[0]?.target)}`,
      ),
    )
    .toEqual([]);
}

test('no accessibility finding on the start page and in the log', async ({ page }) => {
  for (const theme of themes) {
    await page.goto('/?slide=none');
    await expect(page.getByTestId('start-page')).toBeVisible();
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
    await check(page, `start page, ${theme}`);
    await page.goto('/?slide=slides/nowhere.svs');
    await expect(page.getByTestId('notice')).toBeVisible();
    await page.getByTestId('command-interface.log').click();
    await check(page, `log, ${theme}`);
    await page.keyboard.press('Shift+T');
  }
});

/** A region whose label no model knows. */
const foreignTruth = JSON.stringify({
  type: 'FeatureCollection',
  features: [
    {
      type: 'Feature',
      geometry: {
        type: 'Polygon',
        coordinates: [
          [
            [300, 300],
            [1500, 300],
            [1500, 2000],
            [300, 300],
          ],
        ],
      },
      properties: { objectType: 'annotation', classification: { name: 'Tumour', color: [200, 0, 0] } },
    },
  ],
});

test('no accessibility finding on any screen or dialog of an open slide', async ({ page }) => {
  // Some thirty screens.
  test.setTimeout(300_000);
  await openBySlideAddress(page, demo, '&model=nano-single');
  await expect(page.getByTestId('backend')).toBeVisible();
  await page.keyboard.press('s');
  await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 100_000 });
  // A session of a slide that is not at hand.
  const download = page.waitForEvent('download');
  await page.keyboard.press('Control+s');
  const session = JSON.parse(readFileSync(await (await download).path(), 'utf8')) as {
    slide: { fingerprint: string; url: string | null };
  };
  Object.assign(session.slide, { fingerprint: 'another', url: null });

  for (const theme of themes) {
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme);

    // Dialogs, each open over a screen that comes below.
    const dialogs: readonly (readonly [shown: string, open: () => Promise<void>])[] = [
      ['help', () => page.keyboard.press('?')],
      ['palette', () => page.keyboard.press('Control+k')],
      ['go-to-dialog', () => page.keyboard.press('Control+g')],
      ['report-page', () => page.keyboard.press('Control+p')],
      ['mpp-dialog', () => page.getByTestId('slide-resolution').click()],
      ['labels-dialog', () => dropFile(page, 'tumour.geojson', foreignTruth)],
      ['session-dialog', () => dropFile(page, 'far.dualscope.json', JSON.stringify(session))],
      ['own-model-dialog', () => page.getByTestId('command-model.open').click()],
    ];
    await page.getByTestId('command-panel.models').click();
    for (const [shown, open] of dialogs) {
      await open();
      await expect(page.getByTestId(shown)).toBeVisible();
      await check(page, `${shown}, ${theme}`, 'dialog');
      // What a dialog asks for has the focus at once.
      if (shown === 'go-to-dialog') await expect(page.getByTestId('go-to-input')).toBeFocused();
      await page.keyboard.press('Escape');
      await expect(page.locator('dialog')).toHaveCount(0);
    }

    // The models are open at the left; truth gives figures at the right.
    await page.getByTestId('edit-class-1').click();
    await expect(page.getByTestId('confusion')).toBeVisible();
    await check(page, `prediction with truth, class style, models, ${theme}`);
    await page.getByTestId('edit-class-1').click();
    await page.getByTestId('command-panel.annotations').click();
    await page.keyboard.press('Alt+B');
    await check(page, `annotations, ${theme}`);
    await page.keyboard.press('Alt+B');
    await page.getByTestId('command-panel.slides').click();
    const screens: readonly (readonly [keys: string[], shown: string, name: string])[] = [
      [['Alt+2'], 'view-B', 'two panes'],
      [['w'], 'swipe-divider', 'swipe'],
      [['d'], 'difference-section', 'difference'],
      [['Alt+1', 'm'], 'measure-tool', 'measure'],
      [['Escape', 'b'], 'bookmark-1', 'bookmarks'],
    ];
    for (const [keys, shown, name] of screens) {
      for (const key of keys) await page.keyboard.press(key);
      await expect(page.getByTestId(shown)).toBeVisible();
      // A run that a second pane has begun would change the screen meanwhile.
      await expect(page.getByTestId('progress')).toHaveCount(0, { timeout: 100_000 });
      await check(page, `${name}, ${theme}`);
    }
    await page.keyboard.press('Shift+T');
  }
});
