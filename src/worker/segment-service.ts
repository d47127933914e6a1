/** The segmentation worker's methods, apart from the worker, so that they run in tests. */
import { type ModelManifest } from '../runtime/manifest.ts';
import type { Segmenter } from '../runtime/segmenter.ts';
import type { EngineEvent, Recovery } from '../segment/engine.ts';
import { segmentSlide } from '../segment/engine.ts';
import { FairTurns } from '../segment/fair-turns.ts';
import type { SlicePlan } from '../segment/grid.ts';
import { PauseSwitch } from '../segment/pause-switch.ts';
import { planMacs } from '../segment/quality.ts';
import { SliceQueue } from '../segment/queue.ts';
import type { SliceReader } from '../segment/read-ahead.ts';
import { storeKey } from '../segment/slice-store.ts';
import { Stitcher } from '../segment/stitcher.ts';
import { hasTissue } from '../segment/tissue.ts';
import type { Level0Rect } from '../slide/slide.ts';
import { toErrorReport } from './error-report.ts';
import type { ResultStorage } from './kept-slices.ts';
import { KeptSlices } from './kept-slices.ts';
import type { ModelLease } from './model-cache.ts';
import { ModelCache } from './model-cache.ts';
import { backendsToTry, isWorthRetrying, untilLost } from './network-recovery.ts';
import type { SlideHandle } from './reader-client.ts';
import { SlidePlanner } from './slide-planner.ts';
import type {
  BackendName,
  BackendReport,
  ErrorReport,
  SegmentEvent,
  SegmentRequest,
  SegmentSummary,
  SegmentWorkerApi,
  SlideInput,
} from './protocol.ts';
import type { CallContext, Handlers } from './rpc.ts';
import type { StoredRun } from './stored-run.ts';

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
  /** @throws SlideError when the input is no slide or can't be read. */
  openSlide(input: SlideInput): Promise<SlideHandle>;
  reader(slide: SlideHandle): SliceReader;
  /** Where finished slices are kept; absent where nothing is to be kept. */
  readonly storage?: ResultStorage;
}

/** Regions whose context features are kept in a run. */
const keptRegions = 8;

