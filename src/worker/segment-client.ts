/** The page's client of the segmentation worker. */
import type { GoldenResult } from '../runtime/golden-check.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { TissueMask } from '../segment/tissue.ts';
import type { Level0Rect } from '../slide/slide.ts';
import {
  absoluteInput,
  absoluteUrl,
  type BackendName,
  type BackendReport,
  type NamedFile,
  type RestoreSummary,
  type SegmentEstimate,
  type SegmentEvent,
  type SegmentRequest,
  type SegmentSummary,
  type SegmentWorkerApi,
  type TensorCounts,
} from './protocol.ts';
import type { StorageUse } from './storage-protocol.ts';
import type { ErrorReport } from '../base/error-report.ts';
import { connectWorker, type StartedWorker } from '../base/worker-port.ts';
import { BearerTokens } from './bearer-tokens.ts';
import { WatchedWorker } from './watched-worker.ts';

export { isLostWorker } from './watched-worker.ts';

export type { NamedFile } from './protocol.ts';
export { WorkerError } from '../base/error-report.ts';
export { overlapOf, qualities } from '../segment/quality.ts';
export {
  darkBackgroundWarning,
  fluorescenceRefusal,
  fluorescentStain,
  isFluorescence,
  statedStain,
} from '../segment/fluorescence.ts';

export interface RunOptions {
  /** An abort stops within one slice; the promise then resolves with `cancelled: true`. */
  readonly signal?: AbortSignal;
  /** Called in order, always before the promise resolves. */
  readonly onEvent?: (event: SegmentEvent) => void;
}

/** Methods reject with a WorkerError, whose `report` is shown to the user. */
export interface SegmentClient {
  /** Chooses and starts the backend. Later calls return the backend that was started first. */
  initialise(wanted: BackendName | null): Promise<BackendReport>;
  manifest(modelUrl: string): Promise<ModelManifest>;
  addModelFiles(modelUrl: string, files: readonly NamedFile[]): Promise<void>;
  /** Runs the model's golden test tensors on the current backend. */
  checkModel(modelUrl: string): Promise<GoldenResult>;
  /** Starts the backend if `initialise` was not called. */
  segment(request: SegmentRequest, options?: RunOptions): Promise<SegmentSummary & TensorCounts>;
  setView(view: Level0Rect | null): Promise<void>;
  setPaused(paused: boolean): Promise<void>;
  tissue(request: SegmentRequest): Promise<TissueMask | null>;
  estimate(
    request: SegmentRequest,
    overlaps: readonly number[],
    signal?: AbortSignal,
  ): Promise<SegmentEstimate>;
  /** Emits saved slices as events. Rejects when aborted. */
  restore(request: SegmentRequest, options?: RunOptions): Promise<RestoreSummary>;
  storageUse(): Promise<StorageUse>;
  deleteStored(): Promise<void>;
  /**
   * Calls `listener` when the worker has crashed or did not answer. Its calls reject with an error that `isLostWorker`
   * knows; the next call starts another worker, which knows the same models, view and pause.
   */
  onLost(listener: (report: ErrorReport) => void): void;
  /** Terminates the worker at once. Pending calls reject. */
  terminate(): void;
}

/**
 * Milliseconds without an answer after which the worker counts as hanging: starting a backend and compiling a network
 * take a minute at most.
 */
const deadlineMs = 90_000;

/**
 * Multiply-accumulates per millisecond that slow computers reach with the backends that compute on the worker's thread,
 * which does not answer meanwhile; a twentieth of what an ordinary one does.
 */
const slowestRates: Partial<Record<BackendName, number>> = { wasm: 50_000, cpu: 5_000 };

export interface SegmentClientOptions {
  /** Starts a segmentation worker. */
  readonly start?: () => StartedWorker<SegmentWorkerApi>;
  readonly deadlineMs?: number;
  /** For the servers of slides; none by default. */
  readonly tokens?: BearerTokens;
}

