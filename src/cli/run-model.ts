/** Running a model on a slide for the commands: network, plan, progress bar. */
import { basename } from 'node:path';
import { SingleBar } from 'cli-progress';
import { initialiseNodeBackend } from '../runtime/backend.node.ts';
import type { BackendName } from '../runtime/backend.ts';
import { fromFolder } from '../runtime/load-model.node.ts';
import { loadModel } from '../runtime/load-model.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { SlicePlan } from '../segment/grid.ts';
import { NetworkHost, type HostedNetwork, type Network } from '../segment/network.ts';
import { planSegmentation, type Mpp, type PlannedSegmentation, type PlanRequest } from '../segment/plan.ts';
import { SliceQueue } from '../segment/queue.ts';
import { segmentSlide } from '../segment/run.ts';
import type { Cell, SegmentEvent, SegmentSummary } from '../segment/run-progress.ts';
import { slideReader, type SliceReader } from '../segment/slice-reader.ts';
import type { RunStore } from '../segment/store.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import type { Slide } from '../slide/slide.ts';
import { CommandError } from './command.ts';
import { modelFolder } from './model-folder.ts';

/** The backend of this process, and the models on it, called by their folders. */
export function nodeNetworkHost(): NetworkHost {
  return new NetworkHost({
    startBackend: initialiseNodeBackend,
    loadModel: (folder) => loadModel(basename(folder), fromFolder(folder)),
  });
}

/**
 * Starts a backend and loads a model, guarded as in the page. Release it.
 * @param model an id below models/ of this package, or a folder that holds a manifest.
 * @param host of an earlier network, to share its backend.
 * @throws CommandError when there is no such model; ModelError when it or the backend can't be used.
 */
export async function startNetwork(
  model: string,
  wanted: BackendName | null,
  host: NetworkHost = nodeNetworkHost(),
): Promise<HostedNetwork> {
  return host.network(modelFolder(model), reportNotice, wanted);
}

/** Says on stderr that a network had to be replaced. */
function reportNotice(event: SegmentEvent): void {
  if (event.kind !== 'notice') return;
  process.stderr.write(`dualscope: ${event.error.problem} ${event.error.remedy}\n`);
}

/**
 * The slices of a slide for a model.
 * @throws CommandError when nobody knows the µm per pixel.
 */
export function planSlide(
  slide: Slide,
  manifest: ModelManifest,
  request: Omit<PlanRequest, 'mpp'> & { readonly mpp: number | null },
): Promise<PlannedSegmentation> {
  const mpp = micrometresPerPixel(slide, request.mpp);
  const reader = slideReader(slide, nodePlatform());
  return planSegmentation(reader, slide.metadata, manifest, { ...request, mpp });
}

export interface SlideRunOptions {
  /** Slices of the plan that are still to be done; all by default. */
  readonly queue?: SliceQueue;
  readonly signal?: AbortSignal;
  /** Where pixels come from; the slide, on this thread, by default. */
  readonly reader?: SliceReader;
  /** Where the network's results are kept before they are stitched; nowhere by default. */
  readonly store?: RunStore;
  /** Receives finished cells. */
  readonly onCell?: (cell: Cell) => void;
}

/** Segments the slices of a plan. Shows a progress bar on a terminal; broken slices are named on stderr. */
export async function runOnSlide(
  slide: Slide,
  network: Network,
  plan: SlicePlan,
  options: SlideRunOptions = {},
): Promise<SegmentSummary> {
  const { queue = new SliceQueue(plan), reader = slideReader(slide, nodePlatform()), onCell } = options;
  const bar = new SingleBar({
    format: `${slide.metadata.name} [{bar}] {value}/{total} slices | {rate} slices/s | {eta_formatted} left`,
    stream: process.stderr,
    etaBuffer: 50,
  });
  bar.start(queue.length, 0, { rate: '-' });
  try {
    return await segmentSlide({
      reader,
      network,
      plan,
      queue,
      signal: options.signal,
      store: options.store,
      onEvent: (event) => {
        if (event.kind === 'slice') onCell?.(event.result);
        if (event.kind === 'slice' || event.kind === 'progress') {
          bar.update(event.done, { rate: event.rate.toFixed(2) });
        }
        if (event.kind === 'broken-slice') {
          const { file, problem } = event.error;
          process.stderr.write(
            `dualscope: ${file}: slice at column ${event.column}, row ${event.row} is skipped: ${problem}\n`,
          );
        }
      },
    });
  } finally {
    bar.stop();
  }
}

/** µm per level-0 pixel: from the command line, else from the slide. @throws CommandError when neither is known. */
export function micrometresPerPixel(slide: Slide, given: number | null): Mpp {
  if (given !== null) return { x: given, y: given };
  const { mpp, name } = slide.metadata;
  if (mpp !== null) return { x: mpp.x, y: mpp.y };
  throw new CommandError(
    `${name}: The slide does not state its µm per pixel. Give it with --mpp, for example --mpp 0.5.`,
  );
}
