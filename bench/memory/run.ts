/**
 * Measures the memory of the page and its workers during a long run, in one Chromium:
 *
 *     npx tsx bench/memory/run.ts [MODEL]
 *
 * Prints one JSON object. `lastOverMiddle` is 1 if memory does not grow in the second half of the run; in the first half
 * the cache of decoded tiles fills (128 MiB).
 */
import { resolve } from 'node:path';
import { withBenchPage } from '../chromium-page.ts';

const root = resolve(import.meta.dirname, '../..');
const model = process.argv[2] ?? 'nano-attention';
/** The demo phantom is 7 mm wide; with larger pixels it has as many slices as needed. */
const mpp = { x: 2, y: 2, source: 'user' };
const every = 100;

const figures = await withBenchPage('memory', async ({ page, browser, urlOf }) => {
  const call = {
    slideUrl: urlOf(`${root}/public/slides/phantom-1.tif`),
    modelUrl: `/models/${model}/`,
    mpp,
    every,
  };
  const readings = (await page.evaluate(
    (given) => (window as unknown as { measure: (call: unknown) => Promise<unknown> }).measure(given),
    call,
  )) as { slices: number; bytes: number }[];
  const middle = readings[Math.floor(readings.length / 2)];
  const last = readings.at(-1);
  return { browser, model, readings, lastOverMiddle: (last?.bytes ?? NaN) / (middle?.bytes ?? NaN) };
});
console.log(JSON.stringify(figures, null, 2));
