/** The paper's full-size network, exported with untrained weights, loads and runs in the browser on wasm. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from '@playwright/test';
import { createStaticServer, listen } from '../scripts/static-server.mjs';
import { phantomSlide } from './fixtures/phantom.ts';
import { finishedSlices, openFile, segmentWholeSlide } from './fixtures/workbench.ts';

const root = resolve(import.meta.dirname, '..');
const id = 'untrained-resnet50-attention';
const folder = join(root, 'test-results', id);

test('resnet50-attention, 223 MB of float16 in shards, segments slices of 256 × 256', async ({ page }) => {
  test.setTimeout(600_000);
  if (!existsSync(join(folder, 'manifest.json'))) {
    const words = ['scripts/export-untrained.ts', 'resnet50-attention', folder, '256', '--write-only'];
    const output = execFileSync(process.execPath, ['--import', 'tsx', ...words], {
      cwd: root,
      encoding: 'utf8',
    });
    console.log(output.trim());
  }
  const shards = readdirSync(folder).filter((name) => name.startsWith('weights-'));
  const bytes = shards.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  // 111,456,132 parameters and 106,240 statistics folded into them, at two bytes.
  expect(bytes).toBeGreaterThan(222e6);
  expect(bytes).toBeLessThan(224e6);
  for (const name of shards) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(4 * 2 ** 20);

  await page.context().route('**/models/index.json', (route) => route.fulfill({ json: [id] }));
  // By a server: Playwright's own answers would pass 223 MB through its pipe, as text.
  const server = createStaticServer({ folder });
  const port = await listen(server, 0, 1);
  await page.context().route(`**/models/${id}/*`, (route) => {
    const name = new URL(route.request().url()).pathname.split('/').at(-1)!;
    return route.continue({ url: `http://localhost:${port}/${name}` });
  });
  // Two by two slices in one region.
  const slide = await phantomSlide(90_005, 0.9, 0.9);
  await page.goto(`/?slide=none&model=${id}&backend=wasm`);
  await openFile(page, slide.slidePath);
  await segmentWholeSlide(page, 500_000);
  const slices = await finishedSlices(page);
  expect(slices).toHaveLength(4);
  expect(slices.every(({ size, classes }) => size === 256 && classes.length === 256 * 256)).toBe(true);
  console.log(`${(bytes / 1e6).toFixed(1)} MB in ${String(shards.length)} shards`);
  server.close();
});
