/** The frame in narrow and wide windows: words that stay, the menu, tooltips, Back, the start page. */
import AxeBuilder from '@axe-core/playwright';
import { expect, test } from '@playwright/test';
import { openBySlideAddress } from './fixtures/workbench.ts';

test('words, menu, tooltips, help, the way back and the start page, at 200 % zoom of a laptop and wider', async ({
  page,
}) => {
  await page.addInitScript(() => {
    localStorage.setItem('dualscope.preferences', JSON.stringify({ leftPanel: null, rightPanel: false }));
  });
  await page.setViewportSize({ width: 640, height: 400 });
  // An unknown model gives a message of several lines.
  await openBySlideAddress(page, 'slides/colon-mosaic.tif', `&model=${'unknown-'.repeat(12)}`);
  await expect(page.getByTestId('notice')).toBeVisible();

  const research = page.getByText('Research use only', { exact: true });
  const more = page.getByTestId('more-commands');
  for (const width of [640, 1024, 1280]) {
    await page.setViewportSize({ width, height: width === 640 ? 400 : 800 });
    const { x, width: wide } = (await research.boundingBox())!;
    expect(x + wide).toBeLessThanOrEqual(width);
    for (const name of ['Segment visible area', 'Whole slide']) {
      const box = (await page.getByRole('button', { name, exact: true }).boundingBox())!;
      expect(box.width).toBeGreaterThan(90);
      expect(box.x + box.width).toBeLessThan(width);
    }
    await expect(more).toHaveCount(width < 1100 ? 1 : 0);
  }
  // Scale bar and message do not meet.
  await page.setViewportSize({ width: 640, height: 400 });
  const notice = (await page.getByTestId('notice').boundingBox())!;
  const bar = (await page.getByTestId('scale-bar').boundingBox())!;
  expect(bar.y + bar.height).toBeLessThanOrEqual(notice.y);

  // By keyboard: the menu, a command in it; Esc closes it and focus goes back.
  await more.focus();
  await page.keyboard.press('Enter');
  const menu = page.getByTestId('more-commands-menu');
  await expect(menu).toBeVisible();
  const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
  await page.keyboard.press('Escape');
  await expect(menu).toBeHidden();
  await expect(more).toBeFocused();
  await page.keyboard.press('Enter');
  await menu.getByRole('button', { name: 'Two panes' }).click();
  await expect(menu).toBeHidden();
  await expect(page.getByTestId('pane-letter-B')).toHaveText('B');

  // Help begins at its beginning.
  await page.keyboard.press('?');
  const help = page.getByTestId('help');
  await expect(help.getByRole('heading', { name: 'Keyboard shortcuts' })).toBeInViewport();
  expect(await help.evaluate((dialog) => dialog.scrollTop)).toBe(0);
  await page.keyboard.press('Escape');

  // A tooltip at once, by pointer, by keyboard, and for a button that is off.
  await page.setViewportSize({ width: 1280, height: 800 });
  const tooltip = page.getByTestId('tooltip');
  await page.getByTestId('command-overlay.fill').hover();
  await expect(tooltip).toHaveText('FillF', { timeout: 500 });
  await page.keyboard.press('Escape');
  await expect(tooltip).toBeHidden();
  await page.mouse.move(640, 500);
  await page.getByTestId('command-overlay.fill').focus();
  await page.keyboard.press('Tab');
  await expect(tooltip).toHaveText('OutlineO', { timeout: 500 });
  await expect(page.getByTestId('command-overlay.fill')).not.toHaveAttribute('title');
  await page.getByTestId('command-pane.layout-1').click();
  await page.getByTestId('command-pane.link').hover();
  await expect(tooltip).toContainText('Link panes', { timeout: 500 });

  // One history entry per slide, titled with it; closing leaves nothing in the address.
  await expect(page).toHaveTitle('colon-mosaic.tif · Dualscope');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('phantom 1');
  await page.keyboard.press('Enter');
  await expect(page).toHaveTitle('phantom-1.tif · Dualscope');
  await page.goBack();
  await expect(page.getByTestId('slide-name')).toHaveText('colon-mosaic.tif');
  expect(new URL(page.url()).searchParams.get('slide')).toBe('slides/colon-mosaic.tif');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('close slide');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('start-page')).toContainText('Dualscope');
  expect(new URL(page.url()).search).toBe('');
  await expect(page).toHaveTitle('Dualscope');
  const first = page.getByTestId('demo-slides').getByRole('button').first();
  await expect(first).toContainText('Real');
  await expect(first.locator('img')).toHaveJSProperty('naturalWidth', 320);
  await page.goBack();
  await expect(page.getByTestId('slide-name')).toHaveText('colon-mosaic.tif');
});
