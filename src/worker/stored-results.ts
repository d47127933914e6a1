/** Saved results: the note that describes a run, and restoring its slices. */
import type { ErrorReport } from '../base/error-report.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { SlicePlan } from '../segment/grid.ts';
import { slideArea } from '../segment/area.ts';
import { planSegmentation } from '../segment/plan.ts';
import type { SegmentEvent } from '../segment/run-progress.ts';
import type { SliceReader } from '../segment/slice-reader.ts';
import { Stitcher } from '../segment/stitch.ts';
import type { RunStore } from '../segment/store.ts';
import type { SlideMetadata } from '../slide/slide.ts';
import type { RestoreSummary, SegmentRequest } from './protocol.ts';
import { RemoteSliceStore } from './remote-slice-store.ts';
import type { RunStorage, StoredRun, StoredRunEntry } from './storage-protocol.ts';

/** The note of a run, without its state. */
export function runNote(
  request: SegmentRequest,
  metadata: SlideMetadata,
  manifest: ModelManifest,
  total: number,
): Omit<StoredRun, 'state' | 'time'> {
  return {
    version: 3,
    fingerprint: metadata.fingerprint,
    modelHash: modelHashOf(manifest),
    slideName: metadata.name,
    modelId: manifest.id,
    mpp: request.mpp,
    overlap: request.overlap ?? 0,
    ...(request.symmetries === true && { symmetries: true }),
    area: request.area,
    polygon: request.polygon?.map(([x, y]): [number, number] => [x, y]) ?? null,
    glass: request.glass ?? 'include',
    total,
  };
}

/** The slide and model of a request. */
export interface Subject {
  readonly metadata: SlideMetadata;
  readonly reader: SliceReader;
  readonly manifest: ModelManifest;
}

/**
 * Emits the saved slices of a slide and model, stitched as in a run. Takes the latest run whose grid matches the current
 * µm per pixel.
 */
export async function restoreResults(
  storage: RunStorage,
  request: SegmentRequest,
  subject: Subject,
  { emit, signal }: { readonly emit: (event: SegmentEvent) => void; readonly signal: AbortSignal },
): Promise<RestoreSummary> {
  const notify = (error: ErrorReport): void => emit({ kind: 'notice', error });
  const { runs, dropped } = await storage.runs();
  if (dropped > 0) notify(droppedReport(dropped));
  const found = await latestMatch(runs, request, subject, signal);
  if (found === null) return { slices: 0, interrupted: null };
  const { entry, plan } = found;
  const store = await RemoteSliceStore.open(storage, entry.key, plan.marginPx, notify);
  if (store === null) return { slices: 0, interrupted: null };
  try {
    const { fit } = entry.run;
    if (fit !== undefined) emit({ kind: 'fit', fit });
    const slices = await replay(plan, store, signal, emit);
    const unfinished = runs
      .filter(({ key, run }) => key === entry.key && run.state === 'running')
      .sort((a, b) => b.run.time - a.run.time);
    for (const { run } of unfinished) {
      if (await isIncomplete(run, store, request, subject, signal)) return { slices, interrupted: run };
    }
    return { slices, interrupted: null };
  } finally {
    await store.close();
  }
}

/** Whether slices of a run are missing: those of other areas in the same store do not count. */
async function isIncomplete(
  { area, polygon, overlap, glass, mpp }: StoredRun,
  store: RunStore,
  request: SegmentRequest,
  { metadata, reader, manifest }: Subject,
  signal: AbortSignal,
): Promise<boolean> {
  const { plan } = await planSegmentation(
    reader,
    metadata,
    manifest,
    { mpp: resolutionOf(request, metadata, mpp), area: slideArea(area, polygon), overlap, glass },
    { signal },
  );
  return plan.slices.some(({ column, row }) => !store.has(column, row));
}

/** The request's µm per pixel; that of the run only where neither request nor slide state one. */
function resolutionOf(
  request: SegmentRequest,
  metadata: SlideMetadata,
  noted: StoredRun['mpp'],
): SegmentRequest['mpp'] {
  return request.mpp ?? (metadata.mpp === null ? noted : null);
}

async function latestMatch(
  runs: readonly StoredRunEntry[],
  request: SegmentRequest,
  { metadata, reader, manifest }: Subject,
  signal: AbortSignal,
): Promise<{ readonly entry: StoredRunEntry; readonly plan: SlicePlan } | null> {
  const candidates = runs
    .filter(({ run }) => run.fingerprint === metadata.fingerprint && run.modelHash === modelHashOf(manifest))
    .sort((a, b) => b.run.time - a.run.time);
  for (const entry of candidates) {
    const { mpp, overlap, symmetries = false } = entry.run;
    const { plan, key } = await planSegmentation(
      reader,
      metadata,
      manifest,
      {
        mpp: resolutionOf(request, metadata, mpp),
        area: { kind: 'slide' },
        overlap,
        glass: null,
        force: request.force === true,
        symmetries,
        withoutContext: request.withoutContext === true,
      },
      { signal },
    );
    if (key === entry.key) return { entry, plan };
  }
  return null;
}

/** Returns the number of restored slices. */
async function replay(
  plan: SlicePlan,
  store: RunStore,
  signal: AbortSignal,
  emit: (event: SegmentEvent) => void,
): Promise<number> {
  const slices = plan.slices.filter(({ column, row }) => store.has(column, row));
  const stitcher = new Stitcher({ ...plan, slices });
  let done = 0;
  for (const slice of slices) {
    signal.throwIfAborted();
    const maps = await store.get(slice.column, slice.row);
    const cells = maps === null ? stitcher.skip(slice) : stitcher.add(slice, maps);
    if (maps !== null) done++;
    for (const result of cells) {
      emit({ kind: 'slice', result, done, total: slices.length, rate: 0, etaSeconds: 0 });
    }
  }
  return done;
}

function droppedReport(runs: number): ErrorReport {
  return {
    code: 'storage-version',
    file: '',
    problem: `An earlier version saved results of ${runs} ${runs === 1 ? 'run' : 'runs'} in a format that can't be read; they were deleted.`,
    remedy: 'Segment again to replace them.',
  };
}

function modelHashOf({ graph }: ModelManifest): string {
  return `${graph.sha256}/${graph.weightsSha256}`;
}
