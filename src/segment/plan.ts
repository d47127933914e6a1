/**
 * Plans the slices of a request: resolution, area, tissue, shard. App, command line and evaluation share this, so that the
 * same request gives the same slices everywhere.
 */
import { WorkerError } from '../base/error-report.ts';
import { isBelievableMpp, mppRange } from '../base/resolution.ts';
import { yieldToEventLoop } from '../base/yield-to-event-loop.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import { sha256 } from '../runtime/sha256.ts';
import type { Level0Rect, SlideMetadata } from '../slide/slide.ts';
import { areaMeets, edgesOfArea, type SlideArea } from './area.ts';
import { countSlices, mostSlices, planSlices, type PlannedSlice, type SlicePlan } from './grid.ts';
import type { SliceReader } from './slice-reader.ts';
import { shardPlan, subPlan, type Shard } from './sub-plan.ts';
import { hasTissue, readTissue, type TissueMask } from './tissue.ts';

/** µm per level-0 pixel, per axis. */
export interface Mpp {
  readonly x: number;
  readonly y: number;
}

export interface PlanRequest {
  /** Entered by the user; null to use the slide's. */
  readonly mpp: Mpp | null;
  readonly area: SlideArea;
  /** Overlap of neighbouring slices as a share of their side, 0 to 0.5. */
  readonly overlap: number;
  /**
   * Skips slices without tissue, or segments them after all others. null does not detect tissue: all slices count as
   * tissue.
   */
  readonly glass: 'skip' | 'include' | null;
  /** One shard of the slide; absent for all of it. */
  readonly shard?: Shard;
  /** Runs a model that fails its check. Its slices have a key of their own, so that no other run takes them for sound. */
  readonly force?: boolean;
  /** Averages over all eight orientations; such slices have a key of their own, too. */
  readonly symmetries?: boolean;
  /** Leaves the context out; such slices have a key of their own, too. */
  readonly withoutContext?: boolean;
}

export interface PlannedSegmentation {
  readonly plan: SlicePlan;
  /**
   * Identifies the run's slices: slices with the same key can be combined, even from different areas or shards. SHA-256
   * over the content of slide and model and the grid; 64 hexadecimal digits.
   */
  readonly key: string;
  readonly mpp: Mpp;
  /** null if tissue can't be detected, or was not requested. */
  readonly tissue: TissueMask | null;
}

export interface PlanOptions {
  readonly signal?: AbortSignal | undefined;
  /** Caches masks, so that estimate, display and run detect tissue only once. */
  readonly tissue?: TissueFinder;
}

/**
 * Plans the slices of a request. Lets other work through, so that an abort arrives.
 * @throws WorkerError `no-mpp` if µm per pixel is unknown, `too-many-slices`; SlideError when the slide can't be read; an
 * AbortError.
 */
export async function planSegmentation(
  reader: SliceReader,
  metadata: SlideMetadata,
  manifest: ModelManifest,
  request: PlanRequest,
  { signal, tissue: finder = new TissueFinder() }: PlanOptions = {},
): Promise<PlannedSegmentation> {
  const { glass, area, overlap, shard } = request;
  signal?.throwIfAborted();
  const mpp = mppOf(metadata, request.mpp);
  const grid = { slide: metadata, mpp, model: manifest, overlap, area: boundsOnSlide(area, metadata) };
  checkCount(metadata.name, manifest, countSlices(grid));
  const tissue = glass === null ? null : await finder.find(reader, metadata, manifest, mpp, signal);
  const lattice = planSlices(grid);
  // Tolerates a millionth of a map pixel, for rounding.
  const tolerance = (1e-6 * Math.min(lattice.cellWidth, lattice.cellHeight)) / lattice.cellPx;
  const asked =
    area.kind === 'slide'
      ? lattice
      : await filtered(lattice, ({ cell }) => areaMeets(area, onSlide(cell, metadata), tolerance), signal);
  const onTissue =
    glass === 'skip' && tissue !== null
      ? await filtered(asked, ({ cell }) => hasTissue(tissue, cell), signal)
      : asked;
  const plan = { ...onTissue, skipped: asked.slices.length - onTissue.slices.length };
  return {
    plan: shard === undefined ? plan : shardPlan(plan, shard),
    key: await runKey(metadata.revision, manifest, plan, request),
    mpp,
    tissue,
  };
}

/** @throws WorkerError `too-many-slices`. */
function checkCount(file: string, { id, slice }: ModelManifest, count: number): void {
  if (count <= mostSlices) return;
  throw new WorkerError({
    code: 'too-many-slices',
    file,
    problem: `With slices of ${slice.fieldUm} µm, ${id} has ${count.toLocaleString('en-GB')} of them here; ${mostSlices.toLocaleString('en-GB')} can be planned.`,
    remedy: 'Segment a smaller area, use a model with larger slices, or correct the µm per pixel.',
  });
}

/** Longest time between two looks at messages, milliseconds. */
const longestBlockMs = 30;

