/** The segmentation worker's methods, apart from the worker, so that they run in tests. */
import { checkGolden } from '../runtime/golden-check.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { SlicePlan } from '../segment/grid.ts';
import { planMacs } from '../segment/quality.ts';
import type { SegmentEstimate, SegmentRequest, SegmentWorkerApi } from './protocol.ts';
import type { SlideHandle } from './reader-client.ts';
import type { CallContext, Handlers } from '../base/rpc.ts';
import type { SegmentPlatform } from './segment-platform.ts';
import { SegmentationRuns } from './segmentation-runs.ts';
import { SharedBackend } from './shared-backend.ts';
import { SlidePlanner } from './slide-planner.ts';
import { restoreSlices } from './stored-slices.ts';

/** Runs share the backend slice by slice; a new view re-orders all of them. */
export function createSegmentService(platform: SegmentPlatform): Handlers<SegmentWorkerApi> {
  const backend = new SharedBackend(platform);
  const planner = new SlidePlanner();
  const runs = new SegmentationRuns(platform, backend, planner);

  const withSlide = async <T>(
    request: SegmentRequest,
    work: (slide: SlideHandle, manifest: ModelManifest) => Promise<T>,
  ): Promise<T> => {
    const manifest = await platform.readManifest(request.modelUrl);
    const slide = await platform.openSlide(request.slide);
    try {
      return await work(slide, manifest);
    } finally {
      slide.close();
    }
  };

  const estimate = (
    call: CallContext,
    request: SegmentRequest,
    overlaps: readonly number[],
  ): Promise<SegmentEstimate> =>
    withSlide(request, async (slide, manifest) => {
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
    });

  return {
    initialise: async (_call, wanted) => (await backend.start(wanted)).report,

    manifest: (_call, modelUrl) => platform.readManifest(modelUrl),

    addModelFiles: (_call, modelUrl, files) => platform.addModelFiles?.(modelUrl, files),

    checkModel: async (_call, modelUrl) => {
      const { modelFile } = platform;
      if (modelFile === undefined) throw new RangeError('Models can not be checked here.');
      await backend.start(null);
      const lease = await backend.lease(modelUrl);
      try {
        return await checkGolden(lease.segmenter, modelFile(modelUrl));
      } finally {
        lease.release();
      }
    },

    segment: (call, request) => runs.run(call, request),

    setView: (_call, view) => runs.setView(view),

    setPaused: (_call, paused) => runs.setPaused(paused),

    tissue: (call, request) =>
      withSlide(request, (slide, manifest) =>
        planner.tissue(slide, platform.reader(slide), manifest, request, call.signal),
      ),

    estimate,

    restore: async (call, request) => {
      const { storage } = platform;
      if (storage === undefined) return { slices: 0, interrupted: null };
      return withSlide(request, (slide, manifest) =>
        restoreSlices(storage, request, slide, manifest, planner, call),
      );
    },

    storageUse: () =>
      platform.storage?.use() ?? Promise.resolve({ kind: 'files', runs: 0, bytes: 0 } as const),

    deleteStored: () => platform.storage?.deleteAll() ?? Promise.resolve(),
  };
}
