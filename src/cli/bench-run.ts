/** Measurements of `dualscope bench`: the engine on part of a slide, and the network alone on the same slices. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memory } from '@tensorflow/tfjs-core';
import type {
  ContextFeatures,
  InputImage,
  Segmenter,
  SegmenterOptions,
  SliceInput,
  SliceMaps,
} from '../runtime/segmenter.ts';
import { StitchedRows } from '../export/map-strips.ts';
import { nextBatch } from '../segment/batch-size.ts';
import { ClassMap } from '../segment/class-map.ts';
import type { Network } from '../segment/network.ts';
import { segmentSlide } from '../segment/run.ts';
import type { SegmentSummary } from '../segment/run-progress.ts';
import type { SlicePlan } from '../segment/grid.ts';
import { SliceQueue } from '../segment/queue.ts';
import { seamRatio } from '../segment/seam.ts';
import { openNodeSlices } from '../segment/node-slice-store.node.ts';
import { slideReader, type SliceReader } from '../segment/slice-reader.ts';
import type { RunStore } from '../segment/store.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import type { Level0Rect, Slide } from '../slide/slide.ts';
import { TileCache } from '../slide/tile-cache.ts';

export interface EngineFigures {
  readonly summary: SegmentSummary;
  readonly map: ClassMap;
  /** Maximum bytes in TF.js tensors after any slice, including weights; 0 on other backends. */
  readonly peakTensorBytes: number;
  /** Milliseconds of encoding and storing slices, on the engine's thread. */
  readonly storeMs: number;
  /** Milliseconds of reading the stored slices again and blending them. */
  readonly stitchMs: number;
}

/** A reader with a new cache, so that no run finds tiles decoded by another. */
export function coldReader(slide: Slide): SliceReader {
  return slideReader(slide, nodePlatform(), new TileCache(128 * 1024 * 1024));
}

/** Opens a reader with an empty tile cache, one for each run. */
export type OpenReader = () => Promise<{ readonly reader: SliceReader; readonly close: () => void }>;

/**
 * One run of the engine, as in `segment`: with the network's batches, and every slice stored in a file. Cells are made
 * from the file afterwards, which `summary.seconds` does not contain.
 */
export async function runEngine(
  openReader: OpenReader,
  network: Network,
  plan: SlicePlan,
): Promise<EngineFigures> {
  const map = new ClassMap(plan);
  let peakTensorBytes = 0;
  const { reader, close } = await openReader();
  const folder = mkdtempSync(join(tmpdir(), 'dualscope-bench-'));
  const slices = openNodeSlices(join(folder, 'bench.slices'), '0'.repeat(64), plan.marginPx, 'create');
  if (slices === null) throw new Error(`${folder}: Can't create the file of slices.`);
  let storeMs = 0;
  const store: RunStore = {
    has: () => false,
    get: () => Promise.resolve(null),
    put: (column, row, maps) => {
      const start = performance.now();
      const stored = slices.store.put(column, row, maps);
      storeMs += performance.now() - start;
      return stored;
    },
  };
  const summary = await segmentSlide({
    reader,
    store,
    network,
    plan,
    queue: new SliceQueue(plan),
    emitsCells: false,
    onEvent: (event) => {
      if (event.kind === 'progress') peakTensorBytes = Math.max(peakTensorBytes, memory().numBytes);
    },
  });
  close();
  const start = performance.now();
  const rows = new StitchedRows(plan, ({ column, row }) => slices.read(column, row));
  for (const { column, row } of [...plan.slices].sort((a, b) => a.row - b.row)) {
    const cell = rows.read(column, row);
    if (cell === null) continue;
    const [classes, confidence] = [Uint8Array.from(cell.classes), Uint8Array.from(cell.confidence)];
    map.put({ column, row, size: plan.cellPx, classes, confidence });
  }
  const stitchMs = performance.now() - start;
  slices.close();
  rmSync(folder, { recursive: true, force: true });
  return { summary, map, peakTensorBytes, storeMs, stitchMs };
}

/** Pixels of every slice and context of a plan, by index. */
export interface PlanPixels {
  readonly slices: ReadonlyMap<number, InputImage>;
  readonly contexts: ReadonlyMap<number, InputImage>;
}

/** Reads all pixels of a plan ahead, so that inferenceSeconds measures no reading. */
export async function readPlan(slide: Slide, plan: SlicePlan): Promise<PlanPixels> {
  const reader = coldReader(slide);
  const { signal } = new AbortController();
  const slices = new Map<number, InputImage>();
  const contexts = new Map<number, InputImage>();
  for (const { index, context } of plan.regions) {
    if (context !== null && plan.contextSizePx !== null) {
      contexts.set(index, await reader.read(context, plan.contextSizePx, signal));
    }
  }
  for (const slice of plan.slices) {
    slices.set(slice.index, await reader.read(slice.rect, plan.sizePx, signal));
  }
  return { slices, contexts };
}

/**
 * Seconds of the network alone for the slices of a plan, in the same batches as the engine's, as many at a time. Each context
 * is encoded once; nothing is read.
 */