/** Starts a segmentation worker. A page needs only one: its runs take turns on the backend. */
export function createSegmentClient(options: SegmentClientOptions = {}): SegmentClient {
  const { start = startWorker, tokens = new BearerTokens() } = options;
  const absolute = (request: SegmentRequest): SegmentRequest => ({
    ...request,
    slide: tokens.signed(absoluteInput(request.slide)),
    modelUrl: absoluteUrl(request.modelUrl),
  });
  const listeners: ((report: ErrorReport) => void)[] = [];
  /** What a new worker has to know. */
  const ownModels = new Map<string, readonly NamedFile[]>();
  let view: Level0Rect | null = null;
  let paused = false;
  /** Of a slice, by the model's URL. */
  const macs = new Map<string, number>();
  /** Models that compute now, by URL. */
  const computing: string[] = [];
  let backend: BackendName | null = null;

  const worker = new WatchedWorker<SegmentWorkerApi>({
    start,
    deadlineMs: options.deadlineMs ?? deadlineMs,
    moreMs: () => {
      const rate = backend === null ? undefined : slowestRates[backend];
      return rate === undefined ? 0 : Math.max(0, ...computing.map((url) => macs.get(url) ?? 0)) / rate;
    },
    silenceReport: (seconds) => ({
      code: 'not-answering',
      file: '',
      problem: `Segmentation was stopped: there was no answer for ${seconds} seconds.`,
      remedy:
        'Try again. If it happens again, choose another model, or another backend with "?backend=wasm".',
    }),
    prepare: (rpc) => {
      const calls = [
        ...[...ownModels].map(([url, files]) => rpc.call('addModelFiles', [url, files])),
        ...(view === null ? [] : [rpc.call('setView', [view])]),
        ...(paused ? [rpc.call('setPaused', [true])] : []),
      ];
      // A worker that ends again tells its other callers.
      for (const each of calls) each.catch(() => undefined);
    },
    onLost: (report) => {
      backend = null;
      for (const listener of listeners) listener(report);
    },
  });
  // Before it is needed, because it takes a while to load.
  void worker.rpc;

  const computed = async <T>(modelUrl: string, work: Promise<T>): Promise<T> => {
    computing.push(modelUrl);
    try {
      return await work;
    } finally {
      computing.splice(computing.indexOf(modelUrl), 1);
    }
  };
  /** Does not fail: the next worker is told the same. */
  const told = (work: Promise<void>): Promise<void> => work.catch(() => undefined);
  const noted = (event: SegmentEvent): SegmentEvent => {
    if (event.kind === 'backend') backend = event.report.name;
    return event;
  };
  return {
    initialise: async (wanted) => {
      const report = await worker.rpc.call('initialise', [wanted]);
      backend = report.name;
      return report;
    },
    addModelFiles: (modelUrl, files) => {
      ownModels.set(absoluteUrl(modelUrl), files);
      return worker.rpc.call('addModelFiles', [absoluteUrl(modelUrl), files]);
    },
    checkModel: (modelUrl) =>
      computed(absoluteUrl(modelUrl), worker.rpc.call('checkModel', [absoluteUrl(modelUrl)])),
    manifest: async (modelUrl) => {
      const manifest = await worker.rpc.call('manifest', [absoluteUrl(modelUrl)]);
      macs.set(absoluteUrl(modelUrl), manifest.macs);
      return manifest;
    },
    segment: (request, run = {}) =>
      computed(
        absoluteUrl(request.modelUrl),
        worker.rpc.call('segment', [absolute(request)], {
          signal: run.signal,
          onAbort: 'wait',
          onProgress: (event) => run.onEvent?.(noted(event as SegmentEvent)),
        }),
      ),
    setView: (rect) => {
      view = rect;
      return told(worker.rpc.call('setView', [rect]));
    },
    setPaused: (isPaused) => {
      paused = isPaused;
      return told(worker.rpc.call('setPaused', [isPaused]));
    },
    tissue: (request) => worker.rpc.call('tissue', [absolute(request)]),
    estimate: (request, overlaps, signal) =>
      worker.rpc.call('estimate', [absolute(request), overlaps], { signal }),
    restore: (request, run = {}) =>
      worker.rpc.call('restore', [absolute(request)], {
        signal: run.signal,
        onProgress: (event) => run.onEvent?.(event as SegmentEvent),
      }),
    storageUse: () => worker.rpc.call('storageUse', []),
    deleteStored: () => worker.rpc.call('deleteStored', []),
    onLost: (listener) => void listeners.push(listener),
    terminate: () => worker.terminate(),
  };
}

function startWorker(): StartedWorker<SegmentWorkerApi> {
  const worker = new Worker(new URL('./segment-worker.ts', import.meta.url), {
    type: 'module',
    name: 'segment',
  });
  return connectWorker<SegmentWorkerApi>(worker, 'segmentation');
}
