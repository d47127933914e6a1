/** Colour profiles: what the eye sees, by every way that tiles take, against colours converted by Little CMS. */
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Locator, Page, TestInfo } from '@playwright/test';
import { expect, test } from '@playwright/test';
import sharp from 'sharp';
import { meanColour, openFile, viewPixels, viewTransform } from './fixtures/workbench.ts';

const width = 640;
const height = 480;
const orange = { r: 220, g: 120, b: 40 };

/** An sRGB profile whose red and blue have changed places: nothing looks right without it. */
async function swappedProfile(path: string): Promise<void> {
  const plain = sharp({ create: { width: 8, height: 8, channels: 3, background: orange } });
  const { icc } = await sharp(await plain.withIccProfile('srgb').png().toBuffer()).metadata();
  const profile = Buffer.from(icc!);
  const [red, blue] = ['rXYZ', 'bXYZ'].map((name) => profile.indexOf(name, 132, 'latin1'));
  profile.write('bXYZ', red!, 'latin1');
  profile.write('rXYZ', blue!, 'latin1');
  writeFileSync(path, profile);
}

/** A tiled TIFF that looks orange through its profile; libvips and Little CMS work out the stored colours. */
async function slideWithProfile(info: TestInfo, compression: 'jpeg' | 'deflate' | 'webp'): Promise<string> {
  const profile = info.outputPath('swapped.icc');
  await swappedProfile(profile);
  const path = info.outputPath(`${compression}.tif`);
  await sharp({ create: { width, height, channels: 3, background: orange } })
    .withIccProfile(profile)
    .tiff({ compression, quality: 95, tile: true, tileWidth: 256, tileHeight: 256 })
    .toFile(path);
  return path;
}

/** Colour at a point of the slide that nothing floats over. */
async function colourShown(page: Page): Promise<number[]> {
  const { a, d, e, f } = await viewTransform(page);
  const at = { x: Math.round(320 * a + e), y: Math.round(150 * d + f) };
  const { data, width: across } = await viewPixels(page);
  const from = 3 * (at.y * across + at.x);
  return [...data.subarray(from, from + 3)];
}

/** Waits for it: tiles come one by one. */
async function expectColour(page: Page, { r, g, b }: typeof orange): Promise<void> {
  await expect(async () => {
    const seen = await colourShown(page);
    for (const [i, value] of [r, g, b].entries()) expect(Math.abs(value - seen[i]!)).toBeLessThanOrEqual(6);
  }).toPass({ timeout: 20_000 });
}

const stored = { r: orange.b, g: orange.g, b: orange.r };

for (const compression of ['jpeg', 'deflate', 'webp'] as const) {
  test(`a profile changes what is seen, and can be switched off: ${compression} tiles`, async ({
    page,
  }, info) => {
    const path = await slideWithProfile(info, compression);
    // The file does hold the swapped colours.
    const [r = 0, , b = 0] = (await sharp(path, { ignoreIcc: true }).raw().toBuffer()).subarray(0, 3);
    expect(b).toBeGreaterThan(r + 100);
    await page.goto('/?slide=none');
    await openFile(page, path);
    await expect(page.getByTestId('slide-name')).toHaveText(`${compression}.tif`);
    await expectColour(page, orange);
    await page.getByTestId('colour-profile').uncheck();
    await expectColour(page, stored);
    await page.keyboard.press('Shift+C');
    await expect(page.getByTestId('colour-profile')).toBeChecked();
    await expectColour(page, orange);
  });
}

test('switching the profile asks the server for nothing, and is remembered', async ({ page }, info) => {
  const bytes = readFileSync(await slideWithProfile(info, 'jpeg'));
  let requests = 0;
  await page.route('**/slides/coloured.tif', (route) => {
    requests += 1;
    const match = /bytes=(\d+)-(\d+)/.exec(route.request().headers().range ?? '');
    const first = Number(match![1]);
    const last = Math.min(Number(match![2]), bytes.length - 1);
    return route.fulfill({
      status: 206,
      headers: { 'Content-Range': `bytes ${first}-${last}/${bytes.length}` },
      body: bytes.subarray(first, last + 1),
    });
  });
  await page.goto('/?slide=slides/coloured.tif');
  await expectColour(page, orange);
  const before = requests;
  expect(before).toBeGreaterThan(0);
  await page.keyboard.press('Shift+C');
  await expectColour(page, stored);
  expect(requests).toBe(before);
  await page.reload();
  await expect(page.getByTestId('colour-profile')).not.toBeChecked();
  await expectColour(page, stored);
});

