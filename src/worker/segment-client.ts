/** The page's side of the segmentation worker. */
import type { GoldenResult } from '../runtime/golden-check.ts';
import type { NamedFile } from './model-folders.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { TissueMask } from '../segment/tissue.ts';
import type { Level0Rect } from '../slide/slide.ts';
import type {
  BackendName,
  BackendReport,
  RestoreSummary,
  SegmentEstimate,
  SegmentEvent,
  SegmentRequest,
  SegmentSummary,
  SegmentWorkerApi,
  TensorCounts,
} from './protocol.ts';
import { absoluteInput, absoluteUrl } from './page-url.ts';
import type { StorageUse } from './storage-protocol.ts';
import { connectWorker } from '../base/worker-port.ts';

export type { NamedFile } from './model-folders.ts';
export { WorkerError } from '../base/error-report.ts';
export { overlapOf, qualities } from '../segment/quality.ts';

export interface SegmentOptions {
  /** Aborting stops within a slice; the promise then resolves with `cancelled: true`. */
  readonly signal?: AbortSignal;
  /** Called in order; every call happens before the promise resolves. */
  readonly onEvent?: (event: SegmentEvent) => void;
}

/** Every method rejects with a WorkerError, whose `report` is what to show the user. */
export interface SegmentClient {
  /** Chooses and starts the backend. Later calls answer with the backend that was started first. */
  initialise(wanted: BackendName | null): Promise<BackendReport>;
  manifest(modelUrl: string): Promise<ModelManifest>;
  addModelFiles(modelUrl: string, files: readonly NamedFile[]): Promise<void>;
  /** Runs the model's golden test tensors on the current backend. */
  checkModel(modelUrl: string): Promise<GoldenResult>;
  /** Starts the backend by itself if `initialise` was not called. */
  segment(request: SegmentRequest, options?: SegmentOptions): Promise<SegmentSummary & TensorCounts>;
  setView(view: Level0Rect | null): Promise<void>;
  setPaused(paused: boolean): Promise<void>;
  tissue(request: SegmentRequest): Promise<TissueMask | null>;
  estimate(request: SegmentRequest, overlaps: readonly number[]): Promise<SegmentEstimate>;
  /** Events show what earlier visits have kept. Aborting rejects. */
  restore(request: SegmentRequest, options?: SegmentOptions): Promise<RestoreSummary>;
  storageUse(): Promise<StorageUse>;
  deleteStored(): Promise<void>;
  /** Ends the worker at once. Open calls are rejected. */
  terminate(): void;
}

/** Starts a segmentation worker. One is enough for a page: its runs share the backend fairly. */
export function createSegmentClient(): SegmentClient {
  const worker = new Worker(new URL('./segment-worker.ts', import.meta.url), {
    type: 'module',
    name: 'segment',
  });
  const rpc = connectWorker<SegmentWorkerApi>(worker, 'segmentation');
  return {
    initialise: (wanted) => rpc.call('initialise', [wanted]),
    addModelFiles: (modelUrl, files) => rpc.call('addModelFiles', [absoluteUrl(modelUrl), files]),
    checkModel: (modelUrl) => rpc.call('checkModel', [absoluteUrl(modelUrl)]),
    manifest: (modelUrl) => rpc.call('manifest', [absoluteUrl(modelUrl)]),
    segment: (request, options = {}) =>
      rpc.call('segment', [absolute(request)], {
        signal: options.signal,
        onAbort: 'wait',
        onProgress: (event) => options.onEvent?.(event as SegmentEvent),
      }),
    setView: (view) => rpc.call('setView', [view]),
    setPaused: (paused) => rpc.call('setPaused', [paused]),
    tissue: (request) => rpc.call('tissue', [absolute(request)]),
    estimate: (request, overlaps) => rpc.call('estimate', [absolute(request), overlaps]),
    restore: (request, options = {}) =>
      rpc.call('restore', [absolute(request)], {
        signal: options.signal,
        onProgress: (event) => options.onEvent?.(event as SegmentEvent),
      }),
    storageUse: () => rpc.call('storageUse', []),
    deleteStored: () => rpc.call('deleteStored', []),
    terminate: () => {
      worker.terminate();
      rpc.fail({
        code: 'worker-ended',
        file: '',
        problem: 'The segmentation worker was ended.',
        remedy: '',
      });
    },
  };
}

function absolute(request: SegmentRequest): SegmentRequest {
  return { ...request, slide: absoluteInput(request.slide), modelUrl: absoluteUrl(request.modelUrl) };
}
