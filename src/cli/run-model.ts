/** Runs a model on a slide for the commands: network, plan, progress bar. */
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { SingleBar } from 'cli-progress';
import { terminalText } from '../base/terminal-text.ts';
import { fromFolder } from '../runtime/load-model.node.ts';
import { ModelError, type ModelManifest } from '../runtime/manifest.ts';
import { mppRange } from '../base/resolution.ts';
import type { BackendRequest, NodeBackendName } from '../runtime/native/node-backends.ts';
import { batchesInFlight, lanesOf } from '../runtime/native/threaded-segmenter.node.ts';
import { startNodeBackend, type NodeBackend } from '../runtime/native/start-backend.node.ts';
import type { SlicePlan } from '../segment/grid.ts';
import {
  NetworkHost,
  oneAtATime,
  type BackendKinds,
  type HostedNetwork,
  type Network,
} from '../segment/network.ts';
import { slideHasDarkBackground } from '../segment/dark-background.ts';
import {
  darkBackgroundWarning,
  fluorescenceRefusal,
  isFluorescence,
  statedStain,
} from '../segment/fluorescence.ts';
import { planSegmentation, type Mpp, type PlannedSegmentation, type PlanRequest } from '../segment/plan.ts';
import { SliceQueue } from '../segment/queue.ts';
import { segmentSlide } from '../segment/run.ts';
import type { Cell, NetworkEvent, SegmentSummary } from '../segment/run-progress.ts';
import { slideReader, type SliceReader } from '../segment/slice-reader.ts';
import type { RunStore } from '../segment/store.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import type { Slide } from '../slide/slide.ts';
import { CommandError } from './command.ts';
import { modelFolder } from './model-folder.ts';
import { progressStream, warn } from './terminal.ts';

/** TF.js computes on this thread, ONNX Runtime on others, on the processor on several at the same time. */
function nodeBackends(threads: number | undefined): BackendKinds<NodeBackendName> {
  const { lanes, threadsPerLane } = lanesOf(threads ?? availableParallelism(), 0);
  // One core is busy with four slices; several cores divide each operation among them.
  const mostInBatch = threadsPerLane === 1 ? 4 : 8;
  return {
    lastResort: 'tfjs',
    limitsOf: (name) => {
      if (name === 'tfjs') return oneAtATime;
      if (name === 'cpu') return { maxInFlight: batchesInFlight(lanes), mostInBatch, largeIsBest: true };
      return { maxInFlight: batchesInFlight(1), mostInBatch: 16 };
    },
  };
}

/** What computes, as far as the user chooses it. */
export interface ComputeOptions {
  /** The fastest available by default. */
  readonly backend?: BackendRequest;
  /** Threads of the processor; all cores by default. */
  readonly threads?: number;
  /** Uses a model that fails its check, with a word on stderr. */
  readonly force?: boolean;
  /** See `NetworkOptions.symmetries`. */
  readonly symmetries?: boolean;
  /** See `NetworkOptions.withoutContext`. */
  readonly withoutContext?: boolean;
}

/** This process's backend and its models, identified by their folders. */
export function nodeNetworkHost(threads?: number): NetworkHost<NodeBackendName> {
  let running: NodeBackend | null = null;
  return new NetworkHost(
    {
      startBackend: async (wanted, failed) => {
        running = await startNodeBackend(wanted, failed, { ...(threads !== undefined && { threads }) });
        const { name, device, reason } = running;
        warn(`Computing with ${name} on ${device}. ${reason}`);
        return running;
      },
      loadModel: (folder, guard) => {
        if (running === null) throw new Error('No backend has been started.');
        return running.loadModel(basename(folder), fromFolder(folder), { force: true, guard });
      },
    },
    nodeBackends(threads),
  );
}

/**
 * Starts a backend and loads a model, with the same error recovery as in the app. Release it after use.
 * @param model id of a model in this package's models/, or a model folder.
 * @param host pass the host of another network to share its backend.
 * @throws CommandError when no such model exists; ModelError when the model or the backend can't be used.
 */
export async function startNetwork(
  model: string,
  { backend = 'auto', threads, force = false, symmetries = false, withoutContext = false }: ComputeOptions,
  host: NetworkHost<NodeBackendName> = nodeNetworkHost(threads),
): Promise<HostedNetwork<NodeBackendName>> {
  const wanted = backend === 'auto' ? null : backend;
  const network = await host
    .network(modelFolder(model), reportNotice, wanted, { force, symmetries, withoutContext })
    .catch((error: unknown) => {
      if (!(error instanceof ModelError) || error.code !== 'failed-check') throw error;
      throw new CommandError(
        `${error.message} segment and evaluate use it all the same with --force, and say so in every result.`,
      );
    });
  const { failedCheck } = network.segmenter;
  if (failedCheck !== undefined) {
    warn(`${model}: Used with --force although it fails its check: ${failedCheck}`);
  }
  return network;
}

