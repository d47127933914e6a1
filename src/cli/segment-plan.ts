/** Plans a `segment` or `merge` command from slide, model and options. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AnnotationError, requireAllRegions } from '../annotation/annotation-file.ts';
import { fileStem, safeFileName } from '../base/file-name.ts';
import { readAnnotationFile } from '../annotation/read-annotation-file.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import { requireContextDropout } from '../runtime/missing-context.ts';
import { sha256 } from '../runtime/sha256.ts';
import type { SlideArea } from '../segment/area.ts';
import type { PlannedSegmentation } from '../segment/plan.ts';
import { overlapOf, type QualityId } from '../segment/quality.ts';
import { tissueNote } from '../segment/tissue.ts';
import type { Level0Rect, Slide } from '../slide/slide.ts';
import { CommandError, wrongOptions } from './command.ts';
import { manifestOf } from './model-folder.ts';
import { planSlide, replacedMpp, requireFittingStain } from './run-model.ts';
import { warn } from './terminal.ts';

/** Options that define the slices and the names of the results. */
export interface PlanCall {
  readonly model: string;
  readonly out: string;
  readonly roi?: Level0Rect;
  readonly annotations?: string;
  readonly mpp?: number;
  readonly quality: QualityId;
  readonly overlap?: number;
  readonly glass: 'skip' | 'include';
  /** Averages over the eight orientations of each slice. */
  readonly symmetries?: boolean;
  /** Leaves the context out. */
  readonly withoutContext?: boolean;
  /** Uses a model that fails its check, or is not for such slides. */
  readonly force?: boolean;
  /** What to do with a slide that the model is not for, a sentence, where the command has no --force. */
  readonly misfitRemedy?: string;
}

export interface PlannedSegment extends PlannedSegmentation {
  /** Whether the model's check was overridden, which every result then says. */
  readonly force: boolean;
  /** Whether slices are averages over the eight orientations. */
  readonly symmetries: boolean;
  /** Whether the context was left out. */
  readonly withoutContext: boolean;
  readonly manifest: ModelManifest;
  readonly area: SlideArea;
  /** SHA-256 of area and background mode; together with `key` it identifies results. */
  readonly areaKey: string;
  /** See `replacedMpp`. */
  readonly mppNote: string | null;
  /** Path prefix of all result files. */
  readonly prefix: string;
}

/**
 * Plans the slices of a call. The same slide, model and options give the same plan and key.
 * @throws CommandError when there is nothing to segment; SlideError, ModelError, AnnotationError.
 */
export async function planSegment(slide: Slide, call: PlanCall): Promise<PlannedSegment> {
  const { name } = slide.metadata;
  const manifest = await manifestOf(call.model);
  if (call.withoutContext === true) requireContextDropout(manifest);
  await requireFittingStain(slide, manifest, { force: call.force === true, remedy: call.misfitRemedy });
  const area = await areaOf(call, slide.metadata);
  const planned = await planSlide(slide, manifest, {
    mpp: call.mpp ?? null,
    area,
    overlap: call.overlap ?? overlapOf(call.quality),
    // Also where slices without tissue are included: areas leave glass out.
    glass: call.glass,
    force: call.force === true,
    symmetries: call.symmetries === true,
    withoutContext: call.withoutContext === true,
  });
  if (planned.plan.slices.length === 0) {
    throw new CommandError(`${name}: Nothing to segment. Give an area with tissue, or set --glass include.`);
  }
  const mppNote = replacedMpp(slide, call.mpp ?? null);
  if (mppNote !== null) warn(`${name}: ${mppNote}`);
  const note = call.glass === 'skip' ? tissueNote(planned.tissue, 'skip') : null;
  if (note !== null) warn(`${name}: ${note}`);
  const areaText = JSON.stringify({ area, glass: call.glass });
  return {
    ...planned,
    force: call.force === true,
    symmetries: call.symmetries === true,
    withoutContext: call.withoutContext === true,
    manifest,
    area,
    mppNote,
    areaKey: await sha256([new TextEncoder().encode(areaText)]),
    prefix: join(call.out, `${fileStem(name)}.${safeFileName(manifest.id)}`),
  };
}

/**
 * The area of a call.
 * @throws CommandError for two areas or an unreadable file; AnnotationError when the file has no areas or an invalid one.
 */
export async function areaOf(
  { roi, annotations }: Pick<PlanCall, 'roi' | 'annotations'>,
  metadata: Slide['metadata'],
): Promise<SlideArea> {
  if (roi !== undefined && annotations !== undefined) {
    throw wrongOptions('--roi and --annotations are mutually exclusive. Give one of them.');
  }
  if (roi !== undefined) return { kind: 'rect', rect: roi };
  if (annotations === undefined) return { kind: 'slide' };
  const bytes = await readFile(annotations).catch(() => null);
  if (bytes === null) throw new CommandError(`${annotations}: Can't be read. Check the path.`);
  const file = basename(annotations);
  const { regions, refused, notes, doubts, offSlide } = await readAnnotationFile(
    new Uint8Array(bytes),
    file,
    metadata,
  );
  requireAllRegions(refused, file);
  const check = 'Check that the annotations were made on this slide, at its full resolution.';
  if (offSlide === regions.length) throw new AnnotationError(file, doubts.join(' '), check);
  for (const note of notes) warn(`${file}: ${note}`);
  for (const doubt of doubts) warn(`${file}: ${doubt} ${check}`);
  return { kind: 'polygons', polygons: regions };
}
