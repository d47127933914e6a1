/**
 * Measures the cost of a virtual slide of one size, in a separate process: planning the whole slide, segmenting a sample
 * of its regions, writing all result files. Prints one JSON object.
 *
 *     npx tsx bench/scale/one-size.ts SIDE_PX MODEL SLICES [BACKEND]
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startNetwork } from '../../src/cli/run-model.ts';
import { withProcessorTime } from '../../src/cli/bench-run.ts';
import { MapStrips, type CellMaps } from '../../src/export/map-strips.ts';
import { writeMaps } from '../../src/export/write-maps.node.ts';
import { nodeBackendNames } from '../../src/runtime/native/node-backends.ts';
import { openNodeSlices } from '../../src/segment/node-slice-store.node.ts';
import { planSegmentation } from '../../src/segment/plan.ts';
import { segmentSlide } from '../../src/segment/run.ts';
import { SliceQueue } from '../../src/segment/queue.ts';
import { slideReader } from '../../src/segment/slice-reader.ts';
import { subPlan } from '../../src/segment/sub-plan.ts';
import { nodePlatform } from '../../src/slide/node-platform.node.ts';
import { readRegion } from '../../src/slide/region.ts';
import { virtualSlide } from './virtual-slide.ts';

const [side = '10000', model = 'nano-attention', wanted = '150', backend = 'auto'] = process.argv.slice(2);
const requested = (['auto', ...nodeBackendNames] as const).find((name) => name === backend);
if (requested === undefined) throw new Error(`There is no backend "${backend}".`);
/** 40×, as most scanners use. */
const mpp = { x: 0.25, y: 0.25 };
const overlap = 0.125;

/** Bytes on the JavaScript heap and in its buffers, after garbage collection. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const slide = await virtualSlide(Number(side));
const network = await startNetwork(model, { backend: requested });
const { manifest } = network.segmenter;
const reader = slideReader(slide, nodePlatform());
const folder = mkdtempSync(join(tmpdir(), 'dualscope-scale-'));
try {
  const [{ plan, key }, planning] = await withProcessorTime(() =>
    planSegmentation(reader, slide.metadata, manifest, {
      mpp,
      area: { kind: 'slide' },
      overlap,
      glass: 'skip',
    }),
  );
  // Whole regions, spread evenly over the slide.
  const every = Math.max(1, Math.floor(plan.slices.length / Number(wanted)));
  const sample = subPlan(plan, ({ region }) => region % every === 0);
  const kept = openNodeSlices(join(folder, 'a.slices'), key, plan.marginPx, 'create');
  if (kept === null) throw new Error('The file of slices could not be started.');
  const cells: CellMaps[] = [];
  slide.asked.length = 0;
  let tiles = 0;
  // Sessions belong to start-up, which a sample would count for more than a whole slide.
  await network.segmenter.warmUp?.({ logProbabilities: plan.marginPx > 0 });
  const start = performance.now();
  const [summary, segmenting] = await withProcessorTime(() =>
    segmentSlide({
      reader,
      network,
      store: kept.store,
      plan: sample,
      queue: new SliceQueue(sample),
      onEvent: (event) => {
        if (event.kind !== 'slice') return;
        // A few, so that the heap is that of a run.
        if (cells.length < 8) cells.push(event.result);
        tiles += slide.asked.length;
        // Only this benchmark reads the list of requests.
        slide.asked.length = 0;
      },
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  const heap = heapBytes();
  const segmentRss = process.resourceUsage().maxRSS * 1024;
  // The whole map, made by repeating the sample's cells.
  let writeHeap = 0;
  let nextLook = 0;
  const strips = new MapStrips(plan, { kind: 'slide' }, (column, row) => {
    if (row >= nextLook) {
      writeHeap = Math.max(writeHeap, heapBytes());
      nextLook = row + plan.rows / 10;
    }
    return cells[(column * 31 + row * 17) % cells.length] ?? null;
  });
  const umPerPx = manifest.slice.fieldUm / manifest.slice.sizePx;
  const { decoder } = nodePlatform();
  const extent = { x: 0, y: 0, width: Number(side), height: Number(side) };
  const [maps, writing] = await withProcessorTime(() =>
    writeMaps({
      strips,
      manifest,
      prefix: join(folder, 'a'),
      slideName: 'virtual',
      umPerPx,
      tolerance: 0,
      picture: (width, height) => readRegion(slide, extent, width, height, { decoder }),
    }),
  );
  const bytes = Object.fromEntries(
    maps.files.map((file) => [file.slice(folder.length + 3), statSync(file).size]),
  );
  const journalBytes = statSync(join(folder, 'a.slices')).size;
  kept.close();
  console.log(
    JSON.stringify({
      sidePx: Number(side),
      mm2: (Number(side) * mpp.x) ** 2 / 1e6,
      slices: plan.slices.length,
      sampled: summary.slices,
      planCpuSeconds: planning.process,
      cpuSecondsPerSlice: segmenting.process / summary.slices,
      engineThreadSecondsPerSlice: (segmenting.mainThread ?? NaN) / summary.slices,
      wallSecondsPerSlice: seconds / summary.slices,
      tilesPerSlice: tiles / summary.slices,
      readBytesPerSlice: (tiles * slide.tileBytes) / summary.slices,
      writeCpuSeconds: writing.process,
      heapBytes: heap,
      writeHeapBytes: writeHeap,
      segmentRssBytes: segmentRss,
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
      journalBytesPerSlice: journalBytes / summary.slices,
      fileBytes: bytes,
    }),
  );
} finally {
  network.release();
  rmSync(folder, { recursive: true, force: true });
}
