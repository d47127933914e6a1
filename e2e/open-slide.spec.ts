import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { meanColour, openBySlideAddress, viewPixels, viewTransform } from './fixtures/workbench.ts';

/** Made with OpenSlide: mean colours of a grid of cells over the slide. */
const golden = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures/cmu-1-mean-colours.json'), 'utf8'),
) as { width: number; height: number; columns: number; rows: number; rgb: [number, number, number][][] };

test('the demo slide opens and shows its tissue in its colours', async ({ page }) => {
  await openBySlideAddress(page, 'slides/CMU-1-Small-Region.svs');
  await expect(page.getByTestId('slide-resolution')).toContainText('0.499');

  // Tiles arrive one by one: look until the last is there.
  await expect(async () => {
    const pixels = await viewPixels(page);
    const { a, d, e, f } = await viewTransform(page);
    let cells = 0;
    for (let row = 0; row < golden.rows; row += 1) {
      for (let column = 0; column < golden.columns; column += 1) {
        const x = (edge: number): number => a * ((edge * golden.width) / golden.columns) + e;
        const y = (edge: number): number => d * ((edge * golden.height) / golden.rows) + f;
        // Scale bar and overview lie over the lower corners.
        if (row === golden.rows - 1) continue;
        const seen = meanColour(pixels, x(column), y(row), x(column + 1), y(row + 1));
        if (seen === null) continue;
        const expected = golden.rgb[row]![column]!;
        for (let channel = 0; channel < 3; channel += 1) {
          expect(Math.abs(seen[channel]! - expected[channel]!)).toBeLessThan(6);
        }
        cells += 1;
      }
    }
    expect(cells).toBeGreaterThan(30);
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
