import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import sharp from 'sharp';
import { unzipSync } from 'fflate';
import { meanColour, openBySlideAddress, openFile, viewPixels, viewTransform } from './fixtures/workbench.ts';

/** Made with OpenSlide: mean colours of a grid of cells over the slide. */
const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures/cmu-1-mean-colours.json'), 'utf8'),
) as { width: number; height: number; columns: number; rows: number; rgb: [number, number, number][][] };

/** Where scale bar and overview lie, in CSS pixels of the view. */
async function boxesOverView(
  page: Page,
): Promise<{ left: number; top: number; right: number; bottom: number }[]> {
  const view = await page
    .getByTestId(/^view-/)
    .first()
    .boundingBox();
  const boxes = await Promise.all(
    ['scale-bar', 'overview'].map((id) => page.getByTestId(id).first().boundingBox()),
  );
  return boxes.flatMap((box) => {
    if (box === null || view === null) return [];
    const [left, top] = [box.x - view.x, box.y - view.y];
    return [{ left, top, right: left + box.width, bottom: top + box.height }];
  });
}

test('the demo slide opens and shows its tissue in its colours', async ({ page }) => {
  await openBySlideAddress(page, 'slides/CMU-1-Small-Region.svs');
  await expect(page.getByTestId('slide-resolution')).toContainText('0.499');

  // Tiles arrive one by one: look until the last is there.
  await expect(async () => {
    const pixels = await viewPixels(page);
    const { a, d, e, f } = await viewTransform(page);
    const covers = await boxesOverView(page);
    let cells = 0;
    for (let row = 0; row < golden.rows; row += 1) {
      for (let column = 0; column < golden.columns; column += 1) {
        const x = (edge: number): number => a * ((edge * golden.width) / golden.columns) + e;
        const y = (edge: number): number => d * ((edge * golden.height) / golden.rows) + f;
        const [left, top, right, bottom] = [x(column), y(row), x(column + 1), y(row + 1)];
        if (
          covers.some((box) => box.left < right && box.right > left && box.top < bottom && box.bottom > top)
        ) {
          continue;
        }
        const seen = meanColour(pixels, left, top, right, bottom);
        if (seen === null) continue;
        const expected = golden.rgb[row]![column]!;
        for (let channel = 0; channel < 3; channel += 1) {
          expect(Math.abs(seen[channel]! - expected[channel]!)).toBeLessThan(6);
        }
        cells += 1;
      }
    }
    expect(cells).toBeGreaterThan(20);
  }).toPass({ timeout: 30_000 });
});

test('a CZI slide is decoded in the page, JPEG XR included', async ({ page }) => {
  await page.goto('/?slide=none');
  await openFile(page, join(import.meta.dirname, '../src/slide/golden/czi/bgr24-jpeg-xr.czi'));
  await expect(page.getByTestId('slide-name')).toHaveText('bgr24-jpeg-xr.czi');
  const { channels } = await sharp(
    join(import.meta.dirname, '../src/slide/golden/czi/bgr24-jpeg-xr-0.png'),
  ).stats();
  await expect(async () => {
    const { a, d, e, f } = await viewTransform(page);
    const seen = meanColour(await viewPixels(page), e, f, e + 37 * a, f + 29 * d)!;
    for (const [i, { mean }] of channels.entries()) expect(Math.abs(seen[i]! - mean)).toBeLessThan(8);
  }).toPass({ timeout: 30_000 });
});

test('the scale bar follows the zoom', async ({ page }) => {
  await openBySlideAddress(page, 'slides/CMU-1-Small-Region.svs');
  const bar = page.getByTestId('scale-bar');
  await expect(bar).toContainText('µm');
  const before = await bar.textContent();
  for (let i = 0; i < 6; i += 1) await page.keyboard.press('+');
  await expect(bar).not.toHaveText(before ?? '');
});

test('a slide dropped on the page opens, recognised by its content', async ({ page }) => {
  await page.goto('/?slide=none');
  await expect(page.getByTestId('start-page')).toBeVisible();
  const slide = readFileSync(join(import.meta.dirname, '../public/slides/CMU-1-Small-Region.svs'));
  const dropped = await page.evaluateHandle((base64) => {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const transfer = new DataTransfer();
    transfer.items.add(new File([bytes], 'biopsy.bin'));
    return transfer;
  }, slide.toString('base64'));
  for (const type of ['dragenter', 'dragover', 'drop']) {
    await page.dispatchEvent('body', type, { dataTransfer: dropped });
  }
  await expect(page.getByTestId('slide-name')).toHaveText('biopsy.bin');
  await expect(page.getByTestId('slide-resolution')).toContainText('0.499');
  // Tissue, not only a name: somewhere it is much darker than glass.
  await expect(async () => {
    const { data } = await viewPixels(page);
    let dark = 0;
    for (let i = 0; i < data.length; i += 3) if (data[i + 1]! < 150 && data[i]! > 100) dark += 1;
    expect(dark / (data.length / 3)).toBeGreaterThan(0.05);
  }).toPass({ timeout: 30_000 });
});

