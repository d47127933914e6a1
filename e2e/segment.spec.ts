/** A phantom slide, segmented in the browser, beside Node's result and beside ground truth. */
import { join } from 'node:path';
import { expect, test } from '@playwright/test';
import { fromFile } from 'geotiff';
import { addPixels, createConfusionMatrix } from '../src/evaluation/confusion-matrix.ts';
import { metricsOf } from '../src/evaluation/metrics.ts';
import type { PhantomSlide } from './fixtures/phantom.ts';
import { classesOf, dualscope, phantomSlide } from './fixtures/phantom.ts';
import {
  finishedSlices,
  openFile,
  segmentWholeSlide,
  viewPixels,
  viewTransform,
} from './fixtures/workbench.ts';
import type { FinishedSlice, Pixels } from './fixtures/workbench.ts';

const model = 'nano-attention';

/** The colours that the page starts with, by class name. */
const colours: Readonly<Record<string, readonly [number, number, number]>> = {
  benign: [0x00, 0xc8, 0x96],
  'in situ': [0xff, 0xe0, 0x00],
  invasive: [0x00, 0x00, 0x80],
};

interface NodeFigures {
  readonly classes: readonly string[];
  readonly confusion: readonly (readonly number[])[];
  readonly miou: number;
}

/** mIoU over the slide, at the resolution of the class map. */
function miouOf(slices: readonly FinishedSlice[], slide: PhantomSlide, classCount: number): number {
  const matrix = createConfusionMatrix(classCount);
  for (const { rect, size, classes } of slices) {
    const truth: number[] = [];
    const predicted: number[] = [];
    for (let at = 0; at < classes.length; at += 1) {
      const x = rect.x + (((at % size) + 0.5) / size) * rect.width;
      const y = rect.y + ((Math.floor(at / size) + 0.5) / size) * rect.height;
      if (x >= slide.note.width || y >= slide.note.height) continue;
      truth.push(slide.truthAt(x, y));
      predicted.push(classes[at]!);
    }
    addPixels(matrix, Uint8Array.from(truth), Uint8Array.from(predicted));
  }
  return metricsOf(matrix).miou ?? 0;
}

/** Of the pixels of finished slices: the share that has the same class in a class map that Node wrote. */
async function agreement(slices: readonly FinishedSlice[], tiff: string): Promise<number> {
  const image = await (await fromFile(tiff)).getImage(0);
  const width = image.getWidth();
  const height = image.getHeight();
  const map = (await image.readRasters({ interleave: true })) as unknown as Uint8Array;
  let same = 0;
  let compared = 0;
  for (const { rect, size, classes } of slices) {
    const left = Math.round((rect.x / rect.width) * size);
    const top = Math.round((rect.y / rect.height) * size);
    for (let at = 0; at < classes.length; at += 1) {
      const x = left + (at % size);
      const y = top + Math.floor(at / size);
      if (x >= width || y >= height) continue;
      compared += 1;
      if (classes[at] === map[y * width + x]) same += 1;
    }
  }
  return same / compared;
}

/** Of the screen pixels where ground truth has `classValue`: the share that shows a colour. */
function shareShown(
  pixels: Pixels,
  classUnder: (x: number, y: number) => number | null,
  classValue: number,
  colour: readonly [number, number, number],
): { share: number; pixels: number } {
  let there = 0;
  let shown = 0;
  for (let y = 0; y < pixels.height; y += 1) {
    for (let x = 0; x < pixels.width; x += 1) {
      if (classUnder(x + 0.5, y + 0.5) !== classValue) continue;
      there += 1;
      const at = 3 * (y * pixels.width + x);
      const distance = [0, 1, 2].reduce((sum, c) => sum + Math.abs(pixels.data[at + c]! - colour[c]!), 0);
      if (distance < 40) shown += 1;
    }
  }
  return { share: shown / there, pixels: there };
}

test('a phantom slide gets in the browser what it gets in Node, and the screen shows it', async ({
  page,
}) => {
  test.setTimeout(300_000);
  const slide = await phantomSlide(90_001, 6, 5);
  const node = JSON.parse(
    dualscope('evaluate', '--model', model, '--data', slide.folder, '--json'),
  ) as NodeFigures;

  await page.goto(`/?slide=none&model=${model}`);
  await openFile(page, slide.slidePath);
  await expect(page.getByTestId('slide-name')).toHaveText(slide.note.slide);
  await expect(page.getByTestId('backend')).toHaveAttribute('data-backend', 'wasm');
  await segmentWholeSlide(page, 180_000);

  const classes = classesOf(model);
  const slices = await finishedSlices(page);
  const out = join(slide.folder, 'node');
  // As the browser tests start the page (playwright.config.ts).
  const settings = ['--quality', 'fast', '--glass', 'include'];
  const written = JSON.parse(
    dualscope(
      'segment',
      slide.slidePath,
      ...settings,
      '--model',
      model,
      '--out',
      out,
      '--overwrite',
      '--json',
    ),
  ) as { slices: number; files: string[] };
  expect(slices.length).toBe(written.slices);
  const share = await agreement(
    slices,
    written.files.find((file) => file.endsWith('.classes.tif'))!,
  );
  console.log(`classes: browser and Node agree on ${(100 * share).toFixed(4)} % of pixels`);
  expect(share).toBeGreaterThanOrEqual(0.999);

  const miou = miouOf(slices, slide, classes.length);
  console.log(`mIoU: browser ${miou.toFixed(4)}, Node ${node.miou.toFixed(4)}`);
  expect(Math.abs(miou - node.miou)).toBeLessThan(0.01);

  // Plain opaque colours, so that a pixel is one class or another.
  await page.getByTestId('fill-opacity').fill('100');
  await page.getByTestId('outline-opacity').fill('0');
  const hatch = page.getByRole('button', { name: /hatch/i }).first();
  if ((await hatch.getAttribute('aria-pressed')) === 'true') await hatch.click();
  const { a, d, e, f } = await viewTransform(page);
  const classUnder = (x: number, y: number): number | null => {
    const slideX = (x - e) / a;
    const slideY = (y - f) / d;
    const inside = slideX >= 0 && slideY >= 0 && slideX < slide.note.width && slideY < slide.note.height;
    return inside ? slide.truthAt(slideX, slideY) : null;
  };
  await expect(async () => {
    const pixels = await viewPixels(page);
    let compared = 0;
    for (const [value, { name, background }] of classes.entries()) {
      const colour = colours[name.toLowerCase()];
      if (background || colour === undefined) continue;
      const there = shareShown(pixels, classUnder, value, colour);
      if (there.pixels < 2000) continue;
      const row = node.confusion[value]!;
      const recall = row[value]! / row.reduce((sum, count) => sum + count, 0);
      const elsewhere = shareShown(pixels, classUnder, 0, colour);
      console.log(`${name}: shown on ${there.share.toFixed(3)} of its pixels, recall ${recall.toFixed(3)}`);
      expect(Math.abs(there.share - recall)).toBeLessThan(0.08);
      expect(there.share).toBeGreaterThan(elsewhere.share);
      compared += 1;
    }
    expect(compared).toBeGreaterThanOrEqual(3);
  }).toPass({ timeout: 30_000 });
});
