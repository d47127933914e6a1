/**
 * Ten screens in both themes against committed screenshots, `e2e/visual/<screen>-<theme>.png`.
 *
 * Run alone with `npx playwright test --project=visual`. After a change that is meant to be seen, run
 * `npm run test:visual:update` and look at the pictures that changed before you commit them. On a failure Playwright
 * writes expected, actual and difference to `test-results/browser`.
 *
 * What makes the screenshots repeatable: Noto Sans from node_modules in place of the system's font, no motion, no
 * hinting or subpixel colours of text, and `visual/steady.css`, which hides the tissue and figures that vary. Overlays
 * are compared, because the network gives the same classes everywhere.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { layerSlices, openBySlideAddress, settle } from './fixtures/workbench.ts';

const slide = 'slides/CMU-1-Small-Region.svs';
const family = 'Visual Noto Sans';
const weights = [400, 600] as const;
// Chromium's text is the same on every Linux; elsewhere the system rasterises it, and only the layout can be compared.
const maxDiffPixelRatio = process.platform === 'linux' ? 0.0003 : 0.03;

const require = createRequire(import.meta.url);

/** @font-face rules, and a rule that gives the font to everything, `kbd` and controls included. */
const fontRules = [
  ...weights.map((weight) => {
    const file = require.resolve(`@fontsource/noto-sans/files/noto-sans-latin-${weight}-normal.woff2`);
    const data = readFileSync(file).toString('base64');
    return `@font-face { font-family: '${family}'; font-weight: ${weight}; src: url(data:font/woff2;base64,${data}) format('woff2'); }`;
  }),
  `* { font-family: '${family}', sans-serif !important; }`,
].join('\n');

async function useFont(page: Page): Promise<void> {
  await page.addStyleTag({ content: fontRules });
  await page.evaluate(
    async ([name, all]) => {
      await Promise.all(all.map((weight) => document.fonts.load(`${weight} 13px "${name}"`)));
    },
    [family, weights] as const,
  );
}

for (const theme of ['dark', 'light'] as const) {
  test(`ten screens look as they did, ${theme}`, async ({ page }) => {
    test.setTimeout(240_000);
    await page.addInitScript((wanted) => {
      const key = 'dualscope.preferences';
      const kept = JSON.parse(localStorage.getItem(key) ?? '{}') as Record<string, unknown>;
      localStorage.setItem(key, JSON.stringify({ ...kept, theme: wanted }));
    }, theme);

    const report = page.getByTestId('report-page');
    // All that differ are reported, not the first alone.
    const look = async (screen: string): Promise<void> => {
      // A pointer over a control would change it.
      await page.mouse.move(640, 1);
      await expect.soft(page).toHaveScreenshot(`${screen}-${theme}.png`, {
        animations: 'disabled',
        caret: 'hide',
        maxDiffPixelRatio,
        // Pictures of tissue, and the row of the backend: these keep their size.
        mask: [report.locator('img'), report.locator('dl > div', { hasText: /^Backend/ }).locator('dd')],
        maskColor: '#808080',
        stylePath: join(import.meta.dirname, 'visual/steady.css'),
      });
    };

    await page.goto('/?slide=none');
    await useFont(page);
    await expect(page.getByRole('button', { name: /CMU-1/ })).toBeVisible();
    await look('start-page');

    await openBySlideAddress(page, slide, '&model=nano-single');
    await useFont(page);
    await expect(page.getByTestId('backend')).toBeVisible();
    await page.getByTestId('command-segment.whole').click();
    await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 100_000 });
    await expect(page.getByTestId('area-table')).toBeVisible();
    await settle(page);
    await look('segmented');

    const dialogs = [
      ['palette', 'Control+k', 'palette'],
      ['help', '?', 'help'],
      ['report', 'Control+p', 'report-page'],
    ] as const;
    for (const [screen, key, shown] of dialogs) {
      await page.keyboard.press(key);
      await expect(page.getByTestId(shown)).toBeVisible();
      if (screen === 'report') await expect(page.getByTestId(shown).locator('img')).toHaveCount(3);
      await look(screen);
      await page.keyboard.press('Escape');
      await expect(page.locator('dialog')).toHaveCount(0);
    }
    await page.getByTestId('slide-resolution').click();
    await expect(page.getByTestId('mpp-dialog')).toBeVisible();
    await look('resolution');
    await page.keyboard.press('Escape');

    await page.getByTestId('command-panel.models').click();
    await expect(page.getByTestId('model-nano-single')).toBeVisible();
    await page.getByTestId('edit-class-1').click();
    await look('models');
    await page.getByTestId('edit-class-1').click();
    await page.getByTestId('command-panel.slides').click();

    await expect(page.getByTestId('run-estimate')).toBeVisible();
    await page.getByTestId('run-section').evaluate((section) => section.scrollIntoView({ block: 'center' }));
    await look('settings');
    await page.getByTestId('layer-section').evaluate((section) => section.scrollIntoView());

    await page.keyboard.press('Alt+2');
    await expect(page.getByTestId('pane-title-B')).toBeVisible();
    const second = await page.getByTestId('pane-title-B').inputValue();
    const wanted = (await layerSlices(page)).length;
    await expect
      .poll(async () => (await layerSlices(page, second)).length, { timeout: 100_000 })
      .toBe(wanted);
    await expect(page.getByTestId('progress')).toHaveCount(0);
    await settle(page);
    await look('two-panes');

    await page.keyboard.press('w');
    await expect(page.getByTestId('swipe-divider')).toBeVisible();
    await settle(page);
    await look('swipe');
  });
}
