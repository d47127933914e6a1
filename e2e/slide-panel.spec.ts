/** What the page says of a slide: facts, images beside it, and a resolution that the reader measures. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import sharp from 'sharp';
import { openBySlideAddress, openFile, viewPixels, viewTransform } from './fixtures/workbench.ts';

const demo = 'slides/CMU-1-Small-Region.svs';
const demoPath = resolve(import.meta.dirname, '../public', demo);

/** Clicks a level-0 point of the slide. */
async function clickSlide(page: Page, x: number, y: number): Promise<void> {
  const view = await page.getByTestId('view-A').boundingBox();
  const { a, b, c, d, e, f } = await viewTransform(page);
  await page.mouse.click(view!.x + a * x + c * y + e, view!.y + b * x + d * y + f);
}

test('the panel tells what the file says', async ({ page }) => {
  await openBySlideAddress(page, demo);
  const facts = page.getByTestId('slide-facts');
  // As OpenSlide's slide-properties prints them.
  for (const fact of [
    'Aperio SVS',
    'JPEG',
    '2,220 × 2,967 px',
    '1.11 × 1.48 mm',
    '1 (full size)',
    '0.499 µm',
    '(file metadata)',
    '20×',
    'CPAPERIOCS',
    'No ICC profile',
    '1.9 MB',
  ]) {
    await expect(facts).toContainText(fact);
  }
});

test('label and macro stay hidden until asked for, and are hidden again with the slide', async ({ page }) => {
  await openBySlideAddress(page, demo);
  const label = page.getByTestId('associated-label');
  const macro = page.getByTestId('associated-macro');
  await expect(page.getByTestId('associated-thumbnail')).toBeVisible();
  await expect(label).toHaveCount(0);
  await expect(macro).toHaveCount(0);
  await page.getByRole('button', { name: 'Show label' }).click();
  await expect(label).toBeVisible();
  await expect(macro).toHaveCount(0);
  // The label of this slide is mostly white paper with black print.
  await expect
    .poll(() =>
      label.evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
        return new Set(data).size;
      }),
    )
    .toBeGreaterThan(50);
  await page.getByRole('button', { name: 'Hide label' }).click();
  await expect(label).toHaveCount(0);

  await page.getByRole('button', { name: 'Show label' }).click();
  await openFile(page, demoPath);
  await expect(page.getByRole('button', { name: 'Show label' })).toBeVisible();
  await expect(label).toHaveCount(0);
});

test.describe('a slide that does not say how large its pixels are', () => {
  async function openUnknown(page: Page, path: string): Promise<void> {
    await sharp({ create: { width: 1200, height: 900, channels: 3, background: '#d8a0c8' } })
      .png()
      .toFile(path);
    await page.goto('/?slide=none');
    await openFile(page, path);
    await expect(page.getByTestId('slide-resolution')).toContainText('resolution unknown');
  }

  test('a known length drawn with two clicks gives the resolution, which can be undone', async ({
    page,
  }, info) => {
    await openUnknown(page, info.outputPath('unknown.png'));
    await page.getByTestId('slide-resolution').click();
    await page.getByTestId('mpp-draw').click();
    const tool = page.getByTestId('known-length');
    await expect(tool).toBeVisible();
    await clickSlide(page, 200, 300);
    await expect(tool).toContainText('other end');
    await clickSlide(page, 1000, 300);
    const length = page.getByTestId('known-length-input');
    await expect(length).toBeFocused();
    await length.fill('400');
    // 400 µm over 800 px; a click is true to a pixel of the screen.
    const result = page.getByTestId('known-length-result');
    await expect(result).toHaveText(/^0\.(49\d|50?\d?) µm\/px, a 20× scan$/);
    await page.keyboard.press('Enter');
    await expect(tool).toHaveCount(0);
    await expect(page.getByTestId('slide-resolution')).toContainText(/0\.(49|50?)\d* µm\/px/);
    await expect(page.getByTestId('slide-facts')).toContainText('entered by you');

    // Remembered for this file.
    await page.reload();
    await page.goto('/?slide=none');
    await openFile(page, info.outputPath('unknown.png'));
    await expect(page.getByTestId('slide-facts')).toContainText('entered by you');

    await page.getByTestId('slide-resolution').click();
    await page.getByTestId('mpp-input').fill('0.25');
    await page.getByTestId('mpp-submit').click();
    await expect(page.getByTestId('slide-resolution')).toContainText('0.25 µm/px');
    await page.getByRole('button', { name: 'Undo', exact: true }).click();
    await expect(page.getByTestId('slide-resolution')).toContainText(/0\.(49|50?)\d* µm\/px/);
    await page.getByTestId('slide-resolution').click();
    await page.getByTestId('mpp-own').click();
    await expect(page.getByTestId('slide-resolution')).toContainText('resolution unknown');
  });

  test('the length can be drawn by keyboard alone', async ({ page }, info) => {
    await openUnknown(page, info.outputPath('keys.png'));
    await page.keyboard.press('Control+k');
    await page.keyboard.type('known length');
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('known-length')).toBeFocused();
    const { a } = await viewTransform(page);
    for (let i = 0; i < 10; i += 1) await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    for (let i = 0; i < 20; i += 1) await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowRight');
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('known-length-input')).toBeFocused();
    await page.keyboard.type('0,5 mm');
    // 201 CSS pixels of the view.
    const mpp = 500 / (201 / a);
    const result = page.getByTestId('known-length-result');
    await expect(result).toContainText('µm/px');
    // Shown with three digits.
    expect(Math.abs(parseFloat((await result.textContent()) ?? '') / mpp - 1)).toBeLessThan(0.01);
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('slide-facts')).toContainText('entered by you');
    // And called off by Esc.
    await page.keyboard.press('Control+k');
    await page.keyboard.type('known length');
    await page.keyboard.press('Enter');
    await expect(page.getByTestId('known-length')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(page.getByTestId('known-length')).toHaveCount(0);
  });
});

