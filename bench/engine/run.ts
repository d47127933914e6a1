/**
 * Compares the engine with a plain loop on the main thread (see page.ts), in one run of one Chromium:
 *
 *     npx tsx bench/engine/run.ts [MODEL …]
 *
 * Prints one JSON object. `plainLoopOverEngine` is a ratio of times; above 1, the engine is faster.
 */
import { resolve } from 'node:path';
import { withBenchPage } from '../chromium-page.ts';

const root = resolve(import.meta.dirname, '../..');
const models = process.argv.slice(2);
if (models.length === 0) models.push('nano-single', 'nano-attention', 'nano-aligned');
const repeats = 3;
/** One region: 25 slices of 467 µm in the middle of the demo phantom. */
const area = { x: 2340, y: 2340, width: 2330, height: 2330 };

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

interface Run {
  readonly slices: number;
  readonly engineSeconds: number;
  readonly loopSeconds: number;
  readonly endToEndOverInference: number;
  readonly engineLongestTaskMs: number;
  readonly loopLongestTaskMs: number;
  readonly agreement: number;
  readonly backend: string;
}

const figures: Record<string, unknown> = {};
for (const model of models) {
  const runs = await withBenchPage('engine', async ({ page, browser, urlOf }) => {
    figures.browser = browser;
    const call = {
      slideUrl: urlOf(`${root}/public/slides/phantom-1.tif`),
      modelUrl: `/models/${model}/`,
      area,
    };
    const results: Run[] = [];
    for (let repeat = 0; repeat < repeats; repeat++) {
      const result = await page.evaluate(
        (given) => (window as unknown as { measure: (call: unknown) => Promise<unknown> }).measure(given),
        call,
      );
      results.push(result as Run);
    }
    return results;
  });
  const of = (value: (run: Run) => number): number => Number(median(runs.map(value)).toFixed(3));
  figures[`${model} plainLoopOverEngine`] = of((run) => run.loopSeconds / run.engineSeconds);
  figures[`${model} engine slicesPerSecond`] = of((run) => run.slices / run.engineSeconds);
  figures[`${model} loop slicesPerSecond`] = of((run) => run.slices / run.loopSeconds);
  figures[`${model} endToEndOverInference in the page`] = of((run) => run.endToEndOverInference);
  figures[`${model} engineLongestTaskMs`] = of((run) => run.engineLongestTaskMs);
  figures[`${model} loopLongestTaskMs`] = of((run) => run.loopLongestTaskMs);
  figures[`${model} agreement`] = of((run) => run.agreement);
  figures[`${model} slices`] = runs[0]?.slices ?? 0;
  figures.backend = runs[0]?.backend ?? '';
}
console.log(JSON.stringify(figures, null, 2));
