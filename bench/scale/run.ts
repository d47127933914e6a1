/**
 * Measures how the cost of segmentation grows with the number of processes on one machine and with the slide's size.
 *
 *     npx tsx bench/scale/run.ts [--model ID] [--sizes 10000,20000,50000,100000] [--slices 150] [--slides 4]
 *         [--backend NAME] [--json]
 *
 * Compares processor seconds, which stay valid when other programs run; wall times are printed too. The slides are
 * virtual: the engine segments a sample of whole regions, but the maps are written in full.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'nano-attention' },
    sizes: { type: 'string', default: '10000,20000,50000,100000' },
    slices: { type: 'string', default: '150' },
    slides: { type: 'string', default: '4' },
    backend: { type: 'string', default: 'auto' },
    json: { type: 'boolean', default: false },
  },
});

const root = resolve(import.meta.dirname, '../..');
const phantom = join(root, 'public', 'slides', 'phantom-1.tif');

/** One line of `one-size.ts`. */
interface SizeCost {
  readonly sidePx: number;
  readonly mm2: number;
  readonly slices: number;
  readonly sampled: number;
  readonly planCpuSeconds: number;
  readonly cpuSecondsPerSlice: number;
  readonly wallSecondsPerSlice: number;
  readonly writeCpuSeconds: number;
  readonly heapBytes: number;
  readonly writeHeapBytes: number;
  readonly segmentRssBytes: number;
  readonly peakRssBytes: number;
  readonly fileBytes: Readonly<Record<string, number>>;
}

function sizeCost(sidePx: string): SizeCost {
  const words = ['--import', 'tsx', join(import.meta.dirname, 'one-size.ts')];
  const text = execFileSync(
    process.execPath,
    [...words, sidePx, options.model, options.slices, options.backend],
    {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  return JSON.parse(text.trim().split('\n').at(-1) ?? '') as SizeCost;
}

interface ProcessCost {
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
}

/** Segments the demo phantom with the command in a separate process. @param threads of the network. */
async function segmentPhantom(folder: string, name: string, threads: number): Promise<ProcessCost> {
  const cost = join(folder, `${name}.cost.json`);
  const hook = join(import.meta.dirname, 'cost-at-exit.mjs');
  const words = ['segment', phantom, '--model', options.model, '--out', join(folder, name)];
  words.push('--backend', options.backend, '--threads', `${threads}`);
  const child = spawn(process.execPath, ['--import', hook, join(root, 'bin', 'dualscope.mjs'), ...words], {
    env: { ...process.env, DUALSCOPE_COST: cost },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) throw new Error(`dualscope segment ended with ${String(code)}.`);
  return JSON.parse(readFileSync(cost, 'utf8')) as ProcessCost;
}

/** Slides per hour with a number of processes at a time. */
async function withProcesses(folder: string, processes: number) {
  const names = Array.from({ length: Number(options.slides) }, (_value, i) => `${processes}-${i}`);
  const costs: ProcessCost[] = [];
  // Processes at the same time share the cores.
  const threads = Math.max(1, Math.floor(availableParallelism() / processes));
  const start = performance.now();
  await Promise.all(
    Array.from({ length: processes }, async () => {
      for (let name = names.pop(); name !== undefined; name = names.pop()) {
        costs.push(await segmentPhantom(folder, name, threads));
      }
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  return {
    processes,
    slidesPerHour: (3600 * costs.length) / seconds,
    cpuSecondsPerSlide: costs.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) / costs.length,
    peakRssBytes: Math.max(...costs.map(({ peakRssBytes }) => peakRssBytes)),
  };
}

const folder = mkdtempSync(join(tmpdir(), 'dualscope-scale-'));
const loadBefore = loadavg()[0] ?? NaN;
try {
  const byProcesses = [await withProcesses(folder, 1), await withProcesses(folder, 2)];
  const bySize = options.sizes.split(',').map((sidePx) => {
    const cost = sizeCost(sidePx);
    const cpuSecondsPerSlide =
      cost.planCpuSeconds + cost.slices * cost.cpuSecondsPerSlice + cost.writeCpuSeconds;
    const resultBytes = Object.values(cost.fileBytes).reduce((sum, bytes) => sum + bytes, 0);
    return { ...cost, cpuSecondsPerSlide, slidesPerCoreHour: 3600 / cpuSecondsPerSlide, resultBytes };
  });
  const [one, two] = byProcesses;
  const [small] = bySize;
  const large = bySize.at(-1);
  const ratio = (a: number | undefined, b: number | undefined): number =>
    Number(((a ?? NaN) / (b ?? NaN)).toFixed(3));
  const figures = {
    model: options.model,
    loadBefore,
    loadAfter: loadavg()[0] ?? NaN,
    ratios: {
      slidesPerHourTwoOverOne: ratio(two?.slidesPerHour, one?.slidesPerHour),
      cpuPerSlideTwoOverOne: ratio(two?.cpuSecondsPerSlide, one?.cpuSecondsPerSlide),
      cpuPerSliceLargestOverSmallest: ratio(large?.cpuSecondsPerSlice, small?.cpuSecondsPerSlice),
      heapLargestOverSmallest: ratio(large?.heapBytes, small?.heapBytes),
      writeHeapLargestOverSmallest: ratio(large?.writeHeapBytes, small?.writeHeapBytes),
      segmentRssLargestOverSmallest: ratio(large?.segmentRssBytes, small?.segmentRssBytes),
      peakRssLargestOverSmallest: ratio(large?.peakRssBytes, small?.peakRssBytes),
    },
    byProcesses,
    bySize,
  };
  if (options.json) console.log(JSON.stringify(figures, null, 2));
  else {
    const mb = (bytes: number): number => Math.round(bytes / 1e6);
    console.log(`load ${loadBefore.toFixed(1)} to ${figures.loadAfter.toFixed(1)}, ${options.model}`);
    console.table(figures.ratios);
    console.table(
      byProcesses.map((row) => ({
        processes: row.processes,
        'slides/h': Math.round(row.slidesPerHour),
        'core-s per slide': Number(row.cpuSecondsPerSlide.toFixed(1)),
        'peak RSS, MB': mb(row.peakRssBytes),
      })),
    );
    console.table(
      bySize.map((row) => ({
        'side, px': row.sidePx,
        'mm²': Math.round(row.mm2),
        slices: row.slices,
        sampled: row.sampled,
        'core-ms per slice': Number((1000 * row.cpuSecondsPerSlice).toFixed(1)),
        'planning, core-s': Number(row.planCpuSeconds.toFixed(2)),
        'writing, core-s': Number(row.writeCpuSeconds.toFixed(1)),
        'slide, core-s': Number(row.cpuSecondsPerSlide.toFixed(1)),
        'slides per core-h': Math.round(row.slidesPerCoreHour),
        'heap segmenting, MB': mb(row.heapBytes),
        'heap writing, MB': mb(row.writeHeapBytes),
        'RSS segmenting, MB': mb(row.segmentRssBytes),
        'RSS writing, MB': mb(row.peakRssBytes),
        'results, MB': mb(row.resultBytes),
      })),
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
