/** What the commands that run a model share: finding it, starting the engine, showing progress. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { SingleBar } from 'cli-progress';
import { initialiseNodeBackend } from '../runtime/backend.node.ts';
import type { RunningBackend } from '../runtime/backend-initialise.ts';
import type { BackendName } from '../runtime/backend.ts';
import { fromFolder } from '../runtime/load-model.node.ts';
import { loadModel, readManifest } from '../runtime/load-model.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { Segmenter } from '../runtime/segmenter.ts';
import type { FinishedSlice, RunSummary } from '../segment/engine.ts';
import { segmentSlide } from '../segment/engine.ts';
import type { SlicePlan } from '../segment/grid.ts';
import { planSlices } from '../segment/grid.ts';
import { SliceQueue } from '../segment/queue.ts';
import type { SliceReader } from '../segment/read-ahead.ts';
import type { SliceStore } from '../segment/slice-store.ts';
import { slideReader } from '../segment/slide-reader.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import type { Level0Rect, Slide } from '../slide/slide.ts';
import { CommandError } from './command.ts';

/** A model that is ready, and what it runs on. */
export interface ReadyModel {
  readonly segmenter: Segmenter;
  readonly backend: RunningBackend;
}

/**
 * Starts a backend and loads a model.
 * @param model an id below models/ of this package, or a folder that holds a manifest.
 * @throws CommandError when there is no such model; ModelError when it or the backend can't be used.
 */
export async function readyModel(model: string, wanted: BackendName | null): Promise<ReadyModel> {
  modelFolder(model);
  const backend = await initialiseNodeBackend(wanted);
  return { segmenter: await loadOnBackend(model), backend };
}

/**
 * Loads one more model on the backend that runs.
 * @throws CommandError when there is no such model; ModelError when it can't be used.
 */
export function loadOnBackend(model: string): Promise<Segmenter> {
  const folder = modelFolder(model);
  return loadModel(basename(folder), fromFolder(folder));
}

/**
 * A model's manifest alone: what it would segment, before anything is started.
 * @throws CommandError when there is no such model; ModelError when its manifest is damaged.
 */
export async function manifestOf(model: string): Promise<ModelManifest> {
  const folder = modelFolder(model);
  return readManifest(basename(folder), fromFolder(folder));
}

/**
 * The folder of a model.
 * @param model an id below models/ of this package, or a folder that holds a manifest.
 * @throws CommandError when there is no such model.
 */
export function modelFolder(model: string): string {
  const folders = [resolve(model), join(import.meta.dirname, '..', '..', 'models', model)];
  const folder = folders.find((each) => existsSync(join(each, 'manifest.json')));
  if (folder !== undefined) return folder;
  throw new CommandError(
    `${model}: There is no such model. Give an id below models/ or a folder that holds a manifest.json.`,
  );
}

/**
 * The slices of a slide for a model.
 * @throws CommandError when the slide does not say its µm per pixel and `mpp` is null.
 */
export function planFor(
  slide: Slide,
  { manifest }: Pick<Segmenter, 'manifest'>,
  options: {
    readonly mpp: number | null;
    readonly area: Level0Rect | null;
    readonly overlap: number;
    /** Whether a slice is wanted, by its cell; all by default. */
    readonly keep?: (cell: Level0Rect) => boolean;
  },
): SlicePlan {
  const { mpp, area, overlap, keep } = options;
  return planSlices({
    slide: slide.metadata,
    mpp: micrometresPerPixel(slide, mpp),
    model: manifest,
    area,
    overlap,
    ...(keep === undefined ? {} : { keep }),
  });
}

/**
 * Segments the slices of a plan with the engine of the app. Shows a progress bar on a terminal; broken
 * slices are named on stderr.
 */
export async function runOnSlide(
  slide: Slide,
  segmenter: Segmenter,
  plan: SlicePlan,
  onSlice: (result: FinishedSlice) => void,
  options: {
    /** Slices of the plan that are to be done; all by default. */
    readonly queue?: SliceQueue;
    readonly signal?: AbortSignal;
    /** Where pixels come from; the slide, on this thread, by default. */
    readonly reader?: SliceReader;
    /** Where the network's results are kept before they are stitched; nowhere by default. */
    readonly store?: SliceStore;
  } = {},
): Promise<RunSummary> {
  const {
    queue = new SliceQueue(plan),
    signal,
    reader = slideReader(slide, nodePlatform()),
    store,
  } = options;
  const bar = new SingleBar({
    format: `${slide.metadata.name} [{bar}] {value}/{total} slices | {rate} slices/s | {eta_formatted} left`,
    stream: process.stderr,
    etaBuffer: 50,
  });
  bar.start(queue.length, 0, { rate: '-' });
  try {
    return await segmentSlide({
      reader,
      segmenter,
      plan,
      queue,
      signal,
      store,
      onEvent: (event) => {
        if (event.kind === 'slice') {
          onSlice(event.result);
          bar.update(event.done, { rate: event.rate.toFixed(2) });
        } else if (event.kind === 'broken-slice') {
          process.stderr.write(`dualscope: slice ${event.index} is left out: ${event.error.message}\n`);
        }
      },
    });
  } finally {
    bar.stop();
  }
}

/** µm per level-0 pixel: what the user says, else what the slide says. */
export function micrometresPerPixel(slide: Slide, given: number | null): { x: number; y: number } {
  if (given !== null) return { x: given, y: given };
  const { mpp, name } = slide.metadata;
  if (mpp !== null) return { x: mpp.x, y: mpp.y };
  throw new CommandError(
    `${name}: The slide does not say how many µm a pixel measures. Say it with --mpp, for example --mpp 0.5.`,
  );
}

/** Names of the classes, in the order of their values. */
export function classNames(manifest: ModelManifest): string[] {
  return manifest.classes.map(({ name }) => name);
}

/** The file's name without folder and ending: what its results are named by. */
export function stem(file: string): string {
  return basename(file).replace(/\.[^.]+$/, '');
}
