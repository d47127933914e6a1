/** What a call of `segment` or `merge` asks for, worked out from the slide, the model and the options. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readAnnotations } from '../annotation/read-annotations.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import { sha256 } from '../runtime/sha256.ts';
import type { SlideArea } from '../segment/area.ts';
import type { PlannedSegmentation } from '../segment/plan.ts';
import { overlapOf, type QualityId } from '../segment/quality.ts';
import type { Level0Rect, Slide } from '../slide/slide.ts';
import { CommandError } from './command.ts';
import { manifestOf, stem } from './model-folder.ts';
import { planSlide } from './run-model.ts';

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

export interface PlannedSegment extends PlannedSegmentation {
  readonly manifest: ModelManifest;
  readonly area: SlideArea;
  /** SHA-256 of the area and of what happens to glass: with `key`, what results are of. */
  readonly areaKey: string;
  /** Folder and beginning of every result file's name. */
  readonly prefix: string;
}

/**
 * Plans the slices of a call. The same slide, model and options always give the same plan and key.
 * @throws CommandError when there is nothing to segment; SlideError, ModelError, AnnotationError.
 */
export async function planSegment(slide: Slide, call: PlanCall): Promise<PlannedSegment> {
  const { name } = slide.metadata;
  const manifest = await manifestOf(call.model);
  const area = await areaOf(call);
  const planned = await planSlide(slide, manifest, {
    mpp: call.mpp ?? null,
    area,
    overlap: call.overlap ?? overlapOf(call.quality),
    glass: call.glass,
  });
  if (planned.plan.slices.length === 0) {
    throw new CommandError(
      `${name}: There is nothing to segment. Give an area with tissue, or --glass include.`,
    );
  }
  const areaText = JSON.stringify({ area, glass: call.glass });
  return {
    ...planned,
    manifest,
    area,
    areaKey: await sha256([new TextEncoder().encode(areaText)]),
    prefix: join(call.out, `${stem(name)}.${manifest.id}`),
  };
}

/**
 * The area that a call asks for.
 * @throws CommandError when it asks for two, or the file can't be read; AnnotationError when it holds no areas.
 */
async function areaOf({ roi, annotations }: PlanCall): Promise<SlideArea> {
  if (roi !== undefined && annotations !== undefined) {
    throw new CommandError('--roi and --annotations both say what to segment. Give one of them.');
  }
  if (roi !== undefined) return { kind: 'rect', rect: roi };
  if (annotations === undefined) return { kind: 'slide' };
  const text = await readFile(annotations, 'utf8').catch(() => null);
  if (text === null) throw new CommandError(`${annotations}: The file can't be read. Check its path.`);
  return { kind: 'polygons', polygons: readAnnotations(text, basename(annotations)).regions };
}
