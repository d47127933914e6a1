/** Layers beside and over each other: linked panes, swipe, difference. */
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import type { Affine } from '../src/app/viewer/affine.ts';
import type { FinishedSlice, Pixels } from './fixtures/workbench.ts';
import { layerSlices, openBySlideAddress, settle, settledPixels } from './fixtures/workbench.ts';

const phantom = 'slides/phantom-1.tif';
const first = 'model:nano-aligned';
const second = 'model:nano-add';

/** Two models on the same few slices of the phantom; pane A shows `first` alone at the end. */
async function segmentWithBoth(page: Page, keys: readonly string[]): Promise<void> {
  await openBySlideAddress(page, phantom, '&model=nano-aligned');
  await expect(page.getByTestId('backend')).toBeVisible();
  await page.keyboard.press('3');
  await settle(page);
  await page.keyboard.press('s');
  await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 100_000 });
  for (const key of keys) await page.keyboard.press(key);
  await expect
    .poll(async () => (await layerSlices(page, second)).length, { timeout: 100_000 })
    .toBe((await layerSlices(page, first)).length);
}

async function transformOf(page: Page, pane: string): Promise<Affine> {
  const transform = await page.evaluate((id) => window.dualscope!.transform(id), pane);
  if (transform === null) throw new Error(`Pane ${pane} shows no slide.`);
  return transform;
}

/** How far apart two panes are: scale and turn, and CSS pixels. */
async function apart(page: Page, one: string, other: string): Promise<{ turn: number; px: number }> {
  const [a, b] = [await transformOf(page, one), await transformOf(page, other)];
  const turn = Math.max(...(['a', 'b', 'c', 'd'] as const).map((key) => Math.abs(a[key] - b[key])));
  return { turn, px: Math.hypot(a.e - b.e, a.f - b.f) };
}

test('panes linked, linked with an offset and free, with rotation and mirror; the pointer shows in all', async ({
  page,
}) => {
  await openBySlideAddress(page, phantom);
  await page.keyboard.press('Alt+4');
  await expect(page.getByTestId('view-D')).toBeVisible();
  await page.getByTestId('pane-title-B').selectOption('none');
  await page.getByTestId('pane-title-C').selectOption('truth');
  await page.getByTestId('view-A').click({ position: { x: 150, y: 200 } });
  const move = async (...keys: string[]): Promise<void> => {
    for (const key of keys) await page.keyboard.press(key);
    await settle(page);
  };
  await move('3', 'r', 'ArrowRight');
  for (const pane of ['B', 'C', 'D']) {
    expect((await apart(page, 'A', pane)).turn).toBeLessThan(1e-9);
    // Panes may differ by a pixel in size, and their middles by half of one.
    expect((await apart(page, 'A', pane)).px).toBeLessThan(1);
  }
  expect((await transformOf(page, 'A')).b).not.toBeCloseTo(0, 3);

  // Free: only the active pane moves.
  const link = page.getByTestId('command-pane.link');
  await move('Control+Alt+s', 'Control+Alt+s');
  await expect(link).toHaveAttribute('aria-pressed', 'false');
  await move('ArrowRight', 'ArrowDown');
  const offset = (await apart(page, 'A', 'D')).px;
  expect(offset).toBeGreaterThan(50);

  // With offset: together again, as far apart as they are.
  await move('Control+Alt+s', 'Control+Alt+s');
  await expect(link).toHaveAttribute('aria-pressed', 'true');
  await page.getByTestId('command-pane.link').hover();
  await move('ArrowLeft', 'Shift+M', 'r');
  await expect.poll(async () => (await apart(page, 'A', 'D')).turn).toBeLessThan(1e-9);
  expect(Math.abs((await apart(page, 'A', 'D')).px - offset)).toBeLessThan(2);

  // The cross marks the same tissue in every other pane.
  await page.getByTestId('view-A').hover({ position: { x: 120, y: 140 } });
  const a = await transformOf(page, 'A');
  const determinant = a.a * a.d - a.b * a.c;
  const x = (a.d * (120 - a.e) - a.c * (140 - a.f)) / determinant;
  const y = (a.a * (140 - a.f) - a.b * (120 - a.e)) / determinant;
  for (const pane of ['B', 'C', 'D']) {
    const cross = page.getByTestId(`crosshair-${pane}`);
    await expect(cross).not.toHaveAttribute('hidden');
    const t = await transformOf(page, pane);
    const place = await cross.evaluate((element) => {
      const { e, f } = new DOMMatrix(getComputedStyle(element).transform);
      return { e, f };
    });
    expect(Math.abs(place.e - (t.a * x + t.c * y + t.e))).toBeLessThan(1);
    expect(Math.abs(place.f - (t.b * x + t.d * y + t.f))).toBeLessThan(1);
  }
});

/** Of the columns or rows from `from` to `to`: the share of pixels that two pictures have in common. */
function sameShare(one: Pixels, other: Pixels, from: number, to: number): number {
  let same = 0;
  let count = 0;
  for (let y = 60; y < one.height - 180; y += 1) {
    for (let x = from; x < to; x += 1) {
      const at = 3 * (y * one.width + x);
      count += 1;
      if ([0, 1, 2].every((channel) => one.data[at + channel] === other.data[at + channel])) same += 1;
    }
  }
  return same / count;
}

