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
import { connectWorker } from '../base/worker-port.ts';

export type { NamedFile } from './protocol.ts';
export { WorkerError } from '../base/error-report.ts';
export { overlapOf, qualities } from '../segment/quality.ts';

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
  /** Terminates the worker at once. Pending calls reject. */
  terminate(): void;
}

/** Starts a segmentation worker. A page needs only one: its runs take turns on the backend. */
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
    estimate: (request, overlaps, signal) => rpc.call('estimate', [absolute(request), overlaps], { signal }),
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
        problem: 'The segmentation worker was terminated.',
        remedy: '',
      });
    },
  };
}

function absolute(request: SegmentRequest): SegmentRequest {
  return { ...request, slide: absoluteInput(request.slide), modelUrl: absoluteUrl(request.modelUrl) };
}