/** Reports on stderr that the network was replaced. */
function reportNotice(event: NetworkEvent<NodeBackendName>): void {
  if (event.kind !== 'notice') return;
  warn(`${event.error.problem} ${event.error.remedy}`);
}

/**
 * Plans the slices of a slide for a model.
 * @throws CommandError when neither the slide nor the request gives µm per pixel.
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

/**
 * Checks that a model may be run on a slide of this stain; with `force`, only says on stderr that it may not. So it does for
 * a slide that states no stain but looks like fluorescence.
 * @param remedy what to do instead, a sentence; by default that of the commands that have --force.
 * @throws CommandError for a fluorescence slide, unless the model's card asks for them.
 */
export async function requireFittingStain(
  slide: Slide,
  manifest: ModelManifest,
  {
    force,
    remedy = `Use a model for fluorescence; segment and evaluate use ${manifest.id} all the same with --force, and say so in every result.`,
  }: { readonly force: boolean; readonly remedy?: string | undefined },
): Promise<void> {
  const { metadata } = slide;
  if (!isFluorescence(metadata)) {
    const warning = statedStain(metadata) === null ? darkBackgroundWarning(manifest) : null;
    if (warning !== null && (await slideHasDarkBackground(slide, nodePlatform().decoder)) === true)
      warn(`${metadata.name}: ${manifest.id} may not fit. ${warning}`);
    return;
  }
  const refusal = fluorescenceRefusal(manifest);
  if (refusal === null) return;
  if (!force) throw new CommandError(`${metadata.name}: ${refusal} ${remedy}`);
  warn(`${metadata.name}: ${manifest.id} is used with --force. ${refusal}`);
}

export interface SlideRunOptions {
  /** Slices to segment; all by default. */
  readonly queue?: SliceQueue;
  readonly signal?: AbortSignal;
  /** Source of pixels; by default the slide, read on this thread. */
  readonly reader?: SliceReader;
  /** Stores the network's results before they are stitched; none by default. */
  readonly store?: RunStore;
  /** Receives finished cells; without it, none are made. */
  readonly onCell?: (cell: Cell) => void;
}

/** Segments the slices of a plan. Shows a progress bar on a terminal; reports unreadable slices on stderr. */
export async function runOnSlide(
  slide: Slide,
  network: Network,
  plan: SlicePlan,
  options: SlideRunOptions = {},
): Promise<SegmentSummary> {
  const { queue = new SliceQueue(plan), reader = slideReader(slide, nodePlatform()), onCell } = options;
  const bar = new SingleBar({
    format: `{slide} [{bar}] {value}/{total} slices | {rate} slices/s | {eta_formatted} left`,
    stream: progressStream,
    etaBuffer: 50,
  });
  // Not in the format, where braces mean something.
  bar.start(queue.length, 0, { rate: '-', slide: terminalText(slide.metadata.name) });
  try {
    return await segmentSlide({
      reader,
      network,
      plan,
      queue,
      signal: options.signal,
      store: options.store,
      emitsCells: onCell !== undefined,
      onEvent: (event) => {
        if (event.kind === 'slice') onCell?.(event.result);
        if (event.kind === 'slice' || event.kind === 'progress') {
          bar.update(event.done, { rate: event.rate.toFixed(2) });
        }
        if (event.kind === 'broken-slice') {
          const { file, problem } = event.error;
          warn(`${file}: skipped the slice at column ${event.column}, row ${event.row}: ${problem}`);
        }
      },
    });
  } finally {
    bar.stop();
  }
}

/**
 * A sentence where the µm per pixel that were given replace others that the slide states; null otherwise.
 * @param giver whose they are.
 */
export function replacedMpp({ metadata }: Slide, given: number | null, giver = '--mpp'): string | null {
  const { mpp } = metadata;
  if (given === null || mpp === null || (mpp.x === given && mpp.y === given)) return null;
  const stated = mpp.x === mpp.y ? String(mpp.x) : `${mpp.x} × ${mpp.y}`;
  return `The slide states ${stated} µm per pixel (${mpp.source}); ${giver} ${given} is used instead.`;
}

/** µm per level-0 pixel: given on the command line, else from the slide. @throws CommandError if neither is known. */
export function micrometresPerPixel(slide: Slide, given: number | null): Mpp {
  if (given !== null) return { x: given, y: given };
  const { mpp, name } = slide.metadata;
  if (mpp !== null) return { x: mpp.x, y: mpp.y };
  throw new CommandError(
    `${name}: The slide has no µm per pixel, or none from ${mppRange}. Set it with --mpp, for example --mpp 0.5.`,
  );
}