/** `subPlan`, in steps. @throws an AbortError. */
async function filtered(
  plan: SlicePlan,
  keep: (slice: PlannedSlice) => boolean,
  signal: AbortSignal | undefined,
): Promise<SlicePlan> {
  const kept = new Uint8Array(plan.slices.length);
  let last = performance.now();
  for (const slice of plan.slices) {
    if (keep(slice)) kept[slice.index] = 1;
    if (performance.now() - last < longestBlockMs) continue;
    await yieldToEventLoop();
    signal?.throwIfAborted();
    last = performance.now();
  }
  return subPlan(plan, ({ index }) => kept[index] === 1);
}

/** The part of a rectangle that is on the slide. */
function onSlide(rect: Level0Rect, { width, height }: SlideMetadata): Level0Rect {
  const x = Math.max(0, rect.x);
  const y = Math.max(0, rect.y);
  return {
    x,
    y,
    width: Math.min(width, rect.x + rect.width) - x,
    height: Math.min(height, rect.y + rect.height) - y,
  };
}

/** Bounds of an area on the slide; null for the whole slide. @throws WorkerError `bad-area`. */
function boundsOnSlide(area: SlideArea, slide: SlideMetadata): Level0Rect | null {
  if (area.kind === 'slide') return null;
  const { left, top, right, bottom } = edgesOfArea(area);
  if (![left, top, right, bottom].every(Number.isFinite)) {
    throw new WorkerError({
      code: 'bad-area',
      file: slide.name,
      problem: 'The area has coordinates that are not finite numbers.',
      remedy: 'Draw the area again, or correct the file.',
    });
  }
  // Clipped edge by edge: adding a width to a huge negative coordinate would lose the other edge.
  const x = Math.max(0, left);
  const y = Math.max(0, top);
  if (right > 0 && bottom > 0 && left < slide.width && top < slide.height) {
    return { x, y, width: Math.min(slide.width, right) - x, height: Math.min(slide.height, bottom) - y };
  }
  throw new WorkerError({
    code: 'bad-area',
    file: slide.name,
    problem: `The area is off the slide, which has ${slide.width} × ${slide.height} pixels.`,
    remedy:
      'Give an area on the slide, in level-0 pixels. It may belong to another slide or another resolution.',
  });
}

/**
 * The key of a run's slices; see `PlannedSegmentation.key`.
 * @param revision `SlideMetadata.revision`.
 */
export function runKey(
  revision: string,
  { graph, slice, context, classes }: Pick<ModelManifest, 'graph' | 'slice' | 'context' | 'classes'>,
  plan: SlicePlan,
  {
    force = false,
    symmetries = false,
    withoutContext = false,
  }: Pick<PlanRequest, 'force' | 'symmetries' | 'withoutContext'> = {},
): Promise<string> {
  const { slideWidth, slideHeight, cellWidth, cellHeight, sizePx, marginPx, contextSizePx } = plan;
  const lattice = { slideWidth, slideHeight, cellWidth, cellHeight, sizePx, marginPx, contextSizePx };
  // What the values of a map mean. Colours may change.
  const meanings = classes.map(({ name, background }) => ({ name, background }));
  const model = { graph: graph.sha256, weights: graph.weightsSha256, slice, context, classes: meanings };
  const text = JSON.stringify({
    revision,
    model,
    lattice,
    ...(force && { force }),
    ...(symmetries && { symmetries }),
    ...(withoutContext && { withoutContext }),
  });
  return sha256([new TextEncoder().encode(text)]);
}

/**
 * µm per pixel: the user's, or else the slide's. Never guessed.
 * @throws WorkerError `no-mpp` if both are missing, or the user's is not believable.
 */
export function mppOf(metadata: Pick<SlideMetadata, 'name' | 'mpp'>, given: Mpp | null): Mpp {
  const mpp = given ?? metadata.mpp;
  if (mpp !== null && isBelievableMpp(mpp.x) && isBelievableMpp(mpp.y)) return { x: mpp.x, y: mpp.y };
  throw new WorkerError({
    code: 'no-mpp',
    file: metadata.name,
    problem: mpp === null ? 'The slide has no µm per pixel.' : `${mpp.x} × ${mpp.y} µm per pixel can't be.`,
    remedy: `Enter the µm per pixel, ${mppRange}, then segment again.`,
  });
}

/** Number of cached masks. */
const maxMasks = 4;

/** Finds the tissue of slides, once per slide and slice size. */
export class TissueFinder {
  readonly #masks = new Map<string, TissueMask | null>();

  /**
   * Tissue of a slide, at the resolution that the model's slices need; null if it can't be detected.
   * @throws SlideError when the slide can't be read.
   */
  async find(
    reader: SliceReader,
    metadata: SlideMetadata,
    manifest: Pick<ModelManifest, 'slice'>,
    mpp: Mpp,
    signal: AbortSignal = new AbortController().signal,
  ): Promise<TissueMask | null> {
    const cellWidth = manifest.slice.fieldUm / mpp.x;
    const key = `${metadata.revision}/${Math.round(cellWidth)}`;
    const known = this.#masks.get(key);
    if (known !== undefined) return known;
    const mask = await readTissue(reader, metadata, cellWidth, signal);
    this.#masks.set(key, mask);
    for (const oldest of this.#masks.keys()) {
      if (this.#masks.size <= maxMasks) break;
      this.#masks.delete(oldest);
    }
    return mask;
  }
}
