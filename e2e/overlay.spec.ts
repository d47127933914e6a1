/** The overlay against the slide itself, and its settings, none of which runs a network. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import sharp from 'sharp';
import { openBySlideAddress, openFile, settle, settledPixels } from './fixtures/workbench.ts';

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The smallest rectangle with every place that `is` says yes to. */
function boxOf(width: number, height: number, is: (x: number, y: number) => boolean): Box {
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      if (!is(x, y)) continue;
      left = Math.min(left, x);
      top = Math.min(top, y);
      right = Math.max(right, x + 1);
      bottom = Math.max(bottom, y + 1);
    }
  }
  return { left, top, right, bottom };
}

/** Bytes RGBA of the fill canvas, as text: one character a byte. */
async function fillPixels(page: Page): Promise<{ width: number; height: number; data: Buffer }> {
  const { width, height, text } = await page
    .getByTestId('overlay-fill-A')
    .evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      let text = '';
      for (let at = 0; at < data.length; at += 8192) {
        text += String.fromCharCode(...data.subarray(at, at + 8192));
      }
      return { width: canvas.width, height: canvas.height, text };
    });
  return { width, height, data: Buffer.from(text, 'latin1') };
}

test('a rectangle of the truth lies on the same rectangle of the slide at three zooms, turned and mirrored', async ({
  page,
}, info) => {
  // The slide and its truth, made apart from each other: dark on white, off the middle, higher than wide.
  const { left, top, width, height } = { left: 700, top: 500, width: 400, height: 800 };
  mkdirSync(info.outputDir, { recursive: true });
  const slide = join(info.outputDir, 'square.png');
  await sharp({ create: { width: 2000, height: 2000, channels: 3, background: '#ffffff' } })
    .composite([{ input: { create: { width, height, channels: 3, background: '#101010' } }, left, top }])
    .png()
    .toFile(slide);
  const [right, bottom] = [left + width, top + height];
  const coordinates = [
    [
      [left, top],
      [right, top],
      [right, bottom],
      [left, bottom],
      [left, top],
    ],
  ];
  const truth = join(info.outputDir, 'square.geojson');
  writeFileSync(
    truth,
    JSON.stringify({
      type: 'FeatureCollection',
      features: [
        {
          type: 'Feature',
          geometry: { type: 'Polygon', coordinates },
          properties: {
            objectType: 'annotation',
            classification: { name: 'invasive', color: [0, 0, 255] },
          },
        },
      ],
    }),
  );
  await page.goto('/?slide=none&model=nano-single');
  await openFile(page, slide);
  await expect(page.getByTestId('slide-name')).toHaveText('square.png');
  await openFile(page, truth);
  await page.getByTestId('layer-select').selectOption('truth');
  await expect.poll(() => page.evaluate(() => window.dualscope!.slices('truth').length)).toBeGreaterThan(0);
  await page.getByTestId('view-A').focus();

  for (const keys of [['3'], ['4'], ['5'], ['r'], ['Shift+M'], ['3', 'r']]) {
    for (const key of keys) await page.keyboard.press(key);
    await settle(page);
    const drawn = await fillPixels(page);
    const overlay = boxOf(
      drawn.width,
      drawn.height,
      (x, y) => drawn.data[4 * (y * drawn.width + x) + 3]! > 0,
    );
    await page.keyboard.press('c');
    const seen = await settledPixels(page);
    await page.keyboard.press('c');
    // Scale bar, overview and title lie in the corners.
    const tissue = boxOf(
      seen.width,
      seen.height,
      (x, y) =>
        y > 40 &&
        (y < seen.height - 150 || (x > 150 && x < seen.width - 190)) &&
        seen.data[3 * (y * seen.width + x)]! < 40,
    );
    expect(overlay.right - overlay.left).toBeGreaterThan(40);
    for (const side of ['left', 'top', 'right', 'bottom'] as const) {
      expect(Math.abs(overlay[side] - tissue[side]), `${keys.join()}, ${side}`).toBeLessThanOrEqual(1);
    }
  }
});

/** Pixels of a canvas that are painted at all, and those that are painted in part; null while it is hidden. */
function paintedPixels(page: Page, testId: string): Promise<{ all: number; part: number } | null> {
  return page.getByTestId(testId).evaluate((canvas: HTMLCanvasElement) => {
    if (canvas.hidden) return null;
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    let [all, part] = [0, 0];
    for (let at = 3; at < data.length; at += 4) {
      if (data[at]! > 0) all += 1;
      if (data[at]! > 0 && data[at]! < 255) part += 1;
    }
    return { all, part };
  });
}

