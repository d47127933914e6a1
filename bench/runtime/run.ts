/**
 * Compares TF.js with ONNX Runtime Web, both on wasm with the same weights, in one run of one Chromium:
 *
 *     npx tsx bench/runtime/run.ts [PRESET@PIXELS …]
 *
 * Prints one JSON object. `tfjsOverOrtWasm` is a ratio of times; above 1, TF.js is slower. Each ratio is the median over
 * neighbouring runs. DUALSCOPE_CHROMIUM=/path selects another browser.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withBenchPage } from '../chromium-page.ts';
import { exportBoth } from './export-both.ts';

const wanted = process.argv.slice(2);
if (wanted.length === 0) wanted.push('nano-attention@128', 'compact-attention@128');
const repeats = 15;

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

interface Times {
  readonly tfjsMs: number[];
  readonly ortMs: number[];
  readonly agreement: number;
  readonly crossOriginIsolated: boolean;
  readonly tfjsDevice: string;
  readonly tfjsThreads: number;
  readonly ortThreads: number;
}

const folder = await mkdtemp(join(tmpdir(), 'dualscope-bench-runtime-'));
const figures: Record<string, unknown> = {};
try {
  const ratios: number[] = [];
  for (const word of wanted) {
    const [id = '', px = '128'] = word.split('@');
    const pair = await exportBoth(id, Number(px), join(folder, id));
    for (const threads of [1, 2]) {
      const times = await withBenchPage('runtime', async ({ page, browser, urlOf }) => {
        figures.browser = browser;
        const call = {
          graphUrl: urlOf(join(pair.folder, 'model.json')),
          onnxUrl: urlOf(join(pair.folder, 'model.onnx')),
          slice: pair.slice,
          context: pair.context,
          threads,
          repeats,
        };
        return page.evaluate(
          (given) => (window as unknown as { measure: (call: unknown) => Promise<unknown> }).measure(given),
          call,
        ) as Promise<Times>;
      });
      const ratio = median(times.tfjsMs.map((ms, i) => ms / (times.ortMs[i] ?? NaN)));
      if (threads === 1) ratios.push(ratio);
      const name = `${word} ${threads === 1 ? '1 thread' : `${threads} threads`}`;
      figures[`${name} tfjsOverOrtWasm`] = Number(ratio.toFixed(3));
      figures[`${name} tfjsMs`] = Number(median(times.tfjsMs).toFixed(2));
      figures[`${name} ortMs`] = Number(median(times.ortMs).toFixed(2));
      figures[`${name} gmacPerSecond tfjs`] = Number((pair.macs / median(times.tfjsMs) / 1e6).toFixed(2));
      figures[`${name} agreement`] = Number(times.agreement.toFixed(5));
      figures[`${name} threads tfjs, ort`] = [times.tfjsThreads, times.ortThreads];
      figures.crossOriginIsolated = times.crossOriginIsolated;
    }
  }
  // One figure to summarise them: the worst model on one thread.
  figures.tfjsOverOrtWasm = Number(Math.max(...ratios).toFixed(3));
  console.log(JSON.stringify(figures, null, 2));
} finally {
  await rm(folder, { recursive: true, force: true });
}
