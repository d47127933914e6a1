/** What a run keeps, and what earlier visits have kept: opened, noted down and shown again. */
import type { ModelManifest } from '../runtime/manifest.ts';
import type { SlicePlan } from '../segment/grid.ts';
import { storeKey } from '../segment/slice-store.ts';
import { Stitcher } from '../segment/stitcher.ts';
import { toErrorReport } from '../base/error-report.ts';
import { toMessage } from './event-message.ts';
import type { ResultStorage } from './kept-slices.ts';
import { KeptSlices } from './kept-slices.ts';
import type { RestoreSummary, SegmentRequest } from './protocol.ts';
import type { ErrorReport } from '../base/error-report.ts';
import type { SlideHandle } from './reader-client.ts';
import type { CallContext } from '../base/rpc.ts';
import type { SlidePlanner } from './slide-planner.ts';
import type { StoredRun } from './stored-run.ts';

/** The slices of a run, and the note that says what run they are of. */
export class RunStore {
  private constructor(
    private readonly storage: ResultStorage,
    private readonly onProblem: (report: ErrorReport) => void,
    private readonly note: Omit<StoredRun, 'state' | 'time'>,
    readonly key: string,
    readonly kept: KeptSlices,
  ) {}

  /**
   * @param onProblem told, once, of what goes wrong with the storage; the run goes on without keeping.
   * @returns null where nothing is to be kept, or can be.
   */
  static async open(
    storage: ResultStorage | undefined,
    request: SegmentRequest,
    slide: SlideHandle,
    manifest: ModelManifest,
    plan: SlicePlan,
    onProblem: (report: ErrorReport) => void,
  ): Promise<RunStore | null> {
    if (request.keep !== true || storage === undefined) return null;
    const key = await storeKey(slide.metadata.fingerprint, manifest.graph, plan);
    const kept = await KeptSlices.open(storage, key, plan.marginPx, onProblem);
    if (kept === null) return null;
    return new RunStore(storage, onProblem, noteOf(request, slide, manifest, plan), key, kept);
  }

  /** Notes where the run stands: still `running` at the next visit, it was interrupted. */
  async setState(state: StoredRun['state']): Promise<void> {
    await this.storage
      .setRun(this.key, { ...this.note, state, time: Date.now() })
      .catch((error: unknown) => this.onProblem(toErrorReport(error)));
  }

  close(): Promise<void> {
    return this.kept.close();
  }
}

/** Sends what earlier visits have kept of a slide and model, stitched, as a run would. */
export async function restoreSlices(
  storage: ResultStorage,
  request: SegmentRequest,
  slide: SlideHandle,
  manifest: ModelManifest,
  planner: SlidePlanner,
  call: CallContext,
): Promise<RestoreSummary> {
  const onProblem = (error: ErrorReport): void => call.progress({ kind: 'notice', error });
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
  const store = await RunStore.open(storage, everything, slide, manifest, plan, onProblem);
  try {
    // Another size of a pixel than then: the slices lie elsewhere.
    if (store?.key !== latest.key) return { slices: 0, interrupted: null };
    const slices = await replay(plan, store.kept, call);
    return { slices, interrupted: latest.run.state === 'running' ? latest.run : null };
  } finally {
    await store?.close();
  }
}

/** Returns how many slices there were. */
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
): Omit<StoredRun, 'state' | 'time'> {
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
  };
}