export async function inferenceSeconds(
  { segmenter, batch, maxInFlight }: Network,
  plan: SlicePlan,
  pixels: PlanPixels,
): Promise<number> {
  const options = { logProbabilities: plan.marginPx > 0 };
  const running = new Set<Promise<unknown>>();
  const start = performance.now();
  for (const region of plan.regions) {
    const image = pixels.contexts.get(region.index);
    const context: ContextFeatures | null = image === undefined ? null : segmenter.encodeContext(image);
    const jobs: Promise<unknown>[] = [];
    for (let from = 0, to = 0; from < region.slices.length; from = to) {
      to = from + nextBatch(region.slices.length - from, batch.size);
      const slices = region.slices.slice(from, to).map((index): SliceInput => {
        const slice = plan.slices[index];
        const input = pixels.slices.get(index);
        if (slice === undefined || input === undefined) throw new RangeError(`Slice ${index} was not read.`);
        return { image: input, sliceInContext: slice.sliceInContext };
      });
      const job = segmentAll(segmenter, slices, context, options).then((maps) => segmenter.reuse?.(maps));
      jobs.push(job);
      running.add(job);
      void job.then(() => running.delete(job));
      while (running.size >= maxInFlight) await Promise.race(running);
    }
    void Promise.all(jobs).then(() => context?.dispose());
  }
  await Promise.all(running);
  return (performance.now() - start) / 1000;
}

function segmentAll(
  segmenter: Segmenter,
  slices: readonly SliceInput[],
  context: ContextFeatures | null,
  options: SegmenterOptions,
): Promise<SliceMaps[]> {
  const [single] = slices;
  if (single !== undefined && (slices.length === 1 || segmenter.segmentBatch === undefined)) {
    return segmenter.segment(single.image, context, single.sliceInContext, options).then((maps) => [maps]);
  }
  return segmenter.segmentBatch?.(slices, context, options) ?? Promise.resolve([]);
}

/** The same slices without shared contexts: each slice is its own region, with its own read and encoded context. */
export function unsharedContextPlan(plan: SlicePlan): SlicePlan {
  return {
    ...plan,
    slices: plan.slices.map((slice) => ({ ...slice, region: slice.index })),
    regions: plan.slices.map((slice) => ({
      index: slice.index,
      context: plan.regions[slice.region]?.context ?? null,
      slices: [slice.index],
    })),
  };
}

/**
 * A square of whole regions at the centre of the slide, with about `limit` slices but at least one region.
 * @param whole the plan of the whole slide.
 */
export function centralArea(whole: SlicePlan, limit: number): Level0Rect {
  const [first] = whole.regions;
  const columns = first?.slices.map((index) => whole.slices[index]?.column ?? 0) ?? [];
  const side = columns.length === 0 ? 1 : Math.max(...columns) - Math.min(...columns) + 1;
  const most = Math.max(1, Math.floor(Math.min(whole.columns, whole.rows) / side));
  const regions = Math.max(1, Math.min(most, Math.floor(Math.sqrt(limit) / side)));
  const start = (cells: number): number => Math.floor((Math.floor(cells / side) - regions) / 2) * side;
  const { cellWidth, cellHeight } = whole;
  // Inset by a hundredth of a cell, so that rounding does not include a neighbour.
  return {
    x: (Math.max(0, start(whole.columns)) + 0.01) * cellWidth,
    y: (Math.max(0, start(whole.rows)) + 0.01) * cellHeight,
    width: (regions * side - 0.02) * cellWidth,
    height: (regions * side - 0.02) * cellHeight,
  };
}

/** Density of class changes on slice borders, relative to elsewhere, within the segmented area. */
export function seamRatioOf(plan: SlicePlan, map: ClassMap): number | null {
  const columns = plan.slices.map(({ column }) => column);
  const rows = plan.slices.map(({ row }) => row);
  const left = Math.min(...columns);
  const top = Math.min(...rows);
  const width = (Math.max(...columns) - left + 1) * plan.cellPx;
  const height = (Math.max(...rows) - top + 1) * plan.cellPx;
  const rect = {
    x: left * plan.cellWidth,
    y: top * plan.cellHeight,
    width: width * map.scaleX,
    height: height * map.scaleY,
  };
  return seamRatio(map.read(rect, width, height), plan.cellPx);
}

/** Median; null for an empty list. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.floor(sorted.length / 2)];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

export interface ProcessorTime {
  /** Seconds, all threads of this process. */
  readonly process: number;
  /** Seconds, the thread that runs the engine; null except on Linux. */
  readonly mainThread: number | null;
}

/** Runs `work` and measures its processor time, which stays comparable while other programs run. */
export async function withProcessorTime<T>(work: () => Promise<T>): Promise<[T, ProcessorTime]> {
  const processBefore = process.cpuUsage();
  const threadBefore = mainThreadSeconds();
  const result = await work();
  const threadAfter = mainThreadSeconds();
  const { user, system } = process.cpuUsage(processBefore);
  const mainThread = threadBefore === null || threadAfter === null ? null : threadAfter - threadBefore;
  return [result, { process: (user + system) / 1e6, mainThread }];
}

/** The main thread's id equals the process id. */
function mainThreadSeconds(): number | null {
  try {
    const [nanoseconds = ''] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'latin1').split(' ');
    return Number(nanoseconds) / 1e9;
  } catch {
    return null;
  }
}
