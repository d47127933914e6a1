/** The segmentation worker's methods, separate from the worker's entry so that tests can run them. */
import { WorkerError, type ErrorReport } from '../base/error-report.ts';
import type { CallContext, Handlers } from '../base/rpc.ts';
import { fitWarning } from '../base/tissue-fit.ts';
import { checkGolden } from '../runtime/golden-check.ts';
import type { ReadFile } from '../runtime/model-files.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { MemoryUse } from '../runtime/memory-use.ts';
import { slideArea } from '../segment/area.ts';
import type { SlicePlan } from '../segment/grid.ts';
import {
  browserBackends,
  NetworkHost,
  type HostedNetwork,
  type NetworkPlatform,
} from '../segment/network.ts';
import { mppOf, planSegmentation, TissueFinder, type PlanRequest } from '../segment/plan.ts';
import { planMacs } from '../segment/quality.ts';
import { SliceQueue } from '../segment/queue.ts';
import { PauseGate, segmentSlide } from '../segment/run.ts';
import type { SegmentEvent, SegmentSummary } from '../segment/run-progress.ts';
import type { SliceReader } from '../segment/slice-reader.ts';
import { measureFit } from '../segment/measure-fit.ts';
import { hasTissue, tissueNote } from '../segment/tissue.ts';
import type { Level0Rect } from '../slide/slide.ts';
import { LastOpened } from './open-slides.ts';
import type {
  NamedFile,
  SegmentEstimate,
  SegmentRequest,
  SegmentWorkerApi,
  SlideInput,
  TensorCounts,
} from './protocol.ts';
import type { SlideHandle } from './reader-client.ts';
import { RemoteSliceStore } from './remote-slice-store.ts';
import type { RunStorage } from './storage-protocol.ts';
import { restoreResults, runNote, type Subject } from './stored-results.ts';

/** Number of regions whose context features a run caches. */
const keptRegions = 8;

/** What the service needs from its platform; tests bring their own. Models are identified by URL. */
export interface SegmentPlatform extends NetworkPlatform {
  /** Number of tensors on the backend. */
  numTensors(): number;
  /** Memory in use; absent if not measured. */
  readonly memoryUse?: () => MemoryUse;
  readManifest(modelUrl: string): Promise<ModelManifest>;
  /** Reads files of a model; absent if models are never checked. */
  readonly modelFile?: (modelUrl: string) => ReadFile;
  readonly addModelFiles?: (modelUrl: string, files: readonly NamedFile[]) => void;
  /** @throws SlideError when the input is not a slide or can't be read. */
  openSlide(input: SlideInput): Promise<SlideHandle>;
  reader(slide: SlideHandle): SliceReader;
  /** Stores finished slices; absent if nothing is to be saved. */
  readonly storage?: RunStorage;
}