/** Runs share the backend slice by slice; a new view re-orders all of them. */
export function createSegmentService(platform: SegmentPlatform): Handlers<SegmentWorkerApi> {
  const models = new ModelCache((url) => platform.loadModel(url));
  const planner = new SlidePlanner();
  const pause = new PauseSwitch();
  let turns: FairTurns | null = null;
  const queues = new Set<SliceQueue>();
  let view: Level0Rect | null = null;
  let backend: Promise<StartedBackend> | null = null;

  const forget = (starting: Promise<StartedBackend>): void => {
    if (backend !== starting) return;
    backend = null;
    models.clear();
    turns = null;
  };

  const startBackend = (wanted: BackendName | null): Promise<StartedBackend> => {
    if (backend !== null) return backend;
    const starting = platform.startBackend(wanted);
    backend = starting;
    // A backend that failed or was lost is started anew by the next call.
    starting.then(
      ({ lost }) => void lost.then(() => forget(starting)),
      () => forget(starting),
    );
    return starting;
  };

  /** The network of a run, replaced by another when it fails. */
  class Network {
    #lease: ModelLease | null = null;
    #failures = 0;
    private constructor(
      private readonly modelUrl: string,
      private readonly send: (event: SegmentEvent) => void,
      private current: { readonly started: Promise<StartedBackend>; readonly report: BackendReport },
    ) {}

    static async start(modelUrl: string, send: (event: SegmentEvent) => void): Promise<Network> {
      const started = startBackend(null);
      const { report } = await started;
      return new Network(modelUrl, send, { started, report });
    }

    async load(): Promise<Segmenter> {
      const { started, report } = this.current;
      this.#lease?.release();
      this.#lease = null;
      this.#lease = await models.lease(this.modelUrl);
      return untilLost(this.#lease.segmenter, report, (await started).lost);
    }

    /** A GPU works while this thread does not; wasm and cpu compute on this one. */
    get inFlight(): number {
      const { name } = this.current.report;
      return this.#failures === 0 && (name === 'webgpu' || name === 'webgl') ? 2 : 1;
    }

    /** Another network after a failure; null when there is none left to try. */
    async recover(error: unknown, slicesSince: number): Promise<Recovery | null> {
      if (!isWorthRetrying(error)) return null;
      const failed = this.current;
      const names = backendsToTry(failed.report.name, this.#failures, slicesSince);
      this.#failures++;
      for (const name of names) {
        try {
          // Another run may have met the same loss, and have started a new one already.
          if (backend === failed.started) forget(failed.started);
          const started = startBackend(name);
          const { report } = await started;
          this.current = { started, report };
          const segmenter = await this.load();
          const { problem } = toErrorReport(error);
          const next = report.name === failed.report.name ? 'started anew' : `continued on ${report.name}`;
          this.send({
            kind: 'notice',
            error: {
              code: 'recovered',
              file: '',
              problem,
              remedy: `The run was ${next}; no finished slice is lost.`,
            },
          });
          this.send({ kind: 'backend', report });
          return { segmenter, inFlight: this.inFlight };
        } catch {
          // This one can't be started either: the next.
        }
      }
      return null;
    }

    release(): void {
      this.#lease?.release();
    }
  }

  const openStore = async (
    request: SegmentRequest,
    slide: SlideHandle,
    manifest: ModelManifest,
    plan: SlicePlan,
    onProblem: (report: ErrorReport) => void,
  ): Promise<{ readonly key: string; readonly kept: KeptSlices } | null> => {
    if (request.keep !== true || platform.storage === undefined) return null;
    const key = await storeKey(slide.metadata.fingerprint, manifest.graph, plan);
    const kept = await KeptSlices.open(platform.storage, key, plan.marginPx, onProblem);
    return kept === null ? null : { key, kept };
  };

  const run = async (
    request: SegmentRequest,
    network: Network,
    call: CallContext,
  ): Promise<SegmentSummary> => {
    const send = (event: SegmentEvent): void => call.progress(event);
    const onProblem = (error: ErrorReport): void => send({ kind: 'notice', error });
    const { storage } = platform;
    const slide = await platform.openSlide(request.slide);
    let store: Awaited<ReturnType<typeof openStore>> = null;
    try {
      const reader = platform.reader(slide);
      const segmenter = await network.load();
      const { manifest } = segmenter;
      const { plan, mask } = await planner.plan(slide, reader, manifest, request, call.signal);
      store = await openStore(request, slide, manifest, plan, onProblem);
      const note = (state: StoredRun['state']): Promise<void> =>
        store === null || storage === undefined
          ? Promise.resolve()
          : storage
              .setRun(store.key, noteOf(request, slide, manifest, plan, state))
              .catch((error: unknown) => onProblem(toErrorReport(error)));
      await note('running');
      const queue = new SliceQueue(plan, {
        keptRegions,
        ...(mask === null ? {} : { isTissue: ({ cell }) => hasTissue(mask, cell) }),
      });
      queue.setView(view);
      queues.add(queue);
      turns ??= new FairTurns(network.inFlight);
      const tensorsBefore = platform.numTensors();
      try {
        const summary = await segmentSlide({
          reader,
          segmenter,
          plan,
          queue,
          signal: call.signal,
          onEvent: (event) => {
            const { message, transfer } = toMessage(event, plan.skipped);
            call.progress(message, transfer);
          },
          keptRegions,
          inFlight: network.inFlight,
          turn: turns.take,
          pause,
          store: store?.kept,
          recover: (error, slicesSince) => network.recover(error, slicesSince),
        });
        await note('ended');
        return {
          ...summary,
          restored: summary.restored ?? 0,
          skipped: plan.skipped,
          tensorsBefore,
          tensorsAfter: platform.numTensors(),
        };
      } finally {
        queues.delete(queue);
      }
    } finally {
      await store?.kept.close();
      slide.close();
    }
  };

  return {
    initialise: async (_call, wanted) => (await startBackend(wanted)).report,

    manifest: (_call, modelUrl) => platform.readManifest(modelUrl),

    segment: async (call, request) => {
      const network = await Network.start(request.modelUrl, (event) => call.progress(event));
      try {
        return await run(request, network, call);
      } finally {
        network.release();
      }
    },

    setView: (_call, next) => {
      view = next;
      for (const queue of queues) queue.setView(next);
    },

    setPaused: (_call, paused) => pause.set(paused),

    tissue: async (call, request) => {
      const manifest = await platform.readManifest(request.modelUrl);
      const slide = await platform.openSlide(request.slide);
      try {
        return await planner.tissue(slide, platform.reader(slide), manifest, request, call.signal);
      } finally {
        slide.close();
      }
    },

    estimate: async (call, request, overlaps) => {
      const manifest = await platform.readManifest(request.modelUrl);
      const slide = await platform.openSlide(request.slide);
      try {
        const reader = platform.reader(slide);
        const plans: SlicePlan[] = [];
        for (const overlap of overlaps) {
          const { plan } = await planner.plan(slide, reader, manifest, { ...request, overlap }, call.signal);
          plans.push(plan);
        }
        const [first] = plans;
        const base = first === undefined ? 1 : planMacs(first, manifest);
        return {
          skipped: first?.skipped ?? 0,
          qualities: plans.map((plan, i) => ({
            overlap: overlaps[i] ?? 0,
            slices: plan.slices.length,
            price: base === 0 ? 1 : planMacs(plan, manifest) / base,
          })),
        };
      } finally {
        slide.close();
      }
    },

    restore: async (call, request) => {
      const { storage } = platform;
      if (storage === undefined) return { slices: 0, interrupted: null };
      const manifest = await platform.readManifest(request.modelUrl);
      const slide = await platform.openSlide(request.slide);
      const onProblem = (error: ErrorReport): void => call.progress({ kind: 'notice', error });
      try {
        const [latest] = (await storage.runs())
          .filter(
            ({ run: { fingerprint, modelHash } }) =>
              fingerprint === slide.metadata.fingerprint && modelHash === modelHashOf(manifest),
          )
          .sort((a, b) => b.run.time - a.run.time);
        if (latest === undefined) return { slices: 0, interrupted: null };
        const { overlap, mpp } = latest.run;
        const everything = { ...request, keep: true, overlap, mpp: request.mpp ?? mpp, area: null };
        const plan = planner.planAll(slide, manifest, everything);
        const store = await openStore(everything, slide, manifest, plan, onProblem);
        // Another size of a pixel than then: the slices lie elsewhere.
        if (store?.key !== latest.key) {
          await store?.kept.close();
          return { slices: 0, interrupted: null };
        }
        try {
          const slices = await replay(plan, store.kept, call);
          return { slices, interrupted: latest.run.state === 'running' ? latest.run : null };
        } finally {
          await store.kept.close();
        }
      } finally {
        slide.close();
      }
    },

    storageUse: () =>
      platform.storage?.use() ?? Promise.resolve({ kind: 'files', runs: 0, bytes: 0 } as const),

    deleteStored: () => platform.storage?.deleteAll() ?? Promise.resolve(),
  };
}

/** Stitches what is kept and sends it, as a run would. Returns how many slices there were. */
async function replay(plan: SlicePlan, kept: KeptSlices, call: CallContext): Promise<number> {
  const slices = plan.slices.filter(({ column, row }) => kept.has(column, row));
  const stitcher = new Stitcher({ ...plan, slices });
  let done = 0;
  for (const slice of slices) {
    call.signal.throwIfAborted();
    const maps = await kept.get(slice.column, slice.row);
    const cells = maps === null ? stitcher.leaveOut(slice) : stitcher.add(slice, maps);
    if (maps !== null) done++;
    for (const result of cells) {
      const { message, transfer } = toMessage(
        { kind: 'slice', result, done, total: slices.length, rate: 0, etaSeconds: 0 },
        0,
      );
      call.progress(message, transfer);
    }
  }
  return done;
}

function modelHashOf({ graph }: ModelManifest): string {
  return `${graph.sha256}/${graph.weightsSha256}`;
}

function noteOf(
  request: SegmentRequest,
  slide: SlideHandle,
  manifest: ModelManifest,
  plan: SlicePlan,
  state: StoredRun['state'],
): StoredRun {
  return {
    version: 1,
    fingerprint: slide.metadata.fingerprint,
    slideName: slide.metadata.name,
    modelId: manifest.id,
    modelHash: modelHashOf(manifest),
    mpp: request.mpp,
    overlap: request.overlap ?? 0,
    area: request.area,
    polygon: request.polygon?.map(([x, y]): [number, number] => [x, y]) ?? null,
    glass: request.glass ?? 'include',
    total: plan.slices.length,
    state,
    time: Date.now(),
  };
}

/** The event as it is sent. The maps are moved, not copied: the engine has no further use for them. */
function toMessage(event: EngineEvent, skipped: number): { message: SegmentEvent; transfer: Transferable[] } {
  if (event.kind === 'broken-slice') {
    return { message: { ...event, error: toErrorReport(event.error) }, transfer: [] };
  }
  if (event.kind === 'planned') {
    return { message: skipped === 0 ? event : { ...event, skipped }, transfer: [] };
  }
  if (event.kind === 'progress') return { message: event, transfer: [] };
  const { classes, confidence } = event.result;
  return { message: event, transfer: [classes.buffer, confidence.buffer] };
}
