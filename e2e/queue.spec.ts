/** What comes first, and what is left out: the queue as a reader meets it. */
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import type { Level0Rect } from '../src/slide/slide.ts';
import { injectIntoWorkers } from './fixtures/worker-faults.ts';
import { finishedSlices, openBySlideAddress, settle, viewTransform } from './fixtures/workbench.ts';

interface Message {
  /** The view that the worker hears of, or the place of a slice that it has finished. */
  readonly view?: Level0Rect;
  readonly slice?: Level0Rect;
}

/**
 * What the segmentation worker hears and says, noted by the worker itself: on a busy machine messages to the page may
 * wait for a long time, and no order could be told from when they arrive there.
 */
const tellNotes = `
  const notes = new BroadcastChannel('notes');
  addEventListener('message', ({ data }) => {
    if (data.method === 'setView' && data.args?.[0] != null) notes.postMessage({ view: data.args[0] });
  });
  const post = globalThis.postMessage;
  globalThis.postMessage = (message, transfer) => {
    if (message.value?.kind === 'slice') notes.postMessage({ slice: message.value.result.rect });
    post.call(globalThis, message, transfer);
  };
`;

/** Notes what the segmentation worker hears and says, in its order. */
async function noteMessages(page: Page): Promise<() => Promise<Message[]>> {
  await page.addInitScript(() => {
    const notes: unknown[] = [];
    new BroadcastChannel('notes').addEventListener('message', ({ data }) => notes.push(data));
    Object.assign(window, { notes });
  });
  await injectIntoWorkers(page, { segment: tellNotes });
  return () => page.evaluate(() => (window as unknown as { notes: Message[] }).notes);
}

function meets(a: Level0Rect, b: Level0Rect): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

async function done(page: Page): Promise<number> {
  const bar = page.getByRole('progressbar', { name: 'Segmentation' });
  return Number((await bar.getAttribute('aria-valuenow')) ?? 0);
}

async function start(page: Page, query = '&model=nano-single'): Promise<void> {
  await openBySlideAddress(page, 'slides/phantom-1.tif', query);
  await expect(page.getByTestId('backend')).toBeVisible();
}

/** Level-0 point of the middle of the view. */
async function centre(page: Page): Promise<{ x: number; y: number }> {
  const { a, d, e, f } = await viewTransform(page);
  const box = (await page.getByTestId('view-A').boundingBox())!;
  return { x: (box.width / 2 - e) / a, y: (box.height / 2 - f) / d };
}

test('pause holds the run between two slices; after a pan the next slices are those in view; cancel keeps what is done', async ({
  page,
}) => {
  const messages = await noteMessages(page);
  await start(page);
  await page.keyboard.press('3');
  await page.waitForTimeout(600);
  await page.keyboard.press('Shift+S');
  await expect.poll(() => done(page)).toBeGreaterThan(5);
  await page.keyboard.press(' ');
  await expect(page.getByTestId('progress-text')).toContainText('paused');
  // What was in work comes in, then nothing.
  await page.waitForTimeout(300);
  const held = await done(page);
  await page.waitForTimeout(500);
  expect(await done(page)).toBe(held);

  // To a place that is not begun, by dragging.
  const before = await centre(page);
  const box = (await page.getByTestId('view-A').boundingBox())!;
  for (let drag = 0; drag < 3; drag++) {
    await page.mouse.move(box.x + box.width - 30, box.y + box.height - 60);
    await page.mouse.down();
    await page.mouse.move(box.x + 30, box.y + 60, { steps: 4 });
    await page.mouse.up();
  }
  await page.waitForTimeout(900);
  const after = await centre(page);
  expect(Math.hypot(after.x - before.x, after.y - before.y)).toBeGreaterThan(1000);
  const told = (await messages()).length;
  await page.keyboard.press(' ');
  await expect.poll(() => done(page)).toBeGreaterThan(held + 8);
  const log = await messages();
  const view = log.findLast((message) => message.view !== undefined)!.view!;
  const inView = log.slice(told).flatMap(({ slice }) => (slice == null ? [] : [meets(slice, view)]));
  // Nothing was in work while the run was held, so what comes next are the slices in view, all of them.
  const visible = inView.filter(Boolean).length;
  expect(visible).toBeGreaterThan(0);
  expect(inView.slice(0, visible)).not.toContain(false);

  await page.keyboard.press('Escape');
  await expect(page.getByTestId('status-text')).toHaveText(/^Cancelled after \d+ slices/);
  const kept = (await finishedSlices(page)).length;
  expect(kept).toBeGreaterThan(held);
  await page.waitForTimeout(500);
  expect((await finishedSlices(page)).length).toBe(kept);
});

