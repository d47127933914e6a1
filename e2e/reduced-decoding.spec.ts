/** The browser's reduced decoding against means worked out here, and the memory of a slide of a million tiles. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@playwright/test';
import sharp from 'sharp';
import { writeLargeTiff } from '../src/slide/testing/large-slides.node.ts';
import { openFile } from './fixtures/workbench.ts';

/** A picture with tissue-like detail of all sizes, from a fixed formula. */
function texture(side: number): Buffer {
  const data = Buffer.alloc(3 * side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const waves = Math.sin(x / 3) * Math.cos(y / 5) + Math.sin((x + y) / 17) + Math.sin(x * y * 0.001);
      for (let c = 0; c < 3; c++) {
        data[3 * (y * side + x) + c] = 140 + 30 * waves + 20 * Math.sin(x / 2 + c) + 10 * c;
      }
    }
  }
  return data;
}

/** Means of `shrink × shrink` squares. */
function areaMeans(pixels: Buffer, side: number, shrink: number): number[] {
  const small = side / shrink;
  const means = new Array<number>(3 * small * small).fill(0);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = 3 * (Math.floor(y / shrink) * small + Math.floor(x / shrink));
      for (let c = 0; c < 3; c++) means[at + c]! += pixels[3 * (y * side + x) + c]! / shrink ** 2;
    }
  }
  return means;
}

test('images decoded at a reduced size are the means of their pixels', async ({ page }) => {
  const side = 256;
  const raw = { raw: { width: side, height: side, channels: 3 as const } };
  await page.goto('/?slide=none');
  for (const type of ['png', 'jpeg'] as const) {
    const picture = sharp(texture(side), raw);
    const bytes = await (
      type === 'png' ? picture.png() : picture.jpeg({ quality: 90, chromaSubsampling: '4:4:4' })
    ).toBuffer();
    const full = await sharp(bytes).removeAlpha().raw().toBuffer();
    for (const shrink of [2, 4, 8]) {
      const small = await page.evaluate(
        async ([text, mime, size]) => {
          const source = new Blob([Uint8Array.from(atob(text), (each) => each.charCodeAt(0))], {
            type: mime,
          });
          // As `decoder` in src/slide/browser-platform.ts asks for it.
          const bitmap = await createImageBitmap(source, {
            colorSpaceConversion: 'none',
            premultiplyAlpha: 'none',
            resizeWidth: size,
            resizeHeight: size,
            resizeQuality: 'medium',
          });
          const context = new OffscreenCanvas(size, size).getContext('2d')!;
          context.drawImage(bitmap, 0, 0);
          return [...context.getImageData(0, 0, size, size).data];
        },
        [bytes.toString('base64'), `image/${type}`, side / shrink] as const,
      );
      const means = areaMeans(full, side, shrink);
      const errors = means.map((mean, i) => Math.abs(small[4 * Math.floor(i / 3) + (i % 3)]! - mean));
      const worst = Math.max(...errors);
      const mean = errors.reduce((sum, each) => sum + each, 0) / errors.length;
      console.log(
        `${type} 1/${shrink}: at most ${worst.toFixed(1)}, on average ${mean.toFixed(2)} of 255 off`,
      );
      expect(worst).toBeLessThan(type === 'png' ? 3 : 6);
      // Every halving rounds down, by 3/8 on average: 9/8 for three.
      expect(mean).toBeLessThan(type === 'png' ? 1.2 : 1.8);
    }
  }
});

test('a slide of a million tiles stays within its memory', async ({ page, browserName }, info) => {
  test.skip(browserName !== 'chromium', 'Only Chromium tells the memory of a process.');
  const path = info.outputPath('million.tif');
  await writeLargeTiff(path, 1000, 1000);
  await page.goto('/?slide=none');
  await expect(page.getByTestId('backend')).toBeVisible();
  const session = await page.context().browser()!.newBrowserCDPSession();
  /** Private memory of the page's process with its workers, MB. */
  const memory = async (): Promise<number> => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const sizes = processInfo
      .filter(({ type }) => type === 'renderer')
      .map(({ id }) => /^RssAnon:\s+(\d+) kB/m.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? '0');
    return Math.max(...sizes.map(Number)) / 1024;
  };
  const before = await memory();
  await openFile(page, path);
  await expect(page.getByTestId('overview-status')).toHaveText(/^Building overview/);
  let most = 0;
  for (let i = 0; i < 10; i++) {
    await page.waitForTimeout(500);
    most = Math.max(most, await memory());
  }
  console.log(`before ${before.toFixed(0)} MB, with the slide at most ${most.toFixed(0)} MB`);
  // The overview has 64 MB; 2.9 GB before there was one.
  expect(most - before).toBeLessThan(400);
});
