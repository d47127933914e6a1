/** Seams with the shipped networks on the demo phantom: there without overlap, gone with it. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { initialiseNodeBackend } from '../runtime/backend.node.ts';
import { fromFolder } from '../runtime/load-model.node.ts';
import { loadModel } from '../runtime/load-model.ts';
import type { SegmenterOptions, Segmenter } from '../runtime/segmenter.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { openSlide } from '../slide/open-slide.ts';
import { pathByteSource } from '../slide/path-byte-source.node.ts';
import type { Slide } from '../slide/slide.ts';
import { ClassMap } from './class-map.ts';
import { fixedNetwork } from './network.ts';
import { segmentSlide } from './run.ts';
import { planSlices } from './grid.ts';
import type { QualityId } from './quality.ts';
import { overlapOf } from './quality.ts';
import { SliceQueue } from './queue.ts';
import { seamRatio } from './seam.ts';
import { slideReader } from './slice-reader.ts';

const root = path.resolve(import.meta.dirname, '../..');

const models = readdirSync(path.join(root, 'models')).filter((id) => id.startsWith('nano-'));

async function load(id: string): Promise<{ segmenter: Segmenter; slide: Slide }> {
  await initialiseNodeBackend('wasm');
  const segmenter = await loadModel(id, fromFolder(path.join(root, 'models', id)));
  const source = await pathByteSource(path.join(root, 'public/slides/phantom-1.tif'));
  return { segmenter, slide: await openSlide([source], nodePlatform()) };
}

async function ratioOf(
  segmenter: Segmenter,
  slide: Slide,
  quality: QualityId,
  share: number,
): Promise<number | null> {
  const { metadata } = slide;
  const plan = planSlices({
    slide: metadata,
    mpp: metadata.mpp!,
    model: segmenter.manifest,
    overlap: overlapOf(quality),
    area: { x: 0, y: 0, width: metadata.width * share, height: metadata.height },
  });
  const map = new ClassMap(plan);
  await segmentSlide({
    reader: slideReader(slide, nodePlatform()),
    network: fixedNetwork(segmenter),
    plan,
    queue: new SliceQueue(plan),
    onEvent: (event) => event.kind === 'slice' && map.put(event.result),
  });
  return seamRatio(map.read(map.extent, map.width, map.height), plan.cellPx);
}

it.each(models)(
  '%s: blends slices so that their borders do not show',
  async (id) => {
    const { segmenter, slide } = await load(id);
    const standard = await ratioOf(segmenter, slide, 'standard', 0.35);
    segmenter.dispose();
    slide.close();
    console.log(`seam ratio of ${id}: ${standard?.toFixed(2)}`);
    expect(standard).toBeLessThanOrEqual(1.1);
  },
  240_000,
);

it('measures borders that do show', async () => {
  const { segmenter, slide } = await load('nano-attention');
  const fast = await ratioOf(segmenter, slide, 'fast', 0.25);
  segmenter.dispose();
  slide.close();
  expect(fast).toBeGreaterThan(3);
}, 240_000);

it('has log-probabilities that say what class and confidence say', async () => {
  const { segmenter, slide } = await load('nano-attention');
  const plan = planSlices({ slide: slide.metadata, mpp: slide.metadata.mpp!, model: segmenter.manifest });
  const reader = slideReader(slide, nodePlatform());
  const region = plan.regions[Math.floor(plan.regions.length / 2)]!;
  const slice = plan.slices[region.slices[6]!]!;
  const { signal } = new AbortController();
  const context = segmenter.encodeContext(await reader.read(region.context!, plan.contextSizePx!, signal));
  const image = await reader.read(slice.rect, plan.sizePx, signal);
  const options: SegmenterOptions = { logProbabilities: true };
  const { classes, confidence, logProbabilities } = await segmenter.segment(
    image,
    context,
    slice.sliceInContext,
    options,
  );
  const plain = await segmenter.segment(image, context, slice.sliceInContext);
  context.dispose();
  segmenter.dispose();
  slide.close();
  expect(plain.logProbabilities).toBeUndefined();
  expect(plain.classes).toEqual(classes);
  const depth = segmenter.manifest.classes.length;
  expect(logProbabilities?.length).toBe(depth * classes.length);
  for (let pixel = 0; pixel < classes.length; pixel++) {
    const bytes = logProbabilities!.subarray(pixel * depth, (pixel + 1) * depth);
    expect(bytes[classes[pixel]!]).toBe(255);
    const sum = bytes.reduce((total, byte) => total + Math.exp((-32 * (255 - byte) ** 2) / 255 ** 2), 0);
    // Half a step of a byte is 1/45 nat where it counts most, 2 % of a probability.
    expect(Math.abs(255 / sum - confidence[pixel]!)).toBeLessThan(7);
  }
}, 60_000);