test('a broken tile is marked as broken, the rest of the slide is shown', async ({ page }, info) => {
  // Tile 4, 6 of level 0: its JPEG data overwritten. Offset and length as tiffinfo gives them.
  const bytes = readFileSync(demoPath);
  const { offset, length } = tileOf(bytes, 6 * 10 + 4);
  bytes.fill(0x5a, offset, offset + length);
  const path = info.outputPath('broken-tile.svs');
  writeFileSync(path, bytes);
  await page.goto('/?slide=none');
  await openFile(page, path);
  await expect(page.getByTestId('notice')).toContainText('broken-tile.svs');
  await expect(page.getByTestId('notice')).toContainText(/tile 4, 6/i);
  const grey = async (x: number, y: number): Promise<boolean> => {
    const { a, d, e, f } = await viewTransform(page);
    const { data, width } = await viewPixels(page);
    const at = 3 * (Math.round(d * y + f) * width + Math.round(a * x + e));
    return data[at] === data[at + 1] && data[at] === data[at + 2] && data[at]! < 180;
  };
  await expect.poll(() => grey(4 * 240 + 30, 6 * 240 + 200)).toBe(true);
  // Tissue to its left.
  expect(await grey(3 * 240 + 120, 6 * 240 + 120)).toBe(false);
});

/** Offset and bytes of a tile of a little-endian classic TIFF's first directory. */
function tileOf(bytes: Buffer, index: number): { offset: number; length: number } {
  const directory = bytes.readUInt32LE(4);
  const valueOf = (tag: number): number => {
    for (let i = 0; i < bytes.readUInt16LE(directory); i += 1) {
      const entry = directory + 2 + i * 12;
      if (bytes.readUInt16LE(entry) === tag)
        return bytes.readUInt32LE(bytes.readUInt32LE(entry + 8) + index * 4);
    }
    throw new Error(`There is no tag ${tag}.`);
  };
  return { offset: valueOf(324), length: valueOf(325) };
}

test('a slide behind a bearer token opens with it; no link, store or log has it', async ({
  page,
  context,
  baseURL,
}) => {
  const token = 'open-sesame';
  const server = `http://localhost:${process.env.DUALSCOPE_E2E_FAULT_PORT}`;
  const others: string[] = [];
  context.on('request', (request) => {
    const signed = request.headers().authorization !== undefined;
    if (request.url().includes(token) || (signed && !request.url().startsWith(server))) {
      others.push(request.url());
    }
  });
  await page.goto(`/?slide=${server}/guarded/${demo}`);
  const dialog = page.getByTestId('token-dialog');
  const input = page.getByTestId('token-input');
  await expect(dialog).toContainText(`${server} asks for a bearer token (status 401).`);
  await expect(input).toBeFocused();
  await input.fill('two words');
  await page.keyboard.press('Enter');
  await expect(dialog).toContainText('This can be no token');
  await input.fill('expired');
  await page.keyboard.press('Enter');
  await expect(dialog).toContainText(`${server} refused the bearer token (status 401).`);
  await input.fill(token);
  await page.getByTestId('token-submit').click();
  await expect(page.getByTestId('slide-name')).toHaveText('CMU-1-Small-Region.svs');
  await expect(dialog).toHaveCount(0);
  await expect.poll(async () => (await viewPixels(page)).data.some((value) => value > 0)).toBe(true);

  expect(others).toEqual([]);
  expect(new URL(page.url()).origin).toBe(new URL(baseURL ?? '').origin);
  expect(page.url()).not.toContain(token);
  expect(await page.content()).not.toContain(token);
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  expect(stored).not.toContain(token);

  // Forgotten with the page.
  await page.reload();
  await expect(dialog).toContainText('asks for a bearer token');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('notice')).toContainText('asks for a bearer token');
});