test('swipe shows the one layer left of the divider, the other right of it', async ({ page }) => {
  await segmentWithBoth(page, ['w']);
  await page.keyboard.press('Alt+1');
  const alone = await settledPixels(page);
  const layer = page.getByTestId('layer-select');
  await layer.selectOption(second);
  const other = await settledPixels(page);
  await layer.selectOption(first);
  // The two differ, or the rest would prove nothing.
  expect(sameShare(alone, other, 0, alone.width)).toBeLessThan(0.995);

  await page.keyboard.press('w');
  const divider = page.getByTestId('swipe-divider');
  await expect(divider).toHaveAttribute('aria-valuenow', '50');
  const check = async (share: number): Promise<void> => {
    const swiped = await settledPixels(page);
    const at = Math.round(share * swiped.width);
    if (at > 20) expect(sameShare(swiped, alone, 0, at - 14)).toBe(1);
    if (at < swiped.width - 20) expect(sameShare(swiped, other, at + 14, swiped.width)).toBe(1);
  };
  await check(0.5);
  // By keyboard, then by pointer.
  await divider.focus();
  for (let press = 0; press < 4; press += 1) await page.keyboard.press('ArrowRight');
  await expect(divider).toHaveAttribute('aria-valuenow', '70');
  await check(0.7);
  const box = (await page.getByTestId('view-A').boundingBox())!;
  await page.mouse.move(box.x + 0.7 * box.width, box.y + 300);
  await page.mouse.down();
  await page.mouse.move(box.x + 0.3 * box.width, box.y + 320, { steps: 4 });
  await page.mouse.up();
  await expect(divider).toHaveAttribute('aria-valuenow', '30');
  await check(0.3);
});

/** Class under a point of a map; null where there is none. */
function classAt(slices: readonly FinishedSlice[], x: number, y: number): number | null {
  const slice = slices.find(
    ({ rect }) => x >= rect.x && y >= rect.y && x < rect.x + rect.width && y < rect.y + rect.height,
  );
  if (slice === undefined) return null;
  const column = Math.floor(((x - slice.rect.x) / slice.rect.width) * slice.size);
  const row = Math.floor(((y - slice.rect.y) / slice.rect.height) * slice.size);
  return slice.classes[row * slice.size + column] ?? null;
}

test('the difference is that of the two class maps, is drawn so, and its list leads to each spot', async ({
  page,
}) => {
  await segmentWithBoth(page, ['d']);
  const spots = page.getByTestId('spots').getByRole('button');
  await expect(spots.first()).toBeVisible();
  const [one, other] = [await layerSlices(page, first), await layerSlices(page, second)];
  const shown = await page.evaluate(() => {
    const { grids, transitions } = window.dualscope!.difference()!;
    return {
      transitions,
      grids: grids.map(({ rect, size, classes }) => ({ rect, size, classes: [...classes] })),
    };
  });
  // Worked out here, point by point.
  let disagreeing = 0;
  let wrong = 0;
  for (const { rect, size, classes } of shown.grids) {
    classes.forEach((code, at) => {
      const x = rect.x + (((at % size) + 0.5) / size) * rect.width;
      const y = rect.y + ((Math.floor(at / size) + 0.5) / size) * rect.height;
      const [from, to] = [classAt(one, x, y), classAt(other, x, y)];
      const { from: shownFrom, to: shownTo } = shown.transitions[code - 1] ?? {};
      const isRight = from === to ? code === 0 : shownFrom === from && shownTo === to;
      if (from !== to) disagreeing += 1;
      if (!isRight) wrong += 1;
    });
  }
  expect(wrong).toBe(0);
  expect(disagreeing).toBeGreaterThan(100);

  // The largest first; each brings a place of its own into the middle.
  const areas = await spots.locator('.figure').allTextContents();
  const um2 = areas.map((text) => parseFloat(text.replace(/,/g, '')) * (text.endsWith('mm²') ? 1e6 : 1));
  expect(um2).toEqual([...um2].sort((a, b) => b - a));
  await page.getByTestId('fill-opacity').fill('100');
  await page.keyboard.press('o');
  await page.keyboard.press('Shift+F');
  for (const index of [0, 1]) {
    await page.keyboard.press('n');
    await settle(page);
    await expect(spots.nth(index)).toHaveAttribute('aria-current', 'true');
    const place = await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('[data-testid="overlay-fill-A"]')!;
      const [px, py] = [canvas.clientWidth / 2, canvas.clientHeight / 2];
      const { a, b, c, d, e, f } = window.dualscope!.transform()!;
      const determinant = a * d - b * c;
      const scale = canvas.width / canvas.clientWidth;
      const pixel = canvas.getContext('2d')!.getImageData(px * scale, py * scale, 1, 1).data;
      return {
        x: (d * (px - e) - c * (py - f)) / determinant,
        y: (a * (py - f) - b * (px - e)) / determinant,
        pixel: [...pixel],
      };
    });
    const [from, to] = [classAt(one, place.x, place.y), classAt(other, place.x, place.y)];
    expect(from).not.toBe(to);
    const colours = [
      [0x20, 0x20, 0x20],
      [0x00, 0xc8, 0x96],
      [0xff, 0xe0, 0x00],
      [0x00, 0x00, 0x80],
    ];
    expect(place.pixel).toEqual([...colours[to!]!, 255]);
  }
});
