/** The page as a reader uses it: overlay, cancelling, keyboard, dialogs. */
import { readFileSync } from 'node:fs';
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import sharp from 'sharp';
import { openBySlideAddress, openFile, settle } from './fixtures/workbench.ts';

const demo = 'slides/CMU-1-Small-Region.svs';

/** Of the fill canvas: how many pixels are painted, and how many in each colour, as `r,g,b`. */
async function painted(page: Page): Promise<{ total: number; byColour: Record<string, number> }> {
  return page.getByTestId('overlay-fill-A').evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    const byColour: Record<string, number> = {};
    let total = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] !== 255) continue;
      total += 1;
      const colour = `${data[at]!},${data[at + 1]!},${data[at + 2]!}`;
      byColour[colour] = (byColour[colour] ?? 0) + 1;
    }
    return { total, byColour };
  });
}

async function segmentVisible(page: Page): Promise<void> {
  await expect(page.getByTestId('backend')).toBeVisible();
  await page.keyboard.press('s');
  await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 100_000 });
  // The last slices are drawn a few frames later.
  await page.waitForTimeout(400);
}

test('the overlay can be switched, faded, recoloured and rotated without running the network again', async ({
  page,
}) => {
  await openBySlideAddress(page, demo, '&model=nano-aligned');
  await segmentVisible(page);
  const before = await painted(page);
  expect(before.total).toBeGreaterThan(500);
  const colours = ['0,200,150', '255,224,0', '0,0,128'];
  expect(Object.keys(before.byColour).filter((colour) => !colours.includes(colour))).toEqual([]);

  await page.keyboard.press('c');
  await expect.poll(async () => (await painted(page)).total).toBe(0);
  await page.keyboard.press('c');
  await expect.poll(async () => (await painted(page)).total).toBe(before.total);

  const fill = page.getByTestId('overlay-fill-A');
  await expect(fill).toHaveCSS('opacity', '0.35');
  await page.getByTestId('fill-opacity').fill('80');
  await expect(fill).toHaveCSS('opacity', '0.8');

  // The most frequent class goes and comes back.
  const [frequent] = Object.entries(before.byColour).sort(([, one], [, other]) => other - one)[0]!;
  const box = page.getByTestId(`class-${colours.indexOf(frequent) + 1}`);
  await box.click();
  await expect.poll(async () => (await painted(page)).byColour[frequent] ?? 0).toBe(0);
  await box.click();
  await expect.poll(async () => (await painted(page)).byColour[frequent]).toBe(before.byColour[frequent]);

  await page.getByTestId('palette-select').selectOption('bach');
  const bach = ['255,0,0', '0,255,0', '0,0,255'];
  await expect
    .poll(async () => (await painted(page)).byColour[bach[colours.indexOf(frequent)]!])
    .toBe(before.byColour[frequent]);

  // Confidence is known wherever a class is, the background class included.
  await page.keyboard.press('h');
  await expect.poll(async () => (await painted(page)).total).toBeGreaterThan(before.total);
  await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/);
});

