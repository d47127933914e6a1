/** From a request to the slices of a slide: resolution, tissue, area. */
import type { ModelManifest } from '../runtime/manifest.ts';
import type { SlicePlan } from '../segment/grid.ts';
import { planSlices } from '../segment/grid.ts';
import { boundsOfPolygon, meetsRect } from '../base/polygon.ts';
import type { SliceReader } from '../segment/read-ahead.ts';
import { readTissue } from '../segment/read-tissue.ts';
import type { TissueMask } from '../segment/tissue.ts';
import { hasTissue } from '../segment/tissue.ts';
import type { Level0Rect, SlideMetadata, SlideMpp } from '../slide/slide.ts';
import { WorkerError } from '../base/error-report.ts';
import type { SegmentRequest } from './protocol.ts';
import type { SlideHandle } from './reader-client.ts';

/** Masks that are remembered: of this many slides. */
const keptMasks = 4;

export class SlidePlanner {
  readonly #masks = new Map<string, TissueMask | null>();

  /** Slices of the whole slide, glass included. @throws WorkerError `no-mpp`. */
  planAll(slide: SlideHandle, manifest: ModelManifest, request: SegmentRequest): SlicePlan {
    return planSlices({
      slide: slide.metadata,
      mpp: mppOf(slide.metadata, request.mpp),
      model: manifest,
      overlap: request.overlap ?? 0,
    });
  }

  /**
   * Slices of a request, and the tissue mask where the request is about tissue and the slide lets it be told.
   * @throws WorkerError `no-mpp`; SlideError when the slide can't be read.
   */
  async plan(
    slide: SlideHandle,
    reader: SliceReader,
    manifest: ModelManifest,
    request: SegmentRequest,
    signal: AbortSignal,
  ): Promise<{ readonly plan: SlicePlan; readonly mask: TissueMask | null }> {
    const mask =
      request.glass === undefined ? null : await this.tissue(slide, reader, manifest, request, signal);
    const polygon = request.polygon ?? null;
    const onTissue = request.glass === 'skip' && mask !== null ? mask : null;
    const mpp = mppOf(slide.metadata, request.mpp);
    const keep = (cell: Level0Rect): boolean =>
      (polygon === null || meetsRect(polygon, cell)) && (onTissue === null || hasTissue(onTissue, cell));
    const plan = planSlices({
      slide: slide.metadata,
      mpp,
      model: manifest,
      overlap: request.overlap ?? 0,
      area: polygon === null ? request.area : boundsOfPolygon(polygon),
      keep,
    });
    if (onTissue === null || polygon === null)
      return { plan: onTissue === null ? { ...plan, skipped: 0 } : plan, mask };
    // What lies beside the polygon was not asked for, so it is not skipped glass.
    const asked = planSlices({
      slide: slide.metadata,
      mpp,
      model: manifest,
      overlap: request.overlap ?? 0,
      area: boundsOfPolygon(polygon),
      keep: (cell) => meetsRect(polygon, cell),
    });
    return { plan: { ...plan, skipped: asked.slices.length - plan.slices.length }, mask };
  }

  /** @throws WorkerError `no-mpp`; SlideError when the slide can't be read. */
  async tissue(
    slide: SlideHandle,
    reader: SliceReader,
    manifest: ModelManifest,
    request: SegmentRequest,
    signal: AbortSignal,
  ): Promise<TissueMask | null> {
    const cellWidth = manifest.slice.fieldUm / mppOf(slide.metadata, request.mpp).x;
    const key = `${slide.metadata.fingerprint}/${Math.round(cellWidth)}`;
    const known = this.#masks.get(key);
    if (known !== undefined) return known;
    const mask = await readTissue(reader, slide.metadata, cellWidth, signal);
    this.#masks.set(key, mask);
    for (const oldest of this.#masks.keys()) {
      if (this.#masks.size <= keptMasks) break;
      this.#masks.delete(oldest);
    }
    return mask;
  }
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
