/** What `dualscope bench` measures: the engine on part of a slide, and the network alone on the same slices. */
import { memory } from '@tensorflow/tfjs-core';
import type { ContextFeatures, InputImage, Segmenter } from '../runtime/segmenter.ts';
import { ClassMap } from '../segment/class-map.ts';
import { fixedNetwork } from '../segment/network.ts';
import { segmentSlide } from '../segment/run.ts';
import type { SegmentSummary } from '../segment/run-progress.ts';
import type { SlicePlan } from '../segment/grid.ts';
import { SliceQueue } from '../segment/queue.ts';
import { seamRatio } from '../segment/seam.ts';
import { slideReader, type SliceReader } from '../segment/slice-reader.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import type { Level0Rect, Slide } from '../slide/slide.ts';
import { TileCache } from '../slide/tile-cache.ts';

export interface EngineFigures {
  readonly summary: SegmentSummary;
  readonly map: ClassMap;
  /** Most bytes in tensors after any slice, weights included. */
  readonly peakTensorBytes: number;
}

/** Reads with a cache of its own, so that no run finds tiles that another has decoded. */
export function coldReader(slide: Slide): SliceReader {
  return slideReader(slide, nodePlatform(), new TileCache(128 * 1024 * 1024));
}

/** Gives every run a reader that finds no tiles that another run has decoded. */
export type Readers = () => Promise<{ readonly reader: SliceReader; readonly close: () => void }>;

/** One run of the engine as `segment` runs it. */
export async function runEngine(
  readers: Readers,
  segmenter: Segmenter,
  plan: SlicePlan,
  inFlight: number,
): Promise<EngineFigures> {
  const map = new ClassMap(plan);
  let peakTensorBytes = 0;
  const { reader, close } = await readers();
  const summary = await segmentSlide({
    reader,
    // One slice at a time, as the network alone is measured.
    network: fixedNetwork(segmenter, { maxInFlight: inFlight }),
    plan,
    queue: new SliceQueue(plan),
    onEvent: (event) => {
      if (event.kind !== 'slice') return;
      map.put(event.result);
      peakTensorBytes = Math.max(peakTensorBytes, memory().numBytes);
    },
  });
  close();
  return { summary, map, peakTensorBytes };
}

/** Pixels of every slice and context of a plan, read beforehand. */
export interface PlanPixels {
  readonly slices: ReadonlyMap<number, InputImage>;
  readonly contexts: ReadonlyMap<number, InputImage>;
}

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

/** Seconds that the network alone takes for the slices of a plan, each context encoded once, nothing read. */
export async function inferenceSeconds(
  segmenter: Segmenter,
  plan: SlicePlan,
  pixels: PlanPixels,
  inFlight: number,
): Promise<number> {
  const options = { logProbabilities: plan.marginPx > 0 };
  const start = performance.now();
  for (const region of plan.regions) {
    const image = pixels.contexts.get(region.index);
    const context: ContextFeatures | null = image === undefined ? null : segmenter.encodeContext(image);
    const running = new Set<Promise<unknown>>();
    for (const index of region.slices) {
      const slice = plan.slices[index];
      const input = pixels.slices.get(index);
      if (slice === undefined || input === undefined) throw new RangeError(`Slice ${index} was not read.`);
      const job = segmenter.segment(input, context, slice.sliceInContext, options);
      running.add(job);
      void job.then(() => running.delete(job));
      while (running.size >= inFlight) await Promise.race(running);
    }
    await Promise.all(running);
    context?.dispose();
  }
  return (performance.now() - start) / 1000;
}

/** The same slices, each a region of its own: its context is read and encoded for it alone. */
export function naivePlan(plan: SlicePlan): SlicePlan {
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
 * A square of whole regions in the middle of the slide, of about `limit` slices; at least one region.
 * @param whole the plan of the whole slide.
 */
export function middleOf(whole: SlicePlan, limit: number): Level0Rect {
  const [first] = whole.regions;
  const columns = first?.slices.map((index) => whole.slices[index]?.column ?? 0) ?? [];
  const side = columns.length === 0 ? 1 : Math.max(...columns) - Math.min(...columns) + 1;
  const most = Math.max(1, Math.floor(Math.min(whole.columns, whole.rows) / side));
  const regions = Math.max(1, Math.min(most, Math.floor(Math.sqrt(limit) / side)));
  const start = (cells: number): number => Math.floor((Math.floor(cells / side) - regions) / 2) * side;
  const { cellWidth, cellHeight } = whole;
  // A hundredth of a cell inside, so that rounding takes no neighbour in.
  return {
    x: (Math.max(0, start(whole.columns)) + 0.01) * cellWidth,
    y: (Math.max(0, start(whole.rows)) + 0.01) * cellHeight,
    width: (regions * side - 0.02) * cellWidth,
    height: (regions * side - 0.02) * cellHeight,
  };
}

/** How much denser changes of class are on slice borders than elsewhere, in the part that was segmented. */
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

/** The middle one of a list; the mean of the middle two. null for an empty list. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.floor((sorted.length - 1) / 2)];
  const high = sorted[Math.floor(sorted.length / 2)];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