test('the overlay lies on the class map to the pixel at every zoom and rotation', async ({ page }) => {
  await openBySlideAddress(page, demo, '&model=nano-aligned');
  await segmentVisible(page);
  for (const keys of [['0'], ['5'], ['7'], ['5', 'r'], ['r', 'r'], ['0', 'ArrowRight']]) {
    for (const key of keys) {
      await page.keyboard.press(key);
      await settle(page);
    }
    const { compared, equal } = await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('[data-testid="overlay-fill-A"]')!;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      const { a, b, c, d, e, f } = window.dualscope!.transform()!;
      const slices = window.dualscope!.slices();
      const colours: Record<string, number> = { '0,200,150': 1, '255,224,0': 2, '0,0,128': 3 };
      const determinant = a * d - b * c;
      const classAt = (px: number, py: number): number | null => {
        const x = (d * (px - e) - c * (py - f)) / determinant;
        const y = (a * (py - f) - b * (px - e)) / determinant;
        const slice = slices.find(
          ({ rect }) => x >= rect.x && y >= rect.y && x < rect.x + rect.width && y < rect.y + rect.height,
        );
        if (slice === undefined || x < 0 || y < 0 || x >= 2220 || y >= 2967) return null;
        const column = Math.floor(((x - slice.rect.x) / slice.rect.width) * slice.size);
        const row = Math.floor(((y - slice.rect.y) / slice.rect.height) * slice.size);
        return slice.classes[row * slice.size + column]!;
      };
      // Where classes meet within a pixel and a half, half a pixel of rounding may decide; and borders are smooth, which
      // rounds corners of the map by about a pixel of its own.
      const mapPixel = (Math.hypot(a, b) * slices[0]!.rect.width) / slices[0]!.size;
      const around = Math.max(1.5, 1.5 * mapPixel);
      let compared = 0;
      let equal = 0;
      for (let py = 2; py < canvas.height - 2; py += 3) {
        for (let px = 2; px < canvas.width - 2; px += 3) {
          const value = classAt(px + 0.5, py + 0.5);
          const near = [-around, around].flatMap((step) => [
            classAt(px + 0.5 + step, py + 0.5),
            classAt(px + 0.5, py + 0.5 + step),
          ]);
          if (value === null || near.some((other) => other !== value)) continue;
          const at = 4 * (py * canvas.width + px);
          const shown = data[at + 3] === 0 ? 0 : colours[`${data[at]!},${data[at + 1]!},${data[at + 2]!}`];
          compared += 1;
          if (shown === value) equal += 1;
        }
      }
      return { compared, equal };
    });
    expect(compared).toBeGreaterThan(1000);
    // At a small scale the map is drawn from a halved copy, whose pixels may differ by the majority rule.
    expect(equal / compared).toBeGreaterThan(keys.includes('0') ? 0.98 : 0.999);
  }
});

test('cancelling stops the run and keeps what is finished; more area adds to it', async ({ page }) => {
  // Large enough that the run can't end before the key arrives.
  await openBySlideAddress(page, 'slides/phantom-1.tif');
  await expect(page.getByTestId('backend')).toBeVisible();
  await page.keyboard.press('Shift+S');
  await expect(page.getByTestId('progress-text')).toContainText(/[1-9]\d*\/\d+ slices/, { timeout: 60_000 });
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('status-text')).toHaveText(/^Cancelled after \d+ slices?/);
  const kept = await page.evaluate(() => window.dualscope!.slices().length);
  expect(kept).toBeGreaterThan(0);
  expect(kept).toBeLessThan(270);
  await segmentVisible(page);
  expect(await page.evaluate(() => window.dualscope!.slices().length)).toBeGreaterThan(kept);
});

test('two models side by side: they run at once and in turns, and their panes are in step to the pixel', async ({
  page,
}) => {
  // Large enough that the run can't end before both have begun.
  await openBySlideAddress(page, 'slides/phantom-1.tif', '&model=nano-aligned');
  // Before the models are there, a second pane has none to show.
  await expect(page.getByTestId('backend')).toBeVisible();
  await page.keyboard.press('Alt+2');
  const layers = await Promise.all(['A', 'B'].map((id) => page.getByTestId(`pane-title-${id}`).inputValue()));
  // How many slices each pane has, whenever one of them has gained some.
  await page.evaluate((both) => {
    const seen: number[][] = [];
    const look = (): void => {
      const now = both.map((layer) => window.dualscope!.slices(layer).length);
      if (now.join() !== seen.at(-1)?.join()) seen.push(now);
      requestAnimationFrame(look);
    };
    look();
    Object.assign(window, { seen });
  }, layers);
  const seen = (): Promise<[number, number][]> =>
    page.evaluate(() => (window as unknown as { seen: [number, number][] }).seen);
  await page.keyboard.press('Shift+S');
  await expect(page.getByRole('progressbar')).toHaveCount(2);
  await expect
    .poll(async () => Math.min(...(await seen()).at(-1)!), { timeout: 100_000 })
    .toBeGreaterThanOrEqual(10);
  // One may begin before the other has loaded; from then on neither gains on the other.
  const ahead = (await seen()).filter((counts) => Math.min(...counts) > 0).map(([a, b]) => a - b);
  expect(Math.max(...ahead) - Math.min(...ahead)).toBeLessThan(6);
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('status-text')).toHaveText(/^Cancelled/);
  await page.getByTestId('view-A').click({ position: { x: 150, y: 200 } });
  for (const key of ['4', 'r', 'ArrowRight', '+']) {
    await page.keyboard.press(key);
    await settle(page);
  }
  const [one, other] = await page.evaluate(() => ['A', 'B'].map((id) => window.dualscope!.transform(id)!));
  for (const key of ['a', 'b', 'c', 'd'] as const) expect(other![key]).toBeCloseTo(one![key], 9);
  // The panes' widths may differ by a pixel, and their middles by half of one.
  for (const key of ['e', 'f'] as const) expect(Math.abs(other![key] - one![key])).toBeLessThanOrEqual(0.5);
  expect(one!.b).not.toBeCloseTo(0, 3);
});

