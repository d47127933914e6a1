/** Finding one's way on a slide: coordinates, measuring, bookmarks, the view in the address. */
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import type { Pixels } from './fixtures/workbench.ts';
import { openBySlideAddress, openFile, settle, settledPixels, viewTransform } from './fixtures/workbench.ts';

const phantom = 'slides/phantom-1.tif';

/** Level-0 point in the middle of the view. */
async function middle(page: Page): Promise<{ x: number; y: number }> {
  const { a, b, c, d, e, f } = await viewTransform(page);
  const box = (await page.getByTestId('view-A').boundingBox())!;
  const [px, py] = [box.width / 2, box.height / 2];
  const determinant = a * d - b * c;
  return {
    x: (d * (px - e) - c * (py - f)) / determinant,
    y: (a * (py - f) - b * (px - e)) / determinant,
  };
}

/** The share of pixels that differ by more than a trace. */
function differing(one: Pixels, other: Pixels): number {
  let count = 0;
  for (let at = 0; at < one.data.length; at += 1) {
    if (Math.abs(one.data[at]! - other.data[at]!) > 12) count += 1;
  }
  return count / one.data.length;
}

test('the address brings the same picture back, turned and mirrored; bookmarks and coordinates lead to places', async ({
  page,
}) => {
  await openBySlideAddress(page, phantom);
  await settle(page);
  // It comes and goes with movement, and is not what is compared here.
  await page.evaluate(() => document.querySelector<HTMLElement>('[data-testid="hide-overview"]')?.click());
  await page.keyboard.press('Control+g');
  await page.getByTestId('go-to-input').fill('9 mm, 1 mm');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('go-to-dialog').getByRole('alert')).toContainText('Outside the slide');
  await page.getByTestId('go-to-input').fill('2.5 mm, 3 mm');
  await page.keyboard.press('Enter');
  // Between two levels of the pyramid: exactly on one, the viewer may draw from either.
  for (const key of ['3', '+']) {
    await page.keyboard.press(key);
    await settle(page);
  }
  // The phantom has 1 µm per pixel.
  expect((await middle(page)).x).toBeCloseTo(2500, 0);
  expect((await middle(page)).y).toBeCloseTo(3000, 0);

  await page.keyboard.press('r');
  await page.keyboard.press('Shift+M');
  await settle(page);
  await page.keyboard.press('b');
  await page.getByTestId('bookmark-note-1').fill('Large mass');
  await settle(page);
  await expect.poll(() => new URL(page.url()).searchParams.get('at')).toMatch(/,90,m$/);
  const before = await settledPixels(page);
  const address = page.url();

  await page.goto('about:blank');
  await page.goto(address);
  await expect(page.getByTestId('slide-name')).toHaveText('phantom-1.tif');
  await expect(page.getByTestId('bookmark-1')).toContainText('Large mass');
  expect(differing(before, await settledPixels(page))).toBeLessThan(0.002);

  await page.getByTestId('view-A').focus();
  await page.keyboard.press('0');
  expect(differing(before, await settledPixels(page))).toBeGreaterThan(0.1);
  await page.getByTestId('bookmark-1').click();
  expect(differing(before, await settledPixels(page))).toBeLessThan(0.002);
  await page.getByRole('button', { name: 'Delete bookmark 1' }).click();
  await expect(page.getByTestId('bookmark-1')).toHaveCount(0);
});

test('length and area are measured in µm, and the line follows the slide', async ({ page }) => {
  await openBySlideAddress(page, phantom);
  await settle(page);
  await page.keyboard.press('m');
  const view = page.getByTestId('view-A');
  const { a } = await viewTransform(page);
  for (const [x, y] of [
    [200, 300],
    [400, 300],
    [400, 450],
  ] as const) {
    await view.click({ position: { x, y } });
    // Two clicks in a row must not count as a double click.
    await page.waitForTimeout(350);
  }
  const figure = async (pattern: RegExp): Promise<number> => {
    const text = (await page.getByTestId('measured').textContent()) ?? '';
    return Number(pattern.exec(text)?.[1]);
  };
  // 1 µm per pixel; the figure has three digits.
  const mm = (px: number): number => px / a / 1000;
  expect((await figure(/Length ([\d.]+) mm/)) / mm(350)).toBeCloseTo(1, 2);
  await page.getByTestId('measure-tool').getByRole('button', { name: 'Area' }).click();
  expect((await figure(/Area ([\d.]+) mm²/)) / (mm(200) * mm(75))).toBeCloseTo(1, 1);
  expect((await figure(/perimeter ([\d.]+) mm/)) / mm(600)).toBeCloseTo(1, 2);
  // Zoomed, the corners are where the tissue under them is.
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('measure-tool')).toHaveCount(0);

  // By keyboard alone: a line of 100 px on screen.
  await page.keyboard.press('m');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Space');
  for (let press = 0; press < 10; press += 1) await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Space');
  expect((await figure(/Length ([\d.]+) /)) / mm(100)).toBeCloseTo(1, 2);
});

test('nothing in the address names a local file or a place on it', async ({ page }) => {
  await openBySlideAddress(page, phantom, '&at=100,100,0.5');
  await openFile(page, 'public/slides/CMU-1-Small-Region.svs');
  await expect(page.getByTestId('slide-name')).toHaveText('CMU-1-Small-Region.svs');
  await page.keyboard.press('4');
  await settle(page);
  await page.waitForTimeout(600);
  const { searchParams } = new URL(page.url());
  expect(searchParams.get('slide')).toBeNull();
  expect(searchParams.get('at')).toBeNull();
  expect(page.url()).not.toContain('CMU');
});
