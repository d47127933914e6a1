/** What the context changed: a second pass without it, and where the two differ. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import AxeBuilder from '@axe-core/playwright';
import type { Page } from '@playwright/test';
import { expect, test } from '@playwright/test';
import { formatShare } from '../src/app/format.ts';
import { contextChange, countPairs, pairOf } from '../src/evaluation/context-change.ts';
import { tissuePixels } from '../src/export/map-area.ts';
import type { TissueMask } from '../src/segment/tissue.ts';
import type { FinishedSlice } from './fixtures/workbench.ts';
import {
  layerSlices,
  openBySlideAddress,
  settle,
  settledPixels,
  viewTransform,
} from './fixtures/workbench.ts';

const id = 'nano-aligned';
const layer = `context:${id}`;

/** Serves the model as if it had been trained to do without its context: what its second pass says means nothing. */
async function serveWithDropout(page: Page): Promise<string[]> {
  const path = resolve(import.meta.dirname, `../models/${id}/manifest.json`);
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as { classes: { name: string }[] };
  const contextDropout = { share: 0.2, colour: [124, 116, 104] };
  await page.route(new RegExp(`/models/${id}/manifest\\.json`), (route) =>
    route.fulfill({ json: { ...manifest, contextDropout } }),
  );
  return manifest.classes.map(({ name }) => name);
}

test('a layer shows where the context changed the class, how much, and both opinions', async ({ page }) => {
  const names = await serveWithDropout(page);
  await openBySlideAddress(page, 'slides/phantom-1.tif', `&model=${id}`);
  await expect(page.getByTestId('backend')).toBeVisible();
  await page.keyboard.press('3');
  await settle(page);

  // A model that was not trained for it offers the layer with the reason, and not to be chosen.
  const select = page.getByTestId('layer-select');
  await select.selectOption('model:nano-add');
  await expect(select.locator('option[value="context:nano-add"]')).toBeDisabled();
  await expect(select.locator('option[value="context:nano-add"]')).toContainText('not trained');
  await select.selectOption(`model:${id}`);
  await expect(select.locator('option[value="context:nano-add"]')).toHaveCount(0);

  await page.keyboard.press('Shift+D');
  await expect(select).toHaveValue(layer);
  await page.getByTestId('change-section').getByTestId('command-segment.visible').click();
  await expect(page.getByTestId('status-text')).toHaveText(/^Segmented/, { timeout: 100_000 });
  await expect(page.getByTestId('change-summary')).toBeVisible();

  // The map of pairs agrees with the usual pass everywhere, and the figures with the pure function.
  const changes = await layerSlices(page, layer);
  const usual = new Map((await layerSlices(page, `model:${id}`)).map((slice) => [placeOf(slice), slice]));
  const counts = new Float64Array(names.length ** 2);
  const mask = await tissueMask(page);
  for (const slice of changes) {
    const withContext = usual.get(placeOf(slice))?.classes ?? new Uint8Array();
    const pairs = [...slice.classes].map((value) => pairOf(value, names.length));
    expect(
      Buffer.compare(
        Uint8Array.from(pairs, (pair) => pair.withContext),
        withContext,
      ),
    ).toBe(0);
    // Figures count tissue alone.
    const { x, y, width } = slice.rect;
    const scale = { x: width / slice.size, y: width / slice.size };
    const at = { column: Math.round(x / scale.x), row: Math.round(y / scale.y) };
    const counted = tissuePixels(mask, at, slice.size, slice.size, scale);
    countPairs(
      Uint8Array.from(pairs, ({ without }, pixel) => (counted?.[pixel] === 0 ? 255 : without)),
      withContext,
      names.length,
    ).forEach((count, value) => (counts[value] = (counts[value] ?? 0) + count));
  }
  expect(changes.length).toBe(usual.size);
  const { share, changed } = contextChange(counts, names.length);
  expect(changed).toBeGreaterThan(500);
  await expect(page.getByTestId('change-summary')).toContainText(`class of ${formatShare(share)} of`);

  // What changed is coloured, and all other tissue bare.
  const shown = await settledPixels(page);
  await page.keyboard.press('c');
  const bare = await settledPixels(page);
  await page.keyboard.press('c');
  const { a, e, f } = await viewTransform(page);
  const drawn = (x: number, y: number): boolean => {
    const at = 3 * (Math.round(y) * bare.width + Math.round(x));
    return Buffer.compare(shown.data.subarray(at, at + 3), bare.data.subarray(at, at + 3)) !== 0;
  };
  let [coloured, changedSeen, stained, bareSeen] = [0, 0, 0, 0];
  let spot: { x: number; y: number; pair: ReturnType<typeof pairOf> } | null = null;
  for (const { rect, size, classes } of changes) {
    for (let row = 4; row < size - 4; row++) {
      for (let column = 4; column < size - 4; column++) {
        const x = a * (rect.x + ((column + 0.5) * rect.width) / size) + e;
        const y = a * (rect.y + ((row + 0.5) * rect.height) / size) + f;
        // Below the pane's title, which goes with its classes, and left of the overview.
        if (x < 4 || y < 48 || x > bare.width - 180 || y > bare.height - 4) continue;
        const pair = pairOf(classes[row * size + column] ?? 0, names.length);
        const all = (reach: number, holds: (value: number) => boolean): boolean =>
          [-reach, 0, reach].every((up) =>
            [-reach, 0, reach].every((by) => holds(classes[(row + up) * size + column + by] ?? 0)),
          );
        // Away from borders, where outlines are drawn smooth.
        if (pair.without !== pair.withContext) {
          if (!all(3, (value) => !isSame(value, names.length))) continue;
          changedSeen++;
          if (drawn(x, y)) coloured++;
          spot ??= { x, y, pair };
        } else if (all(4, (value) => isSame(value, names.length))) {
          bareSeen++;
          if (drawn(x, y)) stained++;
        }
      }
    }
  }
  expect(changedSeen).toBeGreaterThan(100);
  expect(coloured / changedSeen).toBeGreaterThan(0.97);
  expect(bareSeen).toBeGreaterThan(10_000);
  // Outlines next to a slice's edge reach a little further.
  expect(stained / bareSeen).toBeLessThan(1e-3);

  // Under the pointer, class and confidence of each pass.
  if (spot === null) throw new Error('No place changed as a whole.');
  await page.getByTestId('view-A').hover({ position: { x: spot.x, y: spot.y } });
  const { pair } = spot;
  await expect(page.getByTestId('pointer-readout')).toContainText(
    new RegExp(`With context ${names[pair.withContext]} \\d+ %, without ${names[pair.without]} \\d+ %`),
  );
  const { violations } = await new AxeBuilder({ page }).include('[data-testid="change-section"]').analyze();
  expect(violations.map(({ id: rule }) => rule)).toEqual([]);
});

/** The page's tissue mask. As text: one character a value passes the bridge far faster than an array of numbers. */
async function tissueMask(page: Page): Promise<TissueMask | null> {
  const sent = await page.evaluate(async () => {
    const mask = (await window.dualscope?.tissue()) ?? null;
    return mask === null ? null : { ...mask, tissue: [...mask.tissue].join('') };
  });
  return sent === null ? null : { ...sent, tissue: Uint8Array.from(sent.tissue, Number) };
}

function placeOf({ rect }: FinishedSlice): string {
  return `${rect.x},${rect.y}`;
}

/** Whether a pair is of one class twice. */
function isSame(value: number, classes: number): boolean {
  const { without, withContext } = pairOf(value, classes);
  return without === withContext;
}