test('the page answers while a run is on', async ({ page }) => {
  await openBySlideAddress(page, demo);
  await expect(page.getByTestId('backend')).toBeVisible();
  await page.keyboard.press('Shift+S');
  await expect(page.getByTestId('progress')).toBeVisible();
  await page.keyboard.press('Shift+T');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  const bar = await page.getByTestId('magnification').textContent();
  await page.keyboard.press('+');
  await expect(page.getByTestId('magnification')).not.toHaveText(bar ?? '');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('progress')).toHaveCount(0);
});

test('by keyboard alone from the empty page to a segmented slide and its files', async ({ page }) => {
  await page.goto('/?slide=none');
  // The palette lists a demo slide only once the list of them has come.
  await expect(page.getByTestId('start-page')).toContainText('CMU-1');
  await page.keyboard.press('Control+k');
  await expect(page.getByLabel('Command', { exact: true })).toBeFocused();
  await page.keyboard.type('small region');
  await page.keyboard.press('Enter');
  await expect(page.getByTestId('slide-name')).toHaveText('CMU-1-Small-Region.svs');
  await segmentVisible(page);

  // What has the focus can be seen, whichever control it is.
  for (let step = 0; step < 12; step++) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const { activeElement: element } = document;
      if (element === null || element === document.body) return 'nothing';
      const { outlineStyle, outlineWidth } = getComputedStyle(element);
      return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1 ? 'seen' : element.outerHTML;
    });
    expect(focused).toBe('seen');
  }

  // Away with the results: by a shortcut, and by the palette.
  const polygons = page.waitForEvent('download');
  await page.keyboard.press('Control+e');
  const { features } = JSON.parse(readFileSync(await (await polygons).path(), 'utf8')) as {
    features: unknown[];
  };
  expect(features.length).toBeGreaterThan(0);
  const picture = page.waitForEvent('download');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('legend and scale bar');
  await page.keyboard.press('Enter');
  expect((await picture).suggestedFilename()).toMatch(/\.png$/);
  await page.keyboard.press('?');
  await expect(page.getByTestId('help')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('help')).toHaveCount(0);
  // Panels fold, and stay folded.
  await page.keyboard.press('[');
  await page.keyboard.press(']');
  await expect(page.getByTestId('left-panel')).toHaveCount(0);
  await expect(page.getByTestId('right-panel')).toHaveCount(0);
  await page.reload();
  await expect(page.getByTestId('slide-name')).toHaveText('CMU-1-Small-Region.svs');
  await expect(page.getByTestId('left-panel')).toHaveCount(0);
});

test('a slide that does not state its resolution is not segmented before the reader gives it', async ({
  page,
}, info) => {
  const path = info.outputPath('plain.tif');
  await sharp({ create: { width: 700, height: 600, channels: 3, background: '#e8c8dc' } })
    .tiff({ tile: true, tileWidth: 256, tileHeight: 256, compression: 'jpeg', pyramid: true })
    .toFile(path);
  await page.goto('/?slide=none');
  await openFile(page, path);
  await expect(page.getByTestId('slide-resolution')).toContainText('resolution unknown');
  await expect(page.getByTestId('scale-bar')).toHaveCount(0);
  // Before the models are there, nothing can be segmented.
  await expect(page.getByTestId('backend')).toBeVisible();
  await page.keyboard.press('s');
  await expect(page.getByTestId('mpp-dialog')).toBeVisible();
  await page.getByTestId('mpp-input').fill('wide');
  await page.getByTestId('mpp-submit').click();
  await expect(page.getByTestId('mpp-dialog')).toContainText('Enter a number');
  await page.getByRole('button', { name: '20× scan' }).click();
  await page.getByTestId('mpp-submit').click();
  await expect(page.getByTestId('slide-resolution')).toContainText('0.5 µm/px');
  await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 60_000 });
  // Remembered for this slide.
  await page.goto('/?slide=none');
  await openFile(page, path);
  await expect(page.getByTestId('slide-resolution')).toContainText('entered by you');
});
