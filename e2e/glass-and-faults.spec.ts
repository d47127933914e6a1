/** What a run leaves out: glass, unless the reader wants it all the same, and what can't be read. */
import { writeFileSync } from 'node:fs';
import type { TestInfo } from '@playwright/test';
import { expect, test } from '@playwright/test';
import sharp from 'sharp';
import type { FinishedSlice } from './fixtures/workbench.ts';
import {
  finishedSlices,
  meanColour,
  openFile,
  runWholeSlide,
  settledPixels,
  viewTransform,
} from './fixtures/workbench.ts';

/** Pixels of the slide and of its tiles; a slice, 467 µm, has 130. */
const width = 768;
const height = 512;
const tile = 256;
const slice = 130;

/** Stain that changes from place to place, and glass from this column on. */
const glassFrom = 512;

async function slideFile(info: TestInfo): Promise<Buffer<ArrayBuffer>> {
  const data = new Uint8Array(width * height * 3).fill(250);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < glassFrom; x++) {
      const stain = ((x * x + 3 * y * y + x * y) >> 7) % 120;
      data.set([230 - stain, 160 - stain, 210 - (stain >> 1)], 3 * (y * width + x));
    }
  }
  const resolution = (1000 * slice) / 467;
  const tiff = await sharp(data, { raw: { width, height, channels: 3 } })
    .tiff({
      compression: 'jpeg',
      quality: 90,
      tile: true,
      tileWidth: tile,
      tileHeight: tile,
      xres: resolution,
      yres: resolution,
    })
    .toBuffer();
  writeFileSync(info.outputPath('whole.tif'), tiff);
  return Buffer.from(tiff);
}

/** Takes the start from the JPEG of the tile in the second column of the first row. */
function breakTile(tiff: Buffer): void {
  const starts: number[] = [];
  const start = Buffer.from([0xff, 0xd8, 0xff]);
  for (let at = tiff.indexOf(start); at >= 0; at = tiff.indexOf(start, at + 1)) starts.push(at);
  // One a tile, and one that holds the tables of all.
  expect(starts.length).toBe((width * height) / tile ** 2 + 1);
  tiff.writeUInt16BE(0, starts[1]);
}

const placeOf = ({ rect }: Pick<FinishedSlice, 'rect'>): string => [rect.x, rect.y].map(Math.round).join();

/** Whether it needs the broken tile. */
const needsTile = ({ rect: { x, y, width: across } }: FinishedSlice): boolean =>
  x + across > tile && x < 2 * tile && y < tile;

function byPlace(slices: readonly FinishedSlice[]): Map<string, string> {
  return new Map(
    slices.map((each) => [placeOf(each), Buffer.from(each.classes).toString('latin1')] as const),
  );
}

test('glass is computed when the reader wants it; a broken tile costs its own slices and no others', async ({
  page,
}, info) => {
  const tiff = await slideFile(info);
  await page.goto('/?slide=none&model=nano-single');
  await openFile(page, info.outputPath('whole.tif'));
  await expect(page.getByTestId('backend')).toBeVisible();
  const skipBackground = page.getByRole('checkbox', { name: 'Skip background' });
  await skipBackground.check();
  await runWholeSlide(page);
  const onTissue = byPlace(await finishedSlices(page));
  await skipBackground.uncheck();
  await runWholeSlide(page);
  const slices = await finishedSlices(page);
  const whole = byPlace(slices);
  // On glass, and so far from tissue that the coarse mask can tell.
  const onGlass = slices.filter(({ rect }) => rect.x > glassFrom + slice / 2);
  expect(onGlass.length).toBeGreaterThan(3);
  expect(onGlass.filter((each) => onTissue.has(placeOf(each)))).toEqual([]);
  expect(onTissue.size).toBeGreaterThan(15);
  expect(whole.size).toBeGreaterThanOrEqual(onTissue.size + onGlass.length);
  for (const [place, classes] of onTissue) expect(whole.get(place) === classes, place).toBe(true);

  breakTile(tiff);
  writeFileSync(info.outputPath('broken.tif'), tiff);
  await openFile(page, info.outputPath('broken.tif'));
  await expect(page.getByTestId('slide-name')).toHaveText('broken.tif');
  await runWholeSlide(page);
  const left = byPlace(await finishedSlices(page));
  const missing = [...whole.keys()].filter((place) => !left.has(place));
  expect(missing.sort()).toEqual(slices.filter(needsTile).map(placeOf).sort());
  expect(missing.length).toBeGreaterThan(3);
  for (const [place, classes] of left) expect(whole.get(place) === classes, place).toBe(true);
  // The place is marked: grey, where its neighbour is stained.
  const pixels = await settledPixels(page);
  const { a, d, e, f } = await viewTransform(page);
  const [red, green, blue] = meanColour(pixels, 300 * a + e, 20 * d + f, 360 * a + e, 80 * d + f)!;
  expect(Math.abs(red - green) + Math.abs(green - blue)).toBeLessThan(6);
  expect(red).toBeGreaterThan(110);
  expect(red).toBeLessThan(170);
});