test('a folder that holds a slide of several files opens, and shows its tissue in its colours', async ({
  page,
}) => {
  // As in browsers without it: the dialog for folders to be opened again is the system's.
  await page.addInitScript(() => Object.assign(window, { showDirectoryPicker: undefined }));
  await page.goto('/?slide=none');
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Open folder…' }).first().click();
  await (await chooser).setFiles(join(import.meta.dirname, '../src/slide/golden/mrxs/cameras'));
  await expect(page.getByTestId('slide-name')).toHaveText('cameras');
  await expect(page.getByTestId('slide-resolution')).toContainText('0.25');
  // OpenSlide’s picture of the slide, in the middle of which nothing lies over the view.
  const golden = await sharp(join(import.meta.dirname, '../src/slide/golden/mrxs/cameras-0.png'))
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  const expected = { width: golden.info.width, height: golden.info.height, data: golden.data };
  const { width, height } = expected;
  await expect(async () => {
    const pixels = await viewPixels(page);
    const { a, d, e, f } = await viewTransform(page);
    for (const [column, row] of [
      [3, 3],
      [4, 3],
      [3, 4],
      [4, 4],
    ] as const) {
      const [left, top, right, bottom] = [column, row, column + 1, row + 1].map(
        (edge, i) => (edge * (i % 2 === 0 ? width : height)) / 8,
      ) as [number, number, number, number];
      const seen = meanColour(pixels, a * left + e, d * top + f, a * right + e, d * bottom + f);
      const golden8 = meanColour(expected, left, top, right, bottom);
      for (let channel = 0; channel < 3; channel += 1)
        expect(Math.abs(seen![channel]! - golden8![channel]!)).toBeLessThan(8);
    }
  }).toPass({ timeout: 30_000 });
});

test('what the page decodes itself: JPEG-LS, HTJ2K, OME-Zarr', async ({ page }) => {
  const golden = join(import.meta.dirname, '../src/slide/golden');
  /** The made pictures have many colours; glass and errors have few. */
  const expectColours = (least: number): Promise<void> =>
    expect(async () => {
      const { data } = await viewPixels(page);
      const colours = new Set<number>();
      for (let i = 0; i < data.length; i += 3) {
        colours.add(((data[i]! >> 3) << 10) | ((data[i + 1]! >> 3) << 5) | (data[i + 2]! >> 3));
      }
      expect(colours.size).toBeGreaterThan(least);
    }).toPass({ timeout: 20_000 });
  await page.goto('/?slide=none');
  for (const name of ['jpegls.dcm', 'htj2k.dcm']) {
    await openFile(page, join(golden, 'dicom', name));
    await expect(page.getByTestId('slide-name')).toHaveText(name);
    await expectColours(300);
  }
  for (const [name, mpp] of [
    ['rgb-ome-zarr-py', '0.25'],
    ['sharded', '0.5'],
  ] as const) {
    const files = unzipSync(new Uint8Array(readFileSync(join(golden, `zarr/${name}.zip`))));
    await page.route(`**/${name}.zarr/**`, (route) => {
      const path = new URL(route.request().url()).pathname.split(`${name}.zarr/`)[1] ?? '';
      const bytes = files[path];
      if (bytes === undefined) return route.fulfill({ status: 404 });
      const [, from = '', to = ''] = /bytes=(\d*)-(\d*)/.exec(route.request().headers().range ?? '') ?? [];
      if (from === '' && to === '') return route.fulfill({ body: Buffer.from(bytes) });
      const part = from === '' ? bytes.slice(-Number(to)) : bytes.slice(Number(from), Number(to) + 1);
      return route.fulfill({ status: 206, body: Buffer.from(part) });
    });
    await openBySlideAddress(page, `${name}.zarr`);
    await expect(page.getByTestId('slide-resolution')).toContainText(mpp);
    await expectColours(50);
  }
});

test('a local slide of an earlier visit opens again by its handle, until the list is cleared', async ({
  page,
}) => {
  await page.goto('/?slide=none');
  // The browser's own folder gives handles without a dialog, which no test can answer.
  await page.evaluate(async () => {
    const bytes = await (await fetch('slides/phantom-1.tif')).arrayBuffer();
    const folder = await navigator.storage.getDirectory();
    const handle = await folder.getFileHandle('own.tif', { create: true });
    const writing = await handle.createWritable();
    await writing.write(bytes);
    await writing.close();
    const items = new DataTransfer();
    items.items.add(await handle.getFile());
    // What Chrome gives for a file that is dropped from a folder's window.
    Object.assign(DataTransferItem.prototype, { getAsFileSystemHandle: () => Promise.resolve(handle) });
    for (const type of ['dragover', 'drop']) {
      document.body.dispatchEvent(
        new DragEvent(type, { dataTransfer: items, bubbles: true, cancelable: true }),
      );
    }
  });
  await expect(page.getByTestId('slide-name')).toHaveText('own.tif');
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').last().fill('Close slide');
  await page.keyboard.press('Enter');
  const card = page.getByTestId('recent-slides').getByRole('button', { name: /own\.tif/ });
  await expect(card).toHaveText(/File on this computer$/);
  await expect(card.locator('img')).toBeVisible();

  await page.goto('/?slide=none');
  await expect(card).toHaveText(/File on this computer$/);
  await expect(card.locator('img')).toBeVisible();
  await card.click();
  await expect(page.getByTestId('slide-name')).toHaveText('own.tif');

  await page.goto('/?slide=none');
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(page.getByTestId('recent-slides')).toHaveCount(0);
  await page.reload();
  await expect(page.getByTestId('start-page')).toBeVisible();
  await expect(page.getByTestId('demo-slides')).toBeVisible();
  await expect(page.getByTestId('recent-slides')).toHaveCount(0);
});