test('a pan re-orders the queue within one slice of hearing of it', async ({ page }) => {
  const messages = await noteMessages(page);
  // A network that is slow enough for the run not to be over before the pans are.
  await start(page, '&model=colon-single');
  await page.keyboard.press('5');
  await settle(page);
  await page.keyboard.press('Shift+S');
  await expect.poll(() => done(page)).toBeGreaterThan(3);
  const box = (await page.getByTestId('view-A').boundingBox())!;
  const middle = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  // Round the place where it began, until slices of three views have come.
  const pans = [[-1, 0], [0, -1], [1, 0], [1, 0], [0, 1], [0, 1], [-1, 0], [-1, 0], [-1, 0]] as const; // prettier-ignore
  for (const [x, y] of pans) {
    if (firstInView(await messages()).length >= 3) break;
    const by = { x: 0.35 * x * box.width, y: 0.35 * y * box.height };
    await page.mouse.move(middle.x - by.x, middle.y - by.y);
    await page.mouse.down();
    await page.mouse.move(middle.x + by.x, middle.y + by.y, { steps: 3 });
    await page.mouse.up();
    await settle(page);
  }
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('status-text')).toHaveText(/^(Cancelled|Segmented)/);
  const first = firstInView(await messages());
  expect(first.length).toBeGreaterThanOrEqual(3);
  // Before it: the slice that was in work, and no other.
  expect(Math.max(...first)).toBeLessThanOrEqual(1);
});

/** For each view that slices came from: how many other slices came between its message and the first of them. */
function firstInView(log: readonly Message[]): number[] {
  const views = log.flatMap((message, at) =>
    message.view === undefined ? [] : [{ at, view: message.view }],
  );
  return views.flatMap(({ at, view }, i) => {
    const slices = log.slice(at, views[i + 1]?.at).flatMap(({ slice }) => slice ?? []);
    const first = slices.findIndex((rect) => meets(rect, view));
    return first < 0 ? [] : [first];
  });
}

test('a rectangle and a polygon that are drawn are segmented, and nothing else', async ({ page }) => {
  await start(page);
  const box = (await page.getByTestId('view-A').boundingBox())!;
  const { a, d, e, f } = await viewTransform(page);
  const toSlide = (x: number, y: number): [number, number] => [(x - e) / a, (y - f) / d];
  const middle = { x: box.width / 2, y: box.height / 2 };

  const clickAt = async (x: number, y: number): Promise<void> => {
    await page.mouse.click(box.x + middle.x + x, box.y + middle.y + y);
    // Two clicks in quick succession are a double click, which zooms.
    await page.waitForTimeout(400);
  };

  await page.keyboard.press('Alt+r');
  await clickAt(-60, -40);
  await clickAt(60, 40);
  await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/);
  const [left, top] = toSlide(middle.x - 60, middle.y - 40);
  const [right, bottom] = toSlide(middle.x + 60, middle.y + 40);
  const rectangle = { x: left, y: top, width: right - left, height: bottom - top };
  const inRectangle = await finishedSlices(page);
  expect(inRectangle.length).toBeGreaterThan(3);
  expect(inRectangle.every(({ rect }) => meets(rect, rectangle))).toBe(true);

  // A triangle beside it, by clicks.
  await page.keyboard.press('Alt+p');
  const corners = [
    [-150, 60],
    [-90, 60],
    [-150, 130],
  ] as const;
  for (const [x, y] of corners) await clickAt(x, y);
  await page.getByTestId('area-tool').getByRole('button', { name: 'Segment' }).click();
  await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/);
  await expect.poll(async () => (await finishedSlices(page)).length).toBeGreaterThan(inRectangle.length);
  const known = new Set(inRectangle.map(({ rect }) => `${rect.x},${rect.y}`));
  const added = (await finishedSlices(page)).filter(({ rect }) => !known.has(`${rect.x},${rect.y}`));
  const polygon = corners.map(([x, y]) => toSlide(middle.x + x, middle.y + y));
  const xs = polygon.map(([x]) => x);
  const ys = polygon.map(([, y]) => y);
  const bounds = {
    x: Math.min(...xs),
    y: Math.min(...ys),
    width: Math.max(...xs) - Math.min(...xs),
    height: Math.max(...ys) - Math.min(...ys),
  };
  expect(added.every(({ rect }) => meets(rect, bounds))).toBe(true);
  // The corner of the bounds that the triangle leaves free.
  const beyond = { x: bounds.x + 0.9 * bounds.width, y: bounds.y + 0.9 * bounds.height, width: 1, height: 1 };
  expect(added.some(({ rect }) => meets(rect, beyond))).toBe(false);
});
