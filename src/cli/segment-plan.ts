/** What a call of `dualscope segment` or `merge` asks for, worked out from the slide, the model and the options. */
import { join } from 'node:path';
import { boundsOf, withinArea, type SlideArea } from '../export/map-area.ts';
import { runKey } from '../export/run-key.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { SlicePlan } from '../segment/grid.ts';
import { overlapOf, type QualityId } from '../segment/quality.ts';
import { readTissue } from '../segment/read-tissue.ts';
import { slideReader } from '../segment/slide-reader.ts';
import { hasTissue, type TissueMask } from '../segment/tissue.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import type { Level0Rect, Slide } from '../slide/slide.ts';
import { CommandError } from './command.ts';
import { manifestOf, micrometresPerPixel, planFor, stem } from './run-model.ts';
import { areaOf } from './slide-area.ts';

/** Options that say which slices there are, and where results go. */
export interface PlanCall {
  readonly model: string;
  readonly out: string;
  readonly roi?: Level0Rect;
  readonly annotations?: string;
  readonly mpp?: number;
  readonly quality: QualityId;
  readonly overlap?: number;
  readonly glass: 'skip' | 'include';
}

export interface PlannedSegment {
  readonly manifest: ModelManifest;
  readonly area: SlideArea;
  /** µm per level-0 pixel. */
  readonly mpp: { readonly x: number; readonly y: number };
  /** null where tissue can't be told from glass. */
  readonly tissue: TissueMask | null;
  readonly plan: SlicePlan;
  /** Folder and beginning of every result file's name. */
  readonly prefix: string;
  /** SHA-256 over slide, model, grid and area. */
  readonly key: string;
}

/**
 * Plans the slices of a call. The same slide, model and options always give the same plan and key.
 * @throws CommandError when there is nothing to segment; SlideError, ModelError.
 */
export async function planSegment(slide: Slide, call: PlanCall): Promise<PlannedSegment> {
  const { name, fingerprint } = slide.metadata;
  const manifest = await manifestOf(call.model);
  const area = await areaOf(call);
  const mpp = micrometresPerPixel(slide, call.mpp ?? null);
  const reader = slideReader(slide, nodePlatform());
  const tissue = await readTissue(
    reader,
    slide.metadata,
    manifest.slice.fieldUm / mpp.x,
    new AbortController().signal,
  );
  const onTissue = call.glass === 'skip' ? tissue : null;
  const whole = planFor(
    slide,
    { manifest },
    {
      mpp: call.mpp ?? null,
      overlap: call.overlap ?? overlapOf(call.quality),
      area: boundsOf(area),
      ...(onTissue === null ? {} : { keep: (cell: Level0Rect) => hasTissue(onTissue, cell) }),
    },
  );
  const plan = withinArea(whole, area);
  if (plan.slices.length === 0) {
    throw new CommandError(
      `${name}: Nothing is to be segmented. Give an area with tissue, or --glass include.`,
    );
  }
  const prefix = join(call.out, `${stem(name)}.${manifest.id}`);
  const key = await runKey(fingerprint, manifest, plan, { area, glass: call.glass });
  return { manifest, area, mpp, tissue, plan, prefix, key };
}
