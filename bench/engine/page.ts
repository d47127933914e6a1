/**
 * Compares the engine in its worker with a plain loop, as viewers with a "run model" button use (caMicroscope, for
 * example): on the main thread, it reads each patch, draws it on a canvas, predicts it and fetches the result with
 * `dataSync`. Slide, model, slices and backend are the same, in this page.
 */
import * as tf from '@tensorflow/tfjs-core';
import { loadGraphModel } from '@tensorflow/tfjs-converter';
import { initialiseBackend } from '../../src/runtime/backend-initialise.ts';
import { browserBackendPlatform as backendPlatform } from '../../src/runtime/backend-probe.ts';
import { sliceBox } from '../../src/runtime/slice-box.ts';
import { wasmUrls } from '../../src/runtime/wasm-urls.ts';
import { planSlices } from '../../src/segment/grid.ts';
import { browserPlatform } from '../../src/slide/browser-platform.ts';
import { openSlideUrl } from '../../src/slide/open-slide-url.ts';
import { readRegion } from '../../src/slide/region.ts';
import type { Level0Rect } from '../../src/slide/slide.ts';
import { TileCache } from '../../src/slide/tile-cache.ts';
import { createSegmentClient } from '../../src/worker/segment-client.ts';

interface Call {
  readonly slideUrl: string;
  readonly modelUrl: string;
  readonly area: Level0Rect;
}

interface Figures {
  readonly slices: number;
  readonly engineSeconds: number;
  readonly loopSeconds: number;
  /** Wall time of the run divided by the network's computing time in that run. */
  readonly endToEndOverInference: number;
  /** Longest time for which the page was blocked, milliseconds. */
  readonly engineLongestTaskMs: number;
  readonly loopLongestTaskMs: number;
  readonly agreement: number;
  readonly backend: string;
}

/** Result of `work`, and the page's longest task while it ran. */
async function withLongestTask<T>(work: () => Promise<T>): Promise<[T, number]> {
  let longest = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longest = Math.max(longest, duration);
  });
  observer.observe({ type: 'longtask' });
  const result = await work();
  await new Promise((go) => setTimeout(go, 200));
  observer.disconnect();
  return [result, longest];
}

async function onEngine({ slideUrl, modelUrl, area }: Call) {
  const client = createSegmentClient();
  const { name, device } = await client.initialise('wasm');
  const manifest = await client.manifest(modelUrl);
  const request = { slide: { kind: 'url', url: slideUrl } as const, modelUrl, area, mpp: null };
  // Compiles kernels and reads the slide's directories before the clock starts.
  await client.segment({ ...request, area: { ...area, width: 1, height: 1 } });
  const maps = new Map<string, Uint8Array>();
  const [summary, longest] = await withLongestTask(() =>
    client.segment(request, {
      onEvent: (event) => {
        if (event.kind !== 'slice') return;
        const { column, row, classes } = event.result;
        maps.set(`${column},${row}`, classes);
      },
    }),
  );
  client.terminate();
  const { inferMs, encodeMs } = summary.stages;
  const endToEndOverInference = (1000 * summary.seconds) / (inferMs + encodeMs);
  return {
    manifest,
    maps,
    seconds: summary.seconds,
    endToEndOverInference,
    longest,
    backend: `${name}, ${device}`,
  };
}

async function measure(call: Call): Promise<Figures> {
  const engine = await onEngine(call);
  await initialiseBackend('wasm', backendPlatform(wasmUrls));
  const { manifest } = engine;
  const model = await loadGraphModel(new URL('model.json', new URL(call.modelUrl, location.href)).href);
  const platform = browserPlatform();
  const slide = await openSlideUrl(call.slideUrl, platform);
  const { metadata } = slide;
  if (metadata.mpp === null) throw new Error('The slide has no µm per pixel.');
  const plan = planSlices({ slide: metadata, mpp: metadata.mpp, model: manifest, area: call.area });
  const { sizePx } = plan;
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = sizePx;
  const drawing = canvas.getContext('2d', { willReadFrequently: true });
  if (drawing === null) throw new Error('There is no canvas.');
  const cache = new TileCache(128 * 1024 * 1024);
  const read = async (rect: Level0Rect, side: number): Promise<tf.Tensor> => {
    const image = await readRegion(slide, rect, side, side, { decoder: platform.decoder, cache });
    canvas.width = canvas.height = side;
    drawing.putImageData(new ImageData(image.data, side, side), 0, 0);
    return tf.tidy(() => tf.expandDims(tf.cast(tf.browser.fromPixels(canvas), 'float32')));
  };
  let same = 0;
  const { graph } = manifest;
  const loop = async (slices: typeof plan.slices): Promise<void> => {
    for (const slice of slices) {
      const inputs: Record<string, tf.Tensor> = { [graph.inputs.slice]: await read(slice.rect, sizePx) };
      const context = plan.regions[slice.region]?.context ?? null;
      if (graph.inputs.context !== null && context !== null && plan.contextSizePx !== null) {
        // Context features are not cached: every slice reads and encodes its own context.
        inputs[graph.inputs.context] = await read(context, plan.contextSizePx);
      }
      if (
        graph.inputs.sliceInContext !== null &&
        slice.sliceInContext !== null &&
        plan.contextSizePx !== null
      ) {
        const box = sliceBox(slice.sliceInContext, plan.contextSizePx, sizePx);
        inputs[graph.inputs.sliceInContext] = tf.tensor4d([...box], [1, 1, 1, 4]);
      }
      const packed = model.execute(inputs, [graph.outputs.packed]) as tf.Tensor;
      const values = packed.dataSync<'int32'>();
      tf.dispose([packed, ...Object.values(inputs)]);
      const other = engine.maps.get(`${slice.column},${slice.row}`);
      values.forEach((value, i) => {
        if (value >> 8 === other?.[i]) same++;
      });
    }
  };
  await loop(plan.slices.slice(0, 1));
  same = 0;
  const start = performance.now();
  let seconds = 0;
  const [, longest] = await withLongestTask(async () => {
    await loop(plan.slices);
    seconds = (performance.now() - start) / 1000;
  });
  slide.close();
  model.dispose();
  return {
    slices: plan.slices.length,
    engineSeconds: engine.seconds,
    loopSeconds: seconds,
    endToEndOverInference: engine.endToEndOverInference,
    engineLongestTaskMs: engine.longest,
    loopLongestTaskMs: longest,
    agreement: same / (plan.slices.length * sizePx * sizePx),
    backend: engine.backend,
  };
}

Object.assign(window, { measure });