test.describe('as a reader has it', () => {
  test.use({ storageState: { cookies: [], origins: [] } });

  test('the overlay thins with zoom, appears at once, and says what is under the pointer', async ({
    page,
  }) => {
    await openBySlideAddress(page, 'slides/colon-mosaic.tif', '&model=colon-single');
    await expect.poll(() => page.evaluate(() => window.dualscope!.slices('truth').length)).toBeGreaterThan(0);
    const view = page.getByTestId('view-A').locator('[role=application]');
    const [fill, marks] = [page.getByTestId('overlay-fill-A'), page.getByTestId('overlay-marks-A')];
    await settle(page);

    // Whole slide: flat fill alone. It appears as a coarse picture, then as it stays.
    await page.evaluate(() => {
      const seen = new Set<number>();
      Object.assign(window, { seen });
      const canvas = document.querySelector<HTMLCanvasElement>('[data-testid="overlay-fill-A"]')!;
      const look = (): void => {
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        let count = 0;
        for (let at = 3; at < data.length; at += 4) if (data[at]! > 0) count += 1;
        if (count > 0) seen.add(count);
        requestAnimationFrame(look);
      };
      look();
    });
    await page.getByTestId('layer-select').selectOption('truth');
    await expect(marks).toBeHidden();
    await expect(fill).toHaveCSS('opacity', '0.35');
    await expect
      .poll(async () => (await paintedPixels(page, 'overlay-fill-A'))?.all ?? 0)
      .toBeGreaterThan(20_000);
    await page.waitForTimeout(500);
    const steps = await page.evaluate(() => (window as unknown as { seen: Set<number> }).seen.size);
    expect(steps).toBeLessThanOrEqual(2);

    // Mid zoom: light fill and thin, smooth outline.
    await view.focus();
    await page.keyboard.press('4');
    await settle(page);
    await expect(fill).toBeVisible();
    await expect(marks).toBeVisible();
    expect(Number(await fill.evaluate((canvas) => canvas.style.opacity))).toBeLessThan(0.25);
    await expect
      .poll(async () => (await paintedPixels(page, 'overlay-marks-A'))?.all ?? 0)
      .toBeGreaterThan(1000);
    const outline = (await paintedPixels(page, 'overlay-marks-A'))!;
    // A staircase has no pixels that are painted in part.
    expect(outline.part).toBeGreaterThan(outline.all / 4);

    // Reading zoom: outline alone; the rest of the tissue is as it is without the overlay.
    await page.keyboard.press('5');
    const overlaid = await settledPixels(page);
    await expect(fill).toBeHidden();
    await page.keyboard.down('v');
    await expect(marks).toBeHidden();
    const bare = await settledPixels(page);
    await page.keyboard.up('v');
    await expect(marks).toBeVisible();
    let changed = 0;
    for (let at = 0; at < bare.data.length; at += 3) {
      if ([0, 1, 2].some((channel) => bare.data[at + channel] !== overlaid.data[at + channel])) changed += 1;
    }
    expect(changed).toBeGreaterThan(1000);
    expect(changed).toBeLessThan(bare.data.length / 3 / 8);

    // Under the pointer.
    const place = await page.evaluate(() => {
      const { a, d, e, f } = window.dualscope!.transform()!;
      for (const { rect, size, classes } of window.dualscope!.slices('truth')) {
        for (let at = 0; at < classes.length; at++) {
          if (classes[at] !== 1) continue;
          const x = a * (rect.x + (((at % size) + 0.5) * rect.width) / size) + e;
          const y = d * (rect.y + ((Math.floor(at / size) + 0.5) * rect.height) / size) + f;
          if (x > 200 && y > 100 && x < 600 && y < 500) return { x, y };
        }
      }
      return null;
    });
    const box = (await page.getByTestId('view-A').boundingBox())!;
    if (place !== null) {
      await page.mouse.move(box.x + place.x, box.y + place.y);
      await expect(page.getByTestId('pointer-readout')).toContainText('healthy');
    } else await page.mouse.move(box.x + 300, box.y + 200);
    await expect(page.getByTestId('pointer-readout')).toHaveText(/[\d,]+, [\d,]+ µm · [\d,]+, [\d,]+ px/);

    // The menu at a place, by mouse and by keyboard.
    await page.mouse.click(box.x + 300, box.y + 200, { button: 'right' });
    const menu = page.getByRole('menu', { name: 'Actions at this place' });
    await expect(menu).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(menu).toHaveCount(0);
    await expect(view).toBeFocused();
    await page.keyboard.press('Shift+F10');
    await expect(menu.getByRole('menuitem').first()).toBeFocused();
    await page.keyboard.press('ArrowDown');
    await expect(menu.getByRole('menuitem', { name: 'Measure from here' })).toBeFocused();
    await page.keyboard.press('Enter');
    await expect(menu).toHaveCount(0);
    await expect(page.getByRole('button', { name: /Measure length/ }).first()).toHaveAttribute(
      'aria-pressed',
      'true',
    );
    await page.keyboard.press('m');

    // The overview shows the layer, makes room for tissue that is being read, and hides by its own button.
    await expect
      .poll(async () => (await paintedPixels(page, 'overview-overlay'))?.all ?? 0)
      .toBeGreaterThan(500);
    await expect(page.getByTestId('overview')).toBeHidden();
    await page.getByTestId('show-overview').click();
    await expect(page.getByTestId('overview')).toBeVisible();
    await page.getByTestId('overview').hover();
    await page.getByTestId('hide-overview').click();
    await expect(page.getByTestId('overview')).toBeHidden();
    await page.getByTestId('show-overview').click();
    await expect(page.getByTestId('overview')).toBeVisible();

    // Brightness changes the slide, not the overlay.
    await page.getByTestId('adjust-gamma').fill('2');
    const lighter = await settledPixels(page);
    const mean = ({ data }: { data: Uint8Array }): number =>
      data.reduce((sum, each) => sum + each, 0) / data.length;
    expect(mean(lighter)).toBeGreaterThan(mean(overlaid) + 5);
    await expect(marks).toHaveCSS('filter', 'none');
    await page.getByTestId('adjust-reset').click();
    await expect(page.getByTestId('view-A')).toHaveCSS('filter', 'none');
  });
});