/** Runs take turns on the backend, slice by slice. A new view reorders all of them. */
export function createSegmentService(platform: SegmentPlatform): Handlers<SegmentWorkerApi> {
  const host = new NetworkHost(platform, browserBackends);
  const slides = new LastOpened((input) => platform.openSlide(input));
  const manifests = new Map<string, Promise<ModelManifest>>();
  const tissue = new TissueFinder();
  const queues = new Set<SliceQueue>();
  const pause = new PauseGate();
  let view: Level0Rect | null = null;

  const readManifest = (modelUrl: string): Promise<ModelManifest> => {
    const known = manifests.get(modelUrl);
    if (known !== undefined) return known;
    const reading = platform.readManifest(modelUrl);
    manifests.set(modelUrl, reading);
    // A failed read is tried again by the next call.
    reading.catch(() => manifests.delete(modelUrl));
    return reading;
  };

  const withSubject = async <T>(
    request: SegmentRequest,
    work: (subject: Subject) => Promise<T>,
  ): Promise<T> => {
    const manifest = await readManifest(request.modelUrl);
    const { value: slide, release } = await slides.lease(request.slide);
    try {
      return await work({ metadata: slide.metadata, reader: platform.reader(slide), manifest });
    } finally {
      release();
    }
  };

  const plan = (
    { metadata, reader, manifest }: Subject,
    request: SegmentRequest,
    call: CallContext,
  ): ReturnType<typeof planSegmentation> =>
    planSegmentation(reader, metadata, manifest, planRequest(request), { signal: call.signal, tissue });

  const estimate = (
    call: CallContext,
    request: SegmentRequest,
    overlaps: readonly number[],
  ): Promise<SegmentEstimate> =>
    withSubject(request, async (subject) => {
      const plans: SlicePlan[] = [];
      for (const overlap of overlaps) plans.push((await plan(subject, { ...request, overlap }, call)).plan);
      const [first] = plans;
      const base = first === undefined ? 1 : planMacs(first, subject.manifest);
      return {
        skipped: first?.skipped ?? 0,
        qualities: plans.map((each, i) => ({
          overlap: overlaps[i] ?? 0,
          slices: each.slices.length,
          price: base === 0 ? 1 : planMacs(each, subject.manifest) / base,
        })),
      };
    });

  const run = async (
    call: CallContext,
    request: SegmentRequest,
    subject: Subject,
    network: HostedNetwork,
  ): Promise<SegmentSummary & TensorCounts> => {
    const emit = emitter(call);
    const notify = (error: ErrorReport): void => emit({ kind: 'notice', error });
    const planned = await plan(subject, request, call);
    const { plan: slices, key, tissue: mask } = planned;
    const note = tissueNote(mask, request.glass ?? null);
    if (note !== null) {
      notify({ code: 'tissue-sampled', file: subject.metadata.name, problem: note, remedy: '' });
    }
    const fit = await measureFit({
      reader: subject.reader,
      plan: slices,
      tissue: mask,
      network,
      signal: call.signal,
    });
    if (fit !== null) {
      const problem = fitWarning(fit, subject.manifest.title);
      if (problem !== null && request.unlike === 'refuse') {
        const { name } = subject.metadata;
        throw new WorkerError({ code: 'unlike-training', file: name, problem, remedy: '' });
      }
      emit({ kind: 'fit', fit });
    }
    const { storage } = platform;
    const store =
      request.keep === true && storage !== undefined
        ? await RemoteSliceStore.open(storage, key, slices.marginPx, notify)
        : null;
    const about = {
      ...runNote(request, subject.metadata, subject.manifest, slices.slices.length),
      ...(fit !== null && { fit }),
    };
    const queue = new SliceQueue(slices, {
      keptRegions,
      ...(mask === null ? {} : { isTissue: ({ cell }) => hasTissue(mask, cell) }),
    });
    queue.setView(view);
    queues.add(queue);
    const endNotices = store === null ? undefined : storage?.onReplaced?.(notify);
    const tensorsBefore = platform.numTensors();
    try {
      await store?.setRun({ ...about, state: 'running' });
      const summary = await segmentSlide({
        reader: subject.reader,
        network,
        plan: slices,
        queue,
        signal: call.signal,
        onEvent: emit,
        keptRegions,
        measureMemory: platform.memoryUse,
        pause,
        store: store ?? undefined,
      });
      await store?.setRun({ ...about, state: 'ended' });
      return { ...summary, tensorsBefore, tensorsAfter: platform.numTensors() };
    } finally {
      queues.delete(queue);
      endNotices?.();
      await store?.close();
    }
  };

  return {
    initialise: async (_call, wanted) => {
      const { name, device, reason } = await host.start(wanted);
      return { name, device, reason };
    },

    manifest: (_call, modelUrl) => readManifest(modelUrl),

    addModelFiles: (_call, modelUrl, files) => {
      manifests.delete(modelUrl);
      platform.addModelFiles?.(modelUrl, files);
    },

    checkModel: async (_call, modelUrl) => {
      const { modelFile } = platform;
      if (modelFile === undefined) throw new RangeError('This platform can not check models.');
      await host.start();
      // Also one that fails: the caller wants to know how.
      const lease = await host.lease(modelUrl, { force: true });
      try {
        return await checkGolden(lease.segmenter, modelFile(modelUrl));
      } finally {
        lease.release();
      }
    },

    segment: async (call, request) => {
      return withSubject(request, async (subject) => {
        // Before the slow start of the network: rejects a slide of unknown resolution at once.
        mppOf(subject.metadata, request.mpp);
        const { modelUrl, force = false, symmetries = false, withoutContext = false } = request;
        const options = { force, symmetries, withoutContext };
        const network = await host.network(modelUrl, emitter(call), null, options);
        try {
          return await run(call, request, subject, network);
        } finally {
          network.release();
        }
      });
    },

    setView: (_call, rect) => {
      view = rect;
      for (const queue of queues) queue.setView(rect);
    },

    setPaused: (_call, paused) => pause.set(paused),

    tissue: (call, request) =>
      withSubject(request, ({ metadata, reader, manifest }) =>
        tissue.find(reader, metadata, manifest, mppOf(metadata, request.mpp), call.signal),
      ),

    estimate,

    restore: async (call, request) => {
      const { storage } = platform;
      if (storage === undefined) return { slices: 0, interrupted: null };
      return withSubject(request, (subject) =>
        restoreResults(storage, request, subject, { emit: emitter(call), signal: call.signal }),
      );
    },

    storageUse: () =>
      platform.storage?.use() ?? Promise.resolve({ kind: 'files', runs: 0, slides: 0, bytes: 0 } as const),

    deleteStored: () => platform.storage?.deleteAll() ?? Promise.resolve(),
  };
}

function planRequest({
  mpp,
  area,
  polygon,
  overlap,
  glass,
  force,
  symmetries,
  withoutContext,
}: SegmentRequest): PlanRequest {
  return {
    mpp,
    area: slideArea(area, polygon),
    overlap: overlap ?? 0,
    glass: glass ?? null,
    force: force === true,
    symmetries: symmetries === true,
    withoutContext: withoutContext === true,
  };
}

/** Sends events as progress of a call. Maps are transferred, not copied, because the run no longer needs them. */
function emitter(call: CallContext): (event: SegmentEvent) => void {
  return (event) => {
    if (event.kind !== 'slice') call.progress(event);
    else call.progress(event, [event.result.classes.buffer, event.result.confidence.buffer]);
  };
}