for (const file of ['jfif-420-in-rgb', 'jfif-444-in-rgb', 'adobe-rgb-in-ycbcr']) {
  test(`tiles have the colours that they state, not those of the file: ${file}`, async ({ page }) => {
    const golden = resolve(import.meta.dirname, '../src/slide/golden/makers', file);
    // The upper half of 96 × 64 pixels: scale bar and buttons float over the lower one.
    const part = { left: 4, top: 4, width: 88, height: 28 };
    const right = await sharp(await sharp(`${golden}-0.png`).extract(part).toBuffer()).stats();
    await page.goto('/?slide=none');
    await openFile(page, `${golden}.tif`);
    await expect(page.getByTestId('slide-name')).toHaveText(`${file}.tif`);
    await expect(async () => {
      const { a, d, e, f } = await viewTransform(page);
      const seen = meanColour(await viewPixels(page), e + 4 * a, f + 4 * d, e + 92 * a, f + 32 * d);
      for (const [i, { mean }] of right.channels.slice(0, 3).entries()) {
        expect(Math.abs(seen![i]! - mean)).toBeLessThanOrEqual(6);
      }
    }).toPass({ timeout: 20_000 });
  });
}

test.describe('a slide of six channels', () => {
  const folder = resolve(import.meta.dirname, '../src/slide/golden/channels');
  const golden = JSON.parse(readFileSync(resolve(folder, 'channels.json'), 'utf8')) as {
    default: number[][];
    chosen: { text: string; pixels: number[][] };
  };

  /** Middles of pixels of the slide, magnified so that no neighbour shines in. */
  async function expectPixels(page: Page, pixels: number[][]): Promise<void> {
    await expect(async () => {
      const { a, d, e, f } = await viewTransform(page);
      const seen = await viewPixels(page);
      // Points lower down may lie under scale bar and overview.
      for (const [x = 0, y = 0, ...rgb] of pixels.filter(([, y = 0]) => y < 70)) {
        const from = 3 * (Math.round((y + 0.5) * d + f) * seen.width + Math.round((x + 0.5) * a + e));
        const colour = [...seen.data.subarray(from, from + 3)];
        for (const [i, value] of rgb.entries()) expect(Math.abs(value - colour[i]!)).toBeLessThanOrEqual(6);
      }
    }).toPass({ timeout: 20_000 });
  }

  test('shows them as numpy adds them up; they can be switched, coloured, windowed, and are remembered', async ({
    page,
  }) => {
    await page.goto('/?slide=none');
    await openFile(page, resolve(folder, 'six-channels.ome.tif'));
    const row = (number: number): Locator => page.getByTestId(`channel-${number}`);
    await expect(row(6)).toContainText('Autofluorescence');
    await expectPixels(page, golden.default);

    // As the golden pixels of another view: 2:ffffff,5,6:00ffff:300-9000.
    for (const number of [1, 3, 4]) await row(number).getByRole('checkbox').uncheck();
    for (const number of [5, 6]) await row(number).getByRole('checkbox').check();
    await page.getByLabel('Colour of CD3').fill('#ffffff');
    // By keyboard alone.
    await page.getByRole('button', { name: 'Window of Autofluorescence' }).focus();
    await page.keyboard.press('Enter');
    await page.getByLabel('White point of Autofluorescence, value').fill('9000');
    await page.getByLabel('Black point of Autofluorescence, value').fill('300');
    await expect(row(6)).toContainText('300–9,000');
    await expectPixels(page, golden.chosen.pixels);
    await page.getByLabel('White point of Autofluorescence', { exact: true }).press('ArrowLeft');
    await expect(row(6)).toContainText('300–8,999');
    const axe = new AxeBuilder({ page }).include('[data-testid=channels-section]');
    const found = await axe
      .withTags(['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa', 'best-practice'])
      .analyze();
    expect(found.violations.map(({ id, nodes }) => `${id} ${String(nodes[0]?.target)}`)).toEqual([]);

    // Remembered for this file; models of another stain are refused.
    await page.reload();
    await openFile(page, resolve(folder, 'six-channels.ome.tif'));
    await expect(row(1).getByRole('checkbox')).not.toBeChecked();
    await expect(row(6)).toContainText('300–8,999');
    await expect(page.getByTestId('layer-section')).toContainText('Refused. Fluorescence slide');
    await page.getByRole('button', { name: 'Reset all' }).click();
    await expect(row(1).getByRole('checkbox')).toBeChecked();
    await expectPixels(page, golden.default);
  });
});