test('colour, parts of a class, width and minimum confidence change at once, without a network', async ({
  page,
}) => {
  await openBySlideAddress(page, 'slides/phantom-1.tif', '&model=nano-aligned');
  await expect(page.getByTestId('backend')).toBeVisible();
  await page.keyboard.press('3');
  await settle(page);
  await page.keyboard.press('s');
  await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 100_000 });
  const slices = await page.evaluate(() => window.dualscope!.slices().length);

  const count = async (colour: readonly number[]): Promise<number> => {
    const { data } = await fillPixels(page);
    let pixels = 0;
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] === 255 && colour.every((value, channel) => data[at + channel] === value)) pixels += 1;
    }
    return pixels;
  };
  const marks = (): Promise<number> =>
    page.getByTestId('overlay-marks-A').evaluate((canvas: HTMLCanvasElement) => {
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
      return data.filter((value, at) => at % 4 === 3 && value > 0).length;
    });
  const invasive = [0x00, 0x00, 0x80];
  // The overlay is coarse before it is exact.
  let before = await count(invasive);
  await expect
    .poll(
      async () => {
        const last = before;
        before = await count(invasive);
        return before === last && before > 5000;
      },
      { intervals: [500] },
    )
    .toBe(true);

  await page.getByTestId('edit-class-3').click();
  await page.getByLabel('Colour of invasive').fill('#ff8800');
  await expect.poll(() => count([0xff, 0x88, 0x00])).toBe(before);
  const editor = page.getByTestId('style-invasive');
  await editor.getByLabel('Fill').uncheck();
  await expect.poll(() => count([0xff, 0x88, 0x00])).toBe(0);
  await editor.getByLabel('Hatch').uncheck();
  const thin = await marks();
  expect(thin).toBeGreaterThan(100);
  await page.getByTestId('outline-width').fill('8');
  await expect.poll(marks).toBeGreaterThan(1.5 * thin);
  await editor.getByLabel('Outline').uncheck();
  // What is left belongs to other classes.
  await expect.poll(marks).toBeLessThan(thin / 2);
  await editor.getByRole('button', { name: /palette/ }).click();
  await expect.poll(() => count(invasive)).toBe(before);

  // Colours that some readers can't tell apart are pointed out.
  await page.getByLabel('Colour of invasive').fill('#00aa70');
  await expect(page.getByTestId('alike-colours')).toContainText('benign and invasive look alike');
  await editor.getByRole('button', { name: /palette/ }).click();
  await expect(page.getByTestId('alike-colours')).toHaveCount(0);

  // What is less sure goes first; the heat map follows too.
  await page.getByTestId('min-confidence').fill('90');
  await expect.poll(() => count(invasive)).toBeLessThan(before);
  const sure = await count(invasive);
  expect(sure).toBeGreaterThan(0);
  const all = async (): Promise<number> =>
    (await fillPixels(page)).data.filter((value, at) => at % 4 === 3 && value > 0).length;
  await page.keyboard.press('h');
  await page.getByTestId('min-confidence').fill('0');
  await expect(page.getByTestId('confidence-legend')).toHaveText(/^0 %25 %50 %75 %100 %/);
  await expect.poll(all).toBeGreaterThan(before);
  const known = await all();
  await page.getByTestId('min-confidence').fill('100');
  await expect.poll(all).toBeLessThan(known);
  await page.getByTestId('min-confidence').fill('0');
  await expect.poll(all).toBe(known);
  expect(await page.evaluate(() => window.dualscope!.slices().length)).toBe(slices);
  await page.keyboard.press('h');

  // Votes of all four, in one pane: the run takes those that are missing.
  await page.getByTestId('layer-select').selectOption('votes:nano-add');
  await page.keyboard.press('s');
  await expect(page.getByTestId('legend')).toContainText('4 of 4 agree', { timeout: 60_000 });
  await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 100_000 });
  await expect.poll(() => count([0xfe, 0xe8, 0x38])).toBeGreaterThan(1000);
});
