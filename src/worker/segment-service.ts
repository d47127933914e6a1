/** The segmentation worker's methods, apart from the worker, so that they run in tests. */
import { ModelError, type ModelManifest } from '../runtime/manifest.ts';
import type { Segmenter } from '../runtime/segmenter.ts';
import type { EngineEvent } from '../segment/engine.ts';
import { segmentSlide } from '../segment/engine.ts';
import { FairTurns } from '../segment/fair-turns.ts';
import { planSlices } from '../segment/grid.ts';
import { SliceQueue } from '../segment/queue.ts';
import type { SliceReader } from '../segment/read-ahead.ts';
import type { Level0Rect, Slide, SlideMetadata, SlideMpp } from '../slide/slide.ts';
import { toErrorReport, WorkerError } from './error-report.ts';
import { ModelCache } from './model-cache.ts';
import type {
  BackendName,
  BackendReport,
  SegmentEvent,
  SegmentRequest,
  SegmentSummary,
  SegmentWorkerApi,
  SlideInput,
} from './protocol.ts';
import type { Handlers } from './rpc.ts';

export interface StartedBackend {
  readonly report: BackendReport;
  /** Resolves, with the reason, when the graphics device is lost. */
  readonly lost: Promise<string>;
}

/** What the service needs of its platform. */
export interface SegmentPlatform {
  /** @throws ModelError `backend` when the wanted one, or none at all, can be started. */
  startBackend(wanted: BackendName | null): Promise<StartedBackend>;
  /** Tensors that live on the backend. */
  numTensors(): number;
  readManifest(modelUrl: string): Promise<ModelManifest>;
  loadModel(modelUrl: string): Promise<Segmenter>;
  openSlide(input: SlideInput): Promise<Slide>;
  reader(slide: Slide): SliceReader;
}

/** Regions whose context features are kept in a run. */
const keptRegions = 8;

/** Runs share the backend slice by slice; a new view re-orders all of them. */
export function createSegmentService(platform: SegmentPlatform): Handlers<SegmentWorkerApi> {
  const models = new ModelCache((url) => platform.loadModel(url));
  let turns: FairTurns | null = null;
  const queues = new Set<SliceQueue>();
  let view: Level0Rect | null = null;
  let backend: Promise<StartedBackend> | null = null;

  const startBackend = (wanted: BackendName | null): Promise<StartedBackend> => {
    if (backend !== null) return backend;
    const starting = platform.startBackend(wanted);
    backend = starting;
    const forget = (): void => {
      if (backend === starting) backend = null;
    };
    // A backend that failed or was lost is started anew by the next call.
    starting.then(({ lost }) => {
      void lost.then(() => {
        forget();
        models.clear();
        turns = null;
      });
    }, forget);
    return starting;
  };

  const run = async (
    request: SegmentRequest,
    segmenter: Segmenter,
    inFlight: number,
    signal: AbortSignal,
    onEvent: (event: EngineEvent) => void,
  ): Promise<SegmentSummary> => {
    const slide = await platform.openSlide(request.slide);
    try {
      const plan = planSlices({
        slide: slide.metadata,
        mpp: mppOf(slide.metadata, request.mpp),
        model: segmenter.manifest,
        area: request.area,
        overlap: request.overlap ?? 0,
      });
      const queue = new SliceQueue(plan, { keptRegions });
      queue.setView(view);
      queues.add(queue);
      turns ??= new FairTurns(inFlight);
      const tensorsBefore = platform.numTensors();
      try {
        const summary = await segmentSlide({
          reader: platform.reader(slide),
          segmenter,
          plan,
          queue,
          signal,
          onEvent,
          keptRegions,
          inFlight,
          turn: turns.take,
        });
        return { ...summary, tensorsBefore, tensorsAfter: platform.numTensors() };
      } finally {
        queues.delete(queue);
      }
    } finally {
      slide.close();
    }
  };

  return {
    initialise: async (_call, wanted) => (await startBackend(wanted)).report,

    manifest: (_call, modelUrl) => platform.readManifest(modelUrl),

    segment: async (call, request) => {
      const { report, lost } = await startBackend(null);
      const { name } = report;
      // A GPU works while this thread does not; wasm and cpu compute on this one.
      const inFlight = name === 'webgpu' || name === 'webgl' ? 2 : 1;
      const lease = await models.lease(request.modelUrl);
      try {
        const gone = new AbortController();
        void lost.then(() => gone.abort());
        const signal = AbortSignal.any([call.signal, gone.signal]);
        const running = run(request, lease.segmenter, inFlight, signal, (event) => {
          const { message, transfer } = toMessage(event);
          call.progress(message, transfer);
        });
        // A read-back from a lost device may never answer.
        return await Promise.race([running, lost.then((reason) => deviceLost(report, reason))]);
      } finally {
        lease.release();
      }
    },

    setView: (_call, next) => {
      view = next;
      for (const queue of queues) queue.setView(next);
    },
  };
}

/** @throws ModelError always. */
function deviceLost({ name, device }: BackendReport, reason: string): never {
  throw new ModelError(
    'backend',
    name,
    `The graphics device ${device} was lost (${reason}).`,
    'Segment again: the engine starts anew.',
  );
}

/** µm per pixel from the user, else from the slide. @throws WorkerError `no-mpp`: it is never guessed. */
function mppOf(metadata: SlideMetadata, given: SlideMpp | null): SlideMpp {
  const mpp = given ?? metadata.mpp;
  if (mpp !== null) return mpp;
  throw new WorkerError({
    code: 'no-mpp',
    file: metadata.name,
    problem: 'The slide does not say how many micrometres a pixel measures.',
    remedy: 'Enter the size of a pixel and segment again.',
  });
}

/** The event as it is sent. The maps are moved, not copied: the engine has no further use for them. */
function toMessage(event: EngineEvent): { message: SegmentEvent; transfer: Transferable[] } {
  if (event.kind === 'broken-slice') {
    return { message: { ...event, error: toErrorReport(event.error) }, transfer: [] };
  }
  if (event.kind !== 'slice') return { message: event, transfer: [] };
  const { classes, confidence } = event.result;
  return { message: event, transfer: [classes.buffer, confidence.buffer] };
}
